//! How quickly days that are over move to a cold database that is far away (R-STORE-5).

use crate::{
    fill::{self, Amount},
    report::{say, say_conditions},
};
use anyhow::{Result, ensure};
use hongbao::node::open_stores;
use hongbao_config::Config;
use hongbao_domain::{
    board::Board,
    runtime::SystemClock,
    store::{Database as _, cold::ColdStore},
};
use hongbao_engine::archive::Mover;
use hongbao_fleet::{Fault, Postgres, Proxy};
use hongbao_shared::Site;
use hongbao_storage::{Database, Link, Schema, SqlCold};
use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio_util::sync::CancellationToken;

/// What the issue of a day is measured against.
const DAY: Duration = Duration::from_hours(24);

/// What `hongbao-bench mover` takes.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Packets that have ended, on four days.
    #[arg(long, default_value_t = 10_000)]
    packets: u64,
    /// Shares of each, all of them opened.
    #[arg(long, default_value_t = 100)]
    shares: u32,
    /// By how many milliseconds every reply of the cold database comes later.
    #[arg(long, default_value_t = 50)]
    delay_ms: u64,
}

/// Fills, moves, prints.
pub async fn run(arguments: Arguments) -> Result<()> {
    let Arguments { packets, shares, delay_ms } = arguments;
    let temporary = tempfile::Builder::new().prefix("hongbao-bench").tempdir()?;
    say_conditions(temporary.path())?;
    let people = 2 * u64::from(shares);
    let amount = Amount { packets, shares, people, pending: 0 };
    fill::fill(temporary.path(), amount, |_| ()).await?;

    let mut config = Config::default();
    config.storage.data = temporary.path().to_path_buf();
    let stores = open_stores(&config).await?;
    let server = Postgres::start(&[])?;
    let proxy = Proxy::start(server.port())?;
    let mut cold: BTreeMap<Site, Arc<dyn ColdStore>> = BTreeMap::new();
    let mut databases = Vec::new();
    for site in stores.sites() {
        let link = Link {
            url: server.url_through(proxy.port()),
            namespace: format!("cold_{}", site.to_string().to_ascii_lowercase()),
            connections_max: 2,
            create: true,
        };
        let database = Database::open_link(&link, Schema::Cold).await?;
        cold.insert(site, Arc::new(SqlCold::new(database.clone())));
        databases.push(database);
    }
    proxy.set(Fault::Delay(Duration::from_millis(delay_ms)));
    let clock = Arc::new(SystemClock);
    let mover = Mover {
        hot: stores.hot.clone(),
        cold,
        node: 1,
        clock: clock.clone(),
        zone: config.zone()?,
        hot_days: config.storage.hot_days,
        board: Arc::new(Board::new(clock)),
    };
    let started = Instant::now();
    let done = mover.round(&CancellationToken::new()).await?;
    let took = started.elapsed();
    ensure!(done.packets == packets && done.waiting == 0, "not everything has moved: {done:?}");
    let claims = packets * u64::from(shares);
    #[expect(clippy::cast_precision_loss, reason = "a figure to read")]
    let per_day = claims as f64 * DAY.as_secs_f64() / took.as_secs_f64();
    say(format_args!(
        "{packets} packets and {claims} claims of {} days moved in {:.1} s to a database {delay_ms} ms away: {:.1} million claims a day",
        done.days,
        took.as_secs_f64(),
        per_day / 1e6,
    ));
    for database in &databases {
        database.close().await;
    }
    stores.close().await;
    Ok(())
}
