//! `hongbao migrate`.

use super::{Common, Failure, on_tokio, say};
use crate::node::{Lock, create_stores};

/// What `hongbao migrate` takes.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    common: Common,
}

/// Opens every database, which brings its schema up to date.
pub fn run(arguments: Arguments) -> Result<(), Failure> {
    let config = arguments.common.load(None)?;
    let _lock = Lock::take(&config, "migration")?;
    on_tokio(async {
        create_stores(&config).await?.close().await;
        if config.fleet.is_some() {
            say("the databases of the fleet are up to date");
        } else {
            let data = config.storage.data.display();
            say(format_args!("the databases in {data} are up to date"));
        }
        Ok(())
    })
}
