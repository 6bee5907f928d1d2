//! What a batch of postings does to the books: a pure function over what is stored.
//!
//! Every store loads [`wanted`], lets [`decide`] judge, and writes [`Changes`] in the
//! same transaction. So repeats, refusals and balances are the same on every database.

use crate::{
    planted::Bug,
    record::Payment,
    runtime::SKEW_MAX,
    store::{
        ledger::{Account, PostOutcome, PostRefusal, Posted, Posting, Transfer, TransferKind},
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
            return self.repeat(posting, earlier);
        }
        if posting.payment().is_some_and(|payment| !self.is_in_time(payment)) {
            return Err(PostRefusal::PreOrderExpired);
        }
        if posting.amount().is_zero() {
            return Err(PostRefusal::NothingToMove);
        }
        let (debit_balance, credit_balance) = self.balances_after(posting)?;
        self.count(posting)?;
        let transfer = Transfer {
            key: posting.key().to_owned(),
            kind: posting.kind(),
            debit: posting.debit(),
            credit: posting.credit_account(),
            amount: posting.amount(),
            debit_balance,
            credit_balance,
            order_no: posting.order_no(),
            at: self.now,
        };
        for (account, balance) in
            [(transfer.debit, debit_balance), (transfer.credit, credit_balance)]
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
        if let Some(payment) = posting.payment() {
            self.changes.outbox.push(land(payment.record.order_no));
            self.loaded.payments.insert(payment.record.order_no, payment.clone());
            self.changes.payments.push(payment);
        }
        Ok(Posted { at: self.now, debit_balance, credit_balance, repeated: false })
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
                Some(stored) if stored.record != payment.record => {
                    return Err(PostRefusal::KeyConflict);
                }
                Some(stored) if stored.client_seed != payment.client_seed => {
                    return Err(PostRefusal::ClientSeedDiffers);
                }
                Some(_) => {}
                None => return Err(PostRefusal::KeyConflict),
            }
        }
        Ok(Posted {
            at: earlier.at,
            debit_balance: earlier.debit_balance,
            credit_balance: earlier.credit_balance,
            repeated: true,
        })
    }

    fn balances_after(&self, posting: &Posting) -> Result<(i64, i64), PostRefusal> {
        let held = |account| self.loaded.balances.get(&account).copied().unwrap_or_default();
        let amount = posting.amount().signed();
        let debited = held(posting.debit());
        let debit_after = debited.checked_sub(amount).ok_or(PostRefusal::OutOfRange)?;
        if debit_after < 0 && posting.debit() != Account::Issuer {
            return Err(PostRefusal::InsufficientBalance { balance: debited });
        }
        let credit_after =
            held(posting.credit_account()).checked_add(amount).ok_or(PostRefusal::OutOfRange)?;
        let most = Fen::MAX.signed();
        if debit_after < most.saturating_neg() || credit_after > most {
            return Err(PostRefusal::OutOfRange);
        }
        Ok((debit_after, credit_after))
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
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_000);

    fn fen(fen: u64) -> Fen {
        Fen::new(fen).unwrap()
    }
    fn user(id: i64) -> UserId {
        UserId::new(id).unwrap()
    }

    #[test]
    fn a_later_posting_sees_an_earlier_one_and_a_repeat_moves_nothing() {
        let order_no = OrderNo::from_bits(5).unwrap();
        let loaded = Loaded {
            balances: BTreeMap::from([(Account::Escrow(order_no), 10)]),
            ..Loaded::default()
        };
        let batch = vec![
            Posting::credit(order_no, 0, user(1), fen(7)),
            Posting::credit(order_no, 1, user(2), fen(7)),
            Posting::credit(order_no, 0, user(1), fen(7)),
            Posting::credit(order_no, 0, user(2), fen(7)),
            Posting::credit(order_no, 2, user(2), fen(3)),
            Posting::credit(order_no, 3, user(2), Fen::ZERO),
        ];
        let (outcomes, changes) = decide(&batch, loaded, NOW);
        let posted = |debit_balance, credit_balance, repeated| {
            Ok(Posted { at: NOW, debit_balance, credit_balance, repeated })
        };
        assert_eq!(
            outcomes,
            [
                posted(3, 7, false),
                Err(PostRefusal::InsufficientBalance { balance: 3 }),
                posted(3, 7, true),
                Err(PostRefusal::KeyConflict),
                posted(0, 3, false),
                Err(PostRefusal::NothingToMove),
            ]
        );
        assert_eq!(changes.transfers.len(), 2);
        assert_eq!(changes.balances.values().sum::<i64>(), 10);
        let credited =
            BTreeMap::from([(Account::Wallet(user(1)), 7), (Account::Wallet(user(2)), 3)]);
        assert_eq!(changes.credited, credited);
    }

    /// R-MONEY-1: up to the end is within the range.
    #[test]
    fn balances_reach_the_ends_of_the_range() {
        let order_no = OrderNo::from_bits(5).unwrap();
        let most = Fen::MAX.signed();
        let loaded = Loaded {
            balances: BTreeMap::from([
                (Account::Wallet(user(1)), most - 2),
                (Account::Issuer, -most + 1),
                (Account::Escrow(order_no), 10),
            ]),
            ..Loaded::default()
        };
        let batch = vec![
            Posting::credit(order_no, 0, user(1), fen(3)),
            Posting::credit(order_no, 1, user(1), Fen::ONE),
            Posting::top_up(user(1), Fen::ONE, "a"),
            Posting::credit(order_no, 2, user(1), Fen::ONE),
            Posting::top_up(user(2), Fen::ONE, "b"),
        ];
        let (outcomes, changes) = decide(&batch, loaded, NOW);
        let refused: Vec<_> = outcomes.iter().map(|outcome| outcome.err()).collect();
        let beyond = Some(PostRefusal::OutOfRange);
        assert_eq!(refused, [beyond, None, None, beyond, beyond]);
        let balances = BTreeMap::from([
            (Account::Wallet(user(1)), most),
            (Account::Issuer, -most),
            (Account::Escrow(order_no), 9),
        ]);
        assert_eq!(changes.balances, balances);
    }

    #[test]
    fn no_balance_leaves_the_range_of_fen() {
        let loaded = Loaded {
            balances: BTreeMap::from([
                (Account::Wallet(user(1)), Fen::MAX.signed()),
                (Account::Issuer, -Fen::MAX.signed()),
            ]),
            ..Loaded::default()
        };
        let batch =
            vec![Posting::top_up(user(1), Fen::ONE, "a"), Posting::top_up(user(2), Fen::ONE, "b")];
        let (outcomes, changes) = decide(&batch, loaded, NOW);
        assert_eq!(outcomes, [Err(PostRefusal::OutOfRange), Err(PostRefusal::OutOfRange)]);
        assert!(changes.is_empty());
    }
}
