//! A page of a list, with the totals of its year.

use super::{
    LIST_PAGE_DEFAULT, LIST_PAGE_MAX, ListPart, Lists,
    head::Sums,
    part::{Line, Wanted},
};
use crate::groups::Cursor;
use async_trait::async_trait;
use hongbao_domain::{
    Refusal,
    store::lists::{List, ListKey, ReceivedLine, SentRow, Totals},
};
use hongbao_shared::{
    ErrorCode, Fen, OrderNo, Timestamp, UserId,
    api::{
        accounts::Profile,
        lists::{ListPage, MonthTotal, Progress, ReceivedItem, SentItem},
    },
};
use std::fmt;

/// Nothing was sent before the epoch.
const YEAR_MIN: i16 = 1970;

/// Knows how packets stand; `packets` does.
#[async_trait]
pub trait Standings: Send + Sync + fmt::Debug {
    /// How each of these packets of `sender` stands, in the same order; `None` for one
    /// whose shard does not answer.
    async fn standings(&self, sender: UserId, orders: &[OrderNo]) -> Vec<Option<Progress>>;
}

/// A page whose lines are not dressed yet.
pub(super) struct BarePage<T> {
    pub(super) items: Vec<T>,
    totals: ListPage<()>,
}

impl<T> BarePage<T> {
    pub(super) fn with<I>(self, items: Vec<I>) -> ListPage<I> {
        let ListPage { items: _, next_cursor, year, count, total_fen, best_lucks, months, years } =
            self.totals;
        ListPage { items, next_cursor, year, count, total_fen, best_lucks, months, years }
    }
}

impl Lists {
    pub(super) fn wanted(&self, list: List, part: ListPart<'_>) -> Result<Wanted, Refusal> {
        let after = part.cursor.map(|cursor| after(list, cursor)).transpose()?;
        let this_year = self.zone.month(self.clock.now()).year;
        let year = part.year.unwrap_or(this_year);
        // The next one is not silly: nodes' clocks differ, and it may begin right now.
        if !(YEAR_MIN..=this_year.saturating_add(1)).contains(&year) {
            return Err(Refusal::new(ErrorCode::InvalidQuery)
                .detail(format!("`year` must be from {YEAR_MIN} to the present one.")));
        }
        let limit = part.limit.unwrap_or(LIST_PAGE_DEFAULT).clamp(1, LIST_PAGE_MAX);
        Ok(Wanted { list, year, this_year, after, limit, two_screens: part.two_screens })
    }
}

/// Cuts the page off, and adds what its year holds.
pub(super) fn with_totals<T: Line>(
    wanted: &Wanted,
    mut rows: Vec<T>,
    sums: Sums,
) -> Result<BarePage<T>, Refusal> {
    rows.retain(|row| wanted.is_after(row));
    let shown = usize::try_from(wanted.limit).unwrap_or(usize::MAX);
    let more = rows.len() > shown;
    rows.truncate(shown);
    let last = rows.last().filter(|_| more).map(Line::key);
    let next_cursor =
        last.map(|key| cursor_of(wanted.list).write([key.at.millis(), key.order_no.to_bits()]));
    let mut totals = ListPage {
        items: Vec::new(),
        next_cursor,
        year: wanted.year,
        count: 0,
        total_fen: Fen::ZERO,
        best_lucks: 0,
        months: vec![MonthTotal::default(); 12],
        years: sums.years,
    };
    for (month, sums) in sums.months {
        add(&mut totals, month, month_total(wanted.list, &sums), sums.best_lucks)?;
    }
    if !totals.years.contains(&wanted.this_year) {
        totals.years.push(wanted.this_year);
        totals.years.sort_unstable_by(|a, b| b.cmp(a));
    }
    Ok(BarePage { items: rows, totals })
}

fn add(
    totals: &mut ListPage<()>,
    month: u8,
    sums: MonthTotal,
    best_lucks: u64,
) -> Result<(), Refusal> {
    let place = usize::from(month).checked_sub(1).and_then(|at| totals.months.get_mut(at));
    *place.ok_or_else(|| Refusal::internal(anyhow::anyhow!("there is no month {month}")))? = sums;
    totals.count = totals.count.saturating_add(sums.count);
    totals.best_lucks = totals.best_lucks.saturating_add(best_lucks);
    totals.total_fen = totals
        .total_fen
        .checked_add(sums.total_fen)
        .ok_or_else(|| Refusal::internal(anyhow::anyhow!("a year's total overflows")))?;
    Ok(())
}

fn month_total(list: List, sums: &Totals) -> MonthTotal {
    match list {
        List::Sent => MonthTotal { count: sums.sent_count, total_fen: sums.sent_fen },
        List::Received => MonthTotal { count: sums.received_count, total_fen: sums.received_fen },
    }
}

fn cursor_of(list: List) -> Cursor {
    match list {
        List::Sent => Cursor::Sent,
        List::Received => Cursor::Received,
    }
}

fn after(list: List, cursor: &str) -> Result<ListKey, Refusal> {
    let [at, order_no] = cursor_of(list).read(cursor)?;
    let order_no = OrderNo::from_bits(order_no).map_err(|_| ErrorCode::InvalidCursor)?;
    Ok(ListKey { at: Timestamp::from_millis(at), order_no })
}

pub(super) fn sent_item(row: SentRow, progress: Option<Progress>) -> SentItem {
    let SentRow { order_no, user_id: _, group_id, kind, total_fen, shares, at } = row;
    SentItem { order_no, at, group_id, kind: kind.into(), total_fen, shares, progress }
}

pub(super) fn received_item(line: ReceivedLine, sender: Profile) -> ReceivedItem {
    let ReceivedLine { row, best_luck } = line;
    ReceivedItem {
        order_no: row.order_no,
        at: row.at,
        group_id: row.group_id,
        kind: row.kind.into(),
        sender,
        amount_fen: row.amount_fen,
        best_luck,
    }
}
