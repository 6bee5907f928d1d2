//! What all parts of a run share: where the server is, whether something is broken at the
//! moment, and what happened so far.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt::Write as _,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Lines of history that are kept, the newest.
const HISTORY_MAX: usize = 50_000;
/// Violations that are kept; after that many the rest says nothing new.
const VIOLATIONS_MAX: usize = 50;
/// With as many violations a run ends.
const LOST_AT: usize = 20;
/// After a fault is mended, calls may be refused, and connections be lost, for as long.
const GRACE: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(crate) struct World {
    began: Instant,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    url: String,
    fault: Option<&'static str>,
    /// When the last fault ended.
    calm_since: Instant,
    history: VecDeque<String>,
    violations: Vec<String>,
    counts: BTreeMap<&'static str, u64>,
    /// The longest that it took to be well again after each fault.
    recoveries: BTreeMap<&'static str, Duration>,
}

impl World {
    pub(crate) fn new() -> Self {
        let inner = Inner {
            url: String::new(),
            fault: None,
            calm_since: Instant::now(),
            history: VecDeque::new(),
            violations: Vec::new(),
            counts: BTreeMap::new(),
            recoveries: BTreeMap::new(),
        };
        Self { began: Instant::now(), inner: Mutex::new(inner) }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn url(&self) -> String {
        self.inner().url.clone()
    }

    pub(crate) fn set_url(&self, url: &str) {
        url.clone_into(&mut self.inner().url);
    }

    /// A line of the history.
    pub(crate) fn note(&self, line: &str) {
        let stamp = self.began.elapsed().as_secs_f64();
        let mut inner = self.inner();
        if inner.history.len() == HISTORY_MAX {
            inner.history.pop_front();
        }
        inner.history.push_back(format!("{stamp:9.3} {line}"));
    }

    /// Something that must never be.
    pub(crate) fn violation(&self, what: &str) {
        let during = self.inner().fault;
        let line = match during {
            Some(fault) => format!("VIOLATION during {fault}: {what}"),
            None => format!("VIOLATION: {what}"),
        };
        self.note(&line);
        let stamp = self.began.elapsed().as_secs_f64();
        let mut inner = self.inner();
        if inner.violations.len() < VIOLATIONS_MAX {
            inner.violations.push(format!("{stamp:.3} s, {line}"));
        }
    }

    pub(crate) fn violations(&self) -> Vec<String> {
        self.inner().violations.clone()
    }

    /// Has so much gone wrong that waiting for something is in vain?
    pub(crate) fn is_lost(&self) -> bool {
        self.inner().violations.len() >= LOST_AT
    }

    pub(crate) fn count(&self, what: &'static str) {
        *self.inner().counts.entry(what).or_default() += 1;
    }

    pub(crate) fn counts(&self) -> BTreeMap<&'static str, u64> {
        self.inner().counts.clone()
    }

    pub(crate) fn recoveries(&self) -> BTreeMap<&'static str, Duration> {
        self.inner().recoveries.clone()
    }

    pub(crate) fn fault_begins(&self, name: &'static str) {
        self.note(&format!("FAULT {name} begins"));
        let mut inner = self.inner();
        inner.fault = Some(name);
        *inner.counts.entry(name).or_default() += 1;
    }

    /// It took so long after the cause was gone.
    pub(crate) fn fault_ends(&self, name: &'static str, recovery: Duration) {
        self.note(&format!("FAULT {name} is over, well after {:.1} s", recovery.as_secs_f64()));
        let mut inner = self.inner();
        inner.fault = None;
        inner.calm_since = Instant::now();
        let longest = inner.recoveries.entry(name).or_default();
        *longest = recovery.max(*longest);
    }

    /// Was nothing broken from this moment on, nor shortly before?
    pub(crate) fn calm_since(&self, moment: Instant) -> bool {
        let inner = self.inner();
        inner.fault.is_none() && inner.calm_since + GRACE < moment
    }

    /// The history as text, the violations first.
    pub(crate) fn story(&self) -> String {
        let inner = self.inner();
        let mut text = String::new();
        for line in inner.violations.iter().chain(&inner.history) {
            // Writing to a string does not fail.
            let _written = writeln!(text, "{line}");
        }
        text
    }
}
