//! The lists "sent" and "received" in memory.

use super::{impl_moments, refuse, size};
use async_trait::async_trait;
use hongbao_domain::{
    planted::Bug,
    runtime::{Month, Zone},
    store::{
        StoreError,
        lists::{
            BestLuckRow, List, ListBatch, ListKey, ListReads, ListStore, Listed, ReceivedLine,
            ReceivedRow, SAME_CONTENT, SentRow, Totals, TotalsOff,
        },
    },
};
use hongbao_shared::{Fen, OrderNo, Timestamp, UserId};
use parking_lot::Mutex;
use std::{collections::BTreeMap, ops::Bound};

/// The database of lists.
#[derive(Debug, Default)]
pub struct MemoryLists {
    state: Mutex<State>,
}

#[derive(Clone, Debug, Default)]
struct State {
    rows: Rows,
    /// In the order in which they are read, the last one first.
    sent_lines: Lines,
    received_lines: Lines,
    totals: BTreeMap<(UserId, Month), Totals>,
}

#[derive(Clone, Debug, Default)]
struct Rows {
    sent: BTreeMap<OrderNo, SentRow>,
    received: BTreeMap<(OrderNo, UserId), ReceivedRow>,
    /// Whose each share is.
    shares: BTreeMap<(OrderNo, u32), UserId>,
    best_lucks: BTreeMap<OrderNo, UserId>,
}

/// By whose they are, in which year, when, and the number as a database sorts it.
type Lines = BTreeMap<(UserId, i16, Timestamp, i64), OrderNo>;

/// What a batch adds, kept apart until all of it is known to hold.
#[derive(Default)]
struct Staged {
    rows: Rows,
    sent_lines: Lines,
    received_lines: Lines,
    totals: BTreeMap<(UserId, Month), Totals>,
}

impl_moments!(MemoryLists);

#[async_trait]
impl ListStore for MemoryLists {
    async fn record(&self, batch: ListBatch, zone: &Zone) -> Result<(), StoreError> {
        let mut state = self.state.lock();
        let mut staged = Staged::default();
        for row in batch.sent {
            state.stage_sent(&mut staged, row, zone)?;
        }
        for row in batch.received {
            state.stage_received(&mut staged, row, zone)?;
        }
        for row in batch.best_lucks {
            state.stage_best_luck(&mut staged, row, zone)?;
        }
        state.apply(staged);
        Ok(())
    }

    /// Nothing ever goes missing here.
    async fn restore(&self, batch: ListBatch, zone: &Zone) -> Result<(), StoreError> {
        if Bug::MendedTwice.is_planted() {
            let mut state = self.state.lock();
            let mut staged = Staged::default();
            for row in &batch.received {
                if state.rows.received.contains_key(&(row.order_no, row.user_id)) {
                    let totals = state.totals_mut(&mut staged, row.user_id, zone.month(row.at));
                    totals.received_count = totals.received_count.saturating_add(1);
                }
            }
            state.apply(staged);
        }
        self.record(batch, zone).await
    }
}

#[async_trait]
impl ListReads for MemoryLists {
    async fn sent(
        &self,
        user: UserId,
        year: i16,
        after: Option<ListKey>,
        limit: u32,
    ) -> Result<Vec<SentRow>, StoreError> {
        let state = self.state.lock();
        let orders = page(&state.sent_lines, user, year, after, limit);
        Ok(orders.filter_map(|order_no| state.rows.sent.get(&order_no)).copied().collect())
    }

    async fn received(
        &self,
        user: UserId,
        year: i16,
        after: Option<ListKey>,
        limit: u32,
    ) -> Result<Vec<ReceivedLine>, StoreError> {
        let state = self.state.lock();
        let line = |order_no| {
            let row = *state.rows.received.get(&(order_no, user))?;
            let best_luck = state.rows.best_lucks.get(&order_no) == Some(&user);
            Some(ReceivedLine { row, best_luck })
        };
        let orders = page(&state.received_lines, user, year, after, limit);
        Ok(orders.filter_map(line).collect())
    }

    async fn months(&self, user: UserId, year: i16) -> Result<Vec<(u8, Totals)>, StoreError> {
        let state = self.state.lock();
        let months = state.months_of(user).filter(|(month, _)| month.year == year);
        Ok(months.map(|(month, totals)| (month.month, *totals)).collect())
    }

    async fn years(&self, user: UserId, list: List) -> Result<Vec<i16>, StoreError> {
        let state = self.state.lock();
        let has_lines = |totals: &Totals| match list {
            List::Sent => totals.sent_count > 0,
            List::Received => totals.received_count > 0,
        };
        let months = state.months_of(user).filter(|(_, totals)| has_lines(totals));
        let mut years: Vec<_> = months.map(|(month, _)| month.year).collect();
        years.dedup();
        years.reverse();
        Ok(years)
    }

    async fn listed_shares(
        &self,
        order_no: OrderNo,
        from_seq: u32,
        limit: u32,
    ) -> Result<Vec<ReceivedRow>, StoreError> {
        let state = self.state.lock();
        let shares = state.rows.shares.range((order_no, from_seq)..=(order_no, u32::MAX));
        let rows = shares.filter_map(|(_, user)| state.rows.received.get(&(order_no, *user)));
        Ok(rows.take(size(limit)).copied().collect())
    }

    async fn received_fen(&self, user: UserId) -> Result<Fen, StoreError> {
        let state = self.state.lock();
        let sum = Fen::sum(state.months_of(user).map(|(_, totals)| totals.received_fen));
        sum.ok_or_else(|| StoreError::Corrupt("a sum is not an amount".to_owned()))
    }

    async fn received_since(
        &self,
        user: UserId,
        year: i16,
        since: Timestamp,
    ) -> Result<Fen, StoreError> {
        let state = self.state.lock();
        let orders = page(&state.received_lines, user, year, None, u32::MAX);
        let rows = orders.filter_map(|order_no| state.rows.received.get(&(order_no, user)));
        let sum = Fen::sum(rows.filter(|row| row.at >= since).map(|row| row.amount_fen));
        sum.ok_or_else(|| StoreError::Corrupt("a sum is not an amount".to_owned()))
    }

    async fn listed(&self, order_no: OrderNo) -> Result<Listed, StoreError> {
        let rows = &self.state.lock().rows;
        let (first, last) = (UserId::from_random(0), UserId::from_random(u64::MAX));
        let received = rows.received.range((order_no, first)..=(order_no, last));
        Ok(Listed {
            sent: rows.sent.get(&order_no).copied(),
            received: received.map(|(_, row)| *row).collect(),
            best_luck: rows.best_lucks.get(&order_no).copied(),
        })
    }

    async fn sent_page(
        &self,
        after: Option<OrderNo>,
        limit: u32,
    ) -> Result<Vec<SentRow>, StoreError> {
        let rows = &self.state.lock().rows;
        Ok(behind(&rows.sent, after, limit).map(|(_, row)| *row).collect())
    }

    async fn received_page(
        &self,
        after: Option<(OrderNo, UserId)>,
        limit: u32,
    ) -> Result<Vec<ReceivedRow>, StoreError> {
        let rows = &self.state.lock().rows;
        Ok(behind(&rows.received, after, limit).map(|(_, row)| *row).collect())
    }

    async fn best_lucks_page(
        &self,
        after: Option<OrderNo>,
        limit: u32,
    ) -> Result<Vec<(OrderNo, UserId)>, StoreError> {
        let rows = &self.state.lock().rows;
        Ok(behind(&rows.best_lucks, after, limit).map(|(no, user)| (*no, *user)).collect())
    }

    async fn totals_off(
        &self,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Option<(UserId, Vec<TotalsOff>)>, StoreError> {
        let state = self.state.lock();
        let mut more: BTreeMap<(UserId, i16), [i64; 5]> = BTreeMap::new();
        for ((user, month), totals) in &state.totals {
            let counts = [totals.sent_count, totals.received_count, totals.best_lucks];
            let [sent, received, best] =
                counts.map(|count| i64::try_from(count).unwrap_or(i64::MAX));
            let (sent_fen, received_fen) = (totals.sent_fen.signed(), totals.received_fen.signed());
            change(&mut more, *user, month.year, [sent, sent_fen, received, received_fen, best]);
        }
        for ((user, year, ..), order_no) in &state.sent_lines {
            let Some(row) = state.rows.sent.get(order_no) else { continue };
            change(&mut more, *user, *year, [-1, -row.total_fen.signed(), 0, 0, 0]);
        }
        for ((user, year, ..), order_no) in &state.received_lines {
            let Some(row) = state.rows.received.get(&(*order_no, *user)) else { continue };
            let best = i64::from(state.rows.best_lucks.get(order_no) == Some(user));
            change(&mut more, *user, *year, [0, 0, -1, -row.amount_fen.signed(), -best]);
        }
        let mut people: Vec<_> = more.keys().map(|(user, _)| *user).collect();
        people.dedup();
        people.retain(|user| after.is_none_or(|after| *user > after));
        people.truncate(size(limit));
        let Some(last) = people.last() else { return Ok(None) };
        let off = more
            .into_iter()
            .filter(|((user, _), more)| people.binary_search(user).is_ok() && *more != [0; 5]);
        let off = off.map(|((user_id, year), more)| TotalsOff { user_id, year, more });
        Ok(Some((*last, off.collect())))
    }
}

impl State {
    fn stage_sent(&self, staged: &mut Staged, row: SentRow, zone: &Zone) -> Result<(), StoreError> {
        if row.shares == 0 || row.total_fen.get() < u64::from(row.shares) {
            return refuse("sent_amounts");
        }
        let held =
            self.rows.sent.get(&row.order_no).or_else(|| staged.rows.sent.get(&row.order_no));
        // All but its time: see `SentRow::is_of`.
        let row = held.filter(|held| held.says_the_same(&row)).map_or(row, |held| *held);
        if !is_new(&self.rows.sent, &mut staged.rows.sent, row.order_no, row)? {
            return Ok(());
        }
        let month = zone.month(row.at);
        let key = (row.user_id, month.year, row.at, row.order_no.to_bits());
        staged.sent_lines.insert(key, row.order_no);
        let totals = self.totals_mut(staged, row.user_id, month);
        totals.sent_count = totals.sent_count.saturating_add(1);
        add(&mut totals.sent_fen, row.total_fen)
    }

    fn stage_received(
        &self,
        staged: &mut Staged,
        row: ReceivedRow,
        zone: &Zone,
    ) -> Result<(), StoreError> {
        if row.amount_fen.is_zero() {
            return refuse("received_amount");
        }
        let (order_no, user) = (row.order_no, row.user_id);
        if !is_new(&self.rows.received, &mut staged.rows.received, (order_no, user), row)? {
            return Ok(());
        }
        // Their row is new, so a share that is known is somebody else's.
        let share = (order_no, row.seq);
        let known = self.rows.shares.contains_key(&share);
        if known || staged.rows.shares.insert(share, user).is_some() {
            return refuse("received_seq_unique");
        }
        let month = zone.month(row.at);
        let key = (user, month.year, row.at, order_no.to_bits());
        staged.received_lines.insert(key, order_no);
        let totals = self.totals_mut(staged, user, month);
        totals.received_count = totals.received_count.saturating_add(1);
        add(&mut totals.received_fen, row.amount_fen)
    }

    fn stage_best_luck(
        &self,
        staged: &mut Staged,
        row: BestLuckRow,
        zone: &Zone,
    ) -> Result<(), StoreError> {
        let BestLuckRow { order_no, user_id: user, at } = row;
        if is_new(&self.rows.best_lucks, &mut staged.rows.best_lucks, order_no, user)? {
            let totals = self.totals_mut(staged, user, zone.month(at));
            totals.best_lucks = totals.best_lucks.saturating_add(1);
        }
        Ok(())
    }

    fn totals_mut<'s>(&self, staged: &'s mut Staged, user: UserId, month: Month) -> &'s mut Totals {
        let key = (user, month);
        let held = || self.totals.get(&key).copied().unwrap_or_default();
        staged.totals.entry(key).or_insert_with(held)
    }

    fn apply(&mut self, mut staged: Staged) {
        let Rows { sent, received, shares, best_lucks } = &mut staged.rows;
        self.rows.sent.append(sent);
        self.rows.received.append(received);
        self.rows.shares.append(shares);
        self.rows.best_lucks.append(best_lucks);
        self.sent_lines.append(&mut staged.sent_lines);
        self.received_lines.append(&mut staged.received_lines);
        self.totals.append(&mut staged.totals);
    }

    /// The earliest first.
    fn months_of(&self, user: UserId) -> impl Iterator<Item = (Month, &Totals)> {
        let first = Month { year: i16::MIN, month: u8::MIN };
        let last = Month { year: i16::MAX, month: u8::MAX };
        let months = self.totals.range((user, first)..=(user, last));
        months.map(|((_, month), totals)| (*month, totals))
    }
}

/// What stands behind a key, up to a page.
fn behind<K: Ord + Copy, V>(
    rows: &BTreeMap<K, V>,
    after: Option<K>,
    limit: u32,
) -> impl Iterator<Item = (&K, &V)> {
    let start = after.map_or(Bound::Unbounded, Bound::Excluded);
    rows.range((start, Bound::Unbounded)).take(size(limit))
}

fn change(more: &mut BTreeMap<(UserId, i16), [i64; 5]>, user: UserId, year: i16, by: [i64; 5]) {
    for (more, by) in more.entry((user, year)).or_default().iter_mut().zip(by) {
        *more = more.saturating_add(by);
    }
}

/// The packets of one page, the newest first.
fn page(
    lines: &Lines,
    user: UserId,
    year: i16,
    after: Option<ListKey>,
    limit: u32,
) -> impl Iterator<Item = OrderNo> {
    // Everything is before the end of time.
    let (at, bits) = after.map_or((Timestamp::from_millis(i64::MAX), i64::MAX), |key| {
        (key.at, key.order_no.to_bits())
    });
    let first = (user, year, Timestamp::from_millis(i64::MIN), 0);
    let before = lines.range(first..(user, year, at, bits)).rev();
    before.take(size(limit)).map(|(_, order_no)| *order_no)
}

/// Stages a row that is not there yet; one that is must be the same.
fn is_new<K: Ord, V: PartialEq>(
    held: &BTreeMap<K, V>,
    staged: &mut BTreeMap<K, V>,
    key: K,
    row: V,
) -> Result<bool, StoreError> {
    match held.get(&key).or_else(|| staged.get(&key)) {
        Some(known) if *known != row => refuse(SAME_CONTENT),
        Some(_) => Ok(false),
        None => {
            staged.insert(key, row);
            Ok(true)
        }
    }
}

fn add(sum: &mut Fen, amount: Fen) -> Result<(), StoreError> {
    match sum.checked_add(amount) {
        Some(more) => {
            *sum = more;
            Ok(())
        }
        None => refuse("totals_in_range"),
    }
}
