//! Logs and metrics (R-API-3). Logs go to standard error, through a queue that never fails
//! (`lines`); standard output belongs to what a command answers.
//!
//! Never logged: session tokens, tickets, seeds, passwords, invitation codes. The
//! types that hold them hide them from `Debug`, and requests are logged by their
//! route, not by their path.

mod history;
mod lines;

pub(crate) use history::history;
pub(crate) use lines::{flush, line};

use hongbao_config::{LogFormat, Telemetry};
use hongbao_domain::runtime::Clock;
use lines::ToLines;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use std::{
    io::IsTerminal,
    sync::{Arc, OnceLock},
    time::Duration,
};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::{filter::Targets, layer::SubscriberExt, util::SubscriberInitExt};

/// How long a request took, by route and status; in seconds.
pub const REQUEST_SECONDS: &str = "hongbao_http_request_duration_seconds";
/// How often the recorder tidies what histograms have gathered; without it they grow
/// for ever.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);
/// From a cached grab to a call that waited for a slow disk, in seconds.
const BUCKETS_S: [f64; 13] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];
/// Sizes of batches, the other thing that is measured. Buckets of all nodes can be
/// added up; the quantiles that are the default cannot.
const BUCKETS_SIZE: [f64; 10] = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0];

/// Starts logging. Once per process; later calls change nothing.
pub fn start(settings: &Telemetry) {
    // Each directive is looked at once for each place that logs. One by spans or their fields would have
    // to be asked whenever a request goes on.
    let targets: Targets = settings.filter.parse().unwrap_or_default();
    let log = tracing_subscriber::fmt::layer()
        .with_ansi(std::io::stderr().is_terminal())
        // A line that cannot be made is no reason to say so by a macro that panics.
        .log_internal_errors(false)
        .with_writer(ToLines);
    // An error means that this process logs already, as in tests.
    let _already = match settings.format {
        LogFormat::Text => tracing_subscriber::registry().with(targets).with(log).try_init(),
        LogFormat::Json => {
            let log = log.json().flatten_event(true);
            tracing_subscriber::registry().with(targets).with(log).try_init()
        }
    };
    std::panic::set_hook(Box::new(|panic| {
        let at = panic.location().map(ToString::to_string).unwrap_or_default();
        let message = panic.payload_as_str().unwrap_or("no message");
        tracing::error!(panic.at = at, panic.message = message, "panicked");
        // It may be the last thing that this process says.
        flush();
    }));
}

/// The process's metrics; the first call installs the recorder.
pub fn metrics() -> &'static PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE.get_or_init(|| {
        let recorder = PrometheusBuilder::new()
            .set_buckets(&BUCKETS_SIZE)
            .expect("there are buckets")
            .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &BUCKETS_S)
            .expect("there are buckets")
            .build_recorder();
        let handle = recorder.handle();
        // Somebody else's recorder stays; ours then shows nothing.
        if metrics::set_global_recorder(recorder).is_err() {
            tracing::warn!("another metrics recorder is installed");
        }
        metrics::describe_histogram!(
            REQUEST_SECONDS,
            metrics::Unit::Seconds,
            "Time from the request's head to the answer's head, by route, method and status."
        );
        metrics::describe_counter!(
            lines::LOST,
            metrics::Unit::Count,
            "Log lines that standard error, or the queue in front of it, did not take."
        );
        handle
    })
}

/// Keeps the metrics tidy, and what they said, until `stop`.
pub async fn upkeep(clock: Arc<dyn Clock>, stop: CancellationToken) {
    // The first tick is now: what happens in the first seconds has risen from something.
    let mut ticks = tokio::time::interval(UPKEEP_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            _ = ticks.tick() => {
                let metrics = metrics();
                metrics.run_upkeep();
                history::sample(clock.now(), &metrics.render());
            }
        }
    }
}
