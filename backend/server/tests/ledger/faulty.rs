//! A store that fails as told, over one that works.

use async_trait::async_trait;
use hongbao_domain::{
    record::{Payment, PreOrderRecord},
    store::{
        StoreError,
        ledger::{
            Account, AccountState, AccountSum, LedgerReads, LedgerStore, Leg, PostOutcome, Posting,
            Recorded,
        },
        marks::Mark,
        outbox::{HasOutbox, Outbox},
        reconciled::Reconciled,
    },
};
use hongbao_shared::{OrderNo, Timestamp, UserId};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

/// What happens to one call of `post`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The database does not answer, and nothing happens.
    Unavailable,
    /// It happens, but the answer is lost.
    LostReply,
    /// It does not happen, and the answer is lost.
    LostRequest,
    /// It happens, and the last outcome is missing in the answer.
    Short,
}

#[derive(Clone, Debug)]
pub(crate) struct Faulty {
    store: Arc<dyn LedgerStore>,
    faults: Arc<Mutex<VecDeque<Fault>>>,
    /// A posting with this key is refused by "the database" whatever stands beside it.
    poison: Arc<Mutex<Option<String>>>,
    /// The sizes of the batches that came.
    batches: Arc<Mutex<Vec<usize>>>,
    /// For how long whoever asks for the total waits.
    pace: Duration,
}

impl Faulty {
    pub(crate) fn new(store: impl LedgerStore + 'static) -> Self {
        let store = Arc::new(store);
        let pace = Duration::ZERO;
        Self {
            store,
            faults: Arc::default(),
            poison: Arc::default(),
            batches: Arc::default(),
            pace,
        }
    }
    /// The same store, where a total takes this long.
    pub(crate) fn slow(&self, pace: Duration) -> Self {
        Self { pace, ..self.clone() }
    }
    pub(crate) fn next(&self, faults: impl IntoIterator<Item = Fault>) {
        self.faults.lock().unwrap().extend(faults);
    }
    pub(crate) fn poison(&self, key: String) {
        *self.poison.lock().unwrap() = Some(key);
    }
    pub(crate) fn batches(&self) -> Vec<usize> {
        self.batches.lock().unwrap().clone()
    }
}

#[async_trait]
impl LedgerStore for Faulty {
    async fn post(
        &self,
        batch: Vec<Posting>,
        now: Timestamp,
    ) -> Result<Vec<PostOutcome>, StoreError> {
        self.batches.lock().unwrap().push(batch.len());
        let poison = self.poison.lock().unwrap().clone();
        if batch.iter().any(|posting| Some(posting.key()) == poison.as_deref()) {
            return Err(StoreError::Constraint { name: "poison".to_owned() });
        }
        let fault = self.faults.lock().unwrap().pop_front();
        match fault {
            None => self.store.post(batch, now).await,
            Some(Fault::Unavailable) => Err(StoreError::Unavailable("lost".into())),
            Some(Fault::LostRequest) => Err(StoreError::Unknown("lost".into())),
            Some(Fault::LostReply) => {
                self.store.post(batch, now).await?;
                Err(StoreError::Unknown("lost".into()))
            }
            Some(Fault::Short) => {
                let mut outcomes = self.store.post(batch, now).await?;
                outcomes.pop();
                Ok(outcomes)
            }
        }
    }
    async fn begin_reconciliation(
        &self,
        node: i64,
        now: Timestamp,
        until: Timestamp,
        before: Timestamp,
    ) -> Result<Option<Reconciled>, StoreError> {
        self.store.begin_reconciliation(node, now, until, before).await
    }
    async fn end_reconciliation(
        &self,
        node: i64,
        now: Timestamp,
        seen: Reconciled,
    ) -> Result<(), StoreError> {
        self.store.end_reconciliation(node, now, seen).await
    }

    async fn put_pre_order(&self, record: PreOrderRecord) -> Result<(), StoreError> {
        self.store.put_pre_order(record).await
    }

    async fn purge_pre_orders(&self, now: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.store.purge_pre_orders(now, limit).await
    }
    async fn raise(&self, mark: Mark, by: u64) -> Result<u64, StoreError> {
        self.store.raise(mark, by).await
    }

    async fn land_again(&self, order_no: OrderNo, now: Timestamp) -> Result<bool, StoreError> {
        self.store.land_again(order_no, now).await
    }
}

#[async_trait]
impl LedgerReads for Faulty {
    async fn account(&self, account: Account) -> Result<AccountState, StoreError> {
        self.store.account(account).await
    }

    async fn entries(
        &self,
        user: UserId,
        before_id: Option<i64>,
        limit: u32,
    ) -> Result<Vec<Recorded>, StoreError> {
        self.store.entries(user, before_id, limit).await
    }

    async fn payment(&self, order_no: OrderNo) -> Result<Option<Payment>, StoreError> {
        self.store.payment(order_no).await
    }

    async fn payments(&self, orders: Vec<OrderNo>) -> Result<Vec<Payment>, StoreError> {
        self.store.payments(orders).await
    }

    async fn pre_order(&self, order_no: OrderNo) -> Result<Option<PreOrderRecord>, StoreError> {
        self.store.pre_order(order_no).await
    }

    async fn mark(&self, mark: Mark) -> Result<u64, StoreError> {
        self.store.mark(mark).await
    }

    async fn accounts_page(
        &self,
        after: Option<Account>,
        limit: u32,
    ) -> Result<Vec<(Account, AccountState)>, StoreError> {
        self.store.accounts_page(after, limit).await
    }

    async fn transfers_page(&self, after_id: i64, limit: u32) -> Result<Vec<Recorded>, StoreError> {
        self.store.transfers_page(after_id, limit).await
    }

    async fn legs_page(
        &self,
        after: Option<(Account, i64)>,
        limit: u32,
    ) -> Result<Vec<Leg>, StoreError> {
        self.store.legs_page(after, limit).await
    }

    async fn transfers_of(
        &self,
        order_no: OrderNo,
        after_id: i64,
        limit: u32,
    ) -> Result<Vec<Recorded>, StoreError> {
        self.store.transfers_of(order_no, after_id, limit).await
    }

    async fn fees_page(
        &self,
        after: Option<(OrderNo, i64)>,
        limit: u32,
    ) -> Result<Vec<(OrderNo, Recorded)>, StoreError> {
        self.store.fees_page(after, limit).await
    }

    async fn transfers_about(&self) -> Result<u64, StoreError> {
        self.store.transfers_about().await
    }

    async fn transfers_by_key(
        &self,
        keys: Vec<String>,
    ) -> Result<Vec<Option<Recorded>>, StoreError> {
        self.store.transfers_by_key(keys).await
    }

    async fn payments_page(
        &self,
        after: Option<OrderNo>,
        limit: u32,
    ) -> Result<Vec<Payment>, StoreError> {
        self.store.payments_page(after, limit).await
    }

    async fn awaiting_landing(&self, orders: Vec<OrderNo>) -> Result<Vec<OrderNo>, StoreError> {
        self.store.awaiting_landing(orders).await
    }

    async fn account_sum(&self, account: Account) -> Result<AccountSum, StoreError> {
        self.store.account_sum(account).await
    }

    async fn total(&self) -> Result<i64, StoreError> {
        tokio::time::sleep(self.pace).await;
        self.store.total().await
    }
}

impl HasOutbox for Faulty {
    fn outbox(&self) -> &dyn Outbox {
        &*self.store
    }
}
