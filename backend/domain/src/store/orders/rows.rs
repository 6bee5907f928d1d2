//! Packets and claims, as they are stored.

use crate::{planted::Bug, record::Payment, store::StoreError};
use hongbao_shared::{
    Fen, GroupId, Kind, OrderNo, Terms, Timestamp, UserId,
    api::packets::PacketState,
    fairness::{ClientSeed, Commitment, Seed, ServerSeed},
    split,
    terms::TermsError,
};

/// The key fields of a packet: what decides money and eligibility (R-CACHE-3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PacketRow {
    /// Its number.
    pub order_no: OrderNo,
    /// Who sent it.
    pub sender_id: UserId,
    /// Where it was posted.
    pub group_id: GroupId,
    /// For whom an exclusive packet is.
    pub recipient_id: Option<UserId>,
    /// How it is cut.
    pub kind: Kind,
    /// The total.
    pub total_fen: Fen,
    /// The number of shares.
    pub shares: u32,
    /// The most that one share may hold, kept for ever.
    pub max_share_fen: Fen,
    /// The server seed under the key that lives outside the database (R-FAIR-5).
    pub sealed_server_seed: Vec<u8>,
    /// The sender's seed.
    pub client_seed: ClientSeed,
    /// SHA-256 of the server seed.
    pub commitment: Commitment,
    /// When it was pre-ordered; its day is the day of its tables.
    pub created_at: Timestamp,
    /// When it came into the group.
    pub landed_at: Timestamp,
    /// When its time ends.
    pub expires_at: Timestamp,
    /// How far it has come.
    pub progress: Progress,
}

impl PacketRow {
    /// The packet that lands for a payment; an error only for one that this code did not
    /// write.
    pub fn of(
        payment: &Payment,
        landed_at: Timestamp,
        expires_at: Timestamp,
        progress: Progress,
    ) -> Result<Self, StoreError> {
        let record = &payment.record;
        let client_seed = ClientSeed::new(payment.client_seed.clone())
            .ok_or_else(|| StoreError::Corrupt(format!("{} client seed", record.order_no)))?;
        Ok(Self {
            order_no: record.order_no,
            sender_id: record.sender_id,
            group_id: record.group_id,
            recipient_id: record.recipient_id,
            kind: record.kind,
            total_fen: record.total_fen,
            shares: record.shares,
            max_share_fen: record.max_share_fen,
            sealed_server_seed: record.sealed_server_seed.clone(),
            client_seed,
            commitment: record.commitment,
            created_at: record.created_at,
            landed_at,
            expires_at,
            progress,
        })
    }

    /// How many claims a packet's memory is made for: all of its shares, so that nothing has
    /// to grow while people open it. Within reason, for a row that this code did not write.
    pub fn room(&self) -> usize {
        const ROOM_MAX: u32 = 1 << 17;
        usize::try_from(self.shares.min(ROOM_MAX)).unwrap_or_default()
    }

    /// What is cut; an error only for a row that this code did not write.
    pub fn terms(&self) -> Result<Terms, TermsError> {
        Terms::new(self.kind, self.total_fen, self.shares, self.max_share_fen)
    }

    /// What its shares are drawn from (R-FAIR-3); an error as with [`Self::terms`].
    pub fn split_seed(&self, server_seed: &ServerSeed) -> Result<Seed, TermsError> {
        let none = ClientSeed::default();
        let left_out = Bug::ClientSeedLeftOut.is_planted();
        let client_seed = if left_out { &none } else { &self.client_seed };
        Ok(server_seed.split_seed(client_seed, self.order_no, &self.terms()?))
    }

    /// The best luck among its claims, all of which are in their order (R-SPLIT-5); an error
    /// as with [`Self::terms`].
    pub fn best_luck(&self, claims: &[ClaimRow]) -> Result<Option<ClaimRow>, TermsError> {
        let amounts: Vec<_> = claims.iter().map(|claim| claim.amount_fen).collect();
        let mut best = split::best_luck(&self.terms()?, &amounts);
        if Bug::BestLuckLatest.is_planted() {
            let most = best.and_then(|best| amounts.get(best).copied());
            best = most.and_then(|most| amounts.iter().rposition(|amount| *amount == most));
        }
        Ok(best.and_then(|best| claims.get(best).copied()))
    }
}

/// How far a packet has come. `claimed` only rises and an end is final, so that
/// later progress is told from earlier without a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Where it is in its life.
    pub state: StoredState,
    /// How many shares are taken.
    pub claimed: u32,
    /// What they add up to.
    pub claimed_fen: Fen,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}

impl Progress {
    /// Right after landing.
    pub const NONE: Self =
        Self { state: StoredState::Open, claimed: 0, claimed_fen: Fen::ZERO, finished_at: None };

    /// Rises with every change (R-CACHE-2): an older state never replaces a newer.
    pub const fn version(&self) -> (bool, u32) {
        (!matches!(self.state, StoredState::Open), self.claimed)
    }
}

/// The stored states: those of the contract, and the tombstone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoredState {
    /// Shares are left.
    Open,
    /// Every share is taken.
    Finished,
    /// Its time ended with shares left.
    Expired,
    /// A tombstone: it never landed and never will; the money goes back (R-SEND-2).
    GivenUp,
}

impl StoredState {
    /// Can it still change?
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Open)
    }

    /// As stored; never renumbered.
    pub const fn number(self) -> i64 {
        match self {
            Self::Open => 0,
            Self::Finished => 1,
            Self::Expired => 2,
            Self::GivenUp => 3,
        }
    }

    /// From storage.
    pub const fn from_number(number: i64) -> Option<Self> {
        match number {
            0 => Some(Self::Open),
            1 => Some(Self::Finished),
            2 => Some(Self::Expired),
            3 => Some(Self::GivenUp),
            _ => None,
        }
    }

    /// What clients see; `None` for a tombstone.
    pub const fn visible(self) -> Option<PacketState> {
        match self {
            Self::Open => Some(PacketState::Open),
            Self::Finished => Some(PacketState::Finished),
            Self::Expired => Some(PacketState::Expired),
            Self::GivenUp => None,
        }
    }
}

/// One opened share: the voucher (凭证).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClaimRow {
    /// Counted from 0 in the order of opening.
    pub seq: u32,
    /// Who opened it.
    pub user_id: UserId,
    /// What it holds.
    pub amount_fen: Fen,
    /// When.
    pub opened_at: Timestamp,
}
