//! Accounts against their transfers, and transfers that belong to no packet.

use super::{
    Audited, Law, PAGE, Report, Stage, Subject,
    packet::{fits, misfit},
    watch::tell,
};
use crate::store::{
    StoreError,
    ledger::{Account, AccountState, LedgerStore, Leg},
};
use std::collections::VecDeque;

pub(super) async fn audit(audited: &Audited<'_>, report: &mut Report) -> Result<(), StoreError> {
    let expected = audited.ledger.transfers_about().await?;
    accounts(audited, expected, report).await?;
    transfers(audited.ledger, report).await
}

fn place() -> Subject {
    Subject::Place("ledger".to_owned())
}

/// Walks accounts and their transfers side by side, both in the order of accounts.
async fn accounts(
    audited: &Audited<'_>,
    expected: u64,
    report: &mut Report,
) -> Result<(), StoreError> {
    let ledger = audited.ledger;
    let mut legs = Legs { ledger, page: VecDeque::new(), after: None, ended: false, passed: 0 };
    let mut after = None;
    loop {
        let read = ledger.accounts_page(after, PAGE).await;
        let Some(page) = report.violations.unless_corrupt(place(), read)? else { return Ok(()) };
        let Some((last, _)) = page.last() else { break };
        after = Some(*last);
        for (account, stated) in page {
            report.counts.accounts = report.counts.accounts.saturating_add(1);
            while let Some(stray) = legs.next_of(report, |of| of < account).await? {
                compare(ledger, stray.account, report).await?;
            }
            let summed = sum(&mut legs, account, report).await?;
            if summed == Some(stated) {
                none_negative(account, stated, report);
            } else {
                compare(ledger, account, report).await?;
            }
        }
        // Every transfer has two ends.
        tell(audited, report, Stage::Accounts, legs.passed / 2, Some(expected));
    }
    // Transfers of accounts that do not exist.
    while let Some(stray) = legs.next_of(report, |_| true).await? {
        compare(ledger, stray.account, report).await?;
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
    while let Some(leg) = legs.next_of(report, |of| of == account).await? {
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
pub(super) async fn compare(
    ledger: &dyn LedgerStore,
    account: Account,
    report: &mut Report,
) -> Result<(), StoreError> {
    let read = ledger.account_sum(account).await;
    if let Some(now) = report.violations.unless_corrupt(account, read)? {
        let (stated, summed) = (now.stated, now.summed);
        none_negative(account, stated, report);
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
    }
    Ok(())
}

fn none_negative(account: Account, stated: AccountState, report: &mut Report) {
    report.violations.check(
        account == Account::Issuer || stated.balance >= 0,
        Law::NoneNegative,
        account,
        || format!("holds {}", stated.balance),
    );
}

/// Legs in the order of accounts, read by pages.
struct Legs<'a> {
    ledger: &'a dyn LedgerStore,
    page: VecDeque<Leg>,
    after: Option<(Account, i64)>,
    ended: bool,
    passed: u64,
}

impl Legs<'_> {
    /// The next leg, if its account is one that is wanted.
    async fn next_of(
        &mut self,
        report: &mut Report,
        wanted: impl Fn(Account) -> bool,
    ) -> Result<Option<Leg>, StoreError> {
        if self.page.is_empty() && !self.ended {
            // Behind a leg that cannot be read, accounts are looked at one by one.
            let read = self.ledger.legs_page(self.after, PAGE).await;
            let read = report.violations.unless_corrupt(place(), read)?.unwrap_or_default();
            self.passed = self.passed.saturating_add(u64::try_from(read.len()).unwrap_or(0));
            self.page = read.into();
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

/// Those of packets are looked at with their packets.
async fn transfers(ledger: &dyn LedgerStore, report: &mut Report) -> Result<(), StoreError> {
    let mut after = 0;
    loop {
        let read = ledger.transfers_page(after, PAGE).await;
        let Some(page) = report.violations.unless_corrupt(place(), read)? else { return Ok(()) };
        let Some(last) = page.last() else { return Ok(()) };
        after = last.id;
        for line in page {
            report.counts.transfers = report.counts.transfers.saturating_add(1);
            let transfer = &line.transfer;
            let ends = [transfer.debit, transfer.credit];
            if !ends.iter().any(|end| matches!(end, Account::Escrow(_))) {
                let what = || misfit(line.id, transfer);
                report.violations.check(fits(transfer), Law::TransferFits, place(), what);
            }
        }
    }
}
