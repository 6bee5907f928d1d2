//! The laws of one packet, each checked on all that is stored about it.

mod claims;
mod fee;
mod landing;
mod lists;
mod money;

pub(super) use money::{fits, misfit};

use super::{Law, Report, Tally, Violations, evidence::Evidence};
use crate::keys::seal::Sealer;
use hongbao_domain::store::orders::{ClaimRow, PacketRow, StoredState};
use hongbao_shared::{OrderNo, Splitter};

/// What was found about one packet.
#[derive(Debug, Default)]
pub(crate) struct Checked {
    pub(crate) violations: Violations,
    /// Its row, if it has one.
    pub(crate) packet: Option<PacketRow>,
    pub(super) is_paid: bool,
    pub(crate) claims: u64,
    /// Through its escrow.
    pub(super) transfers: u64,
    /// Claims without a credit, which are on their way.
    pub(crate) uncredited: Tally,
    /// These.
    pub(crate) missing: Vec<ClaimRow>,
    /// A refund that is due and on its way; with what was given up, also its fee.
    pub(crate) unrefunded: Tally,
    /// Paid, and about to land.
    pub(super) landing: Tally,
}

impl Checked {
    pub(super) fn is_on_the_way(&self) -> bool {
        self.uncredited.count > 0 || self.unrefunded.count > 0
    }

    /// Adds what was found to a report; payments are counted where they are walked.
    pub(super) fn into_report(self, report: &mut Report) {
        let counts = &mut report.counts;
        counts.packets = counts.packets.saturating_add(u64::from(self.packet.is_some()));
        counts.claims = counts.claims.saturating_add(self.claims);
        counts.transfers = counts.transfers.saturating_add(self.transfers);
        counts.uncredited.append(self.uncredited);
        counts.unrefunded.append(self.unrefunded);
        counts.landing.append(self.landing);
        report.violations.append(self.violations);
    }
}

/// Checks every law of [`super::Scope::Packet`].
pub(super) fn judge(evidence: Evidence, sealer: &Sealer, at_rest: bool) -> Checked {
    let mut check = Check { evidence: &evidence, sealer, at_rest, found: Checked::default() };
    match &evidence.packet {
        Some(packet) => {
            check.number();
            check.payment(packet);
            let shares = check.splitter(packet);
            check.claims(packet, shares);
            check.progress(packet);
            check.money(packet);
        }
        None => check.not_landed(),
    }
    check.fee();
    check.transfers_fit();
    check.escrow();
    check.lists();
    let found = check.found;
    Checked { is_paid: evidence.payment.is_some(), packet: evidence.packet, ..found }
}

struct Check<'a> {
    evidence: &'a Evidence,
    sealer: &'a Sealer,
    at_rest: bool,
    found: Checked,
}

impl Check<'_> {
    fn order_no(&self) -> OrderNo {
        self.evidence.order_no
    }

    fn require(&mut self, holds: bool, law: Law, what: impl FnOnce() -> String) {
        self.found.violations.check(holds, law, self.evidence.order_no, what);
    }

    fn number(&mut self) {
        let (sequence, granted) = (self.order_no().sequence(), self.evidence.granted);
        let Some(granted) = granted else { return };
        self.require(sequence < granted, Law::NumberWasGranted, || {
            format!("its sequence is {sequence}, and only those below {granted} were granted")
        });
    }

    /// Draws every share again; `None` if the packet's seed or terms make that
    /// impossible, which is noted.
    fn splitter(&mut self, packet: &PacketRow) -> Option<Splitter> {
        let Ok(seed) = self.sealer.open(packet.order_no, &packet.sealed_server_seed) else {
            self.require(false, Law::SeedMatchesCommitment, || {
                "its server seed does not open with this key".to_owned()
            });
            return None;
        };
        self.require(seed.commitment() == packet.commitment, Law::SeedMatchesCommitment, || {
            "its server seed is not the one it was committed to".to_owned()
        });
        let terms = packet.terms().and_then(|terms| Ok((terms, packet.split_seed(&seed)?)));
        match terms {
            Ok((terms, seed)) => Some(Splitter::new(&terms, &seed)),
            Err(error) => {
                self.require(false, Law::AmountsFollowSeed, || error.to_string());
                None
            }
        }
    }

    fn progress(&mut self, packet: &PacketRow) {
        let claims = &self.evidence.claims;
        let progress = packet.progress;
        let count = u32::try_from(claims.len()).unwrap_or(u32::MAX);
        let fen =
            claims.iter().fold(0_u64, |sum, claim| sum.saturating_add(claim.amount_fen.get()));
        self.require(count <= packet.shares, Law::ClaimsWithinShares, || {
            format!("{} shares, but {count} claims or more", packet.shares)
        });
        self.require(
            progress.claimed == count && progress.claimed_fen.get() == fen,
            Law::ProgressMatchesClaims,
            || {
                format!(
                    "says {} claims of {} fen, has {count} of {fen}",
                    progress.claimed,
                    progress.claimed_fen.get(),
                )
            },
        );
        let all = count == packet.shares;
        let emptied = fen == packet.total_fen.get();
        let holds = match progress.state {
            StoredState::Finished => all && emptied,
            StoredState::Open | StoredState::Expired => !all,
            StoredState::GivenUp => count == 0,
        };
        self.require(holds, Law::StateMatchesClaims, || {
            format!(
                "is {:?} with {count} of {} shares and {fen} of {} fen claimed",
                progress.state,
                packet.shares,
                packet.total_fen.get()
            )
        });
        self.end(packet);
    }

    /// A share ends a packet, or its time does.
    fn end(&mut self, packet: &PacketRow) {
        let end = packet.progress.finished_at;
        let last = self.evidence.claims.last().map(|claim| claim.opened_at);
        let holds = match packet.progress.state {
            StoredState::Open => end.is_none(),
            // Without a last claim, other laws speak.
            StoredState::Finished => end.is_some() && (last.is_none() || end == last),
            StoredState::Expired => end.is_some_and(|end| end >= packet.expires_at),
            StoredState::GivenUp => end.is_some(),
        };
        self.require(holds, Law::EndIsInTime, || {
            let show = |at: Option<hongbao_shared::Timestamp>| {
                at.map_or_else(|| "never".to_owned(), |at| at.to_string())
            };
            format!(
                "is {:?} and ended {}; its last share was opened {}, its time was over {}",
                packet.progress.state,
                show(end),
                show(last),
                packet.expires_at
            )
        });
    }
}
