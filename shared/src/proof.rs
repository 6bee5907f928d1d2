//! Checking a finished packet against its proof (R-FAIR-6).

use crate::{
    api::packets::{PacketDetails, PacketState},
    fairness::{ALGORITHM, ServerSeed},
    money::Fen,
    split::{Splitter, best_luck},
    terms::Terms,
};

/// What a check found; `Ok` only if everything matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Every share in the order of opening: what was paid out (`None` if nobody
    /// opened it) beside what the seeds say.
    pub shares: Vec<ShareCheck>,
    /// Is the commitment the hash of the server's seed?
    pub commitment_matches: bool,
    /// Do the stated totals, the refund, the best luck and the state agree with the
    /// shares? A packet that calls itself finished has every share, an expired one has not.
    pub totals_match: bool,
}

/// One share: paid and expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShareCheck {
    /// What the claim says, if somebody opened this share.
    pub paid: Option<Fen>,
    /// What the seeds say.
    pub expected: Fen,
}

impl ShareCheck {
    /// Paid as expected, or not opened.
    pub fn matches(&self) -> bool {
        self.paid.is_none_or(|paid| paid == self.expected)
    }
}

impl Report {
    /// Does everything match?
    pub fn is_ok(&self) -> bool {
        self.commitment_matches && self.totals_match && self.shares.iter().all(ShareCheck::matches)
    }
}

/// Why a packet cannot be checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unprovable {
    /// The packet is open: its server seed is still secret.
    #[error("the packet is still open; its seed is shown when it is finished or expired")]
    StillOpen,
    /// The packet is over, and yet its server seed is missing.
    #[error("the packet is over, but its server seed is withheld")]
    SeedWithheld,
    /// A procedure that this code does not know.
    #[error("the proof names an algorithm other than hongbao/v1")]
    UnknownAlgorithm,
    /// Details that were made for somebody who may not see the amounts.
    #[error("the details do not hold the amounts")]
    AmountsHidden,
    /// Some pages of claims are missing, or a claim stands twice.
    #[error("the claims are not complete")]
    ClaimsIncomplete,
    /// No packet can have these terms.
    #[error("the terms are impossible")]
    ImpossibleTerms,
}

/// Recomputes every share of a packet that is over. `details` must hold all of its
/// claims.
pub fn check(details: &PacketDetails) -> Result<Report, Unprovable> {
    let fairness = &details.fairness;
    if fairness.algorithm != ALGORITHM {
        return Err(Unprovable::UnknownAlgorithm);
    }
    let server_seed: &ServerSeed = match (details.state, &fairness.server_seed) {
        (PacketState::Open, _) => return Err(Unprovable::StillOpen),
        (PacketState::Finished | PacketState::Expired, None) => {
            return Err(Unprovable::SeedWithheld);
        }
        (PacketState::Finished | PacketState::Expired, Some(server_seed)) => server_seed,
    };
    let total = details.total_fen.ok_or(Unprovable::AmountsHidden)?;
    let claims = details.claims.as_ref().ok_or(Unprovable::AmountsHidden)?;
    let terms = Terms::new(details.kind, total, details.shares, fairness.max_share_fen)
        .map_err(|_| Unprovable::ImpossibleTerms)?;
    let in_order = claims.iter().zip(0_u32..).all(|(claim, seq)| claim.seq == seq);
    if !in_order || u32::try_from(claims.len()) != Ok(details.claimed) {
        return Err(Unprovable::ClaimsIncomplete);
    }

    let seed = server_seed.split_seed(&fairness.client_seed, details.order_no, &terms);
    let mut paid = claims.iter().map(|claim| claim.amount_fen);
    let shares: Vec<_> = Splitter::new(&terms, &seed)
        .map(|expected| ShareCheck { paid: paid.next(), expected })
        .collect();
    let nothing_left_over = paid.next().is_none();
    // Without this, leaving out the last claims of a finished packet would pass.
    let all_taken = details.claimed == details.shares;
    let state_matches = all_taken == (details.state == PacketState::Finished);

    let amounts: Vec<_> = claims.iter().map(|claim| claim.amount_fen).collect();
    let luckiest = best_luck(&terms, &amounts);
    let crowned = claims.iter().enumerate().all(|(k, c)| c.best_luck == (Some(k) == luckiest));
    let sum_matches = details.claimed_fen == Fen::sum(amounts);
    let refund_matches = details.refunded_fen.is_none_or(|refunded| {
        details.claimed_fen.and_then(|claimed| claimed.checked_add(refunded)) == Some(total)
    });
    Ok(Report {
        shares,
        commitment_matches: server_seed.commitment() == fairness.commitment,
        totals_match: nothing_left_over
            && state_matches
            && crowned
            && sum_matches
            && refund_matches,
    })
}
