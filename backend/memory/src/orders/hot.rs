//! What is asked of a shard's hot tables alone: ends, and the cycle of days.

use super::{HeldDay, MemoryOrders, StoreError, size, sum_of};
use async_trait::async_trait;
use hongbao_domain::{
    planted::Bug,
    store::{
        orders::{
            Announcement, Copied, DaySum, DayTable, Emptied, Ended, Hold, HotTables, PacketRow,
            StoredState, Tell, gather,
        },
        outbox::Destination,
    },
};
use hongbao_shared::{Day, Fen, OrderNo, Timestamp};

#[async_trait]
impl HotTables for MemoryOrders {
    async fn due(&self, now: Timestamp, limit: u32) -> Result<Vec<OrderNo>, StoreError> {
        let now = self.earlier(now);
        let state = self.state.lock();
        let mut due: Vec<_> = state
            .packets
            .values()
            .filter(|row| row.progress.state == StoredState::Open && row.expires_at <= now)
            .map(|row| (row.expires_at, row.order_no))
            .collect();
        due.sort_unstable();
        Ok(due.into_iter().map(|(_, order_no)| order_no).take(size(limit)).collect())
    }

    async fn end(
        &self,
        orders: Vec<OrderNo>,
        now: Timestamp,
        tell: Tell,
    ) -> Result<Vec<Ended>, StoreError> {
        let guard = self.earlier(now);
        let mut state = self.state.lock();
        let mut all = Vec::new();
        let mut told: Vec<(OrderNo, Announcement)> = Vec::new();
        for order_no in orders {
            let last = state.claims.range(..=(order_no, u32::MAX)).next_back();
            let last = last.filter(|((of, _), _)| *of == order_no).map(|(_, claim)| *claim);
            let Some(row) = state
                .packets
                .get_mut(&order_no)
                .filter(|row| row.progress.state == StoredState::Open && row.expires_at <= guard)
            else {
                continue;
            };
            row.progress.state = StoredState::Expired;
            row.progress.finished_at = Some(now);
            let mut taken = row.progress.claimed_fen;
            if Bug::RestOfBefore.is_planted()
                && let Some(claim) = last
            {
                taken = taken.checked_sub(claim.amount_fen).unwrap_or(taken);
            }
            let rest_fen = row.total_fen.checked_sub(taken).unwrap_or(Fen::ZERO);
            let ended = Ended { order_no, sender_id: row.sender_id, rest_fen };
            told.extend(tell(&ended).into_iter().map(|event| (order_no, event)));
            all.push(ended);
        }
        let entries = gather(told.iter().map(|(order_no, event)| (*order_no, event)));
        self.outbox.insert(entries, now);
        Ok(all)
    }

    async fn unsettled(
        &self,
        day: Day,
        since: Timestamp,
        after: Option<OrderNo>,
        limit: u32,
    ) -> Result<Vec<OrderNo>, StoreError> {
        let is_unsettled =
            |row: &PacketRow| row.progress.finished_at.is_none_or(|ended| ended >= since);
        let page = self.state.lock().page(day, after, limit, is_unsettled);
        Ok(page.into_iter().map(|packet| packet.order_no).collect())
    }

    async fn days(&self) -> Result<Vec<DayTable>, StoreError> {
        let state = self.state.lock();
        let table = |(day, held): (&Day, &HeldDay)| DayTable {
            day: *day,
            epoch_day: held.epoch_day,
            sealed: held.sealed,
            is_empty: state.is_empty(*day),
        };
        Ok(state.days.iter().map(table).collect())
    }

    async fn seal(&self, day: Day, epoch_day: i64) -> Result<(), StoreError> {
        let mut state = self.state.lock();
        if let Some(held) = state.days.get_mut(&day).filter(|held| held.epoch_day == epoch_day) {
            held.sealed = true;
        }
        Ok(())
    }

    async fn begin_move(
        &self,
        day: Day,
        epoch_day: i64,
        hold: Hold,
    ) -> Result<Option<Copied>, StoreError> {
        let mut state = self.state.lock();
        if !state.days.get(&day).is_some_and(|held| held.epoch_day == epoch_day && held.sealed) {
            return Ok(None);
        }
        let mut copied = Copied::default();
        if let Some((of, by, so_far)) = state.moves.get(&day) {
            let is_held = by.until > hold.now && by.until <= hold.wrong_after();
            if by.node != hold.node && is_held {
                return Ok(None);
            }
            if *of == epoch_day {
                copied = *so_far;
            }
        }
        state.moves.insert(day, (epoch_day, hold, copied));
        Ok(Some(copied))
    }

    async fn note_copied(
        &self,
        day: Day,
        epoch_day: i64,
        hold: Hold,
        copied: Copied,
    ) -> Result<bool, StoreError> {
        let mut state = self.state.lock();
        let at_it =
            |(of, by, _): &&mut (i64, Hold, Copied)| *of == epoch_day && by.node == hold.node;
        let Some(noted) = state.moves.get_mut(&day).filter(at_it) else { return Ok(false) };
        *noted = (epoch_day, hold, copied);
        Ok(true)
    }

    async fn day_sum(&self, day: Day) -> Result<DaySum, StoreError> {
        let state = self.state.lock();
        let rows = state.packets.values().filter(|row| row.order_no.day() == day);
        let held = state.days.get(&day).map(|held| held.epoch_day);
        let gone = state.gone.get(&day).filter(|(of, _)| Some(*of) == held);
        Ok(sum_of(rows, &state.claims).plus(gone.map_or_else(DaySum::default, |(_, gone)| *gone)))
    }

    async fn empty(&self, day: Day, epoch_day: i64) -> Result<Emptied, StoreError> {
        let mut state = self.state.lock();
        if !state.days.get(&day).is_some_and(|held| held.epoch_day == epoch_day && held.sealed) {
            return Ok(Emptied::NotSealed);
        }
        let is_open = |row: &PacketRow| row.progress.state == StoredState::Open;
        if state.packets.values().any(|row| row.order_no.day() == day && is_open(row)) {
            return Ok(Emptied::OpenPacket);
        }
        if self.outbox.tells_of(day) {
            return Ok(Emptied::Undelivered);
        }
        if Bug::TombstoneGoesToo.is_planted() {
            state.given_up.retain(|order_no, _| order_no.day() != day);
        }
        state.packets.retain(|order_no, _| order_no.day() != day);
        state.claims.retain(|(order_no, _), _| order_no.day() != day);
        Ok(Emptied::Yes)
    }

    async fn announced(
        &self,
        destination: Destination,
        orders: Vec<OrderNo>,
    ) -> Result<Vec<String>, StoreError> {
        Ok(self.outbox.announced(destination, &orders))
    }

    async fn ping(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
