//! The laws of the ledger alone.

use super::{Audited, Law, PAGE, Report, Subject};
use crate::store::{
    StoreError,
    ledger::{
        Account, AccountState, LedgerStore, Leg, Posting, Transfer, TransferKind, credit_key,
        refund_key,
    },
};
use std::collections::VecDeque;

pub(crate) async fn audit(audited: &Audited<'_>, report: &mut Report) -> anyhow::Result<()> {
    let ledger = audited.ledger;
    let total = ledger.total().await?;
    report
        .violations
        .check(total == 0, Law::TotalIsZero, place(), || format!("all balances add up to {total}"));
    accounts(ledger, report).await?;
    transfers(ledger, report).await?;
    Ok(())
}

fn place() -> Subject {
    Subject::Place("ledger".to_owned())
}

/// Walks accounts and their transfers side by side, both in the order of accounts.
async fn accounts(ledger: &dyn LedgerStore, report: &mut Report) -> Result<(), StoreError> {
    let mut legs = Legs { ledger, page: VecDeque::new(), after: None, ended: false };
    let mut after = None;
    loop {
        let read = ledger.accounts_page(after, PAGE).await;
        let Some(page) = report.violations.unless_corrupt(place(), read)? else { return Ok(()) };
        let Some((last, _)) = page.last() else { break };
        after = Some(*last);
        for (account, stated) in page {
            report.counts.accounts = report.counts.accounts.saturating_add(1);
            report.violations.check(
                account == Account::Issuer || stated.balance >= 0,
                Law::NoneNegative,
                account,
                || format!("holds {}", stated.balance),
            );
            while let Some(stray) = legs.next_of(|of| of < account).await? {
                compare(ledger, stray.account, None, report).await?;
            }
            let summed = sum(&mut legs, account, report).await?;
            if summed != Some(stated) {
                compare(ledger, account, summed, report).await?;
            }
        }
    }
    // Transfers of accounts that do not exist.
    while let Some(stray) = legs.next_of(|_| true).await? {
        compare(ledger, stray.account, None, report).await?;
    }
    Ok(())
}

/// The sums of an account's transfers, each checked against the balance it notes; `None`
/// beyond 64 bits.
async fn sum(
    legs: &mut Legs<'_>,
    account: Account,
    report: &mut Report,
) -> Result<Option<AccountState>, StoreError> {
    let mut before = Some(0_i64);
    let mut summed = Some(AccountState::default());
    while let Some(leg) = legs.next_of(|of| of == account).await? {
        summed = summed.and_then(|sum| {
            let credit = if leg.is_credit { leg.change } else { 0 };
            Some(AccountState {
                balance: sum.balance.checked_add(leg.change)?,
                credited: sum.credited.checked_add(credit)?,
            })
        });
        let follows = before.and_then(|before| before.checked_add(leg.change));
        report.violations.check(follows == Some(leg.balance), Law::BalancesFollow, account, || {
            format!("transfer {} notes {} instead of {follows:?}", leg.id, leg.balance)
        });
        // From what is noted, so that one wrong line is one finding, or two.
        before = Some(leg.balance);
    }
    Ok(summed)
}

/// Looks at account and sums at one moment, because they were read at two.
async fn compare(
    ledger: &dyn LedgerStore,
    account: Account,
    summed: Option<AccountState>,
    report: &mut Report,
) -> Result<(), StoreError> {
    let read = ledger.account_sum(account).await;
    if let Some(now) = report.violations.unless_corrupt(account, read)? {
        let (stated, summed) = (now.stated, now.summed);
        report.violations.check(
            stated.balance == summed.balance,
            Law::BalanceIsSum,
            account,
            || format!("holds {}, but its transfers add up to {}", stated.balance, summed.balance),
        );
        report.violations.check(
            stated.credited == summed.credited,
            Law::CreditedIsSum,
            account,
            || {
                format!(
                    "was credited {}, but its credits add up to {}",
                    stated.credited, summed.credited
                )
            },
        );
    } else if summed.is_none() {
        report.violations.note(Law::BalanceIsSum, account, "its transfers overflow");
    }
    Ok(())
}

/// Legs in the order of accounts, read by pages.
struct Legs<'a> {
    ledger: &'a dyn LedgerStore,
    page: VecDeque<Leg>,
    after: Option<(Account, i64)>,
    ended: bool,
}

impl Legs<'_> {
    /// The next leg, if its account is one that is wanted.
    async fn next_of(
        &mut self,
        wanted: impl Fn(Account) -> bool,
    ) -> Result<Option<Leg>, StoreError> {
        if self.page.is_empty() && !self.ended {
            self.page = self.ledger.legs_page(self.after, PAGE).await?.into();
            match self.page.back() {
                Some(last) => self.after = Some((last.account, last.id)),
                None => self.ended = true,
            }
        }
        match self.page.front() {
            Some(leg) if wanted(leg.account) => Ok(self.page.pop_front()),
            _ => Ok(None),
        }
    }
}

async fn transfers(ledger: &dyn LedgerStore, report: &mut Report) -> Result<(), StoreError> {
    let mut after = 0;
    loop {
        let read = ledger.transfers_page(after, PAGE).await;
        let Some(page) = report.violations.unless_corrupt(place(), read)? else { return Ok(()) };
        let Some(last) = page.last() else { return Ok(()) };
        after = last.id;
        for line in page {
            report.counts.transfers = report.counts.transfers.saturating_add(1);
            report.violations.check(fits(&line.transfer), Law::TransferFits, place(), || {
                let Transfer { key, kind, debit, credit, .. } = &line.transfer;
                format!(
                    "transfer {} with the key {key} is {} from {debit} to {credit}",
                    line.id,
                    kind.as_str()
                )
            });
        }
    }
}

/// Do key, kind, accounts and packet belong together?
fn fits(transfer: &Transfer) -> bool {
    let key = transfer.key.as_str();
    match (transfer.kind, transfer.debit, transfer.credit, transfer.order_no) {
        (TransferKind::TopUp, Account::Issuer, Account::Wallet(user), None) => {
            key.starts_with(Posting::top_up(user, transfer.amount, "").key())
        }
        (TransferKind::Pay, Account::Wallet(_), Account::Escrow(to), Some(order_no)) => {
            to == order_no && key == format!("pay:{order_no}")
        }
        (TransferKind::Credit, Account::Escrow(from), Account::Wallet(_), Some(order_no)) => {
            from == order_no && credit_seq(key).is_some_and(|seq| key == credit_key(order_no, seq))
        }
        (TransferKind::Refund, Account::Escrow(from), Account::Wallet(_), Some(order_no)) => {
            from == order_no && key == refund_key(order_no)
        }
        _ => false,
    }
}

/// The share that a credit's key names.
pub(super) fn credit_seq(key: &str) -> Option<u32> {
    key.strip_prefix("credit:")?.rsplit_once(':')?.1.parse().ok()
}
