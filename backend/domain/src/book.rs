//! What a batch of postings does to the books: a pure function over what is stored.
//!
//! Every store loads [`wanted`], lets [`decide`] judge, and writes [`Changes`] in the
//! same transaction. So repeats, refusals and balances are the same on every database.

use crate::{
    planted::Bug,
    record::Payment,
    runtime::SKEW_MAX,
    store::{
        ledger::{
            Account, Movement, PostOutcome, PostRefusal, Posted, Posting, Transfer, TransferKind,
        },
        outbox::{Destination, Due, OutboxEntry},
    },
};
use hongbao_shared::{Fen, OrderNo, Timestamp, UserId};
use std::collections::{BTreeMap, BTreeSet};

/// What must be loaded before a batch can be judged, without duplicates and in order:
/// databases that lock rows lock them in this order, so that no two batches deadlock.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Balances.
    pub accounts: BTreeSet<Account>,
    /// Transfers that may exist already.
    pub keys: BTreeSet<String>,
    /// Payments that may exist already.
    pub payments: BTreeSet<OrderNo>,
    /// What wallets have paid since a moment, where that is capped.
    pub paid: BTreeSet<(UserId, Timestamp)>,
}

/// What a batch needs to know.
pub fn wanted(batch: &[Posting]) -> Wanted {
    let mut wanted = Wanted::default();
    for posting in batch {
        wanted.accounts.extend([posting.debit(), posting.credit_account()]);
        wanted.keys.insert(posting.key().to_owned());
        if let Some(fee) = posting.fee() {
            wanted.accounts.extend([fee.debit, fee.credit]);
            wanted.keys.insert(fee.key);
        }
        if let (TransferKind::Pay, Some(order_no)) = (posting.kind(), posting.order_no()) {
            wanted.payments.insert(order_no);
        }
        if let (Some(cap), Some(payer)) = (posting.cap(), posting.debit().owner()) {
            wanted.paid.insert((payer, cap.since));
        }
    }
    wanted
}

/// What is stored of [`Wanted`]; what does not exist is left out.
#[derive(Debug, Default)]
pub struct Loaded {
    /// Balances in fen; an account that is not here holds nothing.
    pub balances: BTreeMap<Account, i64>,
    /// Transfers by key.
    pub transfers: BTreeMap<String, Transfer>,
    /// Payments by number.
    pub payments: BTreeMap<OrderNo, Payment>,
    /// What wallets have paid for packets since a moment, in fen; one that is not here, nothing.
    pub paid: BTreeMap<(UserId, Timestamp), i64>,
    /// What the clock of the database's server shows; `None` where it is this machine's.
    pub clock: Option<Timestamp>,
}

/// What is to be written, all of it in one transaction.
#[derive(Debug, Default)]
pub struct Changes<'b> {
    /// The new balances of all accounts that moved, in fen.
    pub balances: BTreeMap<Account, i64>,
    /// What credits of this batch bring into wallets, in fen; only accounts that are in
    /// `balances` too.
    pub credited: BTreeMap<Account, i64>,
    /// New lines of the books, in their order.
    pub transfers: Vec<Transfer>,
    /// New payments.
    pub payments: Vec<&'b Payment>,
    /// Rows that make the new payments land.
    pub outbox: Vec<OutboxEntry>,
}

impl Changes<'_> {
    /// Nothing to write: every posting was a repeat or was refused.
    pub fn is_empty(&self) -> bool {
        self.transfers.is_empty()
    }
}

/// Judges a batch in its order. `loaded` must hold everything that exists of what
/// [`wanted`] asks for.
pub fn decide(
    batch: &[Posting],
    loaded: Loaded,
    now: Timestamp,
) -> (Vec<PostOutcome>, Changes<'_>) {
    let mut book = Book { loaded, changes: Changes::default(), now };
    let outcomes = batch.iter().map(|posting| book.post(posting)).collect();
    (outcomes, book.changes)
}

struct Book<'b> {
    loaded: Loaded,
    changes: Changes<'b>,
    now: Timestamp,
}

impl<'b> Book<'b> {
    fn post(&mut self, posting: &'b Posting) -> PostOutcome {
        let again = posting.kind() == TransferKind::Credit && Bug::CreditTwice.is_planted();
        if let Some(earlier) = self.loaded.transfers.get(posting.key())
            && !again
        {
            let posted = self.repeat(posting, earlier)?;
            return self.catch_up(posting, posted);
        }
        if posting.payment().is_some_and(|payment| !self.is_in_time(payment)) {
            return Err(PostRefusal::PreOrderExpired);
        }
        if posting.amount().is_zero() {
            return Err(PostRefusal::NothingToMove);
        }
        let main = self.transfer(posting, posting.movement(), None)?;
        let fee = match posting.fee() {
            Some(fee) if self.loaded.transfers.contains_key(&fee.key) => {
                return Err(PostRefusal::KeyConflict);
            }
            Some(fee) => Some(self.transfer(posting, fee, Some(&main))?),
            None => None,
        };
        self.count(posting)?;
        let entered: Vec<Transfer> = [Some(main), fee].into_iter().flatten().collect();
        let held = |account| entered.iter().rev().find_map(|transfer| noted(transfer, account));
        let (debit_balance, credit_balance) = (
            held(posting.debit()).unwrap_or_default(),
            held(posting.credit_account()).unwrap_or_default(),
        );
        for transfer in entered {
            self.enter(transfer);
        }
        if let Some(payment) = posting.payment() {
            self.changes.outbox.push(land(payment.record.order_no));
            self.loaded.payments.insert(payment.record.order_no, payment.clone());
            self.changes.payments.push(payment);
        }
        Ok(Posted { at: self.now, debit_balance, credit_balance, repeated: false })
    }

    /// A node of the version before gives back the total alone; whoever comes again with the
    /// fee brings it. A payment that took none is left so: its fee stands in what is stored.
    fn catch_up(&mut self, posting: &Posting, posted: Posted) -> PostOutcome {
        let Some(fee) = posting.fee().filter(|fee| fee.kind == TransferKind::FeeRefund) else {
            return Ok(posted);
        };
        if let Some(earlier) = self.loaded.transfers.get(&fee.key) {
            let same = (earlier.debit, earlier.credit, earlier.amount)
                == (fee.debit, fee.credit, fee.amount);
            return if same { Ok(posted) } else { Err(PostRefusal::KeyConflict) };
        }
        let transfer = self.transfer(posting, fee, None)?;
        let credit_balance = transfer.credit_balance;
        self.enter(transfer);
        Ok(Posted { at: self.now, credit_balance, repeated: false, ..posted })
    }

    /// The line that a movement is, perhaps right after another one of its posting.
    fn transfer(
        &self,
        posting: &Posting,
        movement: Movement,
        after: Option<&Transfer>,
    ) -> Result<Transfer, PostRefusal> {
        let (debit_balance, credit_balance) = self.balances_after(&movement, after)?;
        let Movement { key, kind, debit, credit, amount } = movement;
        let (order_no, at) = (posting.order_no(), self.now);
        Ok(Transfer {
            key,
            kind,
            debit,
            credit,
            amount,
            debit_balance,
            credit_balance,
            order_no,
            at,
        })
    }

    fn enter(&mut self, transfer: Transfer) {
        for (account, balance) in
            [(transfer.debit, transfer.debit_balance), (transfer.credit, transfer.credit_balance)]
        {
            self.loaded.balances.insert(account, balance);
            self.changes.balances.insert(account, balance);
        }
        if transfer.kind == TransferKind::Credit {
            // A batch holds no more than a balance can, many times over.
            let credited = self.changes.credited.entry(transfer.credit).or_default();
            *credited = credited.saturating_add(transfer.amount.signed());
        }
        self.loaded.transfers.insert(transfer.key.clone(), transfer.clone());
        self.changes.transfers.push(transfer);
    }

    /// A pre-order is paid while it lives, or not at all: by the clock of the database, within
    /// the bound of skew, whatever the node believes that asked (R-SEND-2, R-CTRL-5).
    fn is_in_time(&self, payment: &Payment) -> bool {
        let Some(clock) = self.loaded.clock else { return payment.record.is_alive(self.now) };
        payment.record.is_alive(clock.minus(SKEW_MAX))
    }

    /// Counts what a wallet pays, and refuses what is beyond its cap. After everything else that
    /// can refuse, so that only what is paid counts.
    fn count(&mut self, posting: &Posting) -> Result<(), PostRefusal> {
        let (Some(cap), Some(payer)) = (posting.cap(), posting.debit().owner()) else {
            return Ok(());
        };
        let amount = posting.amount().signed();
        let paid = self.loaded.paid.get(&(payer, cap.since)).copied().unwrap_or_default();
        let left = cap.most.signed().saturating_sub(paid).max(0);
        if amount > left {
            let left = Fen::from_signed(left).unwrap_or(Fen::ZERO);
            return Err(PostRefusal::SendCapReached { left });
        }
        self.loaded.paid.entry((payer, cap.since)).or_default();
        // Also since other moments: a batch can hold the end of one day and the next.
        let since_any = (payer, Timestamp::from_millis(i64::MIN))..=(payer, self.now);
        for (_, paid) in self.loaded.paid.range_mut(since_any) {
            *paid = paid.saturating_add(amount);
        }
        Ok(())
    }

    /// The same operation answers as it did then; another one under its key is refused.
    fn repeat(&self, posting: &Posting, earlier: &Transfer) -> PostOutcome {
        let same = earlier.kind == posting.kind()
            && earlier.debit == posting.debit()
            && earlier.credit == posting.credit_account()
            && earlier.amount == posting.amount()
            && earlier.order_no == posting.order_no();
        if !same {
            return Err(PostRefusal::KeyConflict);
        }
        if let Some(payment) = posting.payment() {
            // When it was paid is not part of what was paid for.
            match self.loaded.payments.get(&payment.record.order_no) {
                Some(stored) if !payment.record.is_as_paid(&stored.record) => {
                    return Err(PostRefusal::KeyConflict);
                }
                Some(stored) if stored.client_seed != payment.client_seed => {
                    return Err(PostRefusal::ClientSeedDiffers);
                }
                Some(_) => {}
                None => return Err(PostRefusal::KeyConflict),
            }
        }
        let fee = posting.fee().and_then(|fee| self.loaded.transfers.get(&fee.key));
        let held = |account, then| fee.and_then(|fee| noted(fee, account)).unwrap_or(then);
        Ok(Posted {
            at: earlier.at,
            debit_balance: held(posting.debit(), earlier.debit_balance),
            credit_balance: held(posting.credit_account(), earlier.credit_balance),
            repeated: true,
        })
    }

    /// Both balances after a movement, perhaps right `after` a line that is not entered yet.
    fn balances_after(
        &self,
        movement: &Movement,
        after: Option<&Transfer>,
    ) -> Result<(i64, i64), PostRefusal> {
        let stored = |account| self.loaded.balances.get(&account).copied().unwrap_or_default();
        let held = |account| {
            after.and_then(|line| noted(line, account)).unwrap_or_else(|| stored(account))
        };
        let amount = movement.amount.signed();
        let debit_after =
            held(movement.debit).checked_sub(amount).ok_or(PostRefusal::OutOfRange)?;
        if debit_after < 0 && movement.debit != Account::Issuer {
            return Err(PostRefusal::InsufficientBalance { balance: stored(movement.debit) });
        }
        let credit_after =
            held(movement.credit).checked_add(amount).ok_or(PostRefusal::OutOfRange)?;
        let most = Fen::MAX.signed();
        if debit_after < most.saturating_neg() || credit_after > most {
            return Err(PostRefusal::OutOfRange);
        }
        Ok((debit_after, credit_after))
    }
}

/// What a line notes that an account held right after it, if it is one of its two.
fn noted(line: &Transfer, account: Account) -> Option<i64> {
    if line.debit == account {
        Some(line.debit_balance)
    } else {
        (line.credit == account).then_some(line.credit_balance)
    }
}

pub fn land(order_no: OrderNo) -> OutboxEntry {
    OutboxEntry {
        destination: Destination::Land,
        order_no,
        due: Due::Next,
        payload: serde_json::json!({ "order_no": order_no }).to_string(),
    }
}

#[cfg(test)]
mod tests;
