//! `hongbao admin`: what only whoever holds the data may do.

mod service;

use super::{Common, Failure, on_tokio, say};
use crate::node::{open_stores, open_stores_to_read};
use anyhow::Context as _;
use hongbao_config::Config;
use hongbao_domain::{
    Refusal,
    board::Board,
    runtime::{Clock, SystemClock, SystemEntropy},
    store::{
        outbox::Fate,
        people::{By, NewEntry, Person, What},
    },
};
use hongbao_engine::{
    accounts::{Accounts, AccountsSettings},
    delivery::{DeadLetters, LETTERS_PAGE_MAX, LetterId},
    packets::skip_numbers,
    stores::Stores,
};
use hongbao_shared::{ErrorCode, api::control::DeadLetter};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

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
    /// Go on far above every order number that may have been given: after the ledger's
    /// database was restored to an earlier moment, before the nodes start.
    SkipNumbers {
        #[command(flatten)]
        common: Common,
    },
    /// Show what could not be delivered and only somebody can move.
    DeadLetters {
        /// What is tried again by itself instead.
        #[arg(long)]
        failing: bool,
        #[command(flatten)]
        common: Common,
    },
    /// Accounts of programs: add, list, rotate, revoke, and what they did.
    Service(service::Arguments),
    /// Try dead letters again, once what was in their way is mended.
    Retry {
        /// The letter, as `dead-letters` names it.
        #[arg(value_parser = letter, required_unless_present = "all", conflicts_with = "all")]
        id: Option<LetterId>,
        /// All that are dead.
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        common: Common,
    },
}

/// Works on the stored data; a running server follows within half a minute.
pub fn run(arguments: Arguments) -> Result<(), Failure> {
    match arguments.command {
        Command::Grant { user, common } => run_grant(&user, common),
        Command::SkipNumbers { common } => on_tokio(skip(common)),
        Command::DeadLetters { failing, common } => {
            let fate = if failing { Fate::Failing } else { Fate::Dead };
            on_tokio(async {
                let config = common.load_with_data()?;
                let (stores, _lock) = open_stores_to_read(&config).await?;
                with_letters(stores, async |letters| show(letters, fate).await).await
            })
        }
        Command::Service(arguments) => service::run(arguments),
        Command::Retry { id, common, .. } => on_tokio(async {
            let config = common.load_to_change()?;
            let stores = open_stores(&config).await?;
            let (what, detail) = match id {
                Some(id) => (What::RetryDeadLetter, json!({ "letter": id.to_string() })),
                None => (What::RetryDeadLetters, json!({})),
            };
            if let Err(error) = enter(&stores, what, &detail).await {
                stores.close().await;
                return Err(error.into());
            }
            with_letters(stores, async |letters| retry(letters, id).await).await
        }),
    }
}

fn run_grant(user: &str, common: Common) -> Result<(), Failure> {
    let config = common.load_to_change()?;
    match on_tokio(grant(&config, user))? {
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

async fn skip(common: Common) -> Result<(), Failure> {
    let config = common.load_to_change()?;
    let stores = open_stores(&config).await?;
    let (sites, now) = (stores.sites(), SystemClock.now());
    let skipped = async {
        enter(&stores, What::SkipNumbers, &json!({})).await?;
        skip_numbers(&*stores.ledger, sites, now, &SystemEntropy).await
    };
    let skipped = skipped.await;
    stores.close().await;
    skipped?;
    say("new packets are numbered far above all that there are");
    Ok(())
}

/// Without starting the application: its workers are the server's business.
async fn grant(config: &Config, user: &str) -> Result<Result<Person, Refusal>, Failure> {
    let stores = open_stores(config).await?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let accounts = Accounts::new(
        Arc::clone(&stores.people),
        Arc::clone(&clock),
        Arc::new(SystemEntropy),
        Arc::new(config.limits.clone()),
        AccountsSettings::default(),
        Arc::new(Board::new(clock)),
    )?;
    let granted = accounts.grant_admin(user).await;
    stores.close().await;
    Ok(granted)
}

/// Writes down what a command is about to do; without that, it is not done (R-API-6).
pub(super) async fn enter(stores: &Stores, what: What, detail: &Value) -> anyhow::Result<()> {
    let entry = NewEntry::new(SystemClock.now(), By::HOUSE, what, detail);
    stores.people.enter(entry).await.context("it cannot be written into the journal")
}

/// A running server looks out for what is due, so that nothing has to wake it.
async fn with_letters(
    stores: Stores,
    work: impl AsyncFnOnce(&DeadLetters) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let letters = DeadLetters::new(&stores, &BTreeMap::new(), Arc::new(SystemClock));
    let worked = work(&letters).await;
    stores.close().await;
    worked
}

async fn show(letters: &DeadLetters, fate: Fate) -> Result<(), Failure> {
    let (mut cursor, mut silent) = (None, BTreeSet::new());
    let mut count = 0_u64;
    loop {
        let page = letters.page(fate, cursor.as_deref(), LETTERS_PAGE_MAX).await.map_err(failed)?;
        for letter in page.items {
            count = count.saturating_add(1);
            let DeadLetter { id, destination, attempts, error, at, .. } = letter;
            say(format_args!("{id}\t{at}\t{destination}\t{attempts} attempts\t{error}"));
        }
        silent.extend(page.silent);
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    say(format_args!("{count} letters"));
    if silent.is_empty() {
        return Ok(());
    }
    let silent = silent.into_iter().collect::<Vec<_>>().join(", ");
    Err(Failure::Failed(anyhow::anyhow!("{silent} did not answer: letters of theirs are missing")))
}

async fn retry(letters: &DeadLetters, id: Option<LetterId>) -> Result<(), Failure> {
    let Some(id) = id else {
        let retried = letters.retry_all().await.map_err(failed)?;
        say(format_args!("{retried} letters are retried"));
        return Ok(());
    };
    match letters.retry(id).await {
        Ok(true) => say(format_args!("{id} is retried")),
        Ok(false) => say(format_args!("{id} is not dead: it is on its way, or has arrived")),
        Err(refusal) if refusal.code == ErrorCode::InvalidId => {
            return Err(Failure::usage(format!("there is no database for the letter {id}")));
        }
        Err(refusal) => return Err(failed(refusal)),
    }
    Ok(())
}

fn letter(text: &str) -> Result<LetterId, &'static str> {
    text.parse().map_err(|_| "a letter is named like ledger-12 or S3-7")
}

fn failed(refusal: Refusal) -> Failure {
    Failure::Failed(refusal.into())
}
