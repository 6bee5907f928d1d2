//! What still needs a key: a look at everything that is stored.

use super::{seal::Sealer, secret};
use hongbao_domain::{
    keys::KeyId,
    store::{
        ledger::LedgerStore,
        orders::OrderStore,
        people::{PeopleError, PeopleStore, Secrets},
    },
};
use hongbao_shared::{Day, Shard, Site, Timestamp, order_no::DAYS};
use std::{collections::BTreeMap, sync::Arc};

/// How many rows one read brings.
const PAGE: u32 = 1_000;

/// What still needs a key to itself. Packets that are over do not: their seeds are public
/// (R-FAIR-6), and the key that opened them may be so too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Need {
    /// Packets that can be opened now.
    pub open: u64,
    /// Payments whose packets have not landed yet.
    pub landing: u64,
    /// Secrets of webhooks and of pushes, until a server that runs has sealed them anew.
    pub secrets: u64,
}

/// Looks through the open packets of every shard, all payments, all webhooks and the key of pushes.
pub async fn needed(
    id: KeyId,
    sealer: &Sealer,
    hot: &BTreeMap<(Site, Shard), Arc<dyn OrderStore>>,
    ledger: &dyn LedgerStore,
    people: &dyn PeopleStore,
) -> Result<Need, PeopleError> {
    let mut need = Need::default();
    for hook in people.hooks(None, u32::MAX).await? {
        let Secrets { now, before } = hook.secrets;
        let secrets = std::iter::once(now).chain(before.map(|(secret, _)| secret));
        let by_it = secrets.filter(|one| secret::key_of(one) == Some(id));
        need.secrets += u64::try_from(by_it.count()).unwrap_or(u64::MAX);
    }
    let of_pushes = people.push_key().await?;
    need.secrets += u64::from(of_pushes.is_some_and(|one| secret::key_of(&one) == Some(id)));
    // Before the shards: a packet lands before its row goes.
    let mut after = None;
    loop {
        let page = ledger.payments_page(after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.record.order_no);
        let paid = page.iter().map(|paid| (paid.record.order_no, &paid.record.sealed_server_seed));
        let by_it = paid.filter(|(order_no, sealed)| sealer.key_of(*order_no, sealed) == Some(id));
        let orders = by_it.map(|(order_no, _)| order_no).collect();
        let awaited = ledger.awaiting_landing(orders).await?;
        need.landing += u64::try_from(awaited.len()).unwrap_or(u64::MAX);
    }
    let forever = Timestamp::from_millis(i64::MAX);
    for store in hot.values() {
        for day in (0..DAYS).filter_map(Day::new) {
            let mut after = None;
            loop {
                let page = store.hot().unsettled(day, forever, after, PAGE).await?;
                let Some(last) = page.last() else { break };
                after = Some(*last);
                for order_no in page {
                    let packet = store.packet(order_no).await?;
                    let open = packet.filter(|packet| packet.progress.state.is_open());
                    let by_it = open.is_some_and(|packet| {
                        sealer.key_of(order_no, &packet.sealed_server_seed) == Some(id)
                    });
                    need.open += u64::from(by_it);
                }
            }
        }
    }
    Ok(need)
}

impl Need {
    /// Does nothing need it?
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}
