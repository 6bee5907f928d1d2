//! `hongbao migrate`.

use super::{Common, Failure, on_tokio, say};
use crate::app::Stores;

/// What `hongbao migrate` takes.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    common: Common,
}

/// Opens every database, which brings its schema up to date.
pub fn run(arguments: Arguments) -> Result<(), Failure> {
    let config = arguments.common.load(None)?;
    let data = config.storage.data.clone();
    on_tokio(async {
        Stores::create(&config).await?.close().await;
        say(format_args!("the databases in {} are up to date", data.display()));
        Ok(())
    })
}
