//! The log of one group as this browser knows it, kept up to date.
//!
//! Everything that a chat shows comes out of a [`Feed`], and only this module knows
//! how news arrive. Today it asks for the newest page every [`POLL_MS`]; a stream of
//! events takes its place by feeding [`Log::merge`].

use std::collections::BTreeMap;

use hongbao_shared::{
    GroupId, OrderNo,
    api::{
        Page,
        groups::{CardState, Message, MessageBody},
    },
};
use leptos::prelude::{
    Get as _, GetUntracked as _, RwSignal, Set as _, Update as _, WithUntracked as _,
};

use crate::{
    api::{self, Failure},
    browser,
    tasks::{self, Scope},
};

const POLL_MS: u32 = 1_500;
/// The longest pause between two tries while the server is away.
const BACKOFF_MS_MAX: u32 = 15_000;
/// A hidden page looks only now and then whether it is visible again.
const HIDDEN_MS: u32 = 500;
/// Pages read to close a gap, for instance after a night's sleep. Beyond them the
/// log starts again at the newest page.
const GAP_PAGES_MAX: usize = 10;

/// How fresh the log is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    /// Nothing has arrived yet.
    Loading,
    /// Up to date within a moment.
    Live,
    /// The connection is lost; tries go on.
    Lost,
    /// The server refuses for good.
    Refused(Failure),
}

/// Messages by their place in the group's log.
#[derive(Debug, Default)]
struct Log {
    messages: BTreeMap<i64, Message>,
    /// Where the messages before the first one start; `None` at the beginning.
    older: Option<String>,
}

impl Log {
    /// Takes messages in, newer states of known ones included. Answers whether
    /// anything is new.
    fn merge(&mut self, items: Vec<Message>) -> bool {
        let mut changed = false;
        for message in items {
            let place = message.id.get();
            if self.messages.get(&place) != Some(&message) {
                self.messages.insert(place, message);
                changed = true;
            }
        }
        changed
    }

    fn last(&self) -> Option<i64> {
        self.messages.keys().next_back().copied()
    }
}

/// A group's log on the screen.
#[derive(Clone, Copy)]
pub(crate) struct Feed {
    group: GroupId,
    log: RwSignal<Log>,
    shown: RwSignal<Vec<Message>>,
    link: RwSignal<Link>,
    loading_older: RwSignal<bool>,
    scope: Scope,
}

impl Feed {
    /// Follows the group until the calling component is gone.
    pub(crate) fn follow(group: GroupId) -> Self {
        let feed = Self {
            group,
            log: RwSignal::new(Log::default()),
            shown: RwSignal::new(Vec::new()),
            link: RwSignal::new(Link::Loading),
            loading_older: RwSignal::new(false),
            scope: Scope::new(),
        };
        feed.scope.spawn(feed.run());
        feed
    }

    /// The messages, the oldest first.
    pub(crate) fn messages(self) -> RwSignal<Vec<Message>> {
        self.shown
    }

    /// How fresh they are.
    pub(crate) fn link(self) -> Link {
        self.link.get()
    }

    /// Is there more before the first message?
    pub(crate) fn has_older(self) -> bool {
        self.shown.get();
        self.log.with_untracked(|log| log.older.is_some())
    }

    /// Asks now instead of at the next turn, for instance after posting.
    pub(crate) fn refresh(self) {
        self.scope.spawn(async move {
            if self.catch_up().await.is_ok() {
                self.link.set(Link::Live);
            }
        });
    }

    /// Shows at once what the reader has just learned about a packet.
    pub(crate) fn set_card(self, order_no: OrderNo, state: CardState) {
        self.log.update(|log| {
            for message in log.messages.values_mut() {
                if let MessageBody::Packet { packet } = &mut message.body
                    && packet.order_no == order_no
                {
                    packet.state = state;
                }
            }
        });
        self.publish();
    }

    /// Reads the page before the first message.
    pub(crate) fn load_older(self) {
        let cursor = self.log.with_untracked(|log| log.older.clone());
        let Some(cursor) = cursor.filter(|_| !self.loading_older.get_untracked()) else {
            return;
        };
        self.loading_older.set(true);
        self.scope.spawn(async move {
            if let Ok(page) = api::messages(self.group, Some(&cursor)).await {
                self.log.update(|log| {
                    log.merge(page.items);
                    log.older = page.next_cursor;
                });
                self.publish();
            }
            self.loading_older.set(false);
        });
    }

    fn publish(self) {
        let messages = self.log.with_untracked(|log| log.messages.values().cloned().collect());
        self.shown.set(messages);
    }

    async fn run(self) {
        let mut backoff_ms = POLL_MS;
        loop {
            while !browser::is_visible() {
                tasks::sleep_ms(HIDDEN_MS).await;
            }
            match self.catch_up().await {
                Ok(()) => {
                    backoff_ms = POLL_MS;
                    self.set_link(Link::Live);
                }
                Err(failure) if failure.is_passing() => {
                    backoff_ms = backoff_ms.saturating_mul(2).min(BACKOFF_MS_MAX);
                    self.set_link(Link::Lost);
                }
                Err(failure) => {
                    self.set_link(Link::Refused(failure));
                    return;
                }
            }
            tasks::sleep_ms(backoff_ms).await;
        }
    }

    fn set_link(self, link: Link) {
        if self.link.get_untracked() != link {
            self.link.set(link);
        }
    }

    /// Reads the newest page, and the pages behind it down to what is known.
    async fn catch_up(self) -> Result<(), Failure> {
        let Page { mut items, mut next_cursor } = api::messages(self.group, None).await?;
        let known = self.log.with_untracked(Log::last);
        for _ in 0..GAP_PAGES_MAX {
            let reaches = items.last().map_or(0, |oldest| oldest.id.get());
            let Some(cursor) = next_cursor.clone() else { break };
            if known.is_none_or(|known| reaches <= known + 1) {
                break;
            }
            let page = api::messages(self.group, Some(&cursor)).await?;
            items.extend(page.items);
            next_cursor = page.next_cursor;
        }
        let reaches = items.last().map_or(0, |oldest| oldest.id.get());
        let mut changed = false;
        self.log.update(|log| {
            let gap = log.last().is_some_and(|last| reaches > last + 1);
            if gap || log.messages.is_empty() {
                log.messages.clear();
                log.older = next_cursor;
                changed = true;
            }
            changed |= log.merge(items);
        });
        if changed {
            self.publish();
            if let Some(newest) = self.shown.with_untracked(|shown| shown.last().cloned()) {
                super::groups::saw(self.group, &newest);
            }
        }
        Ok(())
    }
}
