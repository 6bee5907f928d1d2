//! Wallets and the issuer against their transfers, and transfers that belong to no packet.
//! Escrows are looked at with their packets.

use super::{
    Audited, Law, PAGE, Report, Stage, Subject,
    packet::{fits, misfit},
    sums::sums_are_true,
    watch::tell,
};
use hongbao_domain::store::{
    StoreError,
    ledger::{Account, AccountState, LedgerStore, Leg},
};
use std::collections::VecDeque;

pub(crate) async fn audit(audited: &Audited<'_>, report: &mut Report) -> Result<(), StoreError> {
    let expected = audited.ledger.transfers_about().await?;
    accounts(audited, expected, report).await?;
    transfers(audited.ledger, report).await
}

fn place() -> Subject {
    Subject::Place("ledger".to_owned())
}

/// Walks accounts and their transfers side by side, both in the order of accounts, in which
/// escrows come last.
async fn accounts(
    audited: &Audited<'_>,
    expected: u64,
    report: &mut Report,
) -> Result<(), StoreError> {
    let ledger = audited.ledger;
    let mut legs = Legs { ledger, page: VecDeque::new(), after: None, ended: false, passed: 0 };
    let mut after = None;
    'accounts: loop {
        let read = ledger.accounts_page(after, PAGE).await;
        // The rest is found by its transfers.
        let Some(page) = report.violations.unless_corrupt(place(), read)? else { break };
        let Some((last, _)) = page.last() else { break };
        after = Some(*last);
        for (account, stated) in page {
            if is_escrow(account) {
                break 'accounts;
            }
            report.counts.accounts = report.counts.accounts.saturating_add(1);
            strays(&mut legs, |of| of < account, report).await?;
            let summed = sum(&mut legs, account, report).await?;
            if summed == Some(stated) {
                sums_are_true(account, stated, summed, &mut report.violations);
            } else {
                compare(ledger, account, report).await?;
            }
        }
        // Nearly every transfer has one end that is no escrow.
        tell(audited, report, Stage::Accounts, legs.passed, Some(expected));
    }
    strays(&mut legs, |of| !is_escrow(of), report).await
}

/// Transfers of accounts that do not exist.
async fn strays(
    legs: &mut Legs<'_>,
    are_before: impl Fn(Account) -> bool,
    report: &mut Report,
) -> Result<(), StoreError> {
    while let Some(stray) = legs.next_of(report, &are_before).await? {
        while legs.next_of(report, |of| of == stray.account).await?.is_some() {}
        compare(legs.ledger, stray.account, report).await?;
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
        summed = summed.and_then(|sum| sum.plus(&leg));
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
        sums_are_true(account, now.stated, Some(now.summed), &mut report.violations);
    }
    Ok(())
}

fn is_escrow(account: Account) -> bool {
    matches!(account, Account::Escrow(_))
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

/// Those of packets are looked at with their packets. Beside servers that post, these pages
/// may pass over what is entered meanwhile (see [`LedgerReads::transfers_page`]), which is
/// for the next audit; at rest there is nothing of the kind.
async fn transfers(ledger: &dyn LedgerStore, report: &mut Report) -> Result<(), StoreError> {
    let mut after = 0;
    loop {
        let read = ledger.transfers_without_escrow(after, PAGE).await;
        let Some(page) = report.violations.unless_corrupt(place(), read)? else { return Ok(()) };
        let Some(last) = page.last() else { return Ok(()) };
        after = last.id;
        for line in page {
            report.counts.transfers = report.counts.transfers.saturating_add(1);
            let (id, transfer) = (line.id, &line.transfer);
            let what = || misfit(id, transfer);
            report.violations.check(fits(transfer), Law::TransferFits, place(), what);
        }
    }
}
