//! The ledger's store: double entry (R-MONEY-1), what was paid for (R-SEND-2),
//! pre-orders that the cache could not take (R-SEND-4), and from where numbers were granted
//! (R-ORDER-2).

mod account;
mod posting;
mod transfer;

pub use account::{Account, AccountState, AccountSum, Leg};
pub use posting::credit_seq;
pub use posting::{
    DayCap, Gift, Grantor, Movement, PostOutcome, PostRefusal, Posted, Posting, TransferKind,
    allowance_key, credit_key, fee_key, fee_refund_key, pay_key, refund_key, welcome_key,
};
pub use transfer::{Recorded, Transfer};

use super::{StoreError, marks::Mark, outbox::Outbox, reconciled::Reconciled};
use crate::record::{Payment, PreOrderRecord};
use async_trait::async_trait;
use hongbao_shared::{OrderNo, Timestamp, UserId};
use std::fmt;

/// What only reads the books.
#[async_trait]
pub trait LedgerReads: Send + Sync + fmt::Debug {
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

    /// Those of these that were paid, in no order.
    async fn payments(&self, orders: Vec<OrderNo>) -> Result<Vec<Payment>, StoreError>;

    /// A pre-order that was kept here, expired or not.
    async fn pre_order(&self, order_no: OrderNo) -> Result<Option<PreOrderRecord>, StoreError>;

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
    /// [`LedgerReads::transfers_without_escrow`]; all other pages go by account, and miss
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

    /// Fees of packets that were taken and given back, in the order of packets and ids, after
    /// `after`. A database looks for them by itself.
    async fn fees_page(
        &self,
        after: Option<(OrderNo, i64)>,
        limit: u32,
    ) -> Result<Vec<(OrderNo, Recorded)>, StoreError>;

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

    /// An account and the sums of its transfers at one moment.
    async fn account_sum(&self, account: Account) -> Result<AccountSum, StoreError>;

    /// The sum of all balances in fen: zero, at every read (R-MONEY-1).
    async fn total(&self) -> Result<i64, StoreError>;
}

/// The books. Only [`LedgerStore::post`] moves money, and `ledger::book` decides what
/// it does, the same for every database.
#[async_trait]
pub trait LedgerStore: Outbox + LedgerReads {
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

    /// Keeps a pre-order; the same one again changes nothing, another one under the
    /// same number is refused as [`StoreError::Constraint`].
    async fn put_pre_order(&self, record: PreOrderRecord) -> Result<(), StoreError>;

    /// Forgets up to `limit` pre-orders that expired before `now`; answers how many.
    async fn purge_pre_orders(&self, now: Timestamp, limit: u32) -> Result<u64, StoreError>;

    /// Raises a mark by `by` and gives its value before.
    async fn raise(&self, mark: Mark, by: u64) -> Result<u64, StoreError>;

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
    ) -> Result<Option<Reconciled>, StoreError>;

    /// Ends a reconciliation: `seen` is what the next one need not look at. Nothing happens if
    /// another node has begun one since.
    async fn end_reconciliation(
        &self,
        node: i64,
        now: Timestamp,
        seen: Reconciled,
    ) -> Result<(), StoreError>;
}
