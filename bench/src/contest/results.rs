use super::{contestant::Contestant, workload::Workload};
use crate::{
    engines::Engines,
    machine,
    report::{Figures, say},
    stats::median,
};
use anyhow::{Context, Result};
use clap::ValueEnum;
use serde::Serialize;
use sqlx::{Connection, PgConnection};
use std::{collections::BTreeMap, path::Path, process::Command};

/// Whom to hold against whom, beside everybody against the ceiling.
const PAIRS: [(Contestant, Contestant); 6] = [
    (Contestant::NoOp, Contestant::Bare),
    (Contestant::Postgres, Contestant::RedisLua),
    (Contestant::Postgres, Contestant::RowLock),
    (Contestant::Standby, Contestant::Postgres),
    (Contestant::Fleet, Contestant::Postgres),
    (Contestant::Sqlite, Contestant::Insert),
];

/// What was measured, where and how.
#[derive(Debug, Serialize)]
pub(super) struct Conditions {
    command: Vec<String>,
    machine: String,
    /// The revision, with `-dirty` behind it if files differ from it; empty where git does not tell.
    commit: String,
    versions: BTreeMap<&'static str, String>,
}

/// Everything, as it goes into the file.
#[derive(Debug, Serialize)]
pub(super) struct Results {
    #[serde(flatten)]
    conditions: Conditions,
    workloads: Vec<Measured>,
}

/// All who did the same.
#[derive(Debug, Serialize)]
struct Measured {
    name: String,
    contestants: Vec<Shown>,
    ratios: Vec<Ratio>,
}

/// What one has shown.
#[derive(Debug, Serialize)]
struct Shown {
    name: String,
    median: Figures,
    slowest_per_second: f64,
    fastest_per_second: f64,
    rounds: Vec<Figures>,
}

/// How many times as many calls a second one makes as another, taken round by round.
#[derive(Debug, Serialize)]
struct Ratio {
    of: String,
    to: String,
    median: f64,
    least: f64,
    most: f64,
    /// The same of median latencies.
    p50: f64,
}

impl Conditions {
    pub(super) fn of(data: &Path, server: &Path) -> Result<Self> {
        let version = said(Command::new(server).arg("--version"))?;
        let commit =
            said(Command::new("git").args(["describe", "--always", "--dirty", "--abbrev=12"]));
        Ok(Self {
            command: std::env::args().skip(1).collect(),
            machine: machine::describe(data)?,
            commit: commit.unwrap_or_default(),
            versions: BTreeMap::from([("hongbao", version)]),
        })
    }

    /// Asks what works for a server which version it is.
    pub(super) async fn ask(&mut self, engines: &Engines) -> Result<()> {
        if engines.postgres.is_some() {
            let mut connection = PgConnection::connect(&engines.database()?).await?;
            let version =
                sqlx::query_scalar("SHOW server_version").fetch_one(&mut connection).await?;
            self.versions.insert("postgres", version);
            connection.close().await?;
        }
        if let Some(redis) = &engines.redis {
            let information = redis.command(&["INFO", "server"])?;
            let version = information.lines().find_map(|line| line.strip_prefix("redis_version:"));
            self.versions.insert("redis", version.context("no version")?.trim().to_owned());
        }
        Ok(())
    }
}

fn said(command: &mut Command) -> Result<String> {
    Ok(String::from_utf8(command.output()?.stdout)?.trim().to_owned())
}

impl Results {
    /// Nothing yet.
    pub(super) const fn of(conditions: Conditions) -> Self {
        Self { conditions, workloads: Vec::new() }
    }

    /// Adds the rounds of all who did the same, and shows what they come to.
    pub(super) fn add(&mut self, workload: Workload, sides: &[(Contestant, Vec<Figures>)]) {
        let measured = Measured::of(workload, sides);
        measured.show();
        self.workloads.push(measured);
    }
}

impl Measured {
    fn of(workload: Workload, sides: &[(Contestant, Vec<Figures>)]) -> Self {
        let to_ceiling = Contestant::value_variants().iter().map(|one| (*one, Contestant::NoOp));
        let to_ceiling = to_ceiling.filter(|(one, ceiling)| one != ceiling);
        let ratios = to_ceiling.chain(PAIRS).filter_map(|(of, to)| {
            let rounds = |one| Some(sides.iter().find(|side| side.0 == one)?.1.as_slice());
            Some(Ratio::of((of, rounds(of)?), (to, rounds(to)?)))
        });
        let ratios = ratios.collect();
        let contestants = sides.iter().map(|(one, rounds)| Shown::of(*one, rounds)).collect();
        Self { name: workload.to_string(), contestants, ratios }
    }

    /// Medians, from the slowest to the fastest round, and ratios.
    fn show(&self) {
        for one in &self.contestants {
            let Shown { name, median, slowest_per_second, fastest_per_second, .. } = one;
            say(format_args!(
                "median   {name:9} {median}  ({slowest_per_second:.0}–{fastest_per_second:.0}/s)"
            ));
        }
        for Ratio { of, to, median, least, most, p50 } in &self.ratios {
            say(format_args!(
                "ratio    {of:9} / {to:9} {median:>6.2} ({least:.2}–{most:.2})  p50 {p50:.2}"
            ));
        }
    }
}

impl Shown {
    fn of(contestant: Contestant, rounds: &[Figures]) -> Self {
        let rates = || rounds.iter().map(|round| round.per_second);
        Self {
            name: contestant.to_string(),
            median: Figures::medians(rounds),
            slowest_per_second: rates().fold(f64::INFINITY, f64::min),
            fastest_per_second: rates().fold(0.0, f64::max),
            rounds: rounds.to_vec(),
        }
    }
}

impl Ratio {
    fn of((of, rounds): (Contestant, &[Figures]), (to, others): (Contestant, &[Figures])) -> Self {
        let each = |figure: fn(&Figures) -> f64| -> Vec<f64> {
            rounds.iter().zip(others).map(|(one, other)| figure(one) / figure(other)).collect()
        };
        let rates = each(|figures| figures.per_second);
        Self {
            of: of.to_string(),
            to: to.to_string(),
            median: median(&rates),
            least: rates.iter().copied().fold(f64::INFINITY, f64::min),
            most: rates.iter().copied().fold(0.0, f64::max),
            p50: median(&each(|figures| figures.p50_ms)),
        }
    }
}
