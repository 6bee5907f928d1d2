//! Midnight, with one site lost in the middle of it: a queueing simulation whose inputs are
//! measured figures. It books every call: what has come is answered, given up, waiting in a
//! queue, or resting until it is tried again.

use crate::report::say;
use anyhow::{Result, ensure};
use std::collections::{BTreeMap, VecDeque};

/// One step, and how many of them make a second.
const STEP_MS: u64 = 10;
const STEPS_PER_S: u64 = 1_000 / STEP_MS;
/// What comes before midnight and what is left of the peak in the end, in hundredths of it.
const CALM_PERCENT: u64 = 20;
/// Seconds before midnight, at the peak, of falling back, and of the rest.
const BEFORE_S: u64 = 10;
const PEAK_S: u64 = 30;
const FALL_S: u64 = 60;
const AFTER_S: u64 = 60;
/// A site is lost so long after midnight.
const LOST_AFTER_S: u64 = 10;
/// What a lost site had taken is tried again after so long: the limit of nginx for a connection.
const NOTICED_MS: u64 = 1_000;
/// A node refuses what it could not answer within ten seconds.
const PATIENCE_S: u64 = 10;
/// Whoever is refused comes again after one to three seconds, and gives up after so many calls.
const REST_MIN_MS: u64 = 1_000;
const REST_SPREAD_MS: u64 = 2_000;
const TRIES_MAX: u32 = 4;

/// What `hongbao-bench midnight` takes.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// Calls a second at the peak, as they come the first time: WeChat's of 2017 by default.
    #[arg(long, default_value_t = 760_000)]
    peak: u64,
    /// Calls a second that one node answers: by default the durable opens of `contest` on
    /// PostgreSQL and Redis, which cost more than the grabs and looks that most calls are.
    #[arg(long, default_value_t = 31_800)]
    node: u64,
    /// Nodes beyond those that the peak takes, in hundredths of them.
    #[arg(long, default_value_t = 33)]
    spare_percent: u64,
    /// How many sites share the nodes, of which there are at most four: a simulation each.
    #[arg(long, value_delimiter = ',', default_values_t = [2, 3, 4])]
    sites: Vec<u64>,
    /// Another number, other accidents.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Calls that came in the same step, for the same time.
#[derive(Clone, Copy, Debug)]
struct Calls {
    since: u64,
    tries: u32,
    count: u64,
}

/// What became of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Books {
    come: u64,
    answered: u64,
    given_up: u64,
    refusals: u64,
    /// How many waited so many steps from their first call to their answer.
    waits: BTreeMap<u64, u64>,
    /// The step after which nobody waited longer than one.
    calm: u64,
}

/// Nodes behind one queue.
#[derive(Debug, Default)]
struct Site {
    queue: VecDeque<Calls>,
    waiting: u64,
}

struct Simulation {
    sites: Vec<Site>,
    /// Calls that one site answers in a step.
    per_step: u64,
    resting: BTreeMap<u64, Vec<Calls>>,
    books: Books,
    state: u64,
}

/// Simulates and prints.
pub fn run(arguments: &Arguments) -> Result<()> {
    let Arguments { peak, node, spare_percent, seed, .. } = *arguments;
    ensure!(node > 0 && arguments.sites.iter().all(|sites| *sites > 1), "nothing would be left");
    let nodes = (peak * (100 + spare_percent)).div_ceil(100 * node);
    say(format_args!(
        "{peak} calls/s at midnight, {node} calls/s for each of {nodes} nodes, seed {seed}"
    ));
    say(
        "| sites | nodes each | left of the peak | p50 | p99 | worst | refusals | given up | calm after |",
    );
    say("|---|---|---|---|---|---|---|---|---|");
    for &sites in &arguments.sites {
        let each = nodes.div_ceil(sites);
        let left = (sites - 1) * each * node * 100 / peak.max(1);
        let books = simulate(sites, each * node, peak, seed)?;
        let lost = (BEFORE_S + LOST_AFTER_S) * STEPS_PER_S;
        let calm_s = books.calm.saturating_sub(lost).div_ceil(STEPS_PER_S);
        let part = |count: u64| {
            format!("{}.{:02} %", count * 100 / books.come, count * 10_000 / books.come % 100)
        };
        say(format_args!(
            "| {sites} | {each} | {left} % | {} ms | {} ms | {} ms | {} | {} | {calm_s} s |",
            books.wait_ms(50),
            books.wait_ms(99),
            books.wait_ms(100),
            part(books.refusals),
            part(books.given_up),
        ));
    }
    Ok(())
}

/// A night of sites that answer so many calls a second each.
fn simulate(sites: u64, per_second: u64, peak: u64, seed: u64) -> Result<Books> {
    let mut simulation = Simulation {
        sites: (0..sites).map(|_| Site::default()).collect(),
        per_step: per_second / STEPS_PER_S,
        resting: BTreeMap::new(),
        books: Books::default(),
        state: seed,
    };
    let end = (BEFORE_S + PEAK_S + FALL_S + AFTER_S) * STEPS_PER_S;
    let mut now = 0;
    while now < end || !simulation.is_idle() {
        let coming = if now < end { simulation.around(rate(peak, now) / STEPS_PER_S) } else { 0 };
        simulation.step(now, coming);
        simulation.check()?;
        now += 1;
    }
    Ok(simulation.books)
}

/// Calls a second at a step.
fn rate(peak: u64, step: u64) -> u64 {
    let calm = peak * CALM_PERCENT / 100;
    let since_midnight = step.checked_sub(BEFORE_S * STEPS_PER_S);
    let Some(since_midnight) = since_midnight else { return calm };
    let falling = since_midnight.saturating_sub(PEAK_S * STEPS_PER_S).min(FALL_S * STEPS_PER_S);
    peak - (peak - calm) * falling / (FALL_S * STEPS_PER_S)
}

impl Simulation {
    fn step(&mut self, now: u64, coming: u64) {
        if now == (BEFORE_S + LOST_AFTER_S) * STEPS_PER_S {
            // What it had taken is heard of no more, and is asked again under the same key.
            let lost = self.sites.pop().unwrap_or_default();
            let again = self.resting.entry(now + NOTICED_MS / STEP_MS).or_default();
            again.extend(lost.queue);
        }
        self.books.come += coming;
        let mut calls = self.resting.remove(&now).unwrap_or_default();
        calls.push(Calls { since: now, tries: 1, count: coming });
        for calls in calls {
            self.spread(now, calls);
        }
        for site in &mut self.sites {
            site.answer(now, self.per_step, &mut self.books);
        }
    }

    /// Everyone goes to one of the sites that are left.
    fn spread(&mut self, now: u64, calls: Calls) {
        let sites = u64::try_from(self.sites.len()).unwrap_or(u64::MAX);
        let bound = self.per_step * STEPS_PER_S * PATIENCE_S;
        for at in 0..self.sites.len() {
            let first = u64::from(at == 0) * (calls.count % sites);
            let count = calls.count / sites + first;
            let site = &mut self.sites[at];
            let taken = count.min(bound.saturating_sub(site.waiting));
            site.waiting += taken;
            site.queue.push_back(Calls { count: taken, ..calls });
            self.refuse(now, Calls { count: count - taken, ..calls });
        }
    }

    fn refuse(&mut self, now: u64, calls: Calls) {
        if calls.count == 0 {
            return;
        }
        self.books.refusals += calls.count;
        if calls.tries == TRIES_MAX {
            self.books.given_up += calls.count;
            return;
        }
        let rest = (REST_MIN_MS + self.below(REST_SPREAD_MS)) / STEP_MS;
        let again = Calls { tries: calls.tries + 1, ..calls };
        self.resting.entry(now + rest).or_default().push(again);
    }

    fn is_idle(&self) -> bool {
        self.resting.is_empty() && self.sites.iter().all(|site| site.waiting == 0)
    }

    /// No call is lost and none is counted twice.
    fn check(&self) -> Result<()> {
        let Books { come, answered, given_up, .. } = self.books;
        let waiting: u64 = self.sites.iter().map(|site| site.waiting).sum();
        let resting: u64 = self.resting.values().flatten().map(|calls| calls.count).sum();
        let booked = answered + given_up + waiting + resting;
        ensure!(come == booked, "{come} calls have come, and {booked} are booked");
        for site in &self.sites {
            let queued: u64 = site.queue.iter().map(|calls| calls.count).sum();
            ensure!(queued == site.waiting, "{queued} calls wait, not {}", site.waiting);
        }
        Ok(())
    }

    /// About as many, as chance has it: the sum of twelve even draws is nearly a normal one.
    fn around(&mut self, mean: u64) -> u64 {
        let twelve: u64 = (0..12).map(|_| self.below(1_000)).sum();
        let root = mean.isqrt();
        (mean + root * twelve / 1_000).saturating_sub(6 * root)
    }

    /// An even draw, by `SplitMix64`.
    fn below(&mut self, bound: u64) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % bound
    }
}

impl Site {
    fn answer(&mut self, now: u64, mut room: u64, books: &mut Books) {
        while let Some(calls) = self.queue.front_mut() {
            let answered = calls.count.min(room);
            calls.count -= answered;
            room -= answered;
            self.waiting -= answered;
            books.answered += answered;
            let waited = now - calls.since;
            if answered > 0 {
                *books.waits.entry(waited).or_default() += answered;
                if waited > 1 {
                    books.calm = now;
                }
            }
            if calls.count > 0 {
                return;
            }
            self.queue.pop_front();
        }
    }
}

impl Books {
    /// The wait that so many of a hundred answered calls do not exceed, rounded up to a step.
    fn wait_ms(&self, percent: u64) -> u64 {
        let rank = (self.answered * percent).div_ceil(100);
        let mut seen = 0;
        for (steps, count) in &self.waits {
            seen += count;
            if seen >= rank {
                return (steps + 1) * STEP_MS;
            }
        }
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_a_night() {
        let night = |seed| simulate(3, 3_000, 6_500, seed).unwrap();
        assert_eq!(night(1), night(1));
        assert_ne!(night(1), night(2));
    }

    #[test]
    fn what_is_left_decides_how_long_people_wait() {
        // Twice the peak in two sites: what one of them had waits for a second, and no one else.
        let ample = simulate(2, 10_000, 9_000, 1).unwrap();
        assert_eq!((ample.wait_ms(99), ample.refusals), (STEP_MS, 0));
        let short = simulate(2, 5_000, 9_000, 1).unwrap();
        assert!(short.wait_ms(99) > PATIENCE_S * 1_000 / 2 && short.refusals > 0, "{short:?}");
        assert_eq!(short.come, short.answered + short.given_up);
    }

    #[test]
    fn the_night_has_a_peak() {
        let at = |second| rate(1_000, second * STEPS_PER_S);
        assert_eq!((at(0), at(BEFORE_S), at(BEFORE_S + PEAK_S)), (200, 1_000, 1_000));
        assert_eq!((at(BEFORE_S + PEAK_S + FALL_S / 2), at(1_000)), (600, 200));
    }
}
