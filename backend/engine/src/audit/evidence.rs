//! All that is stored about one packet, wherever it is stored.

use super::{Audited, PAGE, numbers::Granted};
use hongbao_domain::{
    record::Payment,
    store::{
        StoreError,
        ledger::{Account, AccountState, Recorded},
        lists::Listed,
        orders::{ClaimRow, OrderStore, PacketRow},
    },
};
use hongbao_shared::OrderNo;

/// What the laws of a packet are checked on.
#[derive(Debug)]
pub(super) struct Evidence {
    pub(super) order_no: OrderNo,
    /// Whether a payment waited to land, asked before all else: a packet lands before its
    /// row goes. Not asked for a packet that is there.
    pub(super) is_awaited: bool,
    /// Its row; a tombstone's too.
    pub(super) packet: Option<PacketRow>,
    /// In their order, at most [`rows_max`].
    pub(super) claims: Vec<ClaimRow>,
    pub(super) payment: Option<Payment>,
    /// Through its escrow, in their order, at most [`rows_max`].
    pub(super) transfers: Vec<Recorded>,
    /// What the house took for it and gave back, in their order, at most [`FEES_MAX`].
    pub(super) fees: Vec<Recorded>,
    /// What its escrow says of itself; all zero if there is none.
    pub(super) escrow: AccountState,
    /// `None` if lists are not audited.
    pub(super) listed: Option<Listed>,
    /// The first sequence that was not granted to such a number; `None` for a site that
    /// is not there.
    pub(super) granted: Option<u64>,
}

/// How many fees of a packet are looked at: the two that there can be, and enough beyond to see
/// that there are too many.
pub(super) const FEES_MAX: usize = 8;

/// Rows without the packet that they are of.
pub(super) fn lines(rows: Vec<(OrderNo, Recorded)>) -> Vec<Recorded> {
    rows.into_iter().map(|(_, line)| line).collect()
}

/// How many claims, or transfers, of a packet are looked at: all, and enough beyond to see
/// that there are too many. Bounds the audit's memory on data gone mad.
pub(super) fn rows_max(packet: Option<&PacketRow>) -> usize {
    let shares = packet.map_or(0, |packet| packet.shares);
    usize::try_from(shares.saturating_add(PAGE)).unwrap_or(usize::MAX)
}

/// Reads everything about one packet, row by row where the walk reads whole tables.
pub(super) async fn gather(
    audited: &Audited<'_>,
    order_no: OrderNo,
) -> Result<Evidence, StoreError> {
    let ledger = audited.ledger;
    let is_awaited = !ledger.awaiting_landing(vec![order_no]).await?.is_empty();
    let store = audited.store_of(order_no);
    let packet = match store {
        Some(store) => store.packet(order_no).await?,
        None => None,
    };
    let max = rows_max(packet.as_ref());
    let payment = ledger.payment(order_no).await?;
    // Claims before the money that they become.
    let claims = match store {
        Some(store) => claims_of(store, order_no, max).await?,
        None => Vec::new(),
    };
    let transfers = transfers_of(audited, order_no, max).await?;
    let fees = fees_of(audited, order_no).await?;
    let escrow = ledger.account(Account::Escrow(order_no)).await?;
    let listed = match audited.lists {
        Some(lists) => Some(lists.listed(order_no).await?),
        None => None,
    };
    let granted = Granted::end_of(audited, order_no).await?;
    Ok(Evidence {
        order_no,
        is_awaited,
        packet,
        claims,
        payment,
        transfers,
        fees,
        escrow,
        listed,
        granted,
    })
}

async fn claims_of(
    store: &dyn OrderStore,
    order_no: OrderNo,
    max: usize,
) -> Result<Vec<ClaimRow>, StoreError> {
    let mut claims: Vec<ClaimRow> = Vec::new();
    loop {
        let from = match claims.last() {
            None => 0,
            Some(last) => match last.seq.checked_add(1) {
                Some(from) => from,
                None => return Ok(claims),
            },
        };
        // Behind those of hot tables cold storage is asked, which may have others.
        let page = store.claims(order_no, from, PAGE).await?;
        if page.is_empty() || claims.len() >= max {
            return Ok(claims);
        }
        claims.extend(page);
    }
}

async fn fees_of(audited: &Audited<'_>, order_no: OrderNo) -> Result<Vec<Recorded>, StoreError> {
    let limit = u32::try_from(FEES_MAX).unwrap_or(u32::MAX);
    let mut found = audited.ledger.fees_page(Some((order_no, 0)), limit).await?;
    found.retain(|(of, _)| *of == order_no);
    Ok(lines(found))
}

async fn transfers_of(
    audited: &Audited<'_>,
    order_no: OrderNo,
    max: usize,
) -> Result<Vec<Recorded>, StoreError> {
    let mut transfers: Vec<Recorded> = Vec::new();
    loop {
        let after = transfers.last().map_or(0, |line| line.id);
        let page = audited.ledger.transfers_of(order_no, after, PAGE).await?;
        // Where there are fewer rows than were asked for, nothing follows.
        let is_last = u32::try_from(page.len()).is_ok_and(|rows| rows < PAGE);
        transfers.extend(page);
        if is_last || transfers.len() >= max {
            return Ok(transfers);
        }
    }
}
