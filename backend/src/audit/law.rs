//! The laws of money, each a named check.

use std::fmt;

macro_rules! laws {
    ($($(#[$doc:meta])* $law:ident = $name:literal;)*) => {
        /// What must hold of stored data. Tests, the simulation and `hongbao audit`
        /// check the same ones; the names are stable.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Law {
            $($(#[$doc])* $law,)*
        }

        impl Law {
            /// Every law there is.
            pub const ALL: &'static [Self] = &[$(Self::$law,)*];

            /// Its stable name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$law => $name,)* }
            }
        }
    };
}

laws! {
    /// The sum of all balances is zero (R-MONEY-1).
    TotalIsZero = "total_is_zero";
    /// Every balance is the sum of its account's transfers.
    BalanceIsSum = "balance_is_sum";
    /// What an account says it was ever credited is the sum of its credits (R-PEOPLE-3).
    CreditedIsSum = "credited_is_sum";
    /// The balances that a transfer notes follow from those before it.
    BalancesFollow = "balances_follow";
    /// No wallet and no escrow is below zero.
    NoneNegative = "none_negative";
    /// A transfer's key, kind, accounts and packet fit each other.
    TransferFits = "transfer_fits";
    /// A packet stands where its number says.
    PacketInPlace = "packet_in_place";
    /// A packet's sender paid for exactly this packet.
    PacketIsPaid = "packet_is_paid";
    /// A payment has landed, or is about to, or went back because of a tombstone
    /// (R-SEND-2).
    PaymentLands = "payment_lands";
    /// The server's seed opens and matches the commitment (R-FAIR-1).
    SeedMatchesCommitment = "seed_matches_commitment";
    /// No packet has more claims than shares (R-OPEN-2).
    ClaimsWithinShares = "claims_within_shares";
    /// The claims of a packet are numbered from 0 without a gap.
    ClaimsAreDense = "claims_are_dense";
    /// Nobody has two claims on one packet.
    OneClaimPerUser = "one_claim_per_user";
    /// Each share holds what the packet's seed fixes (R-FAIR-5).
    AmountsFollowSeed = "amounts_follow_seed";
    /// An exclusive packet is opened by its recipient alone (R-SEND-3).
    ClaimIsForRecipient = "claim_is_for_recipient";
    /// Every claim belongs to a packet.
    ClaimHasPacket = "claim_has_packet";
    /// `claimed` and `claimed_fen` are the number and the sum of the claims.
    ProgressMatchesClaims = "progress_matches_claims";
    /// Finished exactly if all is claimed.
    StateMatchesClaims = "state_matches_claims";
    /// Every credit has its claim, with the same person and amount (R-MONEY-3).
    CreditHasClaim = "credit_has_claim";
    /// Every claim has its credit, or is on its way to it.
    ClaimIsCredited = "claim_is_credited";
    /// What is left goes back to the sender, once, and only after the end (R-MONEY-4).
    RefundIsDue = "refund_is_due";
    /// An escrow holds what was paid less what was credited and refunded; at rest,
    /// what its packet still holds.
    EscrowHoldsRest = "escrow_holds_rest";
    /// At rest nothing waits in an outbox.
    OutboxIsEmpty = "outbox_is_empty";
    /// Everything that is stored can be read.
    StoredDataIsReadable = "stored_data_is_readable";
}

impl fmt::Display for Law {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
