//! Money: wallets, escrows, and the transfers between them (R-MONEY). Only this module
//! changes a balance, through one lane that enters many transfers in one transaction.

mod cursor;
mod lane;
mod treasury;

pub use treasury::Treasury;

pub use lane::{BATCH_MAX, PAYMENTS_PER_BATCH_MAX, QUEUE_MAX};

use crate::lists::Lists;
use hongbao_domain::{
    Refusal,
    crash::{self, Step},
    record::{Payment, PreOrderRecord},
    runtime::{Clock, Tasks},
    store::{
        StoreError,
        ledger::{
            Account, AccountState, DayCap, Gift, LedgerStore, PostRefusal, Posted, Posting,
            Recorded, TransferKind,
        },
    },
};
use hongbao_shared::{
    ErrorCode, Fen, OrderNo, UserId,
    api::{
        Page,
        wallet::{Entry, EntryKind, Wallet},
    },
};
use lane::{Done, Lane};
use std::{collections::BTreeMap, sync::Arc};

/// The most entries of one page of a statement.
pub const PAGE_MAX: u32 = 100;

/// The ledger's service. Clones share one lane.
#[derive(Clone, Debug)]
pub struct Ledger {
    store: Arc<dyn LedgerStore>,
    lane: Lane,
    treasury: Option<Arc<Treasury>>,
}

/// A payment that is in the books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paid {
    /// What is stored: with a repeated call, what the first one stored.
    pub payment: Payment,
    /// What the sender's wallet held right after.
    pub balance_fen: Fen,
    /// It had been paid before; nothing moved now.
    pub repeated: bool,
}

/// A share that is to reach the wallet of whoever opened it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CreditClaim {
    /// Of which packet.
    pub order_no: OrderNo,
    /// Which share.
    pub seq: u32,
    /// Whose wallet.
    pub user_id: UserId,
    /// How much.
    pub amount: Fen,
}

/// What became of money that was to leave an escrow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CreditOutcome {
    /// It is in the wallet.
    Credited,
    /// It was in the wallet already.
    Repeated,
    /// It cannot be moved, not by trying again either; for administrators: why.
    Refused(String),
}

impl Ledger {
    /// Starts the lane as a task of `tasks`, where no client can cancel it.
    pub fn start(store: Arc<dyn LedgerStore>, clock: Arc<dyn Clock>, tasks: &Tasks) -> Self {
        let lane = Lane::start(store.clone(), clock, tasks);
        Self { store, lane, treasury: None }
    }

    /// With what the house gives and allows; without, it gives nothing and caps nothing.
    #[must_use]
    pub fn with_treasury(self, treasury: Treasury) -> Self {
        Self { treasury: Some(Arc::new(treasury)), ..self }
    }

    /// The store, for delivery from its outbox and for the audit.
    pub fn store(&self) -> &Arc<dyn LedgerStore> {
        &self.store
    }

    /// Takes no more work, finishes what waits, and returns when all is answered.
    pub async fn shutdown(&self) {
        self.lane.shutdown().await;
    }

    /// What a person can spend now.
    pub async fn balance(&self, user: UserId) -> Result<Fen, Refusal> {
        Ok(self.account(user).await?.held()?)
    }

    /// What a person's wallet says of itself.
    pub async fn account(&self, user: UserId) -> Result<AccountState, Refusal> {
        Ok(self.store.account(Account::Wallet(user)).await?)
    }

    /// What a person can spend now, and what was opened and is not credited yet
    /// (R-PEOPLE-3): what the list "received" says they have ever opened, less what
    /// credits have ever brought them.
    ///
    /// The list is written a moment after the open, sometimes after the credit, so this
    /// may show too little for a moment, never below zero, and never too much: the
    /// ledger is read first, so what is credited in between is missing in the balance
    /// as it is shown here. With lists down, `pending_fen` is absent.
    pub async fn wallet(&self, user: UserId, lists: &Lists) -> Result<Wallet, Refusal> {
        self.shown(user, self.account(user).await?, lists).await
    }

    /// The same of a wallet that was read.
    pub async fn shown(
        &self,
        user: UserId,
        stated: AccountState,
        lists: &Lists,
    ) -> Result<Wallet, Refusal> {
        let received = lists.received_fen(user).await;
        let pending_fen = match received {
            Ok(received) => Some(held(received.signed().saturating_sub(stated.credited).max(0))?),
            Err(error) => {
                tracing::debug!(%error, "a wallet is shown without what is on its way");
                None
            }
        };
        Ok(Wallet { balance_fen: held(stated.balance)?, pending_fen })
    }

    /// A page of a wallet's statement, newest first; `limit` is capped at [`PAGE_MAX`].
    pub async fn entries(
        &self,
        user: UserId,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Page<Entry>, Refusal> {
        let before = cursor.map(cursor::read).transpose()?;
        let limit = limit.clamp(1, PAGE_MAX);
        // One more than asked for tells whether there is a next page.
        let mut found = self.store.entries(user, before, limit.saturating_add(1)).await?;
        let more = u32::try_from(found.len()).is_ok_and(|found| found > limit);
        if more {
            found.pop();
        }
        let next_cursor = found.last().filter(|_| more).map(|last| cursor::write(last.id));
        let items = found.iter().map(|line| entry(user, line)).collect::<Result<_, _>>()?;
        Ok(Page { items, next_cursor })
    }

    /// Moves a packet's total from its sender's wallet into its escrow, its fee to the house
    /// (R-API-4), and stores the payment (R-SEND-2). The same again answers as before; with another client seed
    /// it is refused as `client_seed_differs`.
    pub async fn pay(&self, payment: Payment) -> Result<Paid, Refusal> {
        self.pay_within(self.cap(), payment).await
    }

    /// The same, within another cap.
    pub(crate) async fn pay_within(
        &self,
        cap: Option<DayCap>,
        payment: Payment,
    ) -> Result<Paid, Refusal> {
        let order_no = payment.record.order_no;
        let posted = match self.lane.interactive(Posting::pay(payment.clone()).within(cap)).await? {
            Ok(posted) => posted,
            Err(PostRefusal::InsufficientBalance { .. }) => {
                return Err(ErrorCode::InsufficientBalance.into());
            }
            Err(PostRefusal::SendCapReached { left }) => {
                let detail = format!("{} fen are left of what you may send today.", left.get());
                return Err(Refusal::new(ErrorCode::SendCapReached).detail(detail));
            }
            Err(PostRefusal::PreOrderExpired) => return Err(ErrorCode::PreOrderExpired.into()),
            Err(PostRefusal::ClientSeedDiffers) => {
                return Err(ErrorCode::ClientSeedDiffers.into());
            }
            Err(refusal) => return Err(Refusal::internal(refusal)),
        };
        let payment = if posted.repeated {
            self.payment(order_no).await?.ok_or_else(|| {
                StoreError::Corrupt(format!("{order_no} was paid, but has no payment"))
            })?
        } else {
            payment
        };
        let balance_fen = held(posted.debit_balance)?;
        Ok(Paid { payment, balance_fen, repeated: posted.repeated })
    }

    /// What was paid for under this number, if anything.
    pub async fn payment(&self, order_no: OrderNo) -> Result<Option<Payment>, Refusal> {
        Ok(self.store.payment(order_no).await?)
    }

    /// Likewise under several, by their numbers.
    pub async fn payments(
        &self,
        orders: Vec<OrderNo>,
    ) -> Result<BTreeMap<OrderNo, Payment>, Refusal> {
        let paid = self.store.payments(orders).await?;
        Ok(paid.into_iter().map(|payment| (payment.record.order_no, payment)).collect())
    }

    /// Credits shares from their escrows. Each has an outcome of its own, in the order
    /// of `claims`; one that is refused blocks no other. On an error all of them can be
    /// tried again.
    pub async fn credit(&self, claims: Vec<CreditClaim>) -> Result<Vec<CreditOutcome>, Refusal> {
        let mut outcomes = Vec::with_capacity(claims.len());
        for part in claims.chunks(BATCH_MAX) {
            let postings = part
                .iter()
                .map(|claim| {
                    Posting::credit(claim.order_no, claim.seq, claim.user_id, claim.amount)
                })
                .collect();
            let done = self.lane.credits(postings).await?;
            outcomes.extend(done.into_iter().map(credit_outcome));
        }
        Ok(outcomes)
    }

    /// Returns what is left of a packet to its sender, exactly once, whether it expired
    /// or could not land (R-MONEY-4, R-SEND-2); with what was given up also its fee (R-API-4),
    /// in the same transaction.
    pub async fn refund(
        &self,
        order_no: OrderNo,
        sender: UserId,
        amount: Fen,
        fee: Fen,
    ) -> Result<CreditOutcome, Refusal> {
        let refund = Posting::refund(order_no, sender, amount).with_fee(fee);
        let done = self.lane.credits(vec![refund]).await?;
        done.into_iter()
            .next()
            .map(credit_outcome)
            .ok_or_else(|| Refusal::internal(anyhow::anyhow!("the lane gave no outcome")))
    }

    /// Keeps a pre-order that the shared cache could not take (R-SEND-4).
    pub async fn put_pre_order(&self, record: PreOrderRecord) -> Result<(), Refusal> {
        crash::before(Step::PreOrderStored);
        self.store.put_pre_order(record).await?;
        crash::after(Step::PreOrderStored);
        Ok(())
    }

    /// A pre-order that was kept here, expired or not.
    pub async fn pre_order(&self, order_no: OrderNo) -> Result<Option<PreOrderRecord>, Refusal> {
        Ok(self.store.pre_order(order_no).await?)
    }
}

fn credit_outcome(done: Done) -> CreditOutcome {
    match done {
        Ok(Ok(Posted { repeated: false, .. })) => CreditOutcome::Credited,
        Ok(Ok(Posted { repeated: true, .. })) => CreditOutcome::Repeated,
        Ok(Err(refusal)) => CreditOutcome::Refused(refusal.to_string()),
        Err(fault) => CreditOutcome::Refused(format!("{fault:?}")),
    }
}

/// The balance of an account that cannot be negative.
fn held(balance: i64) -> Result<Fen, Refusal> {
    Ok(hongbao_domain::store::fen(balance)?)
}

fn entry(user: UserId, line: &Recorded) -> Result<Entry, Refusal> {
    let transfer = &line.transfer;
    let amount = transfer.amount.signed();
    let (amount_fen, balance) = if transfer.debit == Account::Wallet(user) {
        (amount.saturating_neg(), transfer.debit_balance)
    } else {
        (amount, transfer.credit_balance)
    };
    let kind = match transfer.kind {
        TransferKind::TopUp => match Gift::of(&transfer.key, user) {
            Some(Gift::Welcome) => EntryKind::Welcome,
            Some(Gift::Allowance(_)) => EntryKind::Allowance,
            Some(Gift::Grant) => EntryKind::Grant,
            None => EntryKind::TopUp,
        },
        TransferKind::Pay => EntryKind::Pay,
        TransferKind::Credit => EntryKind::Credit,
        TransferKind::Refund => EntryKind::Refund,
        TransferKind::Fee => EntryKind::Fee,
        TransferKind::FeeRefund => EntryKind::FeeRefund,
    };
    let (kind, balance_fen) = (kind.into(), held(balance)?);
    Ok(Entry { at: transfer.at, kind, amount_fen, balance_fen, order_no: transfer.order_no })
}
