//! What is to be cut: the kinds of packet, and which totals their shares can hold
//! (R-SEND-3, R-SPLIT-1).

use crate::money::Fen;
use core::num::NonZeroU64;
use serde::{Deserialize, Serialize};

/// The kinds of packet (R-SEND-3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Kind {
    /// Every share is the same.
    Equal,
    /// Shares are drawn (拼手气).
    Lucky,
    /// One share for one named member.
    Exclusive,
}

impl Kind {
    /// The byte that stands for the kind in the seed (R-FAIR-3) and in storage.
    pub const fn byte(self) -> u8 {
        match self {
            Self::Equal => 0,
            Self::Lucky => 1,
            Self::Exclusive => 2,
        }
    }

    /// The kind that a byte stands for.
    pub const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            0 => Some(Self::Equal),
            1 => Some(Self::Lucky),
            2 => Some(Self::Exclusive),
            _ => None,
        }
    }
}

/// What is to be cut: a total that the shares can hold exactly.
///
/// Fields are private because every value of this type is feasible:
/// `shares ≤ total ≤ shares × max_share`, an equal total divides, and an
/// exclusive packet has one share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Terms {
    kind: Kind,
    total: Fen,
    shares: u32,
    max_share: Fen,
}

/// Why no packet can have these terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TermsError {
    /// There must be at least one share.
    #[error("a packet has at least one share")]
    NoShares,
    /// Every share must hold at least 1 fen.
    #[error("there are more shares than fen")]
    MoreSharesThanFen,
    /// The total does not fit into the shares.
    #[error("a share would exceed the most that a share may hold")]
    ShareTooLarge,
    /// An equal packet's total is amount × shares.
    #[error("the total of an equal packet must divide by its shares")]
    DoesNotDivide,
    /// An exclusive packet has exactly one share.
    #[error("an exclusive packet has exactly one share")]
    ExclusiveShares,
}

impl Terms {
    /// Checks that `total` can be cut into `shares` of 1 fen to `max_share` each.
    pub fn new(kind: Kind, total: Fen, shares: u32, max_share: Fen) -> Result<Self, TermsError> {
        if shares == 0 {
            return Err(TermsError::NoShares);
        }
        if kind == Kind::Exclusive && shares != 1 {
            return Err(TermsError::ExclusiveShares);
        }
        if total.get() < u64::from(shares) {
            return Err(TermsError::MoreSharesThanFen);
        }
        // A product beyond `Fen::MAX` holds any total.
        if max_share.checked_mul(shares.into()).is_some_and(|most| total > most) {
            return Err(TermsError::ShareTooLarge);
        }
        if kind == Kind::Equal && total.get().checked_rem(shares.into()) != Some(0) {
            return Err(TermsError::DoesNotDivide);
        }
        Ok(Self { kind, total, shares, max_share })
    }

    /// How the packet is cut.
    pub const fn kind(&self) -> Kind {
        self.kind
    }
    /// What all shares add up to.
    pub const fn total(&self) -> Fen {
        self.total
    }
    /// The number of shares.
    pub const fn shares(&self) -> u32 {
        self.shares
    }
    /// The most that one share may hold.
    pub const fn max_share(&self) -> Fen {
        self.max_share
    }

    /// The smallest and the largest amount that the first share can hold. Later shares
    /// can hold more: see [`Self::share_range`].
    pub fn first_share_range(&self) -> (Fen, Fen) {
        match self.kind {
            Kind::Lucky if self.shares > 1 => {
                let marks = Marks::of(self.total.get(), self.shares, self.max_share.get());
                // A draw is below the high mark; the low mark wins where it is above.
                let most = marks.high.get().saturating_sub(1).max(marks.low);
                (Fen::new(marks.low).unwrap_or(Fen::ONE), Fen::new(most).unwrap_or(Fen::ONE))
            }
            _ => {
                let each = self.total.get().checked_div(self.shares.into()).unwrap_or_default();
                let each = Fen::new(each).unwrap_or_default();
                (each, each)
            }
        }
    }

    /// The smallest and the largest amount that any share can hold, whatever its place;
    /// the possible range that a send form shows. Both do occur: when every draw is 0,
    /// the first share is the smallest, and the last is left with the largest.
    pub fn share_range(&self) -> (Fen, Fen) {
        if self.kind != Kind::Lucky || self.shares < 2 {
            return self.first_share_range();
        }
        let others = u64::from(self.shares).saturating_sub(1);
        let (least, _) = self.first_share_range();
        let most = self.total.get().saturating_sub(others).min(self.max_share.get());
        (least, Fen::new(most).unwrap_or(self.total))
    }
}

/// The low-water and the high-water mark of one draw (R-SPLIT-2).
pub(crate) struct Marks {
    pub(crate) low: u64,
    pub(crate) high: NonZeroU64,
}

impl Marks {
    /// `rest` fen for `left ≥ 2` shares of at most `max`, with
    /// `left ≤ rest ≤ left × max`.
    pub(crate) fn of(rest: u64, left: u32, max: u64) -> Self {
        let left = u64::from(left);
        let others = left.saturating_sub(1);
        let others_hold = max.saturating_mul(others);
        // What the others cannot hold must be taken now.
        let low = rest.saturating_sub(others_hold).max(1);
        // Every other share needs 1 fen, and no share exceeds `max`.
        let fair = rest.saturating_sub(others).min(max);
        let twice_mean = rest.saturating_mul(2).checked_div(left).unwrap_or(1);
        let high = NonZeroU64::new(fair.min(twice_mean)).unwrap_or(NonZeroU64::MIN);
        Self { low, high }
    }
}
