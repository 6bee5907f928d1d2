//! `hongbao server`.

use super::{Common, Failure, on_tokio, say};
use crate::{
    http,
    node::{Outside, divide, start_on},
    telemetry,
};
use anyhow::anyhow;
use axum::Router;
use hongbao_config::{Config, Listen};
use hongbao_domain::{
    board::{Place, Rung},
    crash,
};
use hongbao_engine::app::App;
use std::sync::Arc;
use tokio::{net::TcpListener, runtime::Builder};
use tokio_util::sync::CancellationToken;

/// What `hongbao server` takes.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    common: Common,
    /// Address, or name, and port to listen at; port 0 takes a free one. 127.0.0.1:8080 by default.
    #[arg(long, value_name = "ADDR:PORT")]
    listen: Option<Listen>,
}

/// Serves until SIGTERM, SIGINT or SIGHUP, then drains.
pub fn run(arguments: Arguments) -> Result<(), Failure> {
    run_with(arguments, http::router)
}

/// The same, with a router of the caller's.
pub fn run_with(
    arguments: Arguments,
    router: impl FnOnce(Arc<App>, CancellationToken) -> Router,
) -> Result<(), Failure> {
    let config = arguments.common.load(arguments.listen)?;
    let _armed = crash::arm(telemetry::flush);
    // A commit comes back a dozen times from the database's thread. Behind hundreds of
    // requests that are ready as well, each time would be a wait; on a thread of their
    // own the lanes go on at once.
    let lanes =
        Builder::new_multi_thread().worker_threads(1).thread_name("lanes").enable_all().build()?;
    let outside = Outside { lanes: Some(lanes.handle().clone()), ..Outside::default() };
    let served = on_tokio(serve(config, outside, router));
    drop(lanes);
    served
}

async fn serve(
    mut config: Config,
    outside: Outside,
    router: impl FnOnce(Arc<App>, CancellationToken) -> Router,
) -> Result<(), Failure> {
    let configured = config.server.connections_max;
    divide(&mut config)?;
    let listen = config.server.listen.0;
    // Before the databases are touched: a port that is taken often means that another
    // server works on the same data. Whoever connects meanwhile waits in the backlog.
    let listener = TcpListener::bind(listen)
        .await
        .map_err(|error| Failure::usage(format!("cannot listen at {listen}: {error}")))?;
    let address = listener.local_addr()?;
    let app = Arc::new(start_on(config, outside).await?);
    let (mut signals, mut hang_up) = (Signals::listen()?, HangUp::listen()?);
    // On a thread of its own: a terminal that stands still must not stop the service.
    std::thread::spawn(move || say(format_args!("Hongbao is at http://{address}")));
    tracing::info!(%address, "serving");
    let connections = app.config.server.connections_max;
    if connections < configured {
        tracing::warn!(
            "the limit of open files leaves room for {connections} connections instead of \
             {configured} (server.connections_max): raise it (ulimit -n, LimitNOFILE)"
        );
    }

    let draining = CancellationToken::new();
    let router = router(Arc::clone(&app), draining.clone());
    let (fallen, board) = (app.fallen().clone(), Arc::clone(app.control.board()));
    let asked = async move {
        tokio::select! {
            biased;
            () = signals.next() => tracing::info!("draining"),
            () = hang_up.comes() => tracing::info!("the terminal is closed: draining"),
            why = fallen.wait() => board.enter(Rung::NodeEnding, Place::Node, why),
        }
        draining.cancel();
        tokio::spawn(async move {
            signals.next().await;
            tracing::warn!("asked twice: stopping at once");
            telemetry::flush();
            std::process::exit(1);
        });
    };
    http::serve(listener, router, &app.config.server, app.control.board(), asked).await;
    app.shutdown().await;
    if let Some(why) = app.fallen().why() {
        return Err(Failure::Failed(anyhow!("stopped by itself: {why}")));
    }
    tracing::info!("stopped");
    Ok(())
}

/// SIGTERM, or control-C, from now on and again and again. Listened for before anybody is told
/// that the server is there: until then the signal ends the process as it stands.
struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    fn listen() -> std::io::Result<Self> {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            let (terminate, interrupt) = (SignalKind::terminate(), SignalKind::interrupt());
            Ok(Self { terminate: signal(terminate)?, interrupt: signal(interrupt)? })
        }
        #[cfg(not(unix))]
        Ok(Self {})
    }

    async fn next(&mut self) {
        #[cfg(unix)]
        tokio::select! {
            biased;
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
        #[cfg(not(unix))]
        if let Err(error) = tokio::signal::ctrl_c().await {
            tracing::error!(%error, "cannot listen for control-C");
            std::future::pending::<()>().await;
        }
    }
}

/// SIGHUP: the terminal is closed. The shell sends it and the system, too, so that a second one
/// hurries nobody.
struct HangUp {
    /// `None` where it is ignored.
    #[cfg(unix)]
    signal: Option<tokio::signal::unix::Signal>,
}

impl HangUp {
    fn listen() -> std::io::Result<Self> {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            let signal = (!is_ignored()).then(|| signal(SignalKind::hangup())).transpose()?;
            Ok(Self { signal })
        }
        #[cfg(not(unix))]
        Ok(Self {})
    }

    async fn comes(&mut self) {
        #[cfg(unix)]
        if let Some(signal) = &mut self.signal {
            signal.recv().await;
            return;
        }
        std::future::pending::<()>().await;
    }
}

/// Was the server started to outlive its terminal, as by `nohup`? Whoever listens would undo that.
/// Where the system does not say, the signal is left as it is.
#[cfg(unix)]
fn is_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|bits| u64::from_str_radix(bits.trim(), 16).ok());
    // The lowest bit is that of signal 1.
    ignored.is_none_or(|ignored| ignored & 1 == 1)
}
