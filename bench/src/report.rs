//! Figures of timed parts, and how they are shown.

use crate::{
    stage::Timed,
    stats::{median, percentile},
};
use serde::Serialize;
use std::{collections::BTreeMap, fmt, path::Path, time::Duration};

/// What is kept of a timed part.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Figures {
    /// Calls per second.
    pub per_second: f64,
    /// Median latency in milliseconds, of all calls of somebody together where they make several.
    pub p50_ms: f64,
    /// Latency that one call in a hundred exceeds, in milliseconds.
    pub p99_ms: f64,
    /// Processor time per call in microseconds of each process with its children, whatever it
    /// did meanwhile.
    pub cpu_us: BTreeMap<&'static str, f64>,
}

impl Figures {
    /// Of one part.
    pub fn of(timed: &Timed) -> Self {
        let mut latencies: Vec<_> = timed.phase.answers.iter().map(|one| one.latency).collect();
        latencies.sort_unstable();
        let calls = timed.phase.calls().max(1);
        let ms = |duration: Duration| duration.as_secs_f64() * 1e3;
        Self {
            per_second: timed.phase.per_second(),
            p50_ms: ms(percentile(&latencies, 50)),
            p99_ms: ms(percentile(&latencies, 99)),
            cpu_us: timed.cpu.iter().map(|(name, cpu)| (*name, ms(*cpu / calls) * 1e3)).collect(),
        }
    }

    /// The median of each figure by itself.
    pub fn medians(rounds: &[Self]) -> Self {
        let of = |figure: fn(&Self) -> f64| median(&rounds.iter().map(figure).collect::<Vec<_>>());
        let cpu = |name: &&'static str| {
            let each = rounds.iter().filter_map(|one| one.cpu_us.get(name).copied());
            (*name, median(&each.collect::<Vec<_>>()))
        };
        Self {
            per_second: of(|one| one.per_second),
            p50_ms: of(|one| one.p50_ms),
            p99_ms: of(|one| one.p99_ms),
            cpu_us: rounds.iter().flat_map(|one| one.cpu_us.keys()).map(cpu).collect(),
        }
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:>7.0}/s  p50 {:>6.2} ms  p99 {:>6.2} ms  cpu/call",
            self.per_second, self.p50_ms, self.p99_ms
        )?;
        // The server and the load first, whatever else there is behind them.
        let rank = |name: &str| (name != "server", name != "load");
        let mut cpu: Vec<_> = self.cpu_us.iter().collect();
        cpu.sort_by_key(|(name, _)| rank(name));
        cpu.into_iter().try_for_each(|(name, us)| write!(f, " {us:>5.1} µs {name}"))
    }
}

/// A line of the report.
#[expect(clippy::print_stdout, reason = "the report is what this program is for")]
pub fn say(line: impl fmt::Display) {
    println!("{line}");
}

/// The command as it was given, without the folders of this machine, and the machine.
pub fn say_conditions(data: &Path) -> anyhow::Result<()> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    say(format_args!("command  hongbao-bench {}", arguments.join(" ")));
    say(format_args!("machine  {}", crate::machine::describe(data)?));
    Ok(())
}
