//! What the books and the lists say of a packet, and what its shard lacks of that.

use crate::{audit::Law, keys::seal::Sealer};
use hongbao_domain::{
    record::Payment,
    store::orders::{ClaimRow, PacketRow, Progress, StoredState},
};
use hongbao_shared::{Fen, Splitter, Timestamp, UserId};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

const MOMENT: Duration = Duration::from_millis(1);

/// Why a packet cannot be made again.
pub(super) type Unclear = (Law, String);

/// What the books and the lists say of a packet.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// When it landed, by its line in the list "sent".
    pub(super) sent_at: Option<Timestamp>,
    pub(super) claims: BTreeMap<u32, HeardClaim>,
    /// What went back, and when.
    pub(super) refund: Option<(Fen, Timestamp)>,
    /// So did its fee, which nothing but a tombstone gives back (R-API-4).
    pub(super) fee_is_back: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct HeardClaim {
    pub(super) claim: ClaimRow,
    /// Its line tells when it was opened; its credit came some time later.
    pub(super) is_timed: bool,
}

/// What is to be committed.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) packet: PacketRow,
    pub(super) lost: Vec<ClaimRow>,
    pub(super) after: Progress,
    /// A share that somebody has, behind one of which nobody knows whose it is.
    pub(super) gap: Option<String>,
}

impl Heard {
    /// A share that was credited, and perhaps listed as well.
    pub(super) fn credit(&mut self, credit: ClaimRow) -> Result<(), Unclear> {
        let heard = HeardClaim { claim: credit, is_timed: false };
        let claim = self.claims.entry(credit.seq).or_insert(heard).claim;
        if (claim.user_id, claim.amount_fen) == (credit.user_id, credit.amount_fen) {
            return Ok(());
        }
        let (seq, user, other) = (credit.seq, credit.user_id, claim.user_id);
        let what = format!("share {seq} was credited to {user}, and is listed for {other}");
        Err((Law::ReceivedLineIsTrue, what))
    }

    /// What the shard lacks; `held` is what it has.
    pub(super) fn plan(
        &self,
        payment: &Payment,
        held: Option<(&PacketRow, &[ClaimRow])>,
        lifetime: Duration,
        sealer: &Sealer,
    ) -> Result<Option<Plan>, Unclear> {
        let packet = match held {
            Some((packet, _)) => packet.clone(),
            None if self.is_nothing() => return Ok(None),
            None => {
                let (landed_at, expires_at) = self.life(payment, lifetime);
                let progress = self.tombstone(payment, lifetime).unwrap_or(Progress::NONE);
                PacketRow::of(payment, landed_at, expires_at, progress)
                    .map_err(|error| (Law::StoredDataIsReadable, error.to_string()))?
            }
        };
        if packet.progress.state == StoredState::GivenUp {
            let after = packet.progress;
            return Ok(Some(Plan { packet, lost: Vec::new(), after, gap: None }));
        }
        let (lost, gap) = self.lost(&packet, held.map_or(&[], |(_, claims)| claims))?;
        follow_seed(&packet, &lost, sealer)?;
        let after = self.after(&packet, &lost, gap.is_some())?;
        if held.is_some() && after == packet.progress {
            return gap.map_or(Ok(None), |what| Err((Law::ClaimsAreDense, what)));
        }
        Ok(Some(Plan { packet, lost, after, gap }))
    }

    fn is_nothing(&self) -> bool {
        self.sent_at.is_none() && self.claims.is_empty() && self.refund.is_none()
    }

    /// What went back whole, and was never listed, went back because of a tombstone if its fee
    /// did too, or if the packet's time could not be over: there may be no fee, and a node of
    /// the version before gives none back.
    fn tombstone(&self, payment: &Payment, lifetime: Duration) -> Option<Progress> {
        let (amount, at) = self.refund?;
        let never_landed = self.sent_at.is_none()
            && self.claims.is_empty()
            && amount == payment.record.total_fen
            && (self.fee_is_back || at < payment.paid_at.plus(lifetime));
        let given_up = StoredState::GivenUp;
        never_landed.then_some(Progress {
            state: given_up,
            finished_at: Some(at),
            ..Progress::NONE
        })
    }

    /// When it landed, and when its time was or is over: in any case before its rest went
    /// back, and after its shares were opened.
    fn life(&self, payment: &Payment, lifetime: Duration) -> (Timestamp, Timestamp) {
        let landed_at = self.sent_at.unwrap_or(payment.paid_at).max(payment.record.created_at);
        let end = landed_at.plus(lifetime);
        let end = self.refund.map_or(end, |(_, at)| end.min(at));
        let timed = self.claims.values().filter(|heard| heard.is_timed);
        let last = timed.map(|heard| heard.claim.opened_at).max();
        (landed_at, end.max(last.unwrap_or(landed_at).max(landed_at).plus(MOMENT)))
    }

    /// The claims behind those of the shard, without a gap; and what comes behind a gap.
    fn lost(
        &self,
        packet: &PacketRow,
        held: &[ClaimRow],
    ) -> Result<(Vec<ClaimRow>, Option<String>), Unclear> {
        let mut people: BTreeSet<UserId> = held.iter().map(|claim| claim.user_id).collect();
        let mut lost = Vec::new();
        let mut next = packet.progress.claimed;
        for (seq, heard) in self.claims.range(next..) {
            let (mut claim, user) = (heard.claim, heard.claim.user_id);
            if *seq >= packet.shares {
                let what = format!("share {seq} of {} is {user}'s", packet.shares);
                return Err((Law::ClaimsWithinShares, what));
            }
            if *seq != next {
                let what = format!("share {seq} is {user}'s, and nothing tells whose {next} is");
                return Ok((lost, Some(what)));
            }
            if !people.insert(user) {
                let what = format!("share {seq} is {user}'s, who has another one");
                return Err((Law::OneClaimPerUser, what));
            }
            if packet.recipient_id.is_some_and(|recipient| recipient != user) {
                let what = format!("share {seq} is {user}'s, for whom it is not");
                return Err((Law::ClaimIsForRecipient, what));
            }
            let end = Timestamp::from_millis(packet.expires_at.millis().saturating_sub(1));
            let within = claim.opened_at.min(end).max(packet.landed_at);
            if !heard.is_timed {
                claim.opened_at = within;
            } else if claim.opened_at != within {
                let what = format!("share {seq} was opened {}", claim.opened_at);
                return Err((Law::ClaimIsInTime, what));
            }
            next = next.saturating_add(1);
            lost.push(claim);
        }
        Ok((lost, None))
    }

    /// How far the packet has come with them.
    fn after(
        &self,
        packet: &PacketRow,
        lost: &[ClaimRow],
        is_cut: bool,
    ) -> Result<Progress, Unclear> {
        let mut after = packet.progress;
        for claim in lost {
            after.claimed = after.claimed.saturating_add(1);
            let sum = after.claimed_fen.checked_add(claim.amount_fen);
            after.claimed_fen = sum.filter(|sum| *sum <= packet.total_fen).ok_or_else(|| {
                let what = format!("its shares up to {} hold more than it", claim.seq);
                (Law::EscrowHoldsRest, what)
            })?;
        }
        if is_cut {
            return Ok(after);
        }
        let left = packet.total_fen.get().saturating_sub(after.claimed_fen.get());
        if after.claimed == packet.shares {
            after.state = StoredState::Finished;
            after.finished_at = lost.last().map(|claim| claim.opened_at);
        } else if let Some((_, at)) = self.refund {
            after.state = StoredState::Expired;
            after.finished_at = Some(at.max(packet.expires_at));
        }
        let back = self.refund.map_or(0, |(amount, _)| amount.get());
        let is_right = if after.state == StoredState::Open { back == 0 } else { back == left };
        if is_right {
            return Ok(after);
        }
        let what = format!("{back} went back, and {left} are left of it as far as is known");
        Err((Law::RefundIsDue, what))
    }
}

/// Each share holds what the packet's seed fixes, if its key is there to tell (R-FAIR-5).
fn follow_seed(packet: &PacketRow, lost: &[ClaimRow], sealer: &Sealer) -> Result<(), Unclear> {
    let Ok(seed) = sealer.open(packet.order_no, &packet.sealed_server_seed) else { return Ok(()) };
    let terms = packet.terms().and_then(|terms| Ok((terms, packet.split_seed(&seed)?)));
    let (terms, seed) = terms.map_err(|error| (Law::AmountsFollowSeed, error.to_string()))?;
    let mut shares = Splitter::new(&terms, &seed);
    for _ in 0..packet.progress.claimed {
        shares.next();
    }
    for claim in lost {
        let share = shares.next();
        if share != Some(claim.amount_fen) {
            let (seq, amount, share) =
                (claim.seq, claim.amount_fen.get(), share.map_or(0, Fen::get));
            let what = format!("share {seq} is said to hold {amount} instead of {share}");
            return Err((Law::AmountsFollowSeed, what));
        }
    }
    Ok(())
}
