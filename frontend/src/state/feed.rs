//! The log of one group on the screen, kept up to date by the group's stream.
//!
//! Everything that a chat shows comes out of a [`Feed`], and only this module knows
//! how news arrive: the newest page first, then the stream from there on (R-WEB-1).
//! [`hear`] takes in what the stream tells, [`reading`] tells what was read.

mod hear;
mod reading;

use super::{
    groups,
    log::{Log, LogRow},
    outbox, stream,
};
use crate::{
    api::{self, Failure},
    tasks::{self, Scope},
};
use hongbao_shared::{
    GroupId, MessageId, OrderNo,
    api::{
        groups::{CardProgress, CardState, Message},
        live::PacketChange,
    },
};
use leptos::prelude::{
    Effect, Get as _, GetUntracked as _, RwSignal, Set as _, Update as _, UpdateUntracked as _,
    With as _, WithUntracked as _, on_cleanup,
};

/// News within this are drawn together.
const DRAW_MS: u32 = 24;

const PAUSE_MS: u32 = 1_000;
const PAUSE_MS_MAX: u32 = 15_000;

/// What there is to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    /// Nothing has arrived yet.
    Loading,
    /// There is a log.
    Live,
    /// The first page did not arrive; tries go on.
    Away,
    /// The server refuses for good.
    Refused(Failure),
}

/// A group's log on the screen.
#[derive(Clone, Copy)]
pub(crate) struct Feed {
    group: GroupId,
    log: RwSignal<Log>,
    rows: RwSignal<Vec<LogRow>>,
    link: RwSignal<Link>,
    /// Counts who came and went.
    roster: RwSignal<u32>,
    /// Is the reader at the end of the log?
    at_end: RwSignal<bool>,
    /// Did something new come while the reader was elsewhere?
    behind: RwSignal<bool>,
    /// Pages on their way.
    pages: RwSignal<u32>,
    loading_older: RwSignal<bool>,
    drawing: RwSignal<bool>,
    /// How often the log is to start again; zero while it is not.
    restarts: RwSignal<u32>,
    /// Up to where the server was told that everything was read.
    told: RwSignal<Option<MessageId>>,
    telling: RwSignal<bool>,
    scope: Scope,
}

impl Feed {
    /// Follows the group until the calling component is gone.
    pub(crate) fn follow(group: GroupId) -> Self {
        let feed = Self {
            group,
            log: RwSignal::new(Log::default()),
            rows: RwSignal::new(Vec::new()),
            link: RwSignal::new(Link::Loading),
            roster: RwSignal::new(0),
            at_end: RwSignal::new(true),
            behind: RwSignal::new(false),
            pages: RwSignal::new(0),
            loading_older: RwSignal::new(false),
            drawing: RwSignal::new(false),
            restarts: RwSignal::new(0),
            told: RwSignal::new(None),
            telling: RwSignal::new(false),
            scope: Scope::new(),
        };
        feed.scope.spawn(feed.run());
        on_cleanup(move || feed.say_goodbye());
        outbox::open(group);
        Effect::new(move |_| {
            for message in outbox::answers(group) {
                feed.take(message);
            }
        });
        feed
    }

    pub(crate) fn group(self) -> GroupId {
        self.group
    }

    /// The part of the log that is drawn, the oldest first.
    pub(crate) fn rows(self) -> RwSignal<Vec<LogRow>> {
        self.rows
    }

    pub(crate) fn link(self) -> Link {
        self.link.get()
    }

    /// Changes whenever somebody comes or goes.
    pub(crate) fn roster(self) -> u32 {
        self.roster.get()
    }

    /// The same, without following changes.
    pub(crate) fn roster_now(self) -> u32 {
        self.roster.get_untracked()
    }

    /// Is there more before the first row?
    pub(crate) fn has_older(self) -> bool {
        self.rows.with(|_| ());
        self.has_older_now()
    }

    pub(crate) fn is_loading_older(self) -> bool {
        self.loading_older.get()
    }

    /// Is there more after the last row?
    pub(crate) fn has_newer(self) -> bool {
        self.log.with_untracked(Log::has_newer)
    }

    /// A packet's card as it stands now.
    pub(crate) fn card(self, id: MessageId) -> Option<(CardState, Option<CardProgress>)> {
        self.log.with(|log| log.card(id.get()))
    }

    /// The entry of a packet, if it is among those known.
    pub(crate) fn packet(self, order_no: OrderNo) -> Option<Message> {
        self.log.with_untracked(|log| log.packet(order_no).cloned())
    }

    /// Takes in what this browser posted, whether or not the stream has told it.
    fn take(self, message: Message) {
        self.log.update(|log| {
            log.add(message);
        });
        self.draw();
    }

    /// Shows at once what the reader has just learned about a packet.
    pub(crate) fn set_card(self, order_no: OrderNo, state: CardState) {
        self.change(PacketChange { order_no, state, progress: None });
    }

    fn change(self, change: PacketChange) {
        let page_on_its_way = self.pages.get_untracked() > 0;
        self.log.update(|log| log.change(change, page_on_its_way));
    }

    /// The reader has come to the end of the log, or has left it.
    pub(crate) fn set_at_end(self, at_end: bool) {
        if self.at_end.get_untracked() != at_end {
            self.at_end.set(at_end);
            self.mark_read();
        }
        if at_end && self.behind.get_untracked() {
            self.behind.set(false);
        }
    }

    /// Is there something new that the reader has not come to?
    pub(crate) fn is_behind(self) -> bool {
        self.behind.get()
    }

    /// Is the reader at the end, if there is still a screen?
    pub(crate) fn try_is_at_end(self) -> Option<bool> {
        self.at_end.try_get_untracked()
    }

    /// Could anything come before the first row?
    pub(crate) fn has_older_now(self) -> bool {
        self.log.with_untracked(Log::has_older)
    }

    /// Draws what comes before the first row, and reads it where it is not known.
    pub(crate) fn up(self) {
        // One step at a time: beyond the second, what is read would be drawn no more.
        if self.drawing.get_untracked() {
            return;
        }
        if self.log.try_update(Log::move_up).unwrap_or(false) {
            self.draw();
            return;
        }
        let cursor = self.log.with_untracked(|log| log.older().cloned());
        let Some(cursor) = cursor.filter(|_| !self.loading_older.get_untracked()) else {
            return;
        };
        self.loading_older.set(true);
        self.scope.spawn(async move {
            self.page_starts();
            let answer = api::messages(self.group, Some(&cursor)).await;
            self.log.update(|log| {
                // The log may have started again meanwhile.
                if let (Ok(page), Some(true)) = (answer, log.older().map(|older| *older == cursor))
                {
                    log.add_older(page);
                    log.move_up();
                }
            });
            self.page_ended();
            self.loading_older.set(false);
            self.draw();
        });
    }

    /// Draws what comes after the last row.
    pub(crate) fn down(self) {
        if !self.drawing.get_untracked() && self.log.try_update(Log::move_down).unwrap_or(false) {
            self.draw();
        }
    }

    /// Draws the newest part.
    pub(crate) fn to_end(self) {
        self.log.update(Log::move_to_end);
        self.set_at_end(true);
        self.draw();
        self.mark_read();
    }

    fn page_starts(self) {
        self.pages.update_untracked(|pages| *pages = pages.saturating_add(1));
    }

    fn page_ended(self) {
        self.pages.update_untracked(|pages| *pages = pages.saturating_sub(1));
        if self.pages.get_untracked() == 0 {
            self.log.update_untracked(Log::pages_arrived);
        }
    }

    async fn run(self) {
        let mut pause_ms = PAUSE_MS;
        loop {
            match self.read_newest().await {
                Ok(()) => break,
                Err(failure) if failure.is_passing() => {
                    self.link.set(Link::Away);
                    tasks::sleep_ms(pause_ms).await;
                    pause_ms = pause_ms.saturating_mul(2).min(PAUSE_MS_MAX);
                }
                Err(failure) => {
                    self.link.set(Link::Refused(failure));
                    return;
                }
            }
        }
        let failure = stream::follow(self).await;
        self.link.set(Link::Refused(failure));
        groups::news();
    }

    /// Reads the newest page.
    async fn read_newest(self) -> Result<(), Failure> {
        self.page_starts();
        let answer = api::messages(self.group, None).await;
        let answer = answer.map(|page| self.log.update(|log| log.add_newest(page)));
        self.page_ended();
        answer?;
        if self.link.get_untracked() != Link::Live {
            self.link.set(Link::Live);
        }
        self.draw();
        Ok(())
    }

    /// Draws soon, together with whatever else arrives until then.
    fn draw(self) {
        if self.drawing.get_untracked() {
            return;
        }
        self.drawing.set(true);
        self.scope.spawn(async move {
            tasks::sleep_ms(DRAW_MS).await;
            self.drawing.set(false);
            let rows = self.log.with_untracked(Log::rows);
            if self.rows.with_untracked(|shown| *shown != rows) {
                self.rows.set(rows);
            }
            if let Some(newest) = self.log.with_untracked(|log| log.newest().cloned()) {
                groups::saw(self.group, &newest);
            }
            self.mark_read();
        });
    }
}
