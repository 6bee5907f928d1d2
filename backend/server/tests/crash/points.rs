//! The real server is aborted at every crash point, under load, and started again; what was
//! answered stands, everything drains, every law holds.

use crate::{
    facts::old_days_are_cold,
    past::Past,
    stage::{Stage, audit},
    traffic::{Cast, MEMBERS},
};
use hongbao_domain::{
    crash::{CACHE_DOWN, POINTS, Point, Side, Step},
    planted::Bug,
};
use std::{
    os::unix::process::ExitStatusExt,
    panic::{AssertUnwindSafe, catch_unwind},
    process::ExitStatus,
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};
use tokio::runtime::Builder;

/// Servers at the same time.
const AT_ONCE: usize = 5;
/// A point that the load does not reach by then is never reached.
const REACHED_WITHIN: Duration = Duration::from_secs(90);
const SIGABRT: i32 = 6;
const WAIT_FOR_LOAD: &str = "1*sleep(1000)";
const MODES: [&str; 3] = ["split", "queue", "deferred"];

/// One abort, and the way that claims are credited around it (R-MONEY-2).
#[derive(Clone, Copy, Debug)]
struct Case {
    point: &'static Point,
    mode: &'static str,
    /// What is wrong with the server, to see that it is noticed.
    bug: Option<Bug>,
}

impl Case {
    /// Every point in one of the modes; what credits, in each.
    fn all() -> Vec<Self> {
        let mut cases = Self::each_once();
        let credits = |point: &Point| {
            // Within the transaction it makes no difference how a row came to its turn.
            point.step == Step::Credit && matches!(point.side, Side::Before | Side::After)
        };
        for point in POINTS.iter().filter(|point| credits(point)) {
            let others = MODES.into_iter().map(|mode| Self { point, mode, bug: None });
            cases.retain(|case| case.point.name != point.name);
            cases.extend(others);
        }
        cases
    }

    fn each_once() -> Vec<Self> {
        // Programs have a test of their own.
        let of_people = POINTS.iter().filter(|point| !is_of_programs_or_browsers(point.step));
        let in_turn = of_people.zip(MODES.into_iter().cycle());
        in_turn.map(|(point, mode)| Self { point, mode, bug: None }).collect()
    }

    /// Is it within a transaction that a running server makes?
    fn is_within_a_transaction(self) -> bool {
        matches!(self.point.side, Side::Inside | Side::Commit) && self.point.step != Step::Migrate
    }

    /// Does it lie on the way of a pre-order that the cache cannot take?
    fn needs_cache_down(self) -> bool {
        matches!(self.point.step, Step::PreOrderStored | Step::NumberLease)
    }

    /// How often the process passes the point before it is aborted there: never on the
    /// first pass, and where it can be, in the middle of much work.
    fn passes(self) -> u32 {
        match self.point.step {
            Step::MasterKey | Step::MigrateDatabase | Step::Manifest | Step::Migrate => {
                unreachable!("that is at the start")
            }
            Step::TellWebhooks | Step::PostWebhook | Step::QueuePushes | Step::Push => {
                unreachable!("programs and browsers have their own tests")
            }
            // Once for each site; or worked off a few times a second at most.
            Step::NumberBlock | Step::GiveUp | Step::Lists | Step::Expire => 1,
            // There are two leases at the start, and the third is for when one is used up. Of
            // old days there are six, each with a page of packets and one of claims.
            Step::NumberLease | Step::Seal | Step::KeepPackets | Step::KeepClaims | Step::Empty => {
                2
            }
            Step::ChatLines | Step::Refund | Step::Credit => 5,
            Step::PreOrderCached
            | Step::PreOrderStored
            | Step::CallBegin
            | Step::CallAnswer
            | Step::TopUp
            | Step::Pay
            | Step::Land
            | Step::ChatCard => 12,
            Step::Open | Step::Settle => 30,
            // Every worker looks once at the start, and once a second.
            Step::Lease => 60,
        }
    }

    async fn survive(self, past: &Past) {
        let begun = Instant::now();
        let answers = match self.point.step {
            Step::MasterKey | Step::MigrateDatabase | Step::Manifest | Step::Migrate => {
                at_the_start(self.point).await;
                0
            }
            _ => under_load(self, past).await,
        };
        let (Self { point, mode, .. }, seconds) = (self, begun.elapsed().as_secs_f64());
        println!("{seconds:>5.1} s  {} in mode {mode}, after {answers} answers", point.name);
    }

    /// What arms the point.
    fn fail_points(self) -> String {
        let Self { point, .. } = self;
        let mut armed = vec![(point.name, format!("{}*off->return", self.passes()))];
        if self.needs_cache_down() {
            armed.push((CACHE_DOWN, "return".to_owned()));
        }
        armed.extend(self.bug.map(|bug| (bug.name(), "return".to_owned())));
        // What is reached right after the start waits a little there, for the load to begin.
        let first = match point.step {
            Step::Seal | Step::KeepPackets | Step::KeepClaims | Step::Empty => {
                "archive.seal.before"
            }
            Step::GiveUp => "give_up.before",
            _ => return join(&armed),
        };
        if point.name == first {
            armed[0].1 = format!("{WAIT_FOR_LOAD}->{}*off->return", self.passes() - 1);
        } else {
            armed.push((first, WAIT_FOR_LOAD.to_owned()));
        }
        join(&armed)
    }
}

fn join(armed: &[(&str, String)]) -> String {
    armed.iter().map(|(name, action)| format!("{name}={action}")).collect::<Vec<_>>().join(";")
}

#[test]
fn every_crash_point_is_survived() {
    let past = on_tokio(Past::make());
    // A part of a name, to look into one point alone.
    let only = std::env::var("HONGBAO_CRASH_POINT").unwrap_or_default();
    let cases = Case::all().into_iter().filter(|case| case.point.name.contains(&only));
    let failed = not_survived(cases, &past);
    assert!(failed.is_empty(), "not survived: {failed:#?}");
}

/// Within a transaction, on the database that a fleet has: what is not committed was never
/// there, whatever a server was told before (R-STORE-3).
#[test]
fn every_crash_point_within_a_transaction_is_survived_on_postgres() {
    let past = on_tokio(Past::make_on_postgres());
    let only = std::env::var("HONGBAO_CRASH_POINT").unwrap_or_default();
    let within = |case: &Case| case.is_within_a_transaction() && case.point.name.contains(&only);
    let failed = not_survived(Case::each_once().into_iter().filter(within), &past);
    assert!(failed.is_empty(), "not survived: {failed:#?}");
}

/// An outbox row in a transaction of its own is found on both.
#[test]
fn rows_apart_from_what_they_tell_of_are_found() {
    println!("the panics that follow are meant to happen");
    for past in [on_tokio(Past::make()), on_tokio(Past::make_on_postgres())] {
        let point = POINTS.iter().find(|point| point.name == "open.inside").unwrap();
        let case = Case { point, mode: MODES[0], bug: Some(Bug::RowsApart) };
        assert_eq!(not_survived([case].into_iter(), &past).len(), 1);
    }
}

/// A test that cannot fail shows nothing: with one of these bugs in the server, it does.
#[test]
fn a_server_that_is_wrong_does_not_survive() {
    let past = on_tokio(Past::make());
    let wrong = [
        ("credit.before", Bug::SettleBeforeDelivery),
        ("pay.after", Bug::BlockWithoutMark),
        ("archive.empty.after", Bug::ClaimsNotCopied),
        ("credit.after", Bug::CreditTwice),
        ("chat.lines.after", Bug::LineToldTwice),
    ];
    let cases = wrong.into_iter().map(|(name, bug)| {
        let point = POINTS.iter().find(|point| point.name == name).unwrap();
        Case { point, mode: MODES[0], bug: Some(bug) }
    });
    println!("the panics that follow are meant to happen");
    assert_eq!(not_survived(cases, &past).len(), wrong.len());
}

/// Runs all of these, some at once; those that failed.
fn not_survived(cases: impl Iterator<Item = Case> + Send, past: &Past) -> Vec<Case> {
    let (left, failed) = (Mutex::new(cases), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(case) = next(&left) {
                    let survived = || on_tokio(case.survive(past));
                    if catch_unwind(AssertUnwindSafe(survived)).is_err() {
                        failed.lock().unwrap().push(case);
                    }
                }
            });
        }
    });
    failed.into_inner().unwrap()
}

fn next(left: &Mutex<impl Iterator<Item = Case>>) -> Option<Case> {
    left.lock().unwrap().next()
}

fn on_tokio<T>(work: impl Future<Output = T>) -> T {
    Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

/// How many answers clients had been given when the process was aborted.
async fn under_load(case: Case, past: &Past) -> usize {
    let name = case.point.name;
    let bug = case.bug.map_or(String::new(), |bug| format!("{}=return", bug.name()));
    let settings = [("HONGBAO_CREDIT_MODE", case.mode), ("FAILPOINTS", &bug)];
    let mut stage = Stage::of(past, &settings).await;
    if matches!(case.point.step, Step::NumberBlock | Step::NumberLease) {
        // Numbers of today, which nobody may be given again.
        stage.restart();
        stage.cast.one_turn().await;
        stage.server.kill();
    }
    let before = stage.cast.told.answers();
    if stage.try_start(&[("FAILPOINTS", &case.fail_points())]) {
        let reached = tokio::time::timeout(REACHED_WITHIN, stage.cast.until_it_is_gone()).await;
        assert!(reached.is_ok(), "{name} is never reached");
    }
    aborted(name, stage.ended());
    let answers = stage.cast.told.answers() - before;
    let left = stage.copy().await;
    stage.leases_end().await;
    stage.restart();
    stage.stand_by_it(case.needs_cache_down()).await;
    // Whatever is on its way, nothing is lost or made at any moment.
    audit(&left, &[]);
    stage.cast.one_turn().await;
    all_the_way_to_the_end(&mut stage).await;
    old_days_are_cold(&stage).await;
    answers
}

/// Nobody can be there yet: each abort leaves a folder on which the server goes on.
async fn at_the_start(point: &'static Point) {
    let Point { name, step, side, .. } = *point;
    let mut server = Stage::empty();
    let passes: &[u32] = match (step, side) {
        (Step::MasterKey | Step::Manifest, Side::After) => &[0],
        (Step::MasterKey | Step::Manifest, _) => &[0, 0, 0],
        // Within migrations a point is passed every few steps of SQLite's machine.
        (_, Side::Inside) => &[5, 150, 400],
        _ => &[0, 3, 6],
    };
    for passes in passes {
        let fail_points = format!("{name}={passes}*off->return");
        assert!(!server.try_start(&[("FAILPOINTS", &fail_points)]), "{name}");
        aborted(name, server.wait());
    }
    server.restart();
    let (group, people) = server.group_of(MEMBERS).await;
    let cast = Cast { group, people, told: Arc::default() };
    let mut stage = Stage { server, cast };
    stage.cast.one_turn().await;
    all_the_way_to_the_end(&mut stage).await;
}

async fn all_the_way_to_the_end(stage: &mut Stage) {
    stage.until_all_is_over().await;
    stage.end_and_audit();
    stage.restart();
    stage.check_all().await;
    stage.server.kill();
}

fn aborted(name: &str, status: ExitStatus) {
    assert_eq!(status.signal(), Some(SIGABRT), "{name}: {status}");
}

fn is_of_programs_or_browsers(step: Step) -> bool {
    matches!(step, Step::TellWebhooks | Step::PostWebhook | Step::QueuePushes | Step::Push)
}
