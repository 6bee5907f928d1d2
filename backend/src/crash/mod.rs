//! Crash points: where a test aborts the process, before and after each step that
//! changes what is on disk. `ARCHITECTURE.md` has the table of them, made from [`POINTS`];
//! `backend/tests/crash` aborts a real server at each.
//!
//! Only tests are built with them: without the feature `failpoints` of the crate `fail`
//! everything here is empty.

mod batches;
mod points;

pub(crate) use batches::{of_lane, of_ledger};
pub use points::{POINTS, Step};

use fail::{FailScenario, fail_point};

/// The name under which a test takes the embedded cache down.
pub const CACHE_DOWN: &str = "cache.down";

/// On which side of its step a point lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Nothing of the step is on disk.
    Before,
    /// A part of its transaction may be.
    Inside,
    /// All of its transaction may be, and nothing has committed it.
    Commit,
    /// All of it is, and nobody has been told.
    After,
}

/// A place where a test aborts the process.
#[derive(Clone, Copy, Debug)]
pub struct Point {
    /// Which step.
    pub step: Step,
    /// On which side of it.
    pub side: Side,
    /// How the variable `FAILPOINTS` calls it.
    pub name: &'static str,
    /// What is on disk when the process ends here.
    pub on_disk: &'static str,
    /// What the next start does about it.
    pub recovery: &'static str,
}

/// Arms the points that the variable `FAILPOINTS` names, such as `pay.after=5*off->return`
/// (pass five times, abort at the sixth), as long as the result lives. Does nothing in a
/// build without points.
pub fn arm() -> Option<FailScenario<'static>> {
    fail::has_failpoints().then(FailScenario::setup)
}

/// Passes the point before a step.
#[inline]
pub fn before(step: Step) {
    pass(step, Side::Before);
}

/// Passes the point within a step.
#[inline]
pub fn inside(step: Step) {
    pass(step, Side::Inside);
}

/// Passes the point between the last statement of a step's transaction and its commit.
#[inline]
pub fn at_commit(step: Step) {
    pass(step, Side::Commit);
}

/// Passes the point after a step, which must have succeeded.
#[inline]
pub fn after(step: Step) {
    pass(step, Side::After);
}

/// The steps of one transaction that takes several at once: `[(true, …)]`, looked at only
/// in a build with points.
pub fn steps<const N: usize>(taken: impl FnOnce() -> [(bool, Step); N]) -> Vec<Step> {
    if !fail::has_failpoints() {
        return Vec::new();
    }
    taken().into_iter().filter_map(|(taken, step)| taken.then_some(step)).collect()
}

/// Passes the points before all of these.
pub fn before_all(steps: &[Step]) {
    steps.iter().copied().for_each(before);
}

/// Passes the points within all of these.
pub fn inside_all(steps: &[Step]) {
    steps.iter().copied().for_each(inside);
}

/// Passes the points at the commit of all of these.
pub fn at_commit_all(steps: &[Step]) {
    steps.iter().copied().for_each(at_commit);
}

/// Passes the points after all of these.
pub fn after_all(steps: &[Step]) {
    steps.iter().copied().for_each(after);
}

/// Has a test taken the embedded cache down?
#[inline]
pub fn is_cache_down() -> bool {
    fail_point!(CACHE_DOWN, |_| true);
    false
}

#[inline]
fn pass(step: Step, side: Side) {
    if fail::has_failpoints() {
        let point = POINTS.iter().find(|point| point.step == step && point.side == side);
        abort_if_armed(point.expect("a point that is passed stands in the list"));
    }
}

fn abort_if_armed(point: &Point) {
    let Point { name, .. } = *point;
    fail_point!(name, |_| {
        tracing::warn!(crash.point = name, "the process is aborted here");
        crate::telemetry::flush();
        std::process::abort()
    });
    // Without points nothing comes here; the name has no other use then.
    let _ = name;
}
