//! What an audit found.

use super::Law;
use hongbao_domain::store::{StoreError, ledger::Account, people::JournalHead};
use hongbao_shared::{Fen, OrderNo};
use std::fmt;

/// The most violations that are listed; the rest is counted.
pub const LISTED_MAX: usize = 1_000;

/// What a violation is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A packet.
    Packet(OrderNo),
    /// An account.
    Account(Account),
    /// A part of a database, for people.
    Place(String),
}

impl From<OrderNo> for Subject {
    fn from(order_no: OrderNo) -> Self {
        Self::Packet(order_no)
    }
}

impl From<Account> for Subject {
    fn from(account: Account) -> Self {
        Self::Account(account)
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Packet(order_no) => order_no.fmt(f),
            Self::Account(account) => account.fmt(f),
            Self::Place(place) => place.fmt(f),
        }
    }
}

/// A law that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which law.
    pub law: Law,
    /// Of what.
    pub subject: Subject,
    /// What was found instead; amounts in fen.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.law, self.subject, self.what)
    }
}

/// Violations, bounded in number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Violations {
    listed: Vec<Violation>,
    count: u64,
}

impl Violations {
    /// Notes one.
    pub fn note(&mut self, law: Law, subject: impl Into<Subject>, what: impl Into<String>) {
        self.push(Violation { law, subject: subject.into(), what: what.into() });
    }

    /// Notes what does not hold; `what` is only asked for then.
    pub(super) fn check(
        &mut self,
        holds: bool,
        law: Law,
        subject: impl Into<Subject>,
        what: impl FnOnce() -> String,
    ) {
        if !holds {
            self.note(law, subject, what());
        }
    }

    /// Corrupt data is a finding, and the rest is still audited; anything else that a
    /// store says ends the audit.
    pub(super) fn unless_corrupt<T>(
        &mut self,
        subject: impl Into<Subject>,
        read: Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        match read {
            Ok(value) => Ok(Some(value)),
            Err(StoreError::Corrupt(what)) => {
                self.note(Law::StoredDataIsReadable, subject, what);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn push(&mut self, violation: Violation) {
        self.count = self.count.saturating_add(1);
        if self.listed.len() < LISTED_MAX {
            self.listed.push(violation);
        }
    }

    /// Takes over what another part found.
    pub(super) fn append(&mut self, other: Self) {
        let unlisted = other.count.saturating_sub(u64::try_from(other.listed.len()).unwrap_or(0));
        for violation in other.listed {
            self.push(violation);
        }
        self.count = self.count.saturating_add(unlisted);
    }

    /// All of them hold.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// How many there are, listed or not.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The first [`LISTED_MAX`].
    pub fn listed(&self) -> &[Violation] {
        &self.listed
    }
}

/// A number of things and what they hold together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// How many.
    pub count: u64,
    /// What they hold.
    pub fen: u64,
}

impl Tally {
    pub(crate) fn add(&mut self, amount: Fen) {
        self.append(Self { count: 1, fen: amount.get() });
    }

    pub(crate) fn append(&mut self, other: Self) {
        self.count = self.count.saturating_add(other.count);
        self.fen = self.fen.saturating_add(other.fen);
    }
}

/// What was looked at, and what is on its way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Accounts.
    pub accounts: u64,
    /// Transfers.
    pub transfers: u64,
    /// Payments.
    pub payments: u64,
    /// Packets, with tombstones.
    pub packets: u64,
    /// Claims.
    pub claims: u64,
    /// Paid packets that have not landed yet.
    pub landing: Tally,
    /// Claims that are not credited yet.
    pub uncredited: Tally,
    /// What is to go back to senders and has not yet.
    pub unrefunded: Tally,
    /// Outbox rows that will be delivered.
    pub waiting: u64,
    /// Outbox rows that only an administrator can move.
    pub dead: u64,
}

/// The result of an audit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Was nothing allowed to be on its way?
    pub at_rest: bool,
    /// What was looked at.
    pub counts: Counts,
    /// Where the journal ended, if that was looked at: whoever notes it elsewhere can tell later
    /// that nothing was cut off.
    pub journal: Option<JournalHead>,
    /// What does not hold.
    pub violations: Violations,
}

impl Report {
    /// Every fen is where it should be.
    pub fn is_clean(&self) -> bool {
        self.violations.is_empty()
    }
}

/// For a terminal: some lines, then one for each violation.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = &self.counts;
        writeln!(
            f,
            "audited {} accounts, {} transfers, {} payments, {} packets, {} claims",
            counts.accounts, counts.transfers, counts.payments, counts.packets, counts.claims
        )?;
        for (what, tally) in [
            ("paid packets to land", counts.landing),
            ("claims to credit", counts.uncredited),
            ("refunds to make", counts.unrefunded),
        ] {
            if tally.count > 0 {
                writeln!(f, "on the way: {} {what}, {} fen", tally.count, tally.fen)?;
            }
        }
        writeln!(f, "outboxes: {} rows wait, {} are dead", counts.waiting, counts.dead)?;
        if let Some(head) = &self.journal {
            writeln!(f, "journal: ends with entry {head}")?;
        }
        if self.is_clean() {
            return write!(f, "every fen is where it should be");
        }
        writeln!(f, "{} violations", self.violations.count())?;
        let listed = self.violations.listed();
        for violation in listed {
            writeln!(f, "  {violation}")?;
        }
        write!(f, "{} of them listed", listed.len())
    }
}
