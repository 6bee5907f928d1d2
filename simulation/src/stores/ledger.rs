use super::{gated, outbox::Gated};
use crate::fault::Step;
use hongbao_domain::{
    record::{Payment, PreOrderRecord},
    store::{
        StoreError,
        ledger::{
            Account, AccountState, AccountSum, LedgerReads, LedgerStore, Leg, PostOutcome, Posted,
            Posting, Recorded, TransferKind,
        },
        marks::Mark,
        reconciled::Reconciled,
    },
};
use hongbao_memory::MemoryLedger;
use hongbao_shared::{OrderNo, Timestamp, UserId};

/// The ledger's database behind a gate.
pub(crate) type GatedLedger = Gated<MemoryLedger>;

fn steps(batch: &[Posting]) -> Vec<Step> {
    let mut steps = Vec::new();
    for (kind, step) in [
        (TransferKind::Refund, Step::Refund),
        (TransferKind::TopUp, Step::TopUp),
        (TransferKind::Pay, Step::Pay),
        (TransferKind::Credit, Step::Credit),
    ] {
        if batch.iter().any(|posting| posting.kind() == kind) {
            steps.push(step);
        }
    }
    steps
}

gated! {
    impl LedgerStore for GatedLedger, StoreError;
    reads {}
    writes {
        Step::RaiseMark => fn raise(mark: Mark, by: u64) -> u64;
        Step::Settle => fn land_again(order_no: OrderNo, now: Timestamp) -> bool;
        Step::PreOrder => fn put_pre_order(record: PreOrderRecord) -> ();
        Step::PurgePreOrders => fn purge_pre_orders(now: Timestamp, limit: u32) -> u64;
    }
    free {
        fn begin_reconciliation(
            node: i64,
            now: Timestamp,
            until: Timestamp,
            before: Timestamp
        ) -> Option<Reconciled>;
        fn end_reconciliation(node: i64, now: Timestamp, seen: Reconciled) -> ();
    }
    async fn post(
        &self,
        batch: Vec<Posting>,
        now: Timestamp,
    ) -> Result<Vec<PostOutcome>, StoreError> {
        let steps = steps(&batch);
        let post = async {
            let outcomes = self.inner.post(batch.clone(), now).await?;
            for (posting, outcome) in batch.iter().zip(&outcomes) {
                if let (Some(payment), Ok(Posted { repeated: false, .. })) =
                    (posting.payment(), outcome)
                {
                    self.gate.judge.paid(payment, now);
                }
            }
            Ok(outcomes)
        };
        self.gate.write(&steps, post).await
    }
}

gated! {
    impl LedgerReads for GatedLedger, StoreError;
    reads {
        fn account(account: Account) -> AccountState;
        fn entries(user: UserId, before_id: Option<i64>, limit: u32) -> Vec<Recorded>;
        fn payment(order_no: OrderNo) -> Option<Payment>;
        fn payments(orders: Vec<OrderNo>) -> Vec<Payment>;
        fn pre_order(order_no: OrderNo) -> Option<PreOrderRecord>;
        fn accounts_page(after: Option<Account>, limit: u32) -> Vec<(Account, AccountState)>;
        fn transfers_page(after_id: i64, limit: u32) -> Vec<Recorded>;
        fn legs_page(after: Option<(Account, i64)>, limit: u32) -> Vec<Leg>;
        fn transfers_of(order_no: OrderNo, after_id: i64, limit: u32) -> Vec<Recorded>;
        fn fees_page(after: Option<(OrderNo, i64)>, limit: u32) -> Vec<(OrderNo, Recorded)>;
        fn transfers_by_key(keys: Vec<String>) -> Vec<Option<Recorded>>;
        fn payments_page(after: Option<OrderNo>, limit: u32) -> Vec<Payment>;
        fn awaiting_landing(orders: Vec<OrderNo>) -> Vec<OrderNo>;
        fn transfers_about() -> u64;
        fn mark(mark: Mark) -> u64;
        fn account_sum(account: Account) -> AccountSum;
        fn total() -> i64;
    }
    writes {}
    free {}
}
