//! `hongbao admin`: what only whoever holds the data may do.

use super::{Common, Failure, on_tokio, require_data, say};
use crate::{
    Refusal,
    accounts::{Accounts, AccountsSettings, Person},
    app::Stores,
    config::Config,
    runtime::{SystemClock, SystemEntropy},
};
use hongbao_shared::ErrorCode;
use std::sync::Arc;

/// What `hongbao admin` takes.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Make an administrator of somebody.
    Grant {
        /// The id of a person, or the name of an account.
        user: String,
        #[command(flatten)]
        common: Common,
    },
}

/// Works on the stored data; a running server follows within half a minute.
pub fn run(arguments: Arguments) -> Result<(), Failure> {
    let Command::Grant { user, common } = arguments.command;
    let config = common.load(None)?;
    require_data(&config)?;
    match on_tokio(grant(&config, &user))? {
        Ok(Person { profile, .. }) => {
            say(format_args!("{} ({}) is an administrator", profile.name, profile.id));
            Ok(())
        }
        Err(refusal) if refusal.code == ErrorCode::NotFound => {
            Err(Failure::usage(format!("there is nobody with the id or account name {user:?}")))
        }
        Err(refusal) => Err(Failure::Failed(refusal.into())),
    }
}

/// Without starting the application: its workers are the server's business.
async fn grant(config: &Config, user: &str) -> Result<Result<Person, Refusal>, Failure> {
    let stores = Stores::open(config).await?;
    let accounts = Accounts::new(
        Arc::clone(&stores.people),
        Arc::new(SystemClock),
        Arc::new(SystemEntropy),
        Arc::new(config.limits.clone()),
        AccountsSettings::default(),
    )?;
    let granted = accounts.grant_admin(user).await;
    stores.close().await;
    Ok(granted)
}
