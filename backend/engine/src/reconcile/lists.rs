//! Lists against orders (R-LIST-1).

use super::{
    LOOKS_MAX, PAGE, Run,
    report::{Repair, Repaired},
};
use crate::{
    delivery::{Known, lines_of},
    packets::ListEvent,
};
use hongbao_domain::store::{
    StoreError,
    lists::{BestLuckRow, ListBatch, ListStore, ReceivedRow},
    orders::{OrderStore, PacketRow, StoredState},
    outbox::Destination,
};
use hongbao_shared::{Fen, Kind, OrderNo};
use std::collections::BTreeMap;

/// Lists say of a packet what its shard says, no more and no less.
const LAW: &str = "lists_match_orders";
/// Lines that are written again in one transaction.
const MISSING_MAX: usize = 1_000;

/// In what the lists are not what a packet says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Differences {
    missing: ListBatch,
    /// What is there and differs, or should not be.
    wrong: Vec<String>,
    /// There are more missing lines than these.
    cut: bool,
}

impl Differences {
    fn is_empty(&self) -> bool {
        self.missing == ListBatch::default() && self.wrong.is_empty()
    }

    /// What no row brings.
    fn without(mut self, announced: &ListBatch) -> Self {
        let Self { missing: ListBatch { sent, received, best_lucks }, .. } = &mut self;
        sent.retain(|row| !announced.sent.contains(row));
        received.retain(|row| !announced.received.contains(row));
        best_lucks.retain(|row| !announced.best_lucks.contains(row));
        self
    }
}

impl Run<'_> {
    /// Writes lines that went missing and that nothing brings.
    pub(super) async fn lists(
        &mut self,
        store: &dyn OrderStore,
        packet: PacketRow,
    ) -> Result<(), StoreError> {
        if self.report.lists_are_unread {
            return Ok(());
        }
        let order_no = packet.order_no;
        let read = self.compare_lists(store, packet).await;
        if let Err(StoreError::Corrupt(what)) = &read {
            self.report.leave(LAW, order_no, what.clone());
            self.again.insert(order_no);
            return Ok(());
        }
        if let Err(StoreError::Unavailable(_) | StoreError::Unknown(_)) = &read {
            // The shard or the lists; whichever it is says so where it is asked next.
            self.report.lists_are_unread = true;
            self.unless_unread("lists", read);
            return Ok(());
        }
        read
    }

    async fn compare_lists(
        &mut self,
        store: &dyn OrderStore,
        mut packet: PacketRow,
    ) -> Result<(), StoreError> {
        let order_no = packet.order_no;
        let lists = &*self.of.stores.lists;
        let mut before: Option<(PacketRow, Differences, Differences)> = None;
        for _ in 0..LOOKS_MAX {
            let now = differences(store, lists, &packet).await?;
            if now.is_empty() {
                return Ok(());
            }
            self.again.insert(order_no);
            if let Some((seen, found, lost)) = before
                && seen == packet
                && found == now
            {
                return self.settle(order_no, lost).await;
            }
            // Between the two looks: what arrives after this was on its way.
            let lost = now.clone().without(&announced(store, order_no).await?);
            if lost.is_empty() {
                return Ok(());
            }
            let Some(again) = store.packet(order_no).await? else { return Ok(()) };
            before = Some((packet, now, lost));
            packet = again;
        }
        Ok(())
    }

    async fn settle(&mut self, order_no: OrderNo, found: Differences) -> Result<(), StoreError> {
        let is_wrong = !found.wrong.is_empty();
        for what in found.wrong {
            self.report.leave(LAW, order_no, what);
        }
        // What is wrong may be what is missing, under another name.
        if is_wrong || found.missing == ListBatch::default() {
            return Ok(());
        }
        if self.may_mend() {
            let restored = self.of.stores.lists.restore(found.missing.clone(), &self.of.zone).await;
            if let Err(StoreError::Constraint { name }) = restored {
                self.report.leave(LAW, order_no, format!("its lines cannot be written: {name}"));
                return Ok(());
            }
            restored?;
        }
        let ListBatch { sent, received, best_lucks } = found.missing;
        for _ in sent {
            self.report.mend(Repair::Sent, order_no, None, Fen::ZERO);
        }
        for row in received {
            self.report.mend(Repair::Received, order_no, Some(row.seq), Fen::ZERO);
        }
        for _ in best_lucks {
            self.report.mend(Repair::BestLuck, order_no, None, Fen::ZERO);
        }
        if found.cut {
            self.report.unread.push(format!("more lines of {order_no} are missing; run again"));
        }
        Ok(())
    }

    /// The other direction: lines of a packet that may not exist.
    pub(super) async fn strange_lines(&mut self, order_no: OrderNo) {
        // It would be there again, were this not a dry run.
        let is_made = |mend: &Repaired| (mend.repair, mend.order_no) == (Repair::Packet, order_no);
        if !self.may_mend() && self.report.mends.iter().any(is_made) {
            return;
        }
        let there = match self.of.stores.orders.get(&(order_no.site(), order_no.shard())) {
            None => Ok(false),
            Some(store) => store.packet(order_no).await.map(|packet| packet.is_some()),
        };
        // A shard that cannot be read is named where it is.
        if matches!(there, Ok(false)) {
            let what = "lists name a packet that does not exist".to_owned();
            self.report.leave(LAW, order_no, what);
        }
    }
}

/// The lines of this packet that rows, dead or alive, still bring. A row for one of its claims
/// brings no other one, which a restore may have lost (R-STORE-6).
async fn announced(store: &dyn OrderStore, order_no: OrderNo) -> Result<ListBatch, StoreError> {
    let rows = store.hot().announced(Destination::Lists, vec![order_no]).await?;
    let events = rows.iter().map(|row| serde_json::from_str(row));
    let events: Vec<ListEvent> = events
        .collect::<Result<_, _>>()
        .map_err(|error| StoreError::Corrupt(format!("a row for lists: {error}")))?;
    lines_of(&events, &mut Known::new(store)).await
}

async fn differences(
    store: &dyn OrderStore,
    lists: &dyn ListStore,
    packet: &PacketRow,
) -> Result<Differences, StoreError> {
    let order_no = packet.order_no;
    let mut found = Differences::default();
    let whole = lists.listed(order_no).await?;
    let mut known = Known::new(store);
    let landed = packet.progress.state != StoredState::GivenUp;
    let expected = if landed {
        lines_of(&[ListEvent::Sent { order_no }], &mut known).await?.sent.pop()
    } else {
        None
    };
    match (expected, whole.sent) {
        (Some(row), None) => found.missing.sent.push(row),
        (Some(_), Some(line)) if line.is_of(packet) => {}
        (None, None) => {}
        _ => found.wrong.push("its line in the list \"sent\" is another".to_owned()),
    }
    let best_luck = best_luck(packet, &mut known).await?;
    match (best_luck, whole.best_luck) {
        (Some(row), None) => found.missing.best_lucks.push(row),
        (expected, listed) if expected.map(|row| row.user_id) != listed => {
            found.wrong.push("lists name somebody else for its best luck".to_owned());
        }
        _ => {}
    }
    shares(store, lists, order_no, &mut found).await?;
    Ok(found)
}

async fn best_luck(
    packet: &PacketRow,
    known: &mut Known<'_>,
) -> Result<Option<BestLuckRow>, StoreError> {
    let order_no = packet.order_no;
    let (Kind::Lucky, StoredState::Finished, Some(at)) =
        (packet.kind, packet.progress.state, packet.progress.finished_at)
    else {
        return Ok(None);
    };
    Ok(lines_of(&[ListEvent::Finished { order_no, at }], known).await?.best_lucks.pop())
}

/// Share by share, both in their order.
async fn shares(
    store: &dyn OrderStore,
    lists: &dyn ListStore,
    order_no: OrderNo,
    found: &mut Differences,
) -> Result<(), StoreError> {
    let mut from = 0;
    loop {
        let event = ListEvent::Received { order_no, from, count: PAGE };
        let expected = lines_of(&[event], &mut Known::new(store)).await?.received;
        let listed = lists.listed_shares(order_no, from, PAGE).await?;
        // Each is cut off where it has as many as were asked for; only up to there do
        // both say all they have.
        let end = [&expected, &listed]
            .into_iter()
            .filter(|rows| u32::try_from(rows.len()) == Ok(PAGE))
            .filter_map(|rows| rows.last())
            .map(|row| row.seq)
            .min();
        compare(&expected, &listed, end, found);
        let Some(next) = end.and_then(|end| end.checked_add(1)) else { return Ok(()) };
        if found.missing.received.len() >= MISSING_MAX {
            found.cut = true;
            return Ok(());
        }
        from = next;
    }
}

fn compare(
    expected: &[ReceivedRow],
    listed: &[ReceivedRow],
    end: Option<u32>,
    found: &mut Differences,
) {
    let within = |row: &&ReceivedRow| end.is_none_or(|end| row.seq <= end);
    let mut listed: BTreeMap<u32, &ReceivedRow> =
        listed.iter().filter(within).map(|row| (row.seq, row)).collect();
    for row in expected.iter().filter(within) {
        match listed.remove(&row.seq) {
            None => found.missing.received.push(*row),
            Some(other) if other != row => {
                found.wrong.push(format!(
                    "share {} is {} for {}, listed are {} for {}",
                    row.seq,
                    row.amount_fen.get(),
                    row.user_id,
                    other.amount_fen.get(),
                    other.user_id
                ));
            }
            Some(_) => {}
        }
    }
    for row in listed.into_values() {
        found.wrong.push(format!(
            "share {} of {} for {} is listed, but was never opened",
            row.seq,
            row.amount_fen.get(),
            row.user_id
        ));
    }
}
