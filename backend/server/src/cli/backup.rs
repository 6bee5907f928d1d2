//! `hongbao backup` and `hongbao restore` (R-STORE-6).

use super::{Common, Failure, on_tokio, say};
use crate::node::backup;
use std::path::PathBuf;

/// What `hongbao backup` takes.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The folder of the backup; made, or empty.
    folder: PathBuf,
    /// The keys as well. Who has both can tell every share of packets that are still open.
    #[arg(long)]
    with_keys: bool,
    #[command(flatten)]
    common: Common,
}

/// What `hongbao restore` takes.
#[derive(Debug, clap::Args)]
pub struct RestoreArguments {
    /// The folder of the backup.
    folder: PathBuf,
    #[command(flatten)]
    common: Common,
}

/// Copies all databases as they are at one moment.
pub fn run(arguments: Arguments) -> Result<(), Failure> {
    let config = arguments.common.load_with_data()?;
    let made = on_tokio(async {
        Ok(backup::backup(&config, &arguments.folder, arguments.with_keys).await?)
    })?;
    let bytes: u64 = made.files.iter().map(|file| file.bytes).sum();
    let (databases, folder) = (made.files.len(), arguments.folder.display());
    say(format_args!("{databases} databases, {bytes} bytes, as of {}, in {folder}", made.at));
    if !made.keys {
        say("the keys are not in it: keep them elsewhere, nothing sealed opens without them");
    }
    Ok(())
}

/// Puts a backup into an empty data folder.
pub fn restore(arguments: RestoreArguments) -> Result<(), Failure> {
    let config = arguments.common.load(None)?;
    let restored = on_tokio(async { Ok(backup::restore(&config, &arguments.folder).await?) })?;
    let data = config.storage.data.display();
    say(format_args!("{data} is as of {}", restored.at));
    if !restored.keys {
        let ids = restored.key_ids.join(", ");
        say(format_args!(
            "the keys were not in the backup: put them back before you start the server: {ids}"
        ));
    }
    Ok(())
}
