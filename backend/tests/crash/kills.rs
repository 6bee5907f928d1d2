//! `kill -9` at any moment loses no answered open and no payment (R-OPEN-2, R-SEND-2); after
//! a restart every claim is credited and the audit is clean (R-MONEY-3, R-MONEY-5).

use crate::{facts::old_days_are_cold, past::Past, stage::Stage};
use hongbao::runtime::{Entropy, SystemEntropy};
use std::{
    fmt,
    time::{Duration, Instant},
};

/// Kills of the short run, and of each round of the long one: then everything drains, is
/// checked, and the next round begins with the past again, so that a run may last for as
/// long as anybody likes.
const KILLS: u32 = 8;
/// How long the process may live when it is killed at the start, or while it ends.
const MOMENTS_MS: u64 = 400;

/// When the process is killed.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// After clients have been given so many answers.
    UnderLoad(usize),
    /// So long after it was launched, whether it serves by then or not.
    AtTheStart(Duration),
    /// So long after it was asked to end, under load.
    AtTheEnd(Duration),
}

/// The same numbers for the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        // splitmix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }

    fn moment(&mut self) -> Moment {
        let after = |dice: &mut Self| Duration::from_millis(dice.below(MOMENTS_MS));
        match self.below(6) {
            0 => Moment::AtTheStart(after(self)),
            1 => Moment::AtTheEnd(after(self)),
            _ => Moment::UnderLoad(20 + usize::try_from(self.below(300)).unwrap()),
        }
    }
}

/// What a run came to.
#[derive(Debug, Default)]
struct Report {
    under_load: u32,
    at_the_start: u32,
    at_the_end: u32,
    payments: usize,
    opens: usize,
    audits: u32,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { under_load, at_the_start, at_the_end, payments, opens, audits } = self;
        let kills = under_load + at_the_start + at_the_end;
        writeln!(
            f,
            "{kills} kills: {under_load} under load, {at_the_start} at the start, {at_the_end} at the end"
        )?;
        writeln!(f, "{payments} payments and {opens} opens were answered, and stood")?;
        write!(f, "{audits} audits found nothing")
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn kill_9_loses_nothing_that_was_answered() {
    let seed = 20_160_207;
    println!("seed {seed}");
    let past = Past::make().await;
    let mut report = Report::default();
    round(&past, &mut Dice(seed), &mut report).await;
    println!("{report}");
    assert!(report.under_load > 0 && report.payments > 0 && report.opens > 0);
}

/// `cargo xtask crash` runs this.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "for as long as HONGBAO_CRASH_MINUTES says"]
async fn kill_9_for_as_long_as_told() {
    let number = |name| std::env::var(name).ok().map(|value| value.parse::<u64>().unwrap());
    let minutes = number("HONGBAO_CRASH_MINUTES").unwrap_or(10);
    let seed = number("HONGBAO_CRASH_SEED").unwrap_or_else(|| SystemEntropy.bits());
    println!("seed {seed}, for {minutes} min");
    let past = Past::make().await;
    let mut dice = Dice(seed);
    let mut report = Report::default();
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(60 * minutes) {
        round(&past, &mut dice, &mut report).await;
        println!("after {} s:\n{report}", begun.elapsed().as_secs());
    }
    println!("seed {seed}: nothing was lost");
}

async fn round(past: &Past, dice: &mut Dice, report: &mut Report) {
    let modes = ["split", "queue", "deferred"];
    let mode = modes[usize::try_from(dice.below(3)).unwrap()];
    let mut stage = Stage::of(past, &[("HONGBAO_CREDIT_MODE", mode)]).await;
    for _ in 0..KILLS {
        let moment = dice.moment();
        match moment {
            Moment::AtTheStart(after) => {
                // What it would print is dropped with the pipe.
                drop(stage.server.launch(&[]));
                tokio::time::sleep(after).await;
                stage.server.kill();
                report.at_the_start += 1;
            }
            Moment::UnderLoad(answers) => {
                stage.restart();
                stage.stand_by_it(false).await;
                let cast = stage.cast.clone();
                let load = tokio::spawn(async move { cast.until_it_is_gone().await });
                stage.cast.told.more_answers(answers).await;
                stage.server.kill();
                load.await.unwrap();
                report.under_load += 1;
            }
            Moment::AtTheEnd(after) => {
                stage.restart();
                stage.stand_by_it(false).await;
                let cast = stage.cast.clone();
                let load = tokio::spawn(async move { cast.until_it_is_gone().await });
                stage.cast.told.more_answers(50).await;
                stage.server.ask_to_end();
                tokio::time::sleep(after).await;
                stage.server.kill();
                load.await.unwrap();
                report.at_the_end += 1;
            }
        }
        stage.audit(&[]);
        report.audits += 1;
    }
    stage.restart();
    stage.stand_by_it(false).await;
    stage.cast.one_turn().await;
    stage.until_all_is_over().await;
    stage.end_and_audit();
    stage.restart();
    stage.check_all().await;
    stage.server.kill();
    old_days_are_cold(&stage).await;
    report.audits += 1;
    let facts = stage.cast.told.facts();
    report.payments += facts.paid.len();
    report.opens += facts.opened.len();
}
