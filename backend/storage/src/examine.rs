//! What a server says of itself and of a schema on it, for whoever looks for what is wrong
//! (`hongbao doctor`). Nothing is made, migrated or changed, and one connection is used once.

use super::{Link, Schema, Version, postgres};
use anyhow::Context;
use hongbao_shared::Timestamp;
use sqlx::{ConnectOptions, Connection};
use std::time::{Duration, Instant};
use tokio::time::timeout;

/// A server that takes longer serves nobody, however busy this machine is.
const PATIENCE: Duration = Duration::from_secs(15);

/// Settings under which a machine that fails takes confirmed commits with it, by their names
/// and the values that do so.
const CARELESS: [(&str, &[&str]); 3] =
    [("fsync", &["off"]), ("full_page_writes", &["off"]), ("synchronous_commit", &["off"])];

/// What was found.
#[derive(Clone, Debug)]
pub struct Examined {
    /// Of which version the schema is.
    pub version: Version,
    /// How long an answer took on a connection that stood.
    pub answered_in: Duration,
    /// What its clock showed.
    pub clock: Timestamp,
    /// It follows another server, and takes no writes.
    pub is_standby: bool,
    /// Settings, as `name = value`, under which it may lose what it has confirmed.
    pub careless: Vec<String>,
    /// How many connections it takes of all who are not its administrators.
    pub connections_max: u32,
}

/// Asks the server of `link`. An error is a server that does not answer, or refuses this user.
pub async fn examine(link: &Link, schema: Schema) -> anyhow::Result<Examined> {
    timeout(PATIENCE, ask(link, schema)).await.context("no answer in time")?
}

async fn ask(link: &Link, schema: Schema) -> anyhow::Result<Examined> {
    let mut connection = postgres::options(link)?.connect().await?;
    let asked = Instant::now();
    let (millis, is_standby, connections_max): (i64, bool, i64) = sqlx::query_as(
        "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT), pg_is_in_recovery(),
           CAST(current_setting('max_connections') AS BIGINT)
             - CAST(current_setting('superuser_reserved_connections') AS BIGINT)",
    )
    .fetch_one(&mut connection)
    .await?;
    let answered_in = asked.elapsed();
    let mut careless = Vec::new();
    for (name, values) in CARELESS {
        let value: String = sqlx::query_scalar("SELECT current_setting($1)")
            .bind(name)
            .fetch_one(&mut connection)
            .await?;
        if values.contains(&value.as_str()) {
            careless.push(format!("{name} = {value}"));
        }
    }
    let version = schema.version_of_postgres(&mut connection).await?;
    connection.close().await?;
    Ok(Examined {
        version,
        answered_in,
        clock: Timestamp::from_millis(millis),
        is_standby,
        careless,
        connections_max: u32::try_from(connections_max).unwrap_or(u32::MAX),
    })
}
