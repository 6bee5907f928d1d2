//! `hongbao keys`: the key ring (R-STORE-7). Works beside a running server, which reads
//! the keys folder again each second.

use super::{Common, Failure, admin::enter, on_tokio, say};
use crate::{
    node::{open_stores, open_stores_to_read},
    telemetry,
};
use hongbao_config::Config;
use hongbao_domain::{
    keys::KeyId,
    runtime::{Clock, SystemClock, SystemEntropy},
    store::{keys::KnownKey, people::What},
};
use hongbao_engine::{
    files,
    keys::seal::Sealer,
    keys::{Keys, KeysFolder, lacks, needed, unused_since},
    push,
    stores::Stores,
};
use serde_json::json;

/// What `hongbao keys` takes.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Show the ids of all keys, and which of them seals.
    List {
        #[command(flatten)]
        common: Common,
    },
    /// Make a key that opens, and does not seal yet: for a fleet, whose nodes all need its
    /// file before one of them seals with it.
    Add {
        #[command(flatten)]
        common: Common,
    },
    /// Have another key seal from now on; the others go on opening what they sealed.
    Rotate {
        /// The key that is to seal; without it a new one is made.
        id: Option<KeyId>,
        #[command(flatten)]
        common: Common,
    },
    /// Take a key away that nothing needs any more; refused as long as anything does.
    Forget {
        /// Which.
        #[arg(required_unless_present = "lost")]
        id: Option<KeyId>,
        /// The key is lost for good: servers start without it from now on. Its open packets
        /// can never be opened, and its others are shown without their proof. Without an
        /// id, the key of data from before keys had names.
        #[arg(long)]
        lost: bool,
        #[command(flatten)]
        common: Common,
    },
}

/// Prints ids, never a key.
pub fn run(arguments: Arguments) -> Result<(), Failure> {
    match arguments.command {
        Command::List { common } => {
            let config = common.load_with_data()?;
            on_tokio(list(&config))
        }
        Command::Add { common } => {
            let config = common.load_to_change()?;
            let id = folder(&config)?.add(&SystemEntropy)?;
            say(format_args!(
                "{id} is a new key, and opens; `hongbao keys rotate {id}` has it seal"
            ));
            on_tokio(changed(&config, What::AddKey, id))
        }
        Command::Rotate { id, common } => {
            let config = common.load_to_change()?;
            let id = rotate(&folder(&config)?, id)?;
            on_tokio(changed(&config, What::RotateKey, id))
        }
        Command::Forget { id, lost, common } => {
            let config = common.load_to_change()?;
            match id {
                Some(id) if !lost => on_tokio(forget(&config, id)),
                id => on_tokio(give_up(&config, id)),
            }
        }
    }
}

/// The folder whose keys can be changed.
fn folder(config: &Config) -> Result<KeysFolder, Failure> {
    let folder = KeysFolder::changeable(config).ok_or_else(|| {
        Failure::usage(
            "the keys come from storage.master_key (HONGBAO_MASTER_KEY): change the list there, the \
             one that seals first, and start the nodes again one by one",
        )
    })?;
    match files::of_another(folder.path()) {
        Some(another) => Err(another.refuses(folder.path()).into()),
        None => Ok(folder),
    }
}

async fn list(config: &Config) -> Result<(), Failure> {
    let known = known(config).await?;
    let keys = Keys::read(config);
    let sealing = keys.as_ref().ok().map(Keys::sealing);
    // What is no ring, because a key is missing, may be most of one.
    let ids = keys.as_ref().map_or_else(|_| KeysFolder::of(config).ids(), |keys| Ok(keys.ids()))?;
    let note = |id: KeyId| {
        let known = known.iter().find(|known| known.id == id);
        known.map_or_else(
            || "never used".to_owned(),
            |KnownKey { used_at, .. }| format!("used until {used_at}"),
        )
    };
    for id in &ids {
        let does = if sealing == Some(*id) { "seals and opens" } else { "opens" };
        say(format_args!("{id}  {does:15}  {}", note(*id)));
    }
    let lost = known.iter().filter(|known| !ids.contains(&known.id));
    let mut complete = true;
    for KnownKey { id, .. } in lost {
        complete = false;
        say(format_args!("{id}  {:15}  {}", "MISSING", note(*id)));
    }
    keys?;
    if complete { Ok(()) } else { Err(Failure::Negative) }
}

/// The keys that the data names.
async fn known(config: &Config) -> anyhow::Result<Vec<KnownKey>> {
    let (stores, _lock) = open_stores_to_read(config).await?;
    let known = stores.keys.known().await;
    stores.close().await;
    Ok(known?)
}

/// Says what is amiss, and what is done in the journal. Databases that do not answer keep nobody
/// from changing keys.
async fn changed(config: &Config, what: What, id: KeyId) -> Result<(), Failure> {
    let known = known(config).await;
    if let Ok(known) = &known {
        tell_of_missing(config, known);
    }
    let entered = async {
        known?;
        let stores = open_stores(config).await?;
        let entered = enter(&stores, what, &json!({ "key": id.to_string() })).await;
        stores.close().await;
        entered
    };
    if let Err(error) = entered.await {
        telemetry::line(&format!("hongbao: this is not in the journal: {error:#}"));
    }
    Ok(())
}

/// Another key mends nothing of what those seal that are missing.
fn tell_of_missing(config: &Config, known: &[KnownKey]) {
    let folder = KeysFolder::of(config);
    let Ok(there) = folder.ids() else { return };
    let missing = known.iter().map(|known| known.id).filter(|id| !there.contains(id));
    let missing: Vec<_> = missing.collect();
    if !missing.is_empty() {
        telemetry::line(&format!("hongbao: {}", lacks(&missing, &folder.to_string())));
    }
}

/// A key that is made for it and cannot seal is taken away again.
fn rotate(folder: &KeysFolder, id: Option<KeyId>) -> Result<KeyId, Failure> {
    let (id, is_new) = match id {
        Some(id) => (id, false),
        None => (folder.add(&SystemEntropy)?, true),
    };
    if let Err(error) = folder.seal_with(id) {
        if is_new {
            folder.remove(id)?;
        }
        return Err(error.into());
    }
    say(format_args!("{id} seals from now on; a server that runs follows within a second or two"));
    Ok(id)
}

async fn forget(config: &Config, id: KeyId) -> Result<(), Failure> {
    let keys = Keys::read(config)?;
    if keys.sealing() == id {
        return Err(Failure::usage(format!("{id} seals: `hongbao keys rotate` first")));
    }
    let stores = open_stores(config).await?;
    let forgotten = forget_in(config, &keys, id, &stores).await;
    stores.close().await;
    forgotten?;
    match keys.folder() {
        Some(folder) => {
            folder.remove(id)?;
            say(format_args!("{id} is forgotten"));
        }
        None => say(format_args!("nothing needs {id}: take it out of {}", keys.place())),
    }
    Ok(())
}

/// Has servers start without a key that nobody has any more.
async fn give_up(config: &Config, id: Option<KeyId>) -> Result<(), Failure> {
    let keys = Keys::read(config)?;
    if let Some(id) = id.filter(|id| keys.ids().contains(id)) {
        return Err(Failure::usage(format!("{id} is not lost: it is in {}", keys.place())));
    }
    let stores = open_stores(config).await?;
    let detail = json!({ "key": id.map(|id| id.to_string()) });
    if let Err(error) = enter(&stores, What::GiveUpKey, &detail).await {
        stores.close().await;
        return Err(error.into());
    }
    let now = SystemClock.now();
    let noted = match id {
        Some(id) => stores.keys.forget(id, now).await,
        // With a note of any key, older data is asked no more.
        None => stores.keys.note(keys.sealing(), now).await.map(|()| true),
    };
    let pushes = match noted {
        Ok(true) => push::give_up(&*stores.people, &keys, id).await,
        _ => Ok(()),
    };
    stores.close().await;
    pushes.map_err(anyhow::Error::from)?;
    if !noted.map_err(anyhow::Error::from)? {
        return Err(Failure::usage("a node still seals with it"));
    }
    say("given up: servers start without it");
    Ok(())
}

/// The note goes first: without it, a start asks for the key no more.
async fn forget_in(
    config: &Config,
    keys: &Keys,
    id: KeyId,
    stores: &Stores,
) -> Result<(), Failure> {
    let known = stores.keys.known().await.map_err(anyhow::Error::from)?;
    let known = known.iter().find(|known| known.id == id);
    if known.is_none() && !keys.ids().contains(&id) {
        return Err(Failure::usage(format!("there is no key {id}")));
    }
    let since = unused_since(config, SystemClock.now());
    if let Some(known) = known.filter(|known| known.used_at > since) {
        let used_at = known.used_at;
        return Err(Failure::usage(format!(
            "{id} was used until {used_at}: pre-orders that it sealed can still be paid; try again later"
        )));
    }
    let sealer = Sealer::new(keys);
    let Some(retired) = keys.to_retire(id) else {
        return Err(Failure::usage(format!(
            "{id} is missing here: put it back first, or see `hongbao keys forget --lost`"
        )));
    };
    let need = needed(id, &sealer, &stores.hot, &*stores.ledger, &*stores.people).await;
    let need = need.map_err(anyhow::Error::from)?;
    if !need.is_none() {
        return Err(Failure::usage(format!(
            "{id} is needed: it sealed the seeds of {} open packets, of {} that were paid and have \
             not landed, and {} secrets of webhooks and pushes, which a server that runs seals anew",
            need.open, need.landing, need.secrets
        )));
    }
    enter(stores, What::ForgetKey, &json!({ "key": id.to_string() })).await?;
    if stores.keys.retire(retired, since).await.map_err(anyhow::Error::from)? {
        Ok(())
    } else {
        Err(Failure::usage(format!("{id} has just been used; try again later")))
    }
}
