//! What all parts of a run share: where the servers are, what is broken at the moment, and
//! what happened so far.

use hongbao_fleet::Place;
use std::{
    collections::{BTreeMap, VecDeque},
    fmt::Write as _,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Lines of history that are kept, the newest.
const HISTORY_MAX: usize = 50_000;
/// Violations that are kept; after that many the rest says nothing new.
const VIOLATIONS_MAX: usize = 50;
/// With as many violations a run ends.
const LOST_AT: usize = 20;
/// After a fault is mended, calls may be refused, and connections be lost, for as long.
const GRACE: Duration = Duration::from_secs(5);
/// Faults that are over for longer excuse nothing.
const REMEMBERED: Duration = Duration::from_mins(1);

#[derive(Debug)]
pub(crate) struct World {
    began: Instant,
    inner: Mutex<Inner>,
    /// Whoever acts shares it; whoever has it alone knows that nobody does.
    turns: RwLock<()>,
}

/// What does not work: what is in both, and `None` is all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Broken {
    /// At this server.
    pub(crate) node: Option<usize>,
    /// Because of what is kept here.
    pub(crate) place: Option<Place>,
}

impl Broken {
    fn harms(&self, node: usize, places: &[Place]) -> bool {
        self.node.is_none_or(|broken| broken == node)
            && self.place.is_none_or(|broken| places.contains(&broken))
    }
}

/// A fault that is or was.
#[derive(Debug)]
struct Trouble {
    broken: Vec<Broken>,
    /// When all was well again.
    over: Option<Instant>,
}

#[derive(Debug)]
struct Inner {
    /// Of each server.
    urls: Vec<String>,
    fault: Option<&'static str>,
    troubles: Vec<Trouble>,
    history: VecDeque<String>,
    violations: Vec<String>,
    counts: BTreeMap<&'static str, u64>,
    /// The longest that it took to be well again after each fault.
    recoveries: BTreeMap<&'static str, Duration>,
}

impl World {
    pub(crate) fn new(nodes: usize) -> Self {
        let inner = Inner {
            urls: vec![String::new(); nodes],
            fault: None,
            troubles: Vec::new(),
            history: VecDeque::new(),
            violations: Vec::new(),
            counts: BTreeMap::new(),
            recoveries: BTreeMap::new(),
        };
        Self { began: Instant::now(), inner: Mutex::new(inner), turns: RwLock::default() }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many servers there are.
    pub(crate) fn nodes(&self) -> usize {
        self.inner().urls.len()
    }

    pub(crate) fn url(&self, node: usize) -> String {
        self.inner().urls.get(node).cloned().unwrap_or_default()
    }

    pub(crate) fn set_url(&self, node: usize, url: &str) {
        if let Some(known) = self.inner().urls.get_mut(node) {
            url.clone_into(known);
        }
    }

    /// Held by whoever acts, from what they know to what they were told.
    pub(crate) async fn turn(&self) -> RwLockReadGuard<'_, ()> {
        self.turns.read().await
    }

    /// Waits until nobody acts; nobody does as long as this is held.
    pub(crate) async fn hush(&self) -> RwLockWriteGuard<'_, ()> {
        self.turns.write().await
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

    /// From now on what is broken excuses calls that touch it, and no others.
    pub(crate) fn fault_begins(&self, name: &'static str, broken: Vec<Broken>) {
        self.note(&format!("FAULT {name} begins: {broken:?}"));
        let mut inner = self.inner();
        inner.fault = Some(name);
        let old = |over: Instant| over.elapsed() > REMEMBERED;
        inner.troubles.retain(|trouble| !trouble.over.is_some_and(old));
        inner.troubles.push(Trouble { broken, over: None });
        *inner.counts.entry(name).or_default() += 1;
    }

    /// It took so long after the cause was gone.
    pub(crate) fn fault_ends(&self, name: &'static str, recovery: Duration) {
        self.note(&format!("FAULT {name} is over, well after {:.1} s", recovery.as_secs_f64()));
        let mut inner = self.inner();
        inner.fault = None;
        for trouble in &mut inner.troubles {
            trouble.over.get_or_insert_with(Instant::now);
        }
        let longest = inner.recoveries.entry(name).or_default();
        *longest = recovery.max(*longest);
    }

    /// Was nothing broken of this server and these places from this moment on, nor shortly
    /// before?
    pub(crate) fn whole_since(&self, moment: Instant, node: usize, places: &[Place]) -> bool {
        !self.inner().troubles.iter().any(|trouble| {
            trouble.over.is_none_or(|over| over + GRACE >= moment)
                && trouble.broken.iter().any(|broken| broken.harms(node, places))
        })
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
