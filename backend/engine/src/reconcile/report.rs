//! What a reconciliation found.

use super::Mode;
use crate::audit::{LISTED_MAX, Subject, Tally, Violations};
use hongbao_shared::{
    Fen, OrderNo, Timestamp,
    api::control::{Left, Mend, MendedKind, ReconciliationReport},
};
use std::{collections::BTreeMap, fmt};

/// What can be mended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Repair {
    /// A claim without a credit, and nothing that brings it.
    Credit,
    /// A packet that has ended with something left, and nothing that sends it back.
    Refund,
    /// A payment without a packet, and nothing that makes it land.
    Landing,
    /// A packet that its shard has lost, and that others have heard of (R-STORE-6).
    Packet,
    /// A claim likewise.
    Claim,
    /// The end of a packet likewise.
    End,
    /// A line of the list "sent".
    Sent,
    /// A line of the list "received".
    Received,
    /// Somebody's best luck.
    BestLuck,
}

impl Repair {
    /// Its stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Credit => "credit",
            Self::Refund => "refund",
            Self::Landing => "landing",
            Self::Packet => "packet",
            Self::Claim => "claim",
            Self::End => "end",
            Self::Sent => "sent",
            Self::Received => "received",
            Self::BestLuck => "best_luck",
        }
    }
}

/// Something that was missing and is there again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repaired {
    /// What.
    pub repair: Repair,
    /// Of which packet.
    pub order_no: OrderNo,
    /// Of which share.
    pub seq: Option<u32>,
}

/// Something that is not as it should be, and that only somebody may touch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOver {
    /// The law that does not hold, by its stable name.
    pub law: &'static str,
    /// Of what.
    pub subject: Subject,
    /// What was found instead; amounts in fen.
    pub what: String,
}

/// The result of a reconciliation. What it lists is bounded by [`LISTED_MAX`]; what it
/// counts is not.
#[derive(Clone, Debug)]
pub struct Report {
    /// When it began.
    pub started_at: Timestamp,
    /// When it was through.
    pub ended_at: Timestamp,
    /// Could it change anything?
    pub mode: Mode,
    /// Packets that were looked at, with tombstones.
    pub packets: u64,
    /// Claims that were looked at.
    pub claims: u64,
    /// Payments that were looked at.
    pub payments: u64,
    /// Credits, refunds and landings that an outbox row will bring.
    pub on_the_way: Tally,
    /// What was mended, or would have been.
    pub mended: BTreeMap<Repair, Tally>,
    /// The first of them.
    pub mends: Vec<Repaired>,
    /// How much is left for somebody.
    pub left_count: u64,
    /// The first of it.
    pub left: Vec<LeftOver>,
    /// Outbox rows that were dead.
    pub dead_letters: u64,
    /// Of these, credits and refunds, which are tried again; only an administrator can move
    /// the others.
    pub revived: u64,
    /// What could not be read, and is therefore not reconciled.
    pub unread: Vec<String>,
    /// The lists are among it.
    pub(super) lists_are_unread: bool,
}

impl Report {
    pub(super) fn begun(at: Timestamp, mode: Mode) -> Self {
        Self {
            started_at: at,
            ended_at: at,
            mode,
            packets: 0,
            claims: 0,
            payments: 0,
            on_the_way: Tally::default(),
            mended: BTreeMap::new(),
            mends: Vec::new(),
            left_count: 0,
            left: Vec::new(),
            dead_letters: 0,
            revived: 0,
            unread: Vec::new(),
            lists_are_unread: false,
        }
    }

    /// Is nothing left that it may not mend, and was everything read?
    pub fn is_clean(&self) -> bool {
        self.left_count == 0 && self.dead_letters == 0 && self.unread.is_empty()
    }

    pub(super) fn mend(
        &mut self,
        repair: Repair,
        order_no: OrderNo,
        seq: Option<u32>,
        amount: Fen,
    ) {
        self.mended.entry(repair).or_default().add(amount);
        if self.mends.len() < LISTED_MAX {
            self.mends.push(Repaired { repair, order_no, seq });
        }
    }

    pub(super) fn leave(&mut self, law: &'static str, subject: impl Into<Subject>, what: String) {
        self.left_count = self.left_count.saturating_add(1);
        if self.left.len() < LISTED_MAX {
            self.left.push(LeftOver { law, subject: subject.into(), what });
        }
    }

    /// Takes over what breaks a law.
    pub(super) fn take(&mut self, violations: &Violations) {
        let listed = u64::try_from(violations.listed().len()).unwrap_or(u64::MAX);
        for violation in violations.listed() {
            self.leave(violation.law.name(), violation.subject.clone(), violation.what.clone());
        }
        let unlisted = violations.count().saturating_sub(listed);
        self.left_count = self.left_count.saturating_add(unlisted);
    }

    /// For administrators: metrics, and a line for whatever is left.
    pub(super) fn publish(&self) {
        if self.mode == Mode::DryRun {
            return;
        }
        for (repair, tally) in &self.mended {
            metrics::counter!("hongbao_reconciled_total", "repair" => repair.as_str())
                .increment(tally.count);
        }
        let left = u32::try_from(self.left_count).unwrap_or(u32::MAX);
        metrics::gauge!("hongbao_reconciliation_left").set(f64::from(left));
        for left in &self.left {
            let LeftOver { law, subject, what } = left;
            tracing::error!(law, %subject, what, "reconciliation leaves this to somebody");
        }
        for mended in &self.mends {
            let (repair, order_no) = (mended.repair.as_str(), mended.order_no);
            tracing::warn!(repair, %order_no, seq = mended.seq, "reconciliation mended this");
        }
        for what in &self.unread {
            tracing::warn!(what, "reconciliation could not read this");
        }
        tracing::info!(
            self.packets,
            self.claims,
            self.payments,
            self.left_count,
            self.dead_letters,
            "reconciled"
        );
    }
}

/// For a terminal: some lines, then one for whatever was mended or is left.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { packets, claims, payments, .. } = self;
        writeln!(f, "reconciled {packets} packets, {claims} claims, {payments} payments")?;
        let Tally { count, fen } = self.on_the_way;
        if count > 0 {
            writeln!(f, "on the way: {count} movements, {fen} fen")?;
        }
        let mended = if self.mode == Mode::DryRun { "would mend" } else { "mended" };
        for (repair, tally) in &self.mended {
            writeln!(f, "{mended}: {} {}, {} fen", tally.count, repair.as_str(), tally.fen)?;
        }
        for Repaired { repair, order_no, seq } in &self.mends {
            let share = seq.map(|seq| format!(" share {seq}")).unwrap_or_default();
            writeln!(f, "  {}: {order_no}{share}", repair.as_str())?;
        }
        if self.dead_letters > 0 {
            let dead = self.dead_letters;
            writeln!(f, "{dead} dead letters; `hongbao admin dead-letters` shows them")?;
            if self.revived > 0 {
                writeln!(f, "{} of them, credits and refunds, are tried again", self.revived)?;
            }
        }
        for what in &self.unread {
            writeln!(f, "not read: {what}")?;
        }
        if self.left_count > 0 {
            writeln!(f, "{} differences that only somebody may touch", self.left_count)?;
        }
        for LeftOver { law, subject, what } in &self.left {
            writeln!(f, "  {law}: {subject}: {what}")?;
        }
        f.write_str(if self.is_clean() {
            "nothing is left to be looked at"
        } else {
            "somebody has to look at this"
        })
    }
}

impl From<&Report> for ReconciliationReport {
    fn from(report: &Report) -> Self {
        let mended = report.mended.iter().map(|(repair, tally)| MendedKind {
            kind: repair.as_str().to_owned(),
            count: tally.count,
            fen: Fen::new(tally.fen).unwrap_or(Fen::MAX),
        });
        let mends = report.mends.iter().map(|mended| Mend {
            kind: mended.repair.as_str().to_owned(),
            order_no: mended.order_no,
            seq: mended.seq,
        });
        let left = report.left.iter().map(|left| Left {
            law: left.law.to_owned(),
            subject: left.subject.to_string(),
            what: left.what.clone(),
        });
        Self {
            started_at: report.started_at,
            ended_at: report.ended_at,
            dry_run: report.mode == Mode::DryRun,
            is_clean: report.is_clean(),
            packets: report.packets,
            claims: report.claims,
            payments: report.payments,
            mended: mended.collect(),
            mends: mends.collect(),
            left_count: report.left_count,
            left: left.collect(),
            dead_letters: report.dead_letters,
            unread: report.unread.clone(),
        }
    }
}
