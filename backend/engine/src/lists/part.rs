//! Which part of a list, and the lines that it is made of.

use async_trait::async_trait;
use hongbao_domain::{
    Refusal,
    store::lists::{List, ListKey, ListStore, ReceivedLine, SentRow},
};
use hongbao_shared::UserId;
use serde::{Serialize, de::DeserializeOwned};

/// Lines of a page that names no limit: a screen and a half of a phone.
pub const LIST_PAGE_DEFAULT: u32 = 20;
/// The most lines of one page.
pub const LIST_PAGE_MAX: u32 = 100;
/// What is shown of a year while lists are kept short (R-LIST-2).
pub const TWO_SCREENS: u32 = 2 * LIST_PAGE_DEFAULT;
/// Which part of a list.
#[derive(Clone, Copy, Debug, Default)]
pub struct ListPart<'a> {
    /// Of which year; absent for the present one.
    pub year: Option<i16>,
    /// `next_cursor` of the part before; absent for the first.
    pub cursor: Option<&'a str>,
    /// The most lines, capped at [`LIST_PAGE_MAX`]; absent for [`LIST_PAGE_DEFAULT`].
    pub limit: Option<u32>,
    /// The list ends after its newest [`TWO_SCREENS`] lines (R-LIST-2).
    pub two_screens: bool,
}

/// A part that can be read.
pub(super) struct Wanted {
    pub(super) list: List,
    pub(super) year: i16,
    pub(super) this_year: i16,
    pub(super) after: Option<ListKey>,
    pub(super) limit: u32,
    pub(super) two_screens: bool,
}

impl Wanted {
    /// Where the store begins to read.
    pub(super) fn from(&self) -> Option<ListKey> {
        if self.two_screens { None } else { self.after }
    }

    /// How many rows it reads: one more than is shown tells whether there is a next page.
    pub(super) fn rows(&self) -> u32 {
        if self.two_screens { TWO_SCREENS } else { self.limit.saturating_add(1) }
    }

    /// Is this row of the part, rather than of one before?
    pub(super) fn is_after<T: Line>(&self, row: &T) -> bool {
        let key = row.key();
        self.after.is_none_or(|after| (key.at, key.order_no) < (after.at, after.order_no))
    }
}

/// A line that lists are made of.
#[async_trait]
pub(super) trait Line: Clone + Serialize + DeserializeOwned + Send + Sync {
    const LIST: List;

    /// Its place.
    fn key(&self) -> ListKey;

    /// Those of a part, from the database.
    async fn read(
        store: &dyn ListStore,
        user: UserId,
        wanted: &Wanted,
        limit: u32,
    ) -> Result<Vec<Self>, Refusal>;
}

#[async_trait]
impl Line for SentRow {
    const LIST: List = List::Sent;

    fn key(&self) -> ListKey {
        ListKey { at: self.at, order_no: self.order_no }
    }

    async fn read(
        store: &dyn ListStore,
        user: UserId,
        wanted: &Wanted,
        limit: u32,
    ) -> Result<Vec<Self>, Refusal> {
        Ok(store.sent(user, wanted.year, wanted.from(), limit).await?)
    }
}

#[async_trait]
impl Line for ReceivedLine {
    const LIST: List = List::Received;

    fn key(&self) -> ListKey {
        ListKey { at: self.row.at, order_no: self.row.order_no }
    }

    async fn read(
        store: &dyn ListStore,
        user: UserId,
        wanted: &Wanted,
        limit: u32,
    ) -> Result<Vec<Self>, Refusal> {
        Ok(store.received(user, wanted.year, wanted.from(), limit).await?)
    }
}
