//! Figures of timed parts, and how they are shown.

use crate::{
    stage::Timed,
    stats::{median, percentile},
};
use std::{fmt, path::Path, time::Duration};

/// What is kept of a timed part.
#[derive(Clone, Copy, Debug, Default)]
pub struct Figures {
    /// Calls per second.
    pub per_second: f64,
    /// Median latency in milliseconds.
    pub p50_ms: f64,
    /// Latency that one call in a hundred exceeds, in milliseconds.
    pub p99_ms: f64,
    /// Processor time of the server per call in microseconds, whatever it did meanwhile.
    pub server_us: f64,
    /// Processor time of the load generator per call in microseconds.
    pub load_us: f64,
}

impl Figures {
    /// Of one part.
    pub fn of(timed: &Timed) -> Self {
        let mut latencies: Vec<_> = timed.phase.answers.iter().map(|one| one.latency).collect();
        latencies.sort_unstable();
        let calls = u32::try_from(latencies.len()).unwrap_or(u32::MAX).max(1);
        let ms = |duration: Duration| duration.as_secs_f64() * 1e3;
        Self {
            per_second: timed.phase.per_second(),
            p50_ms: ms(percentile(&latencies, 50)),
            p99_ms: ms(percentile(&latencies, 99)),
            server_us: ms(timed.server_cpu / calls) * 1e3,
            load_us: ms(timed.load_cpu / calls) * 1e3,
        }
    }

    /// The median of each figure by itself.
    pub fn medians(rounds: &[Self]) -> Self {
        let of = |figure: fn(&Self) -> f64| median(&rounds.iter().map(figure).collect::<Vec<_>>());
        Self {
            per_second: of(|one| one.per_second),
            p50_ms: of(|one| one.p50_ms),
            p99_ms: of(|one| one.p99_ms),
            server_us: of(|one| one.server_us),
            load_us: of(|one| one.load_us),
        }
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:>7.0}/s  p50 {:>6.2} ms  p99 {:>6.2} ms  cpu/call {:>5.1} µs server {:>5.1} µs load",
            self.per_second, self.p50_ms, self.p99_ms, self.server_us, self.load_us
        )
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
