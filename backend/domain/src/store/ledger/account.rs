//! Accounts, what they hold, and what a transfer does to them.

use super::super::StoreError;
use hongbao_shared::{Fen, OrderNo, UserId};

/// Where money can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Account {
    /// Where top-ups come from; the only one that may be negative.
    Issuer,
    /// What senders have paid to the house beside their packets (R-API-4).
    Fees,
    /// What a person can spend.
    Wallet(UserId),
    /// What one packet holds, so that none can pay with another's money.
    Escrow(OrderNo),
}

impl Account {
    /// The two numbers that stand for it in every database.
    pub fn columns(self) -> (i64, i64) {
        match self {
            Self::Issuer => (0, 0),
            Self::Fees => (0, 1),
            Self::Wallet(user) => (1, user.get()),
            Self::Escrow(order_no) => (2, order_no.to_bits()),
        }
    }

    /// Whose wallet it is.
    pub const fn owner(self) -> Option<UserId> {
        match self {
            Self::Wallet(user) => Some(user),
            Self::Issuer | Self::Fees | Self::Escrow(_) => None,
        }
    }

    /// The account that the two numbers stand for.
    pub fn from_columns(kind: i64, owner: i64) -> Result<Self, StoreError> {
        let account = match kind {
            0 if owner == 0 => Some(Self::Issuer),
            0 if owner == 1 => Some(Self::Fees),
            1 => UserId::new(owner).map(Self::Wallet),
            2 => OrderNo::from_bits(owner).ok().map(Self::Escrow),
            _ => None,
        };
        account.ok_or_else(|| StoreError::Corrupt(format!("no account is ({kind}, {owner})")))
    }
}

/// `issuer`, `fees`, `wallet:7`, `escrow:S00…`.
impl std::fmt::Display for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Issuer => f.write_str("issuer"),
            Self::Fees => f.write_str("fees"),
            Self::Wallet(user) => write!(f, "wallet:{user}"),
            Self::Escrow(order_no) => write!(f, "escrow:{order_no}"),
        }
    }
}

/// What an account says of itself, in fen; all zero for one that never held anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AccountState {
    /// What it holds.
    pub balance: i64,
    /// What credits have ever brought into it; zero unless it is a wallet.
    pub credited: i64,
}

impl AccountState {
    /// What it holds, if it cannot be negative.
    pub fn held(self) -> Result<Fen, StoreError> {
        crate::store::fen(self.balance)
    }

    /// With one more transfer; `None` beyond 64 bits.
    #[must_use]
    pub fn plus(self, leg: &Leg) -> Option<Self> {
        let credit = if leg.is_credit { leg.change } else { 0 };
        Some(Self {
            balance: self.balance.checked_add(leg.change)?,
            credited: self.credited.checked_add(credit)?,
        })
    }
}

/// What one transfer did to one of its two accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leg {
    /// Which account.
    pub account: Account,
    /// The transfer's place in the books.
    pub id: i64,
    /// In is positive, out is negative; in fen.
    pub change: i64,
    /// What the account held right after, in fen.
    pub balance: i64,
    /// Is it a credit into this account?
    pub is_credit: bool,
}

/// An account and the sums of its transfers, read at one moment, in fen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountSum {
    /// What the account says.
    pub stated: AccountState,
    /// What its transfers say.
    pub summed: AccountState,
}
