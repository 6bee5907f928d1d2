//! `hongbao admin service`: accounts of programs (R-API-5).

use super::{Common, Failure, failed, on_tokio, say};
use crate::node::open_stores;
use hongbao_domain::{
    Refusal,
    board::Board,
    runtime::{Clock, SystemClock, SystemEntropy},
    store::people::{Scopes, StoredService},
};
use hongbao_engine::{
    accounts::{Accounts, AccountsSettings},
    groups::{Groups, GroupsSettings},
    services::{ServiceDraft, Services},
};
use hongbao_shared::{ErrorCode, api::services::Scope};
use std::{sync::Arc, time::Duration};

/// What `hongbao admin service` takes.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Add a program; its token is printed, this once.
    Add {
        /// What it is called.
        name: String,
        /// What it may do: act, read, grant, webhooks, administer, with commas between.
        #[arg(long, value_delimiter = ',', required = true)]
        scopes: Vec<Scope>,
        /// How many calls it may make in a minute, on each node.
        #[arg(long, default_value_t = 6_000, value_parser = clap::value_parser!(u32).range(1..))]
        calls_per_minute: u32,
        #[command(flatten)]
        life: Life,
        #[command(flatten)]
        common: Common,
    },
    /// Show all, those that were revoked too.
    List {
        #[command(flatten)]
        common: Common,
    },
    /// Give a program another token, which is printed this once. One that was revoked has access
    /// again, by this token alone.
    Rotate {
        /// What it is called.
        name: String,
        /// Hours for which the tokens that it has are still valid; 0 if one has leaked.
        #[arg(long, default_value_t = 24)]
        overlap_hours: u32,
        #[command(flatten)]
        life: Life,
        #[command(flatten)]
        common: Common,
    },
    /// End a program's access; `rotate` gives it back. A running server follows within half a
    /// minute.
    Revoke {
        /// What it is called.
        name: String,
        #[command(flatten)]
        common: Common,
    },
    /// What a program did last, the newest first.
    Acts {
        /// What it is called.
        name: String,
        /// How many lines.
        #[arg(long, default_value_t = 100)]
        limit: u32,
        #[command(flatten)]
        common: Common,
    },
}

/// How long a new token is valid.
#[derive(Clone, Copy, Debug, clap::Args)]
struct Life {
    /// Days for which the token is valid.
    #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(u32).range(1..=3_650))]
    days: u32,
}

impl Life {
    fn duration(self) -> Duration {
        Duration::from_hours(u64::from(self.days).saturating_mul(24))
    }
}

pub(super) fn run(arguments: Arguments) -> Result<(), Failure> {
    match arguments.command {
        Command::Add { name, scopes, calls_per_minute, life, common } => {
            let scopes = Scopes::of(scopes);
            let token_ttl = life.duration();
            let draft = ServiceDraft { name, scopes, calls_per_minute, token_ttl };
            with(common, async |services| {
                say(services.add(draft).await?);
                Ok(())
            })
        }
        Command::List { common } => with(common, async |services| {
            services.list().await?.iter().for_each(show);
            Ok(())
        }),
        Command::Rotate { name, overlap_hours, life, common } => {
            let overlap = Duration::from_hours(overlap_hours.into());
            with(common, async |services| {
                say(services.rotate(&name, life.duration(), overlap).await?);
                Ok(())
            })
        }
        Command::Revoke { name, common } => with(common, async |services| {
            services.revoke(&name).await?;
            say(format_args!("{name} is revoked"));
            Ok(())
        }),
        Command::Acts { name, limit, common } => with(common, async |services| {
            for act in services.acts(&name, limit).await? {
                let user = act.user.map_or_else(|| "–".to_owned(), |user| user.to_string());
                say(format_args!("{}\t{user}\t{}", act.at, act.call));
            }
            Ok(())
        }),
    }
}

fn show(service: &StoredService) {
    let scopes: Vec<_> = service.scopes.iter().map(Scope::as_str).collect();
    let until =
        |at: Option<_>, none: &str| at.map_or_else(|| none.to_owned(), |at| format!("{at}"));
    say(format_args!(
        "{}\t{}\t{} calls a minute\tseen {}\t{}",
        service.name,
        scopes.join(","),
        service.calls_per_minute,
        until(service.seen_at, "never"),
        match service.revoked_at {
            Some(at) => format!("revoked {at}"),
            None => format!("until {}", until(service.expires_at, "rotated")),
        },
    ));
}

/// Without starting the application: its workers are the server's business.
fn with(
    common: Common,
    work: impl AsyncFnOnce(&Services) -> Result<(), Refusal>,
) -> Result<(), Failure> {
    let config = common.load_to_change()?;
    on_tokio(async {
        let stores = open_stores(&config).await?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let entropy = Arc::new(SystemEntropy);
        let limits = Arc::new(config.limits.clone());
        let people = || Arc::clone(&stores.people);
        let accounts = Arc::new(Accounts::new(
            people(),
            Arc::clone(&clock),
            entropy.clone(),
            Arc::clone(&limits),
            AccountsSettings::default(),
            Arc::new(Board::new(Arc::clone(&clock))),
        )?);
        let groups = Arc::new(Groups::new(
            people(),
            Arc::clone(&accounts),
            Arc::clone(&clock),
            entropy.clone(),
            Arc::clone(&limits),
            &GroupsSettings::default(),
        ));
        let services = Services::new(people(), accounts, groups, clock, entropy, limits);
        let worked = work(&services).await;
        stores.close().await;
        worked.map_err(|refusal| match refusal.code {
            ErrorCode::NotFound => {
                Failure::usage("there is no program of this name, or it is revoked already")
            }
            ErrorCode::NameTaken => {
                Failure::usage("there is a program of this name; `rotate` gives it another token")
            }
            ErrorCode::NameInvalid => {
                Failure::usage("a name is 1 to 64 printable ASCII characters without spaces")
            }
            _ => failed(refusal),
        })
    })
}
