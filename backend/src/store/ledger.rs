//! The ledger's store: double entry (R-MONEY-1), what was paid for (R-SEND-2),
//! pre-orders that the cache could not take (R-SEND-4), and from where numbers were granted
//! (R-ORDER-2).

use super::{StoreError, marks::Mark, outbox::Outbox, reconciled::Reconciled};
use crate::{
    packets::record::{Payment, PreOrderRecord},
    planted::Bug,
};
use async_trait::async_trait;
use hongbao_shared::{Fen, OrderNo, Timestamp, UserId};

/// Where money can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Account {
    /// Where top-ups come from; the only one that may be negative.
    Issuer,
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
            Self::Wallet(user) => (1, user.get()),
            Self::Escrow(order_no) => (2, order_no.to_bits()),
        }
    }

    /// The account that the two numbers stand for.
    pub fn from_columns(kind: i64, owner: i64) -> Result<Self, StoreError> {
        let account = match kind {
            0 if owner == 0 => Some(Self::Issuer),
            1 => UserId::new(owner).map(Self::Wallet),
            2 => OrderNo::from_bits(owner).ok().map(Self::Escrow),
            _ => None,
        };
        account.ok_or_else(|| StoreError::Corrupt(format!("no account is ({kind}, {owner})")))
    }
}

/// `issuer`, `wallet:7`, `escrow:S00…`.
impl std::fmt::Display for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Issuer => f.write_str("issuer"),
            Self::Wallet(user) => write!(f, "wallet:{user}"),
            Self::Escrow(order_no) => write!(f, "escrow:{order_no}"),
        }
    }
}

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
}

impl TransferKind {
    /// As stored; never renumbered.
    pub const fn number(self) -> i64 {
        match self {
            Self::TopUp => 1,
            Self::Pay => 2,
            Self::Credit => 3,
            Self::Refund => 4,
        }
    }

    /// From its stored number.
    pub fn from_number(number: i64) -> Result<Self, StoreError> {
        [Self::TopUp, Self::Pay, Self::Credit, Self::Refund]
            .into_iter()
            .find(|kind| kind.number() == number)
            .ok_or_else(|| StoreError::Corrupt(format!("no kind of transfer is {number}")))
    }

    /// For metrics and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TopUp => "top_up",
            Self::Pay => "pay",
            Self::Credit => "credit",
            Self::Refund => "refund",
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
        }
    }

    /// A packet's total into its escrow. The payment is stored with it, and so is the
    /// outbox row that makes the packet land.
    pub fn pay(payment: Payment) -> Self {
        let record = &payment.record;
        Self {
            key: pay_key(record.order_no),
            kind: TransferKind::Pay,
            debit: Account::Wallet(record.sender_id),
            credit: Account::Escrow(record.order_no),
            amount: record.total_fen,
            order_no: Some(record.order_no),
            payment: Some(Box::new(payment)),
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
    /// With a payment: what was paid for.
    pub fn payment(&self) -> Option<&Payment> {
        self.payment.as_deref()
    }
}

/// The key of the transfer that pays for a packet.
pub fn pay_key(order_no: OrderNo) -> String {
    format!("pay:{order_no}")
}

/// The key of the transfer that credits a share.
pub fn credit_key(order_no: OrderNo, seq: u32) -> String {
    format!("credit:{order_no}:{seq}")
}

/// The key of the transfer that returns what is left of a packet.
pub fn refund_key(order_no: OrderNo) -> String {
    format!("refund:{order_no}")
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
    /// A balance would leave the range of [`Fen`].
    #[error("a balance would leave its range")]
    OutOfRange,
    /// An amount of zero.
    #[error("there is nothing to move")]
    NothingToMove,
}

/// What became of one posting.
pub type PostOutcome = Result<Posted, PostRefusal>;

/// One line of the books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// What makes it repeatable; unique.
    pub key: String,
    /// Why.
    pub kind: TransferKind,
    /// From where.
    pub debit: Account,
    /// To where.
    pub credit: Account,
    /// How much; never zero.
    pub amount: Fen,
    /// What the debited account held right after, in fen.
    pub debit_balance: i64,
    /// What the credited account held right after, in fen.
    pub credit_balance: i64,
    /// Of which packet.
    pub order_no: Option<OrderNo>,
    /// When.
    pub at: Timestamp,
}

/// A line of the books with its place in them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Its place: grows with every transfer that touches the same account.
    pub id: i64,
    /// The line.
    pub transfer: Transfer,
}

impl Recorded {
    /// What it did to one of its two accounts.
    pub fn leg(&self, account: Account) -> Leg {
        let Transfer { debit, debit_balance, credit_balance, amount, kind, .. } = &self.transfer;
        let amount = amount.signed();
        let (change, balance) =
            if *debit == account { (-amount, *debit_balance) } else { (amount, *credit_balance) };
        let is_credit = *kind == TransferKind::Credit && self.transfer.credit == account;
        Leg { account, id: self.id, change, balance, is_credit }
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

/// What an account says of itself, in fen; all zero for one that never held anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AccountState {
    /// What it holds.
    pub balance: i64,
    /// What credits have ever brought into it; zero unless it is a wallet.
    pub credited: i64,
}

impl AccountState {
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

/// An account and the sums of its transfers, read at one moment, in fen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountSum {
    /// What the account says.
    pub stated: AccountState,
    /// What its transfers say.
    pub summed: AccountState,
}

/// The books. Only [`LedgerStore::post`] moves money, and `ledger::book` decides what
/// it does, the same for every database.
#[async_trait]
pub trait LedgerStore: Outbox {
    /// Enters a batch in one transaction; each posting has an outcome of its own, and
    /// sees the effects of those before it. With each payment, the payment and an
    /// outbox row for [`super::outbox::Destination::Land`] are stored, whose payload is
    /// `{"order_no":"…"}`. Batches that nodes post at the same time have the outcomes of
    /// some order of theirs, one after the other.
    async fn post(
        &self,
        batch: Vec<Posting>,
        now: Timestamp,
    ) -> Result<Vec<PostOutcome>, StoreError>;

    /// What an account holds.
    async fn account(&self, account: Account) -> Result<AccountState, StoreError>;

    /// The transfers of a wallet, newest first, with ids below `before_id`.
    async fn entries(
        &self,
        user: UserId,
        before_id: Option<i64>,
        limit: u32,
    ) -> Result<Vec<Recorded>, StoreError>;

    /// What was paid for under this number.
    async fn payment(&self, order_no: OrderNo) -> Result<Option<Payment>, StoreError>;

    /// Keeps a pre-order; the same one again changes nothing, another one under the
    /// same number is refused as [`StoreError::Constraint`].
    async fn put_pre_order(&self, record: PreOrderRecord) -> Result<(), StoreError>;

    /// A pre-order that was kept here, expired or not.
    async fn pre_order(&self, order_no: OrderNo) -> Result<Option<PreOrderRecord>, StoreError>;

    /// Forgets up to `limit` pre-orders that expired before `now`; answers how many.
    async fn purge_pre_orders(&self, now: Timestamp, limit: u32) -> Result<u64, StoreError>;

    /// Raises a mark by `by` and gives its value before.
    async fn raise(&self, mark: Mark, by: u64) -> Result<u64, StoreError>;

    /// What a mark is at: everything below has been granted.
    async fn mark(&self, mark: Mark) -> Result<u64, StoreError>;

    /// Accounts in their order, after `after`.
    async fn accounts_page(
        &self,
        after: Option<Account>,
        limit: u32,
    ) -> Result<Vec<(Account, AccountState)>, StoreError>;

    /// Transfers in the order of ids, after `after_id`. Where several nodes post at the same
    /// time, a transfer may come to be seen after one with a higher id, unless they share an
    /// account: walking these pages beside them may miss what they enter meanwhile, and
    /// nothing that was there when the walk began. So may
    /// [`LedgerStore::transfers_without_escrow`]; all other pages go by account, and miss
    /// nothing before the last row that they have shown.
    async fn transfers_page(&self, after_id: i64, limit: u32) -> Result<Vec<Recorded>, StoreError>;

    /// Every transfer twice, once for each account, in the order of accounts and ids,
    /// after `after`.
    async fn legs_page(
        &self,
        after: Option<(Account, i64)>,
        limit: u32,
    ) -> Result<Vec<Leg>, StoreError>;

    /// The transfers into and out of a packet's escrow in the order of ids, after
    /// `after_id`.
    async fn transfers_of(
        &self,
        order_no: OrderNo,
        after_id: i64,
        limit: u32,
    ) -> Result<Vec<Recorded>, StoreError>;

    /// Every transfer into or out of an escrow, in the order of packets and ids, after
    /// `after`. A database answers it in one statement.
    async fn escrow_transfers_page(
        &self,
        after: Option<(OrderNo, i64)>,
        limit: u32,
    ) -> Result<Vec<(OrderNo, Recorded)>, StoreError> {
        let before_escrows = Account::Wallet(UserId::from_random(u64::MAX));
        let place = after.map(|(order_no, id)| (Account::Escrow(order_no), id));
        let legs = self.legs_page(Some(place.unwrap_or((before_escrows, i64::MAX))), limit).await?;
        let mut found = Vec::with_capacity(legs.len());
        for leg in legs {
            let Account::Escrow(order_no) = leg.account else { continue };
            let line = self.transfers_page(leg.id.saturating_sub(1), 1).await?;
            found.extend(line.into_iter().map(|line| (order_no, line)));
        }
        Ok(found)
    }

    /// Transfers whose accounts are both no escrow, in the order of ids, after `after_id`.
    /// A database looks for them by itself.
    async fn transfers_without_escrow(
        &self,
        mut after_id: i64,
        limit: u32,
    ) -> Result<Vec<Recorded>, StoreError> {
        let is_escrow = |account: Account| matches!(account, Account::Escrow(_));
        loop {
            let mut page = self.transfers_page(after_id, limit).await?;
            let Some(last) = page.last() else { return Ok(page) };
            after_id = last.id;
            page.retain(|line| !is_escrow(line.transfer.debit) && !is_escrow(line.transfer.credit));
            if !page.is_empty() {
                return Ok(page);
            }
        }
    }

    /// How many transfers there are, more or less: for showing progress, nothing else.
    async fn transfers_about(&self) -> Result<u64, StoreError>;

    /// The transfers with these keys, in the order of the keys.
    async fn transfers_by_key(
        &self,
        keys: Vec<String>,
    ) -> Result<Vec<Option<Recorded>>, StoreError>;

    /// Payments in the order of their numbers, after `after`.
    async fn payments_page(
        &self,
        after: Option<OrderNo>,
        limit: u32,
    ) -> Result<Vec<Payment>, StoreError>;

    /// Which of these packets still have an outbox row that makes them land.
    async fn awaiting_landing(&self, orders: Vec<OrderNo>) -> Result<Vec<OrderNo>, StoreError>;

    /// Writes the outbox row again that makes a paid packet land. False, and nothing
    /// happens, if nothing was paid under this number, or a row is there.
    async fn land_again(&self, order_no: OrderNo, now: Timestamp) -> Result<bool, StoreError>;

    /// Begins a scheduled reconciliation, or holds on to the one that `node` is at, until
    /// `until`; gives what earlier ones have seen. `None` while another node is at one, and if
    /// another has ended one after `before`.
    async fn begin_reconciliation(
        &self,
        node: i64,
        now: Timestamp,
        until: Timestamp,
        before: Timestamp,
    ) -> Result<Option<Reconciled>, StoreError> {
        // Without a memory of it, everything is seen again.
        let _ = (node, now, until, before);
        Ok(Some(Reconciled::default()))
    }

    /// Ends a reconciliation: `seen` is what the next one need not look at.
    async fn end_reconciliation(
        &self,
        node: i64,
        now: Timestamp,
        seen: Reconciled,
    ) -> Result<(), StoreError> {
        let _ = (node, now, seen);
        Ok(())
    }

    /// An account and the sums of its transfers at one moment.
    async fn account_sum(&self, account: Account) -> Result<AccountSum, StoreError>;

    /// The sum of all balances in fen: zero, at every read (R-MONEY-1).
    async fn total(&self) -> Result<i64, StoreError>;
}
