//! The short history of this process's own metrics, for the operations page: three rings of
//! points in memory, so that nobody needs Prometheus in order to look.
//!
//! Every five seconds the metrics are read as Prometheus would read them. What the table below
//! names is kept, counters as they stand: what happened in a second is worked out when somebody
//! asks, so that a ring of hours is the same code as one of seconds.

mod lines;

use hongbao_shared::{
    Timestamp,
    api::history::{History, HistorySeries, HistoryUnit, HistoryWindow},
};
use lines::Line;
use parking_lot::Mutex;
use std::{
    collections::{BTreeMap, VecDeque},
    sync::LazyLock,
};

/// Points that each ring keeps.
const POINTS_MAX: usize = 181;
/// Lines that each ring keeps: a fleet may have more shards than anybody looks at.
const LINES_MAX: usize = 200;
/// How many samples lie between two points of each ring.
const RINGS: [(HistoryWindow, u64); 3] =
    [(HistoryWindow::Quarter, 1), (HistoryWindow::Day, 96), (HistoryWindow::Week, 672)];

/// How a series comes from metrics.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// What a counter rises by in a second.
    Rate,
    /// What a gauge says.
    Level,
    /// What a counter rises by for each that another series counts, times the factor.
    Each(&'static str, f64),
    /// How many of a hundred that another series counts this counter does not.
    Spared(&'static str),
}

/// One series of the operations page.
#[derive(Debug)]
struct Series {
    name: &'static str,
    unit: HistoryUnit,
    way: Way,
    /// The metric, as Prometheus names it.
    metric: &'static str,
    /// Only lines with this label.
    only: Option<(&'static str, &'static str)>,
    /// The label that makes lines of their own; without one, all of a metric is one line.
    by: Option<&'static str>,
}

const REQUESTS: &str = "hongbao_http_request_duration_seconds_count";
const PAY: &str = "/api/v1/packets/{order_no}/pay";
const GRAB: &str = "/api/v1/packets/{order_no}/grab";

const fn series(name: &'static str, unit: HistoryUnit, way: Way, metric: &'static str) -> Series {
    Series { name, unit, way, metric, only: None, by: None }
}

const fn rate(name: &'static str, metric: &'static str) -> Series {
    series(name, HistoryUnit::PerSecond, Way::Rate, metric)
}

const fn level(name: &'static str, metric: &'static str) -> Series {
    series(name, HistoryUnit::Items, Way::Level, metric)
}

impl Series {
    const fn only(self, label: &'static str, value: &'static str) -> Self {
        Self { only: Some((label, value)), ..self }
    }

    const fn by(self, label: &'static str) -> Self {
        Self { by: Some(label), ..self }
    }

    /// The line that a metric's line belongs to, if it is of this series.
    fn line<'a>(&self, line: &Line<'a>) -> Option<&'a str> {
        let is_ours = line.name == self.metric
            && self.only.is_none_or(|(label, value)| line.label(label) == Some(value));
        is_ours.then(|| self.by.and_then(|label| line.label(label)).unwrap_or_default())
    }
}

/// All of them.
static SERIES: [Series; 17] = [
    rate("opens", "hongbao_claims_total"),
    rate("sends", REQUESTS).only("route", PAY),
    rate("grabs", REQUESTS).only("route", GRAB),
    rate("opens_by_shard", "hongbao_claims_total").by("shard"),
    rate("refusals", "hongbao_flow_refused_total").by("what"),
    rate("refusals_grabs", "hongbao_grabs_refused_total").by("limit"),
    rate("refusals_sends", "hongbao_sends_refused_total").by("limit"),
    rate("refusals_doors", "hongbao_http_refused_total").by("what"),
    rate("refusals_lanes", "hongbao_lane_full_total"),
    rate("refusals_addresses", "hongbao_http_throttled_total"),
    rate("commits", "hongbao_lane_commit_seconds_count"),
    series("batch", HistoryUnit::Items, Way::Each("commits", 1.0), "hongbao_claims_total"),
    series(
        "commit",
        HistoryUnit::Milliseconds,
        Way::Each("commits", 1000.0),
        "hongbao_lane_commit_seconds_sum",
    ),
    level("waiting", "hongbao_outbox_waiting_rows").by("destination"),
    level("dead", "hongbao_outbox_dead_rows").by("destination"),
    series("from_memory", HistoryUnit::Percent, Way::Spared("grabs"), "hongbao_packet_loads_total"),
    level("streams", "hongbao_live_streams"),
];

static HISTORY: LazyLock<Mutex<Rings>> = LazyLock::new(Mutex::default);

/// Keeps what the metrics say now.
pub(super) fn sample(at: Timestamp, metrics: &str) {
    HISTORY.lock().take(at, metrics);
}

/// What has been measured; empty after a start.
pub(crate) fn history(window: HistoryWindow) -> History {
    HISTORY.lock().read(window)
}

/// A line: which series, and of what.
type Key = (usize, String);

#[derive(Debug, Default)]
struct Rings {
    samples: u64,
    rings: [Ring; RINGS.len()],
}

/// Moments, and what each line said at each; nothing where it was not there.
#[derive(Debug, Default)]
struct Ring {
    at: VecDeque<Timestamp>,
    lines: BTreeMap<Key, VecDeque<Option<f64>>>,
}

impl Rings {
    fn take(&mut self, at: Timestamp, metrics: &str) {
        let mut now = BTreeMap::<Key, f64>::new();
        for line in lines::of(metrics) {
            for (number, series) in SERIES.iter().enumerate() {
                if let Some(of) = series.line(&line) {
                    *now.entry((number, of.to_owned())).or_default() += line.value;
                }
            }
        }
        for ((_, every), ring) in RINGS.iter().zip(&mut self.rings) {
            if self.samples.is_multiple_of(*every) {
                ring.take(at, &now);
            }
        }
        self.samples = self.samples.wrapping_add(1);
    }

    fn read(&self, window: HistoryWindow) -> History {
        let ring = RINGS.iter().position(|(one, _)| *one == window);
        let ring = ring.and_then(|at| self.rings.get(at));
        ring.map_or(History { window, at: Vec::new(), series: Vec::new() }, |it| it.read(window))
    }
}

impl Ring {
    fn take(&mut self, at: Timestamp, now: &BTreeMap<Key, f64>) {
        let points = self.at.len();
        for key in now.keys() {
            if !self.lines.contains_key(key) && self.lines.len() < LINES_MAX {
                self.lines.insert(key.clone(), (0..points).map(|_| None).collect());
            }
        }
        self.at.push_back(at);
        for (key, values) in &mut self.lines {
            values.push_back(now.get(key).copied());
        }
        if self.at.len() > POINTS_MAX {
            self.at.pop_front();
            for values in self.lines.values_mut() {
                values.pop_front();
            }
        }
    }

    fn read(&self, window: HistoryWindow) -> History {
        let series = self.lines.iter().filter_map(|((number, of), values)| {
            let series = SERIES.get(*number)?;
            Some(HistorySeries {
                name: series.name.to_owned(),
                of: of.clone(),
                unit: series.unit,
                values: (1..self.at.len()).map(|at| self.value(series, values, at)).collect(),
            })
        });
        let series = series.collect();
        History { window, at: self.at.iter().skip(1).copied().collect(), series }
    }

    fn value(&self, series: &Series, values: &VecDeque<Option<f64>>, at: usize) -> Option<i64> {
        thousandths(match series.way {
            Way::Level => (*values.get(at)?)?,
            Way::Rate => risen(values, at)? / self.seconds(at)?,
            Way::Each(other, factor) => risen(values, at)? / self.counted(other, at)? * factor,
            Way::Spared(other) => {
                (100.0 - 100.0 * risen(values, at)? / self.counted(other, at)?).max(0.0)
            }
        })
    }

    /// How many another series has counted since the moment before; nothing for none.
    fn counted(&self, name: &str, at: usize) -> Option<f64> {
        let number = SERIES.iter().position(|series| series.name == name)?;
        let risen = risen(self.lines.get(&(number, String::new()))?, at)?;
        (risen > 0.0).then_some(risen)
    }

    /// Since the moment before, on a clock that may have been set.
    fn seconds(&self, at: usize) -> Option<f64> {
        let ms = self.at.get(at)?.millis_since(*self.at.get(at.checked_sub(1)?)?);
        let ms = u32::try_from(ms).ok().filter(|ms| *ms > 0)?;
        Some(f64::from(ms) / 1000.0)
    }
}

/// What a counter rose by since the moment before. One that was not there yet stood at zero.
fn risen(values: &VecDeque<Option<f64>>, at: usize) -> Option<f64> {
    let before = values.get(at.checked_sub(1)?)?.unwrap_or(0.0);
    Some(((*values.get(at)?)? - before).max(0.0))
}

#[expect(clippy::cast_possible_truncation, clippy::as_conversions, reason = "it saturates")]
fn thousandths(value: f64) -> Option<i64> {
    value.is_finite().then(|| (value * 1000.0).round() as i64)
}

#[cfg(test)]
mod tests;
