//! What becomes of a scene: deliveries and audits.

use super::*;
use hongbao_domain::store::{
    outbox::{Outbox, Settled},
    people::{
        Act, By, JournalStore, NewEntry, NewService, NewToken, Scopes, Sealing, TokenHash, What,
    },
};
use hongbao_engine::audit::{self, Audited, Report, Tiers};
use hongbao_shared::{ServiceId, api::services::Scope};
use serde_json::json;
use std::time::Duration;

impl Scene {
    /// All that there is to audit.
    pub(crate) fn audited(&self, at_rest: bool) -> Audited<'_> {
        Audited {
            at_rest,
            lists: self.lists.as_deref(),
            journal: self.people.as_deref().map(|people| people as &dyn JournalStore),
            tiers: Some(Tiers { hot: &self.hot, cold: &self.cold }),
            ..Audited::new(&self.orders, &*self.ledger, &self.sealer)
        }
    }

    pub(crate) async fn audit(&self, at_rest: bool) -> Report {
        audit::run(&self.audited(at_rest)).await.unwrap()
    }

    /// The audit of somebody with another key.
    pub(crate) async fn audit_with_key(&self, key: [u8; 32]) -> Report {
        let sealer = Sealer::new(&Keys::of(key));
        audit::run(&Audited { sealer: &sealer, ..self.audited(true) }).await.unwrap()
    }
}

/// Three entries of somebody; of two acts of a service, each covered by an entry, the first is gone.
pub(crate) async fn administer(people: &dyn PeopleStore) {
    let by = By { service: None, user: Some(user(SENDER)) };
    let new = |what, detail| NewEntry::new(at(0), by, what, &detail);
    let bot = ServiceId::new(1).unwrap();
    let service = NewService {
        id: bot,
        name: "bot".to_owned(),
        scopes: Scopes::of([Scope::Act]),
        calls_per_minute: 1,
        token: NewToken { hash: TokenHash([1; 32]), at: at(0), expires_at: at(9) },
    };
    people.add_service(service, new(What::AddService, json!({ "name": "bot" }))).await.unwrap();
    people.enter(new(What::GrantMoney, json!({ "amount_fen": 5 }))).await.unwrap();
    people.enter(new(What::Reconcile, json!({}))).await.unwrap();
    for call in ["PUT /a", "PUT /b"] {
        let act = Act { service: bot, user: None, call: call.to_owned(), at: at(1) };
        people.record_act(act).await.unwrap();
        let sealing = Sealing { at: at(2), settled: at(1), waited: at(1) };
        assert!(people.seal_acts(sealing).await.unwrap());
    }
    assert!(people.remove_acts(at(3), at(3)).await.unwrap());
}

/// Delivers everything for one destination.
pub(crate) async fn settle<O: Outbox + ?Sized>(store: &O, destination: Destination) {
    becomes(store, destination, "", &Settled::Done).await;
}

/// What becomes of rows for a destination that tell of a packet; the others wait on.
pub(crate) async fn becomes<O: Outbox + ?Sized>(
    store: &O,
    destination: Destination,
    of: impl ToString,
    outcome: &Settled,
) {
    let (lease, of) = (Duration::from_mins(1), of.to_string());
    let rows = store.lease(destination, at(10_000), lease, 10_000).await.unwrap();
    let waits = Settled::Retry { due_at: at(5), error: "waits".to_owned() };
    let settled = rows.iter().map(|row| {
        (row.id, if row.payload.contains(&of) { outcome.clone() } else { waits.clone() })
    });
    store.settle(settled.collect()).await.unwrap();
}
