//! The ledger in memory.

use super::{StoreError, impl_moments, outbox::MemoryOutbox, refuse, size};
use async_trait::async_trait;
use hongbao_domain::{
    book::{self, Loaded},
    record::{Payment, PreOrderRecord},
    runtime::Clock,
    store::{
        ledger::{
            Account, AccountState, AccountSum, LedgerReads, LedgerStore, Leg, PostOutcome, Posting,
            Recorded, Transfer, TransferKind,
        },
        marks::Mark,
        outbox::{Destination, HasOutbox, Outbox},
        reconciled::Reconciled,
    },
};
use hongbao_shared::{OrderNo, Timestamp, UserId};
use parking_lot::Mutex;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// The books.
#[derive(Debug, Default)]
pub struct MemoryLedger {
    state: Mutex<State>,
    outbox: MemoryOutbox,
}

impl MemoryLedger {
    /// An empty one, which has a clock of its own, as a server has.
    pub fn with_clock(clock: Arc<dyn Clock>) -> Self {
        let outbox = MemoryOutbox::with_clock(clock);
        Self { outbox, ..Self::default() }
    }
}

#[derive(Clone, Debug, Default)]
struct State {
    accounts: BTreeMap<Account, AccountState>,
    /// In the order of ids, which count from 1.
    transfers: Vec<Transfer>,
    by_key: BTreeMap<String, i64>,
    by_account: BTreeMap<Account, Vec<i64>>,
    payments: BTreeMap<OrderNo, Payment>,
    pre_orders: BTreeMap<OrderNo, PreOrderRecord>,
    marks: BTreeMap<Mark, u64>,
    reconciliation: Reconciliation,
}

/// How far reconciliation has come, and who is at it.
#[derive(Clone, Debug, Default)]
struct Reconciliation {
    seen: Reconciled,
    holder: i64,
    held_until: i64,
    ended_at: i64,
}

impl_moments!(MemoryLedger, outbox);

impl HasOutbox for MemoryLedger {
    fn outbox(&self) -> &dyn Outbox {
        &self.outbox
    }
}

#[async_trait]
impl LedgerStore for MemoryLedger {
    async fn post(
        &self,
        batch: Vec<Posting>,
        now: Timestamp,
    ) -> Result<Vec<PostOutcome>, StoreError> {
        let mut state = self.state.lock();
        let wanted = book::wanted(&batch);
        let loaded = Loaded {
            balances: some(&state.accounts, wanted.accounts)
                .into_iter()
                .map(|(account, held)| (account, held.balance))
                .collect(),
            transfers: wanted
                .keys
                .into_iter()
                .filter_map(|key| {
                    let recorded = state.with_key(&key)?;
                    Some((key, recorded.transfer))
                })
                .collect(),
            payments: some(&state.payments, wanted.payments),
            paid: wanted
                .paid
                .into_iter()
                .map(|(payer, since)| ((payer, since), state.paid_since(payer, since)))
                .collect(),
            clock: self.outbox.clock.as_ref().map(|clock| clock.now()),
        };
        let (outcomes, changes) = book::decide(&batch, loaded, now);
        if changes.balances.iter().any(|(account, held)| *held < 0 && *account != Account::Issuer) {
            return refuse("accounts_only_the_issuer_is_negative");
        }
        for (account, balance) in changes.balances {
            let credited = changes.credited.get(&account).copied().unwrap_or_default();
            let held = state.accounts.entry(account).or_default();
            held.balance = balance;
            held.credited = held.credited.saturating_add(credited);
        }
        for transfer in changes.transfers {
            state.enter(transfer);
        }
        let payments = changes.payments.into_iter();
        state.payments.extend(payments.map(|payment| (payment.record.order_no, payment.clone())));
        self.outbox.insert(changes.outbox, now);
        Ok(outcomes)
    }

    async fn put_pre_order(&self, record: PreOrderRecord) -> Result<(), StoreError> {
        let mut state = self.state.lock();
        match state.pre_orders.get(&record.order_no) {
            Some(kept) if *kept != record => refuse("pre_orders_pkey"),
            Some(_) => Ok(()),
            None => {
                state.pre_orders.insert(record.order_no, record);
                Ok(())
            }
        }
    }

    async fn purge_pre_orders(&self, now: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let mut state = self.state.lock();
        let mut expired: Vec<_> = state
            .pre_orders
            .values()
            .filter(|record| record.expires_at < now)
            .map(|record| (record.expires_at, record.order_no))
            .collect();
        expired.sort_unstable();
        expired.truncate(size(limit));
        for (_, order_no) in &expired {
            state.pre_orders.remove(order_no);
        }
        Ok(u64::try_from(expired.len()).unwrap_or(u64::MAX))
    }

    async fn begin_reconciliation(
        &self,
        node: i64,
        now: Timestamp,
        until: Timestamp,
        before: Timestamp,
    ) -> Result<Option<Reconciled>, StoreError> {
        let held = &mut self.state.lock().reconciliation;
        let others = held.holder != node;
        let is_held = now.millis() < held.held_until;
        let is_early = before.millis() < held.ended_at;
        if others && (is_held || is_early) {
            return Ok(None);
        }
        (held.holder, held.held_until) = (node, until.millis());
        Ok(Some(held.seen.clone()))
    }

    async fn end_reconciliation(
        &self,
        node: i64,
        now: Timestamp,
        seen: Reconciled,
    ) -> Result<(), StoreError> {
        let held = &mut self.state.lock().reconciliation;
        if held.holder != node {
            return Ok(());
        }
        *held = Reconciliation { seen, holder: node, held_until: 0, ended_at: now.millis() };
        Ok(())
    }

    async fn raise(&self, mark: Mark, by: u64) -> Result<u64, StoreError> {
        let mut state = self.state.lock();
        let next = state.marks.entry(mark).or_default();
        let before = *next;
        *next = before.saturating_add(by);
        Ok(before)
    }

    async fn land_again(&self, order_no: OrderNo, now: Timestamp) -> Result<bool, StoreError> {
        let state = self.state.lock();
        let lost = state.payments.contains_key(&order_no)
            && !self.outbox.orders(Destination::Land).contains(&order_no);
        if lost {
            self.outbox.insert(vec![book::land(order_no)], now);
        }
        Ok(lost)
    }
}

#[async_trait]
impl LedgerReads for MemoryLedger {
    async fn account(&self, account: Account) -> Result<AccountState, StoreError> {
        Ok(self.state.lock().account(account))
    }

    async fn entries(
        &self,
        user: UserId,
        before_id: Option<i64>,
        limit: u32,
    ) -> Result<Vec<Recorded>, StoreError> {
        let state = self.state.lock();
        let ids = state.ids(Account::Wallet(user)).iter().rev();
        let ids = ids.filter(|id| before_id.is_none_or(|before| **id < before));
        Ok(ids.filter_map(|id| state.with_id(*id)).take(size(limit)).collect())
    }

    async fn payment(&self, order_no: OrderNo) -> Result<Option<Payment>, StoreError> {
        Ok(self.state.lock().payments.get(&order_no).cloned())
    }

    async fn payments(&self, orders: Vec<OrderNo>) -> Result<Vec<Payment>, StoreError> {
        let state = self.state.lock();
        Ok(orders.iter().filter_map(|order_no| state.payments.get(order_no)).cloned().collect())
    }

    async fn pre_order(&self, order_no: OrderNo) -> Result<Option<PreOrderRecord>, StoreError> {
        Ok(self.state.lock().pre_orders.get(&order_no).cloned())
    }

    async fn mark(&self, mark: Mark) -> Result<u64, StoreError> {
        Ok(self.state.lock().marks.get(&mark).copied().unwrap_or_default())
    }

    async fn accounts_page(
        &self,
        after: Option<Account>,
        limit: u32,
    ) -> Result<Vec<(Account, AccountState)>, StoreError> {
        let state = self.state.lock();
        let accounts = state.accounts.iter().map(|(account, held)| (*account, *held));
        let accounts = accounts.filter(|(account, _)| after.is_none_or(|after| *account > after));
        Ok(accounts.take(size(limit)).collect())
    }

    async fn transfers_page(&self, after_id: i64, limit: u32) -> Result<Vec<Recorded>, StoreError> {
        let state = self.state.lock();
        let ids = after_id.saturating_add(1)..;
        Ok(ids.map_while(|id| state.with_id(id)).take(size(limit)).collect())
    }

    async fn legs_page(
        &self,
        after: Option<(Account, i64)>,
        limit: u32,
    ) -> Result<Vec<Leg>, StoreError> {
        let state = self.state.lock();
        let legs = state
            .by_account
            .iter()
            .flat_map(|(account, ids)| ids.iter().map(|id| (*account, *id)))
            .filter(|place| after.is_none_or(|after| *place > after))
            .take(size(limit));
        Ok(legs.filter_map(|(account, id)| Some(state.with_id(id)?.leg(account))).collect())
    }

    async fn transfers_of(
        &self,
        order_no: OrderNo,
        after_id: i64,
        limit: u32,
    ) -> Result<Vec<Recorded>, StoreError> {
        let state = self.state.lock();
        let ids = state.ids(Account::Escrow(order_no)).iter().filter(|id| **id > after_id);
        Ok(ids.filter_map(|id| state.with_id(*id)).take(size(limit)).collect())
    }

    async fn fees_page(
        &self,
        after: Option<(OrderNo, i64)>,
        limit: u32,
    ) -> Result<Vec<(OrderNo, Recorded)>, StoreError> {
        let state = self.state.lock();
        let mut found: Vec<(OrderNo, Recorded)> = state
            .ids(Account::Fees)
            .iter()
            .filter_map(|id| state.with_id(*id))
            .filter_map(|line| Some((line.transfer.order_no?, line)))
            .filter(|(order_no, line)| after.is_none_or(|after| (*order_no, line.id) > after))
            .collect();
        found.sort_unstable_by_key(|(order_no, line)| (*order_no, line.id));
        found.truncate(size(limit));
        Ok(found)
    }

    async fn transfers_about(&self) -> Result<u64, StoreError> {
        Ok(u64::try_from(self.state.lock().transfers.len()).unwrap_or(u64::MAX))
    }

    async fn transfers_by_key(
        &self,
        keys: Vec<String>,
    ) -> Result<Vec<Option<Recorded>>, StoreError> {
        let state = self.state.lock();
        Ok(keys.iter().map(|key| state.with_key(key)).collect())
    }

    async fn payments_page(
        &self,
        after: Option<OrderNo>,
        limit: u32,
    ) -> Result<Vec<Payment>, StoreError> {
        let state = self.state.lock();
        let payments = state.payments.iter();
        let payments = payments.filter(|(no, _)| after.is_none_or(|after| **no > after));
        Ok(payments.map(|(_, payment)| payment.clone()).take(size(limit)).collect())
    }

    async fn awaiting_landing(&self, orders: Vec<OrderNo>) -> Result<Vec<OrderNo>, StoreError> {
        let waiting = self.outbox.orders(Destination::Land);
        Ok(orders.into_iter().filter(|order_no| waiting.contains(order_no)).collect())
    }

    async fn account_sum(&self, account: Account) -> Result<AccountSum, StoreError> {
        let state = self.state.lock();
        let mut summed = AccountState::default();
        for id in state.ids(account) {
            let Some(recorded) = state.with_id(*id) else { continue };
            summed = summed.plus(&recorded.leg(account)).ok_or_else(|| {
                StoreError::Corrupt(format!("the transfers of {account} overflow"))
            })?;
        }
        Ok(AccountSum { stated: state.account(account), summed })
    }

    async fn total(&self) -> Result<i64, StoreError> {
        Ok(self.state.lock().accounts.values().map(|held| held.balance).sum())
    }
}

impl State {
    fn account(&self, account: Account) -> AccountState {
        self.accounts.get(&account).copied().unwrap_or_default()
    }

    fn enter(&mut self, transfer: Transfer) {
        let id = i64::try_from(self.transfers.len()).unwrap_or(i64::MAX).saturating_add(1);
        self.by_key.insert(transfer.key.clone(), id);
        for account in [transfer.debit, transfer.credit] {
            self.by_account.entry(account).or_default().push(id);
        }
        self.transfers.push(transfer);
    }

    fn ids(&self, account: Account) -> &[i64] {
        self.by_account.get(&account).map_or(&[], Vec::as_slice)
    }

    fn paid_since(&self, payer: UserId, since: Timestamp) -> i64 {
        let wallet = Account::Wallet(payer);
        let lines = self.ids(wallet).iter().filter_map(|id| self.with_id(*id));
        let paid = lines.map(|line| line.transfer).filter(|transfer| {
            transfer.kind == TransferKind::Pay && transfer.debit == wallet && transfer.at >= since
        });
        paid.map(|transfer| transfer.amount.signed()).sum()
    }

    fn with_id(&self, id: i64) -> Option<Recorded> {
        let place = usize::try_from(id.checked_sub(1)?).ok()?;
        Some(Recorded { id, transfer: self.transfers.get(place)?.clone() })
    }

    fn with_key(&self, key: &str) -> Option<Recorded> {
        self.with_id(*self.by_key.get(key)?)
    }
}

fn some<K: Ord + Copy, V: Clone>(all: &BTreeMap<K, V>, keys: BTreeSet<K>) -> BTreeMap<K, V> {
    keys.into_iter().filter_map(|key| Some((key, all.get(&key)?.clone()))).collect()
}
