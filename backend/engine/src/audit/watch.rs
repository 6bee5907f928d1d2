//! How far an audit has come.

use super::{Audited, Counts, Report};
use std::fmt;

/// What an audit is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Accounts against their transfers.
    Accounts,
    /// Packets against claims, payments, transfers and lists.
    Packets,
    /// Hot tables against cold storage.
    Tiers,
    /// Totals of lists.
    Totals,
    /// What administrators and services did.
    Journal,
}

impl Stage {
    /// For people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accounts => "accounts",
            Self::Packets => "packets",
            Self::Tiers => "hot and cold",
            Self::Totals => "totals of lists",
            Self::Journal => "journal",
        }
    }
}

/// A moment of an audit.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// What it is at.
    pub stage: Stage,
    /// How much of the stage is done, in transfers or, in the last three, in rows.
    pub done: u64,
    /// About how much there is to do, where that is known without counting.
    pub of: Option<u64>,
    /// What has been looked at so far.
    pub counts: Counts,
    /// How many violations have been found so far.
    pub violations: u64,
}

/// Is told of progress after every page; it must not take long.
pub trait Watch: Send + Sync + fmt::Debug {
    /// Another page is done.
    fn passed(&self, progress: Progress);
}

/// Tells whoever watches.
pub(super) fn tell(
    audited: &Audited<'_>,
    report: &Report,
    stage: Stage,
    done: u64,
    of: Option<u64>,
) {
    if let Some(watch) = audited.watch {
        let (counts, violations) = (report.counts, report.violations.count());
        watch.passed(Progress { stage, done, of, counts, violations });
    }
}
