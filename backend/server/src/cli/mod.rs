//! The bodies of the subcommands. Standard output is their answer, standard error is
//! for sentences and logs.

pub mod admin;
pub mod audit;
pub mod backup;
pub mod doctor;
pub mod keys;
pub mod migrate;
pub mod reconcile;
pub mod server;
pub mod split;
pub mod verify;

use crate::{node::refuse_for_another, telemetry};
use hongbao_config::{Config, ConfigError, Flags, Listen, refuse_unread};
use std::{
    cell::RefCell,
    collections::BTreeSet,
    fmt,
    future::Future,
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

/// How a subcommand ends when it does not succeed.
#[derive(Debug)]
pub enum Failure {
    /// What was asked for makes no sense, or the configuration is wrong: exit code 2,
    /// as clap's own.
    Usage(String),
    /// It makes sense, and the answer is no: a mismatch, a missing fen. Exit code 1;
    /// whatever there is to say has been printed.
    Negative,
    /// It could not be done: exit code 1.
    Failed(anyhow::Error),
}

impl Failure {
    fn usage(sentence: impl fmt::Display) -> Self {
        Self::Usage(sentence.to_string())
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::usage(error)
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        // A part that starts may find out itself that the configuration is wrong.
        match error.downcast::<ConfigError>() {
            Ok(error) => error.into(),
            Err(error) => Self::Failed(error),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Failed(error.into())
    }
}

/// The exit code, with one sentence on standard error if something went wrong.
pub fn exit(result: Result<(), Failure>) -> ExitCode {
    let code = match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Negative) => ExitCode::from(1),
        Err(Failure::Usage(sentence)) => {
            telemetry::line(&format!("hongbao: {sentence}"));
            ExitCode::from(2)
        }
        Err(Failure::Failed(error)) => {
            telemetry::line(&format!("hongbao: {error:#}"));
            ExitCode::from(1)
        }
    };
    telemetry::flush();
    code
}

/// A line of the answer. Whoever has stopped reading misses nothing that matters: the
/// exit code tells.
fn say(line: impl fmt::Display) {
    let _gone = writeln!(io::stdout(), "{line}");
}

/// What every subcommand takes that works on stored data.
#[derive(Debug, clap::Args)]
pub struct Common {
    /// A configuration file (TOML); variables HONGBAO_… and flags win over it.
    #[arg(long, value_name = "FILE", env = "HONGBAO_CONFIG")]
    config: Option<PathBuf>,
    /// The folder of databases and keys; `data` by default.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

impl Common {
    /// The configuration of data that is there: elsewhere, opening would make empty databases.
    fn load_with_data(self) -> Result<Config, Failure> {
        let config = self.load(None)?;
        let data = &config.storage.data;
        // A fleet's data is elsewhere.
        if config.fleet.is_none() && !data.is_dir() {
            return Err(Failure::usage(format!("there is no data in {}", data.display())));
        }
        Ok(config)
    }

    /// Likewise, for whoever is going to change something there.
    fn load_to_change(self) -> Result<Config, Failure> {
        let config = self.load_with_data()?;
        refuse_for_another(&config)?;
        Ok(config)
    }

    /// The checked configuration; logging starts with it.
    fn load(self, listen: Option<Listen>) -> Result<Config, Failure> {
        let flags = Flags { file: self.config, listen, data: self.data };
        let read = RefCell::new(BTreeSet::new());
        let config = Config::load(&flags, &|name| {
            read.borrow_mut().insert(name.to_owned());
            std::env::var_os(name)
        })?;
        // A name that is no text is none of ours.
        let set = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
        refuse_unread(set, read.into_inner())?;
        telemetry::start(&config.telemetry);
        Ok(config)
    }
}

/// Runs a subcommand on tokio, on all cores.
fn on_tokio<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work)
}
