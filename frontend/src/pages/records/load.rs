//! Reading a list, part by part.

use hongbao_shared::{
    Fen, OrderNo,
    api::{
        lists::{ListPage, MonthTotal, ReceivedItem, SentItem},
        packets::PacketState,
    },
};
use leptos::prelude::{GetUntracked as _, RwSignal, Set as _, Update as _};

use crate::{
    api::{self, Failure},
    route::Side,
    tasks::Scope,
};

/// A line of either list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Item {
    Received(ReceivedItem),
    Sent(SentItem),
}

impl Item {
    /// What makes it another line.
    pub(super) fn key(&self) -> (OrderNo, u32, Option<PacketState>) {
        match self {
            Self::Received(item) => (item.order_no, u32::from(item.best_luck), None),
            Self::Sent(item) => {
                let claimed = item.progress.map_or(0, |progress| progress.claimed);
                (item.order_no, claimed, item.progress.map(|progress| progress.state))
            }
        }
    }
}

/// What a year adds up to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Year {
    pub(super) number: i16,
    pub(super) count: u64,
    pub(super) total_fen: Fen,
    pub(super) best_lucks: u64,
    pub(super) months: Vec<MonthTotal>,
    pub(super) years: Vec<i16>,
}

/// One of the lists, as far as it was read.
#[derive(Clone, Copy)]
pub(super) struct Records {
    side: Side,
    pub(super) items: RwSignal<Option<Vec<Item>>>,
    pub(super) year: RwSignal<Option<Year>>,
    chosen: RwSignal<Option<i16>>,
    pub(super) cursor: RwSignal<Option<String>>,
    pub(super) failure: RwSignal<Option<Failure>>,
    pub(super) busy: RwSignal<bool>,
    scope: Scope,
}

struct Part {
    items: Vec<Item>,
    cursor: Option<String>,
    year: Year,
}

fn part<T>(page: ListPage<T>, item: fn(T) -> Item) -> Part {
    let ListPage { items, next_cursor, year, count, total_fen, best_lucks, months, years } = page;
    Part {
        items: items.into_iter().map(item).collect(),
        cursor: next_cursor,
        year: Year { number: year, count, total_fen, best_lucks, months, years },
    }
}

impl Records {
    pub(super) fn start(side: Side) -> Self {
        let records = Self {
            side,
            items: RwSignal::new(None),
            year: RwSignal::new(None),
            chosen: RwSignal::new(None),
            cursor: RwSignal::new(None),
            failure: RwSignal::new(None),
            busy: RwSignal::new(false),
            scope: Scope::new(),
        };
        records.read(None);
        records
    }

    /// Another year.
    pub(super) fn choose(self, year: i16) {
        self.chosen.set(Some(year));
        self.items.set(None);
        self.cursor.set(None);
        self.read(None);
    }

    /// The next part.
    pub(super) fn more(self) {
        if !self.busy.get_untracked()
            && let Some(cursor) = self.cursor.get_untracked()
        {
            self.read(Some(cursor));
        }
    }

    /// After a failure.
    pub(super) fn retry(self) {
        self.read(self.cursor.get_untracked());
    }

    fn read(self, cursor: Option<String>) {
        self.busy.set(true);
        self.failure.set(None);
        let chosen = self.chosen.get_untracked();
        self.scope.spawn(async move {
            let answer = match self.side {
                Side::Received => {
                    api::received(chosen, cursor.as_deref()).await.map(|p| part(p, Item::Received))
                }
                Side::Sent => {
                    api::sent(chosen, cursor.as_deref()).await.map(|p| part(p, Item::Sent))
                }
            };
            // Another year was chosen meanwhile; its own answer is on the way.
            if self.chosen.get_untracked() != chosen {
                return;
            }
            self.busy.set(false);
            match answer {
                Ok(part) => {
                    self.items.update(|items| {
                        let items = items.get_or_insert_default();
                        if cursor.is_none() {
                            items.clear();
                        }
                        items.extend(part.items);
                    });
                    self.year.set(Some(part.year));
                    self.cursor.set(part.cursor);
                }
                Err(problem) => {
                    // A part that presses itself would try again for ever.
                    self.failure.set(Some(problem));
                }
            }
        });
    }
}
