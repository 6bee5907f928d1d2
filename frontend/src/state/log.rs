//! What is known of a group's log, and the part of it that is drawn.

mod gathered;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, ops::RangeBounds};

use hongbao_shared::{
    OrderNo, Timestamp, UserId,
    api::{
        Page,
        groups::{CardProgress, CardState, Message, MessageBody, PacketCard},
        live::PacketChange,
    },
};

use crate::i18n::dates;
use gathered::Gathered;

/// Rows on the page at a time: more make it slow, whatever the log holds.
pub(super) const WINDOW: usize = 300;
/// How far the window moves at a time.
const STEP: usize = 100;
/// Entries kept. A log that has grown beyond them while nobody scrolled starts again
/// at its newest page.
pub(super) const ENTRIES_MAX: usize = 5_000;
/// Above this, and on another day, day and time are said again.
const PAUSE_MS: i64 = 5 * 60 * 1000;
/// Everywhere a day begins with such a part of an hour.
const QUARTER_MS: i64 = 15 * 60 * 1000;

/// Entries by their place in the group's log.
#[derive(Debug, Default)]
pub(super) struct Log {
    entries: BTreeMap<i64, Message>,
    /// Entries that are drawn as one.
    gathered: Gathered,
    /// Where the entries before the first one start; `None` at the beginning.
    older: Option<String>,
    /// Everything up to here is known; a new stream begins after it. Not the same as
    /// the newest entry: one's own may arrive before what others said earlier.
    seen: i64,
    /// Where the drawn part ends; `None` follows the newest.
    end: Option<i64>,
    /// What became of packets while a page was on its way, which it may not know.
    changes: BTreeMap<OrderNo, PacketChange>,
}

/// What one person says within this stands under one name.
const RUN_MS: i64 = 3 * 60 * 1000;

/// An entry, and the time if it is to be said before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LogRow {
    pub(crate) message: Message,
    pub(crate) time: Option<Timestamp>,
    /// Does a day of the reader's begin with it? Then its time says which.
    pub(crate) begins_day: bool,
    /// Does it go on with what the same person has just said?
    pub(crate) goes_on: bool,
    /// Of all who opened a packet: who was the first, where that is known.
    pub(crate) first: Option<UserId>,
}

impl LogRow {
    /// Differs where the same entry is drawn in another way.
    pub(crate) fn looks(&self) -> i64 {
        let time = self.time.map_or(0, Timestamp::millis);
        let grown = match self.message.body {
            MessageBody::Opened { others, .. } => i64::from(others),
            _ => 0,
        };
        let told = i64::from(self.first.is_some()) << 44;
        let begins_day = i64::from(self.begins_day) << 42;
        time ^ begins_day ^ (i64::from(self.goes_on) << 43) ^ told ^ (grown << 45)
    }
}

/// Does a day of the reader's begin between the two? Few are asked of the calendar.
fn is_another_day(before: Timestamp, at: Timestamp) -> bool {
    let quarter = |at: Timestamp| at.millis().div_euclid(QUARTER_MS);
    quarter(before) != quarter(at) && !dates::is_same_day(before, at)
}

/// Whose words or packet it is.
fn speaker(message: &Message) -> Option<UserId> {
    let said = matches!(message.body, MessageBody::Text { .. } | MessageBody::Packet { .. });
    said.then_some(message.user.id)
}

impl Log {
    pub(super) fn seen(&self) -> i64 {
        self.seen
    }

    pub(super) fn saw(&mut self, id: i64) {
        self.seen = self.seen.max(id);
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn newest(&self) -> Option<&Message> {
        self.entries.values().next_back()
    }

    pub(super) fn older(&self) -> Option<&String> {
        self.older.as_ref()
    }

    pub(super) fn has_older(&self) -> bool {
        let first = self.shown().rev().take(WINDOW).last().map_or(0, |(id, _)| *id);
        self.older.is_some() || self.within(..first).next().is_some()
    }

    pub(super) fn has_newer(&self) -> bool {
        self.end.is_some_and(|end| self.within(end + 1..).next().is_some())
    }

    /// Takes one entry in; answers whether it was unknown.
    pub(super) fn add(&mut self, mut message: Message) -> bool {
        let place = message.id.get();
        if let MessageBody::Packet { packet } = &mut message.body {
            if let Some(MessageBody::Packet { packet: known }) =
                self.entries.get(&place).map(|known| &known.body)
            {
                advance(packet, known.state, known.progress);
            }
            if let Some(change) = self.changes.get(&packet.order_no) {
                advance(packet, change.state, change.progress);
            }
        }
        self.gathered.add(&message);
        self.entries.insert(place, message).is_none()
    }

    /// Takes the newest page in. Where it does not reach down to what is known, the log
    /// starts again with it.
    pub(super) fn add_newest(&mut self, page: Page<Message>) {
        let reaches = page.items.last().map_or(0, |oldest| oldest.id.get());
        if self.entries.is_empty() || (reaches > self.seen && page.next_cursor.is_some()) {
            self.restart();
            self.older = page.next_cursor;
        }
        if let Some(newest) = page.items.first() {
            self.saw(newest.id.get());
        }
        self.add_all(page.items);
    }

    /// Takes in the page before the first entry.
    pub(super) fn add_older(&mut self, page: Page<Message>) {
        self.older = page.next_cursor;
        self.add_all(page.items);
    }

    fn add_all(&mut self, items: Vec<Message>) {
        for message in items {
            self.add(message);
        }
    }

    /// Forgets everything but where it is; the newest page comes next.
    pub(super) fn restart(&mut self) {
        self.entries.clear();
        self.gathered = Gathered::default();
        self.older = None;
        self.end = None;
    }

    /// A packet stands like this now.
    pub(super) fn change(&mut self, change: PacketChange, page_on_its_way: bool) {
        if page_on_its_way {
            self.changes.insert(change.order_no, change);
        }
        for message in self.entries.values_mut() {
            if let MessageBody::Packet { packet } = &mut message.body
                && packet.order_no == change.order_no
            {
                advance(packet, change.state, change.progress);
            }
        }
    }

    /// No page is on its way any more.
    pub(super) fn pages_arrived(&mut self) {
        self.changes.clear();
    }

    /// The card of a packet as it stands now.
    pub(super) fn card(&self, id: i64) -> Option<(CardState, Option<CardProgress>)> {
        match &self.entries.get(&id)?.body {
            MessageBody::Packet { packet } => Some((packet.state, packet.progress)),
            _ => None,
        }
    }

    /// The entry of a packet.
    pub(super) fn packet(&self, order_no: OrderNo) -> Option<&Message> {
        self.entries.values().rev().find(|message| {
            matches!(&message.body, MessageBody::Packet { packet } if packet.order_no == order_no)
        })
    }

    /// What is drawn of these places, wherever the window is.
    fn within(
        &self,
        places: impl RangeBounds<i64>,
    ) -> impl DoubleEndedIterator<Item = (&i64, &Message)> {
        self.entries.range(places).filter(|(_, message)| !self.gathered.holds(message))
    }

    fn shown(&self) -> impl DoubleEndedIterator<Item = (&i64, &Message)> {
        self.within(..=self.end.unwrap_or(i64::MAX))
    }

    /// The part that is drawn, the oldest first.
    pub(super) fn rows(&self) -> Vec<LogRow> {
        let mut rows: Vec<LogRow> = self
            .shown()
            .rev()
            .take(WINDOW)
            .map(|(_, message)| {
                let (message, first) = self.gathered.tell(message);
                LogRow { message, time: None, begins_day: false, goes_on: false, first }
            })
            .collect();
        rows.reverse();
        let first = rows.first().map_or(0, |row| row.message.id.get());
        let mut before = self.within(..first).next_back().map(|(_, message)| message.at);
        for row in &mut rows {
            let at = row.message.at;
            let paused = before.is_none_or(|before| at.millis_since(before) > PAUSE_MS);
            row.begins_day = before.is_some_and(|before| is_another_day(before, at));
            row.time = (paused || row.begins_day).then_some(at);
            before = Some(at);
        }
        for at in 1..rows.len() {
            let (before, row) = (&rows[at - 1].message, &rows[at].message);
            let same = speaker(row).is_some() && speaker(row) == speaker(before);
            let soon = row.at.millis_since(before.at) <= RUN_MS;
            rows[at].goes_on = same && soon && rows[at].time.is_none();
        }
        rows
    }

    /// Keeps the drawn part where it is while the log grows at its end.
    pub(super) fn hold(&mut self) {
        if self.end.is_none() && self.shown().nth(WINDOW).is_some() {
            self.end = self.newest().map(|newest| newest.id.get());
        }
    }

    /// Draws an earlier part; `false` where nothing earlier is known.
    pub(super) fn move_up(&mut self) -> bool {
        let Some(first) = self.shown().rev().take(WINDOW).last().map(|(id, _)| *id) else {
            return false;
        };
        let step = self.within(..first).take(STEP).count();
        let end = self.shown().rev().nth(step).map(|(id, _)| *id);
        if step > 0 {
            self.end = end;
        }
        step > 0
    }

    /// Draws a later part; `false` at the end.
    pub(super) fn move_down(&mut self) -> bool {
        let Some(end) = self.end else { return false };
        let end = self.within(end + 1..).nth(STEP).map(|(id, _)| *id);
        self.end = end;
        true
    }

    /// Draws the newest part.
    pub(super) fn move_to_end(&mut self) {
        self.end = None;
    }
}

/// A packet only ever goes forward, whichever news of it arrive last.
fn advance(packet: &mut PacketCard, state: CardState, progress: Option<CardProgress>) {
    if packet.state == CardState::Open {
        packet.state = state;
    }
    let taken = |progress: Option<CardProgress>| progress.map(|progress| progress.claimed);
    if taken(progress) > taken(packet.progress) {
        packet.progress = progress;
    }
}
