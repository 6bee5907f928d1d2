use crate::{
    cache::PacketEntry,
    keys::seal::{Sealer, Unsealable},
};
use hongbao_domain::{
    Refusal,
    planted::Bug,
    store::{
        StoreError,
        orders::{ClaimRow, OrderStore, PacketRow, Progress, StoredState},
    },
};
use hongbao_shared::{ErrorCode, Fen, OrderNo, Splitter};
use std::{collections::VecDeque, sync::Arc, time::Duration};

/// How many claims one read brings.
const CLAIMS_PAGE: u32 = 10_000;

/// An open packet in its lane: what has been committed, and the shares to come.
#[derive(Debug)]
pub(super) struct LanePacket {
    pub(super) entry: Arc<PacketEntry>,
    splitter: Splitter,
    /// Shares that were drawn and not committed; the first follows the last claim.
    drawn: VecDeque<Fen>,
    /// When the lane last used it, in batches.
    pub(super) used: u64,
}

impl LanePacket {
    /// Continues the split behind the last claim.
    pub(super) fn new(entry: Arc<PacketEntry>, sealer: &Sealer) -> anyhow::Result<Self> {
        let mut splitter = splitter(entry.facts(), sealer)?;
        for _ in 0..entry.progress().claimed {
            splitter.next();
        }
        if entry.progress().claimed > 0 && Bug::ResumeOffByOne.is_planted() {
            splitter.next();
        }
        Ok(Self { entry, splitter, drawn: VecDeque::new(), used: 0 })
    }

    /// Notes that the lane uses it in this batch.
    pub(super) fn used_in(&mut self, batch: u64) -> &mut Self {
        self.used = batch;
        self
    }

    /// The share `ahead` places behind the last claim; `None` past the last share.
    pub(super) fn share(&mut self, ahead: usize) -> Option<Fen> {
        while self.drawn.len() <= ahead {
            self.drawn.push_back(self.splitter.next()?);
        }
        let share = self.drawn.get(ahead).copied();
        if Bug::MarksOffByOne.is_planted() {
            return share.map(|share| {
                share.checked_sub(Fen::ONE).filter(|less| !less.is_zero()).unwrap_or(share)
            });
        }
        share
    }

    /// Notes that `count` more shares have been committed.
    pub(super) fn committed(&mut self, count: u32) {
        for _ in 0..count {
            if self.drawn.pop_front().is_none() {
                self.splitter.next();
            }
        }
    }
}

/// The shares of a packet, from the first (R-FAIR-5).
pub(in crate::packets) fn splitter(
    packet: &PacketRow,
    sealer: &Sealer,
) -> anyhow::Result<Splitter> {
    let server_seed = sealer.open(packet.order_no, &packet.sealed_server_seed)?;
    Ok(Splitter::new(&packet.terms()?, &packet.split_seed(&server_seed)?))
}

/// Reads a packet with all of its claims; `None` for a tombstone as for nothing.
pub(in crate::packets) async fn load(
    store: &dyn OrderStore,
    order_no: OrderNo,
) -> Result<Option<PacketEntry>, StoreError> {
    let Some(packet) = store.packet(order_no).await? else { return Ok(None) };
    if packet.progress.state == StoredState::GivenUp {
        return Ok(None);
    }
    let claims = claims(store, order_no, 0, packet.progress.claimed).await?;
    Ok(Some(PacketEntry::new(packet, &claims)))
}

/// Brings an entry up to date with its row; gives how many claims it lacked. Only its lane
/// may, which counts shares by it.
pub(super) async fn catch_up(
    store: &dyn OrderStore,
    entry: &PacketEntry,
) -> Result<u32, StoreError> {
    let (progress, missed) = since(store, entry).await?;
    entry.advance(progress, &missed);
    Ok(u32::try_from(missed.len()).unwrap_or(u32::MAX))
}

/// How far a packet has come by now, and the claims that `entry` lacks.
pub(in crate::packets) async fn since(
    store: &dyn OrderStore,
    entry: &PacketEntry,
) -> Result<(Progress, Vec<ClaimRow>), StoreError> {
    let order_no = entry.facts().order_no;
    let known = entry.progress().claimed;
    let Some(packet) = store.packet(order_no).await? else {
        return Err(StoreError::Corrupt(format!("{order_no} has gone")));
    };
    let missed = claims(store, order_no, known, packet.progress.claimed).await?;
    Ok((packet.progress, missed))
}

/// Claims `from` up to, not including, `until`: those that the packet's row knows
/// of, even if more have come since it was read.
async fn claims(
    store: &dyn OrderStore,
    order_no: OrderNo,
    from: u32,
    until: u32,
) -> Result<Vec<ClaimRow>, StoreError> {
    let mut claims = Vec::new();
    let mut next = from;
    while next < until {
        let page = store.claims(order_no, next, (until - next).min(CLAIMS_PAGE)).await?;
        if page.is_empty() {
            return Err(StoreError::Corrupt(format!("{order_no} lacks claim {next}")));
        }
        next = next.saturating_add(u32::try_from(page.len()).unwrap_or(u32::MAX));
        claims.extend(page);
    }
    Ok(claims)
}

/// A key that is missing comes back, and the packet with it; anything else is our fault.
pub(super) fn unreadable(error: anyhow::Error) -> Refusal {
    match error.downcast_ref() {
        Some(Unsealable::KeyMissing(_)) => {
            Refusal::new(ErrorCode::Unavailable).retry_after(Duration::from_secs(1)).cause(error)
        }
        _ => Refusal::internal(error),
    }
}
