//! What everyone sent and received, by year (R-LIST-1). Written by delivery, never on
//! the way of an open: with this database down, nothing but lists is missing.

pub use crate::store::lists::{BestLuckRow, ListBatch, ReceivedRow, SentRow};

use crate::{
    Refusal,
    groups::Cursor,
    runtime::{Clock, Zone},
    store::lists::{ListKey, ListStore},
};
use hongbao_shared::{ErrorCode, Fen, OrderNo, Timestamp, UserId};
use std::sync::Arc;

/// Lines of a page that names no limit: a screen and a half of a phone.
pub const LIST_PAGE_DEFAULT: u32 = 20;
/// The most lines of one page.
pub const LIST_PAGE_MAX: u32 = 100;

/// A page of a list, with the totals of its year.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListPage<T> {
    /// The newest first.
    pub items: Vec<T>,
    /// For the next page; `None` at the end.
    pub next_cursor: Option<String>,
    /// Which year this is about.
    pub year: i16,
    /// How many lines the year has.
    pub count: u64,
    /// What they add up to.
    pub total_fen: Fen,
    /// How often the person had the best luck in that year.
    pub best_lucks: u64,
}

/// The lists "sent" and "received".
#[derive(Debug)]
pub struct Lists {
    store: Arc<dyn ListStore>,
    clock: Arc<dyn Clock>,
    zone: Zone,
}

impl Lists {
    /// Years are those of `zone` (R-ORDER-4).
    pub fn new(store: Arc<dyn ListStore>, clock: Arc<dyn Clock>, zone: Zone) -> Self {
        Self { store, clock, zone }
    }

    /// The year to which a moment belongs; rows are recorded under it.
    pub fn year(&self, at: Timestamp) -> i16 {
        self.zone.year(at)
    }

    /// Writes what one delivery brings; what came before counts once. A row that
    /// differs from the one of that time is `internal`, which no retry mends, and
    /// nothing of the batch is written then: give the rows one by one to find it.
    pub async fn record(&self, batch: ListBatch) -> Result<(), Refusal> {
        Ok(self.store.record(batch).await?)
    }

    /// What a person sent in a year (absent: this one). `invalid_cursor`.
    pub async fn sent(
        &self,
        user: UserId,
        year: Option<i16>,
        cursor: Option<&str>,
        limit: Option<u32>,
    ) -> Result<ListPage<SentRow>, Refusal> {
        let after = after(Cursor::Sent, cursor)?;
        let year = year.unwrap_or_else(|| self.year(self.clock.now()));
        let limit = page_limit(limit);
        let rows = self.store.sent(user, year, after, limit.saturating_add(1)).await?;
        let totals = self.store.totals(user, year).await?;
        let (items, next_cursor) =
            cut(rows, limit, |row| Cursor::Sent.write([row.at.millis(), row.order_no.to_bits()]));
        Ok(ListPage {
            items,
            next_cursor,
            year,
            count: totals.sent_count,
            total_fen: totals.sent_fen,
            best_lucks: totals.best_lucks,
        })
    }

    /// What a person received in a year (absent: this one). `invalid_cursor`.
    pub async fn received(
        &self,
        user: UserId,
        year: Option<i16>,
        cursor: Option<&str>,
        limit: Option<u32>,
    ) -> Result<ListPage<ReceivedRow>, Refusal> {
        let after = after(Cursor::Received, cursor)?;
        let year = year.unwrap_or_else(|| self.year(self.clock.now()));
        let limit = page_limit(limit);
        let rows = self.store.received(user, year, after, limit.saturating_add(1)).await?;
        let totals = self.store.totals(user, year).await?;
        let (items, next_cursor) = cut(rows, limit, |row| {
            Cursor::Received.write([row.at.millis(), row.order_no.to_bits()])
        });
        Ok(ListPage {
            items,
            next_cursor,
            year,
            count: totals.received_count,
            total_fen: totals.received_fen,
            best_lucks: totals.best_lucks,
        })
    }
}

fn page_limit(limit: Option<u32>) -> u32 {
    limit.unwrap_or(LIST_PAGE_DEFAULT).clamp(1, LIST_PAGE_MAX)
}

fn after(cursor: Cursor, text: Option<&str>) -> Result<Option<ListKey>, Refusal> {
    let Some(text) = text else {
        return Ok(None);
    };
    let [at, order_no] = cursor.read(text)?;
    let order_no = OrderNo::from_bits(order_no).map_err(|_| ErrorCode::InvalidCursor)?;
    Ok(Some(ListKey { at: Timestamp::from_millis(at), order_no }))
}

/// The page itself, from one line more than was asked for if there is more.
fn cut<T>(mut rows: Vec<T>, limit: u32, cursor: impl Fn(&T) -> String) -> (Vec<T>, Option<String>) {
    let shown = usize::try_from(limit).unwrap_or(usize::MAX);
    if rows.len() <= shown {
        return (rows, None);
    }
    rows.truncate(shown);
    let next = rows.last().map(cursor);
    (rows, next)
}
