//! What must hold: after every step, and at the end.

use crate::{
    chat,
    held::{packets, packets_with_claims},
    naive,
    people::People,
    twice,
    witness::Promise,
    world::World,
};
use hongbao_domain::store::{
    StoreError,
    ledger::{Account, LedgerReads},
    lists::ListReads,
    orders::StoredState,
    outbox::{Destination, Outbox},
};
use hongbao_engine::audit::{self, Audited, Report};
use hongbao_shared::{OrderNo, UserId};
use std::collections::BTreeMap;

/// Checked after every call that changed something: the books as a whole, and the packet
/// that it was about.
pub(crate) async fn after_step(world: &World, touched: Option<OrderNo>) {
    world.judge.tell(&world.witness);
    let ledger = &world.databases.ledger;
    let audited = world.truth.audited(&world.sealer);
    // The lists come later.
    let audited = Audited { lists: None, ..audited };
    note(world, audit::books(&audited).await);
    if let Some(order_no) = touched {
        note(world, audit::packet(&audited, order_no).await);
    }
    for (account, held) in ledger.accounts_page(None, u32::MAX).await.unwrap_or_default() {
        if held.balance < 0 && account != Account::Issuer {
            world.witness.note(Promise::Law, format!("{account} holds {}", held.balance));
        }
    }
}

/// Every law of stored data.
pub(crate) async fn all(world: &World, at_rest: bool) {
    world.judge.tell(&world.witness);
    let audited = Audited { at_rest, ..world.truth.audited(&world.sealer) };
    note(world, audit::run(&audited).await);
    twice::keys(world).await;
}

fn note(world: &World, audited: Result<Report, StoreError>) {
    match audited {
        Ok(report) => {
            for violation in report.violations.listed() {
                // A row may die of what a database has said; then somebody brings it back.
                let may_be = violation.what.contains(" is dead: ") && world.chaos.said_final();
                if !may_be {
                    world.witness.note(Promise::Law, violation.to_string());
                }
            }
        }
        Err(error) => world.witness.note(Promise::Law, format!("cannot audit: {error:#}")),
    }
}

/// How many outbox rows wait, and how many are dead, in all databases.
pub(crate) async fn backlog(world: &World) -> (u64, u64) {
    backlog_of(world, &Destination::ALL).await
}

/// How many rows for these are dead.
pub(crate) async fn dead(world: &World, destinations: &[Destination]) -> u64 {
    backlog_of(world, destinations).await.1
}

async fn backlog_of(world: &World, destinations: &[Destination]) -> (u64, u64) {
    let (mut waiting, mut dead) = (0, 0);
    let outboxes = world.truth.orders.values().map(|store| &**store as &dyn Outbox);
    for outbox in outboxes.chain([&*world.databases.ledger as &dyn Outbox]) {
        for destination in destinations {
            let backlog = outbox.backlog(*destination).await.unwrap_or_default();
            waiting += backlog.waiting;
            dead += backlog.dead;
        }
    }
    (waiting, dead)
}

pub(crate) async fn open_packets(world: &World) -> usize {
    packets(world).await.iter().filter(|packet| packet.progress.state.is_open()).count()
}

/// What was answered still stands, and the lists say what the packets say.
pub(crate) async fn at_the_end(world: &World, people: &People) {
    twice::packets(world).await;
    twice::fees(world).await;
    chat::is_true(world, people).await;
    let mut sent: BTreeMap<UserId, (u64, u64)> = BTreeMap::new();
    let mut received: BTreeMap<UserId, (u64, u64, u64)> = BTreeMap::new();
    let mut shares = world.witness.shares();
    for (packet, claims) in packets_with_claims(world).await {
        let order_no = packet.order_no;
        let own = sent.entry(packet.sender_id).or_default();
        *own = (own.0 + 1, own.1 + packet.total_fen.get());
        for claim in &claims {
            if people.is_hostile(claim.user_id) {
                let what = format!("{order_no} gave {claim:?}");
                world.witness.note(Promise::HostileIsRefused, what);
            }
            let own = received.entry(claim.user_id).or_default();
            *own = (own.0 + 1, own.1 + claim.amount_fen.get(), own.2);
            let told = shares.remove(&(order_no, claim.user_id));
            if told.is_some_and(|told| told != (claim.seq, claim.amount_fen)) {
                let what = format!("{order_no} told {told:?} and holds {claim:?}");
                world.witness.note(Promise::AnswerStands, what);
            }
        }
        let amounts: Vec<_> = claims.iter().map(|claim| claim.amount_fen.get()).collect();
        let best = naive::best_luck(packet.kind, &amounts);
        if packet.progress.state == StoredState::Finished
            && let Some(best) = best
        {
            received.entry(claims[best].user_id).or_default().2 += 1;
        }
    }
    for ((order_no, user), told) in shares {
        let what = format!("{order_no} gave {user} {told:?}, of which nothing is stored");
        world.witness.note(Promise::AnswerStands, what);
    }
    for user in &people.users {
        let (mut own_sent, mut own_received) = ((0, 0), (0, 0, 0));
        for year in 2025..=2027 {
            for (_, totals) in world.databases.lists.months(*user, year).await.unwrap_or_default() {
                own_sent.0 += totals.sent_count;
                own_sent.1 += totals.sent_fen.get();
                own_received.0 += totals.received_count;
                own_received.1 += totals.received_fen.get();
                own_received.2 += totals.best_lucks;
            }
        }
        let (due_sent, due_received) = (
            sent.get(user).copied().unwrap_or_default(),
            received.get(user).copied().unwrap_or_default(),
        );
        if own_sent != due_sent || own_received != due_received {
            let what = format!(
                "{user}: sent {own_sent:?} instead of {due_sent:?}, received {own_received:?} \
                 instead of {due_received:?}"
            );
            world.witness.note(Promise::ListsComplete, what);
        }
    }
}
