//! A packet's claims against its terms, its seed and the clock.

use super::{Check, Law};
use hongbao_domain::store::orders::PacketRow;
use hongbao_shared::{Fen, Splitter};
use std::collections::BTreeSet;

impl Check<'_> {
    pub(super) fn claims(&mut self, packet: &PacketRow, mut shares: Option<Splitter>) {
        let mut people = BTreeSet::new();
        for (claim, expected) in self.evidence.claims.iter().zip(0_u32..) {
            let (seq, user) = (claim.seq, claim.user_id);
            self.require(seq == expected, Law::ClaimsAreDense, || {
                format!("claim {seq} stands in the place of {expected}")
            });
            self.require(people.insert(user), Law::OneClaimPerUser, || {
                format!("user {user} has claim {seq} and an earlier one")
            });
            let intended = packet.recipient_id.is_none_or(|recipient| recipient == user);
            self.require(intended, Law::ClaimIsForRecipient, || {
                format!("user {user} has claim {seq} of somebody else's packet")
            });
            let at = claim.opened_at;
            let in_time = packet.landed_at <= at && at < packet.expires_at;
            self.require(in_time, Law::ClaimIsInTime, || {
                format!(
                    "claim {seq} is of {at}, the packet of {} until {}",
                    packet.landed_at, packet.expires_at
                )
            });
            if let Some(shares) = &mut shares {
                let share = shares.next();
                self.require(share == Some(claim.amount_fen), Law::AmountsFollowSeed, || {
                    let share = share.map_or(0, Fen::get);
                    format!("claim {seq} holds {} instead of {share}", claim.amount_fen.get())
                });
            }
        }
        self.found.claims = u64::try_from(self.evidence.claims.len()).unwrap_or(u64::MAX);
    }
}
