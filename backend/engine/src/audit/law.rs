//! The laws of money, each a named check.

use std::fmt;

/// What an audit has to look at to check a law.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// One packet: its rows, its claims, its money, its lines in the lists. Also checked by
    /// [`super::packet`], for one packet alone.
    Packet,
    /// One account and its transfers. [`super::account`] checks the sums of one alone.
    Account,
    /// The books as a whole; [`super::books`] does the same.
    Books,
    /// What waits in the outboxes; [`super::outboxes`] does the same.
    Outboxes,
    /// All that is stored: seen only by [`super::run`].
    Whole,
}

impl Scope {
    /// For tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Packet => "packet",
            Self::Account => "account",
            Self::Books => "books",
            Self::Outboxes => "outboxes",
            Self::Whole => "whole",
        }
    }
}

macro_rules! laws {
    ($($law:ident = $name:literal, $scope:ident: $meaning:literal;)*) => {
        /// What must hold of stored data. Tests, the simulation and `hongbao audit`
        /// check the same ones; the names are stable.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Law {
            $(#[doc = $meaning] $law,)*
        }

        impl Law {
            /// Every law there is.
            pub const ALL: &'static [Self] = &[$(Self::$law,)*];

            /// Its stable name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$law => $name,)* }
            }

            /// What holds.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$law => $meaning,)* }
            }

            /// What has to be looked at.
            pub const fn scope(self) -> Scope {
                match self { $(Self::$law => Scope::$scope,)* }
            }
        }
    };
}

laws! {
    TotalIsZero = "total_is_zero", Books:
        "The sum of all balances is zero (R-MONEY-1).";
    BalanceIsSum = "balance_is_sum", Account:
        "Every balance is the sum of its account's transfers (R-MONEY-1).";
    CreditedIsSum = "credited_is_sum", Account:
        "What an account says it was ever credited is the sum of its credits (R-PEOPLE-3).";
    BalancesFollow = "balances_follow", Account:
        "The balances that a transfer notes follow from those before it.";
    NoneNegative = "none_negative", Account:
        "No account but the issuer's is below zero.";
    TransferFits = "transfer_fits", Packet:
        "A transfer's key, kind, accounts and packet fit each other.";
    NumberWasGranted = "number_was_granted", Packet:
        "A number's sequence lies below the durable mark of its site (R-ORDER-2).";
    PacketInPlace = "packet_in_place", Whole:
        "A packet stands where its number says (R-ORDER-1).";
    DayHoldsItsPackets = "day_holds_its_packets", Whole:
        "A day's hot tables hold packets of the one calendar day that is noted for them \
         (R-STORE-1).";
    ColdEqualsHot = "cold_equals_hot", Whole:
        "What stands in hot tables and in cold storage has ended, and is the same in both \
         (R-STORE-2).";
    PacketIsPaid = "packet_is_paid", Packet:
        "A packet's sender paid for exactly this packet, once.";
    PaymentIsStored = "payment_is_stored", Packet:
        "Whatever was paid into an escrow has the whole pre-order stored with it (R-SEND-2).";
    PaymentLands = "payment_lands", Packet:
        "A payment has landed, or is about to, or went back because of a tombstone (R-SEND-2).";
    SeedMatchesCommitment = "seed_matches_commitment", Packet:
        "The server's seed opens and matches the commitment (R-FAIR-1).";
    ClaimsWithinShares = "claims_within_shares", Packet:
        "No packet has more claims than shares (R-OPEN-2).";
    ClaimsAreDense = "claims_are_dense", Packet:
        "The claims of a packet are numbered from 0 without a gap.";
    OneClaimPerUser = "one_claim_per_user", Packet:
        "Nobody has two claims on one packet (R-OPEN-2).";
    AmountsFollowSeed = "amounts_follow_seed", Packet:
        "Each share holds what the packet's seed fixes (R-FAIR-5).";
    ClaimIsForRecipient = "claim_is_for_recipient", Packet:
        "An exclusive packet is opened by its recipient alone (R-SEND-3).";
    ClaimHasPacket = "claim_has_packet", Packet:
        "Every claim belongs to a packet.";
    ClaimIsInTime = "claim_is_in_time", Packet:
        "A share was opened after its packet had landed and before its time was over \
         (R-MONEY-4).";
    ProgressMatchesClaims = "progress_matches_claims", Packet:
        "`claimed` and `claimed_fen` are the number and the sum of the claims.";
    StateMatchesClaims = "state_matches_claims", Packet:
        "A packet is finished exactly if all of it is claimed.";
    EndIsInTime = "end_is_in_time", Packet:
        "A packet ended with its last share, or not before its time was over (R-MONEY-4).";
    CreditHasClaim = "credit_has_claim", Packet:
        "Every credit has its claim, with the same person and amount (R-MONEY-3).";
    ClaimIsCredited = "claim_is_credited", Packet:
        "Every claim has its credit, or is on its way to it (R-MONEY-3).";
    RefundIsDue = "refund_is_due", Packet:
        "What is left goes back to the sender, once, and only after the end (R-MONEY-4).";
    EscrowHoldsRest = "escrow_holds_rest", Packet:
        "An escrow holds what was paid less what was credited and refunded; at rest, what its \
         packet still holds (R-MONEY-3).";
    FeeIsTaken = "fee_is_taken", Packet:
        "The fee that was paid for with a packet was taken from its sender, once; it went back \
         with what was given up, and with nothing else (R-API-4).";
    SentLineIsTrue = "sent_line_is_true", Packet:
        "A line of a list \"sent\" says what its packet says (R-LIST-1).";
    ReceivedLineIsTrue = "received_line_is_true", Packet:
        "A line of a list \"received\" says what its claim says (R-LIST-1).";
    BestLuckIsTrue = "best_luck_is_true", Packet:
        "The best luck that lists show is that of the finished packet (R-SPLIT-5).";
    EverythingIsListed = "everything_is_listed", Packet:
        "At rest, every packet, claim and best luck stands in the lists (R-LIST-1).";
    ListTotalsAreSums = "list_totals_are_sums", Whole:
        "A year's totals of a person are the number and the sum of its lines (R-LIST-1).";
    OutboxIsEmpty = "outbox_is_empty", Outboxes:
        "At rest nothing waits in an outbox, and at no time is a row left for an administrator.";
    JournalIsWhole = "journal_is_whole", Whole:
        "What administrators and services did is one chain, and nothing was changed, removed or \
         put elsewhere (R-API-6).";
    StoredDataIsReadable = "stored_data_is_readable", Whole:
        "Everything that is stored can be read.";
}

impl fmt::Display for Law {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
