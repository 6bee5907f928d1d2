//! Reconciliation on a schedule and on demand, one at a time.

use super::{Mode, Reconciler, Report, pace::gently};
use hongbao_shared::api::control::Reconciliation;
use parking_lot::Mutex;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// After a start, the first comes this soon: a crash may be what made it necessary.
const FIRST_AFTER: Duration = Duration::from_mins(1);
/// Without a schedule, it sleeps for ever, in pieces.
const NEVER: Duration = Duration::from_hours(24);

/// Runs the reconciler by itself, and keeps what it said last.
#[derive(Debug)]
pub struct Schedule {
    reconciler: Reconciler,
    /// Tells this node from others.
    node: i64,
    /// `None` if only those who ask make it run.
    interval: Option<Duration>,
    /// Somebody asked, and has no answer yet.
    asked: AtomicBool,
    wake: Notify,
    running: AtomicBool,
    last: Mutex<Option<Arc<Report>>>,
}

impl Schedule {
    /// Every `interval_s` seconds, on one of the nodes; 0 leaves it to those who ask.
    pub fn new(reconciler: Reconciler, node: i64, interval_s: u32) -> Self {
        Self {
            reconciler,
            node,
            interval: (interval_s > 0).then(|| Duration::from_secs(interval_s.into())),
            asked: AtomicBool::new(false),
            wake: Notify::new(),
            running: AtomicBool::new(false),
            last: Mutex::new(None),
        }
    }

    /// Makes it go through everything as soon as possible. What is asked for already is the
    /// answer; what is under way on schedule is not, since it leaves out what it has seen.
    pub fn ask(&self) {
        if !self.asked.swap(true, Ordering::AcqRel) {
            self.wake.notify_one();
        }
    }

    /// What it does, and what it said last on this node.
    pub fn state(&self) -> Reconciliation {
        Reconciliation {
            running: self.asked.load(Ordering::Acquire) || self.running.load(Ordering::Acquire),
            last: self.last.lock().as_deref().map(Into::into),
        }
    }

    /// Goes through everything at once, before anybody is served.
    pub async fn first(&self) -> Arc<Report> {
        let report = Arc::new(self.reconciler.run(Mode::Mend).await);
        *self.last.lock() = Some(Arc::clone(&report));
        report
    }

    /// Everything, for those who ask; on schedule, what is left of it.
    async fn reconcile(&self, scheduled: Option<Duration>) -> Option<Report> {
        match scheduled {
            None => Some(self.reconciler.run(Mode::Mend).await),
            Some(interval) => self.reconciler.go_on(self.node, interval).await,
        }
    }

    /// Works until `stop`; what it is at is left for the next start.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        let mut wait = self.interval.map_or(NEVER, |interval| interval.min(FIRST_AFTER));
        loop {
            let due = tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = self.wake.notified() => Some(None),
                () = tokio::time::sleep(wait) => self.interval.map(Some),
            };
            let Some(scheduled) = due else { continue };
            self.running.store(true, Ordering::Release);
            let report = tokio::select! {
                biased;
                () = stop.cancelled() => return,
                report = gently(self.reconcile(scheduled)) => report,
            };
            if let Some(report) = report {
                *self.last.lock() = Some(Arc::new(report));
            }
            self.running.store(false, Ordering::Release);
            if scheduled.is_none() {
                self.asked.store(false, Ordering::Release);
            }
            wait = self.interval.unwrap_or(NEVER);
        }
    }
}
