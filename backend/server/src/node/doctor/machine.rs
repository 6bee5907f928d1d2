//! The settings beside each other, and what the machine gives.

use super::{super::divide, Findings};
use hongbao_config::Config;
use std::io;
use tokio::net::TcpListener;

const SETTINGS: &str = "settings";

/// What holds for itself, and may not be what somebody meant. (What cannot be is refused when
/// the configuration is read.)
pub(super) fn settings(config: &Config, findings: &mut Findings) {
    let server = &config.server;
    let listen = server.listen.0;
    let before = findings.0.len();
    let open = !listen.ip().is_loopback();
    if open && !server.https && server.trusted_proxies.is_empty() {
        findings.doubtful(
            SETTINGS,
            format_args!(
                "everybody who reaches {listen} is served without https, which shows sessions to \
                 the network: put a proxy with https in front, and set server.https and \
                 server.trusted_proxies"
            ),
        );
    }
    if server.https && server.trusted_proxies.is_empty() {
        findings.doubtful(
            SETTINGS,
            "server.https says that a proxy stands in front, but server.trusted_proxies names none: \
             all people come from its one address, and share the limits of one",
        );
    }
    if let Some(all) = server.trusted_proxies.iter().find(|one| one.is_everywhere()) {
        findings.doubtful(
            SETTINGS,
            format_args!(
                "server.trusted_proxies has {all}: whoever calls may say what address they come \
                 from, so that limits per address hold back nobody; name the proxies alone"
            ),
        );
    }
    if !config.flow.per_person {
        findings.doubtful(
            SETTINGS,
            "flow.per_person is false, as for load tests: one person can crowd out all others",
        );
    }
    if config.reconcile.interval_s == 0 {
        findings.doubtful(
            SETTINGS,
            "reconcile.interval_s is 0: what goes missing between the databases is mended when \
             somebody asks for it, and not before",
        );
    }
    let gives = still_gives(config);
    if !config.treasury.self_top_up && !gives.is_empty() {
        findings.doubtful(
            SETTINGS,
            format_args!(
                "treasury.self_top_up is false, and the house still gives by itself: {}",
                gives.join("; ")
            ),
        );
    }
    if findings.0.len() == before {
        findings.fine(SETTINGS, "they go together");
    }
}

/// What brings money to people whom nobody has granted any: anybody can be a guest.
fn still_gives(config: &Config) -> Vec<&'static str> {
    let gives = [
        (
            !config.limits.welcome_grant_fen.is_zero(),
            "each new guest has limits.welcome_grant_fen (0 for none)",
        ),
        (
            !config.treasury.daily_allowance_fen.is_zero(),
            "everybody who comes has treasury.daily_allowance_fen each day (0 for none)",
        ),
        (
            config.limits.demo,
            "members of demo groups send what the issuer gives them (limits.demo = false for none)",
        ),
    ];
    gives.into_iter().filter(|(is_so, _)| *is_so).map(|(_, what)| what).collect()
}

/// Of whoever asks; a service may be given more (`LimitNOFILE`).
pub(super) fn open_files(config: &Config, findings: &mut Findings) {
    const ABOUT: &str = "open files";
    let wanted = config.server.connections_max;
    let mut divided = config.clone();
    match divide(&mut divided) {
        Err(error) => findings.wrong(ABOUT, error),
        Ok(()) if divided.server.connections_max < wanted => findings.doubtful(
            ABOUT,
            format_args!(
                "the limit leaves room for {} connections at a time instead of {wanted} \
                 (server.connections_max): raise it (ulimit -n, LimitNOFILE)",
                divided.server.connections_max
            ),
        ),
        Ok(()) => findings.fine(ABOUT, format_args!("room for {wanted} connections at a time")),
    }
}

/// Can a server listen there? One that does may be this one's.
pub(super) async fn port(config: &Config, findings: &mut Findings) {
    const ABOUT: &str = "port";
    let listen = config.server.listen.0;
    match TcpListener::bind(listen).await {
        Ok(_) => findings.fine(ABOUT, format_args!("{listen} is free")),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            findings.fine(ABOUT, format_args!("somebody listens at {listen} already"));
        }
        Err(error) => findings.wrong(ABOUT, format_args!("cannot listen at {listen}: {error}")),
    }
}
