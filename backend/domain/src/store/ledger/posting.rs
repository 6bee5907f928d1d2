//! Movements that somebody asks for, and what became of them.

use super::{super::StoreError, Account};
use crate::{planted::Bug, record::Payment};
use hongbao_shared::{Fen, OrderNo, ServiceId, Timestamp, UserId};
use std::fmt;

/// Why money moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TransferKind {
    /// From the issuer into a wallet.
    TopUp,
    /// From the sender's wallet into the packet's escrow.
    Pay,
    /// From the escrow into the wallet of somebody who opened a share.
    Credit,
    /// What is left in the escrow, back to the sender.
    Refund,
    /// What the house takes for a packet, from the sender's wallet.
    Fee,
    /// The fee of a packet that was given up, back to the sender.
    FeeRefund,
}

impl TransferKind {
    /// As stored; never renumbered.
    pub const fn number(self) -> i64 {
        match self {
            Self::TopUp => 1,
            Self::Pay => 2,
            Self::Credit => 3,
            Self::Refund => 4,
            Self::Fee => 5,
            Self::FeeRefund => 6,
        }
    }

    /// From its stored number.
    pub fn from_number(number: i64) -> Result<Self, StoreError> {
        [Self::TopUp, Self::Pay, Self::Credit, Self::Refund, Self::Fee, Self::FeeRefund]
            .into_iter()
            .find(|kind| kind.number() == number)
            .ok_or_else(|| StoreError::Corrupt(format!("no kind of transfer is {number}")))
    }

    /// For metrics and logs. A fee is part of its posting, so that metrics of postings never name
    /// the kinds of fees.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TopUp => "top_up",
            Self::Pay => "pay",
            Self::Credit => "credit",
            Self::Refund => "refund",
            Self::Fee => "fee",
            Self::FeeRefund => "fee_refund",
        }
    }
}

/// A movement that somebody asks for. Its accounts always fit its kind, because it is
/// made by one of the functions below alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting {
    key: String,
    kind: TransferKind,
    debit: Account,
    credit: Account,
    amount: Fen,
    order_no: Option<OrderNo>,
    payment: Option<Box<Payment>>,
    cap: Option<DayCap>,
    /// What the house takes with a payment, or gives back with a refund; zero for nothing.
    fee: Fen,
}

/// One transfer of a posting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Movement {
    /// What makes it repeatable.
    pub key: String,
    /// Why.
    pub kind: TransferKind,
    /// From where.
    pub debit: Account,
    /// To where.
    pub credit: Account,
    /// How much.
    pub amount: Fen,
}

/// What a wallet may pay for packets in a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayCap {
    /// When the day began.
    pub since: Timestamp,
    /// How much in all.
    pub most: Fen,
}

/// Who grants in the name of the house.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grantor {
    /// An administrator.
    Administrator(UserId),
    /// A program.
    Service(ServiceId),
}

/// As keys have it: `admin-7`, `service-7`.
impl fmt::Display for Grantor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Administrator(user) => write!(f, "admin-{user}"),
            Self::Service(service) => write!(f, "service-{service}"),
        }
    }
}

/// What the house gives of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gift {
    /// To a newcomer, once.
    Welcome,
    /// For a day, in days since 1970 in the configured time zone.
    Allowance(i64),
    /// By somebody in the name of the house.
    Grant,
}

impl Gift {
    /// What a key of a transfer to `user` stands for; `None` if it is no gift's.
    pub fn of(key: &str, user: UserId) -> Option<Self> {
        if key == welcome_key(user) {
            return Some(Self::Welcome);
        }
        if let Some(day) = key.strip_prefix("allowance:").and_then(|rest| rest.rsplit_once(':')) {
            let day = day.1.parse().ok()?;
            return (key == allowance_key(user, day)).then_some(Self::Allowance(day));
        }
        let granted = key.strip_prefix("grant:")?.strip_prefix(&user.to_string())?;
        let (by, own) = granted.strip_prefix(':')?.split_once(':')?;
        let id = by.strip_prefix("admin-").or_else(|| by.strip_prefix("service-"))?;
        (!id.is_empty() && !own.is_empty()).then_some(Self::Grant)
    }
}

impl Posting {
    /// Demo money; `key` is the person's own, so it is kept apart from everybody
    /// else's.
    pub fn top_up(user: UserId, amount: Fen, key: &str) -> Self {
        let own = format!("topup:{user}:{key}");
        Self {
            key: if Bug::TopUpKeyGlobal.is_planted() { format!("topup:{key}") } else { own },
            kind: TransferKind::TopUp,
            debit: Account::Issuer,
            credit: Account::Wallet(user),
            amount,
            order_no: None,
            payment: None,
            cap: None,
            fee: Fen::ZERO,
        }
    }

    /// The money that the house gives a newcomer, once, whoever asks for it how often.
    pub fn welcome(user: UserId, amount: Fen) -> Self {
        Self { key: welcome_key(user), ..Self::top_up(user, amount, "") }
    }

    /// What the house gives everybody who comes on a day, once.
    pub fn allowance(user: UserId, amount: Fen, day: i64) -> Self {
        Self { key: allowance_key(user, day), ..Self::top_up(user, amount, "") }
    }

    /// What somebody gives in the name of the house; `key` is the grantor's own for this person.
    pub fn grant(by: Grantor, user: UserId, amount: Fen, key: &str) -> Self {
        Self { key: format!("grant:{user}:{by}:{key}"), ..Self::top_up(user, amount, "") }
    }

    /// Refused if the wallet then has paid more in the day than it may. No part of what a
    /// repetition is compared by.
    #[must_use]
    pub fn within(self, cap: Option<DayCap>) -> Self {
        Self { cap, ..self }
    }

    /// A packet's total into its escrow, and its fee to the house. The payment is stored with
    /// them, and so is the outbox row that makes the packet land.
    pub fn pay(payment: Payment) -> Self {
        let record = &payment.record;
        Self {
            key: pay_key(record.order_no),
            kind: TransferKind::Pay,
            debit: Account::Wallet(record.sender_id),
            credit: Account::Escrow(record.order_no),
            amount: record.total_fen,
            order_no: Some(record.order_no),
            fee: record.fee_fen,
            payment: Some(Box::new(payment)),
            cap: None,
        }
    }

    /// The share `seq` of a packet into the wallet of whoever opened it.
    pub fn credit(order_no: OrderNo, seq: u32, user: UserId, amount: Fen) -> Self {
        Self::out_of_escrow(credit_key(order_no, seq), TransferKind::Credit, order_no, user, amount)
    }

    /// What is left of a packet, back to its sender. Expiry and giving up a landing
    /// share the key, so that only one of them can ever happen (R-SEND-2, R-MONEY-4).
    pub fn refund(order_no: OrderNo, sender: UserId, amount: Fen) -> Self {
        Self::out_of_escrow(refund_key(order_no), TransferKind::Refund, order_no, sender, amount)
    }

    /// The same of a packet that was given up: with its fee, in the same step (R-API-4).
    #[must_use]
    pub fn with_fee(self, fee: Fen) -> Self {
        Self { fee, ..self }
    }

    fn out_of_escrow(
        key: String,
        kind: TransferKind,
        order_no: OrderNo,
        user: UserId,
        amount: Fen,
    ) -> Self {
        Self {
            key,
            kind,
            debit: Account::Escrow(order_no),
            credit: Account::Wallet(user),
            amount,
            order_no: Some(order_no),
            payment: None,
            cap: None,
            fee: Fen::ZERO,
        }
    }

    /// What makes it repeatable.
    pub fn key(&self) -> &str {
        &self.key
    }
    /// Why.
    pub const fn kind(&self) -> TransferKind {
        self.kind
    }
    /// From where.
    pub const fn debit(&self) -> Account {
        self.debit
    }
    /// To where.
    pub const fn credit_account(&self) -> Account {
        self.credit
    }
    /// How much.
    pub const fn amount(&self) -> Fen {
        self.amount
    }
    /// Of which packet.
    pub const fn order_no(&self) -> Option<OrderNo> {
        self.order_no
    }
    /// What is capped of it.
    pub const fn cap(&self) -> Option<DayCap> {
        self.cap
    }
    /// What goes to the house or comes back from it in the same step, if anything does.
    pub fn fee(&self) -> Option<Movement> {
        let order_no = self.order_no.filter(|_| !self.fee.is_zero())?;
        let amount = self.fee;
        match self.kind {
            TransferKind::Pay => Some(Movement {
                key: fee_key(order_no),
                kind: TransferKind::Fee,
                debit: self.debit,
                credit: Account::Fees,
                amount,
            }),
            TransferKind::Refund => Some(Movement {
                key: fee_refund_key(order_no),
                kind: TransferKind::FeeRefund,
                debit: Account::Fees,
                credit: self.credit,
                amount,
            }),
            _ => None,
        }
    }
    /// What moves with it beside the fee.
    pub fn movement(&self) -> Movement {
        Movement {
            key: self.key.clone(),
            kind: self.kind,
            debit: self.debit,
            credit: self.credit,
            amount: self.amount,
        }
    }
    /// With a payment: what was paid for.
    pub fn payment(&self) -> Option<&Payment> {
        self.payment.as_deref()
    }
}

/// The key of the transfer that welcomes somebody; no key of a top-up begins like it.
pub fn welcome_key(user: UserId) -> String {
    let user = if Bug::WelcomeKeyGlobal.is_planted() { UserId::from_random(0) } else { user };
    format!("welcome:{user}")
}

/// The key of a day's allowance.
pub fn allowance_key(user: UserId, day: i64) -> String {
    format!("allowance:{user}:{day}")
}

/// The key of the transfer that pays for a packet.
pub fn pay_key(order_no: OrderNo) -> String {
    format!("pay:{order_no}")
}

/// The key of the transfer that credits a share.
pub fn credit_key(order_no: OrderNo, seq: u32) -> String {
    format!("credit:{order_no}:{seq}")
}

/// The share that a credit's key names.
pub fn credit_seq(key: &str) -> Option<u32> {
    key.strip_prefix("credit:")?.rsplit_once(':')?.1.parse().ok()
}

/// The key of the transfer that returns what is left of a packet.
pub fn refund_key(order_no: OrderNo) -> String {
    format!("refund:{order_no}")
}

/// The key of the transfer that takes a packet's fee (R-API-4).
pub fn fee_key(order_no: OrderNo) -> String {
    format!("fee:{order_no}")
}

/// The key of the transfer that gives it back.
pub fn fee_refund_key(order_no: OrderNo) -> String {
    format!("feeback:{order_no}")
}

/// A posting that is in the books, now or since an earlier call with its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Posted {
    /// When it happened.
    pub at: Timestamp,
    /// What the debited account held right after, in fen.
    pub debit_balance: i64,
    /// What the credited account held right after, in fen.
    pub credit_balance: i64,
    /// It had happened before; nothing moved now.
    pub repeated: bool,
}

/// Why a posting moved nothing. No other posting of its batch is touched by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PostRefusal {
    /// The debited account does not hold the amount.
    #[error("the account holds {balance} fen only")]
    InsufficientBalance {
        /// What it holds, in fen.
        balance: i64,
    },
    /// The key stands for another operation: other accounts, amount, kind or content.
    /// An administrator must see this, because it is a fault or an attack.
    #[error("the key stands for another operation")]
    KeyConflict,
    /// The same pre-order was paid with another client seed.
    #[error("paid before with another client seed")]
    ClientSeedDiffers,
    /// The pre-order's time is over (R-SEND-2).
    #[error("the pre-order has expired")]
    PreOrderExpired,
    /// The wallet would have paid more in the day than it may.
    #[error("only {left} fen are left of the day's cap", left = left.get())]
    SendCapReached {
        /// What it may still pay.
        left: Fen,
    },
    /// A balance would leave the range of [`Fen`].
    #[error("a balance would leave its range")]
    OutOfRange,
    /// An amount of zero.
    #[error("there is nothing to move")]
    NothingToMove,
}

/// What became of one posting.
pub type PostOutcome = Result<Posted, PostRefusal>;
