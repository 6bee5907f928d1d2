//! How many files the process may have open, and who gets how many of them (R-CTRL-6): what the
//! databases need is kept apart from what the network may take.

use hongbao_config::{Config, ConfigError};

/// For logs, folders, keys, and what a runtime needs.
const OTHERS: u64 = 100;
/// A database of a file: its writer and its readers have the file and its log open each, all of
/// them one index, and there is some room for a backup beside it.
const PER_FILE: u64 = 13;
/// A server that can answer fewer at a time serves nobody.
const CONNECTIONS_MIN: u64 = 64;

/// Raises the limit of open files as far as it goes, and divides it. Where it is too low for
/// what is configured, there are fewer connections; where it is too low for any, that is the
/// error.
pub fn divide(config: &mut Config) -> Result<(), ConfigError> {
    let Some(limit) = raise() else { return Ok(()) };
    let needed = kept(config);
    let room = limit.saturating_sub(needed);
    if room < CONNECTIONS_MIN {
        let least = needed + CONNECTIONS_MIN;
        return Err(ConfigError(format!(
            "the process may have {limit} open files, and needs {least} at least with these \
             settings: raise the limit (ulimit -n, LimitNOFILE)"
        )));
    }
    let room = u32::try_from(room).unwrap_or(u32::MAX);
    let server = &mut config.server;
    server.connections_max = server.connections_max.min(room);
    // Streams stay, and must leave some for what begins and ends.
    let streams_max = server.connections_max - server.connections_max / 4;
    config.live.streams_max = config.live.streams_max.min(streams_max);
    Ok(())
}

/// What is not for connections of clients.
fn kept(config: &Config) -> u64 {
    let shards = u64::from(config.sites.shards).saturating_mul(2);
    let databases = match &config.fleet {
        // Ledger, people, lists and switches; two sites' cold storage.
        None => (shards + 6).saturating_mul(PER_FILE),
        Some(fleet) => shards
            .saturating_mul(fleet.connections_per_shard.into())
            .saturating_add(u64::from(fleet.connections).saturating_mul(6)),
    };
    databases.saturating_add(OTHERS)
}

/// The limit, after it was raised to what the system allows; `None` if there is none.
#[cfg(unix)]
fn raise() -> Option<u64> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current == maximum {
        return current;
    }
    match setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        Ok(()) => maximum,
        Err(error) => {
            tracing::debug!(%error, "the limit of open files stays as it is");
            current
        }
    }
}

#[cfg(not(unix))]
fn raise() -> Option<u64> {
    None
}
