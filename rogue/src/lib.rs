//! A rogue test: the program `hongbao` as it ships, driven over HTTP by clients that keep
//! their own books, while it is killed, stalled, filled up and misled from outside.
//!
//! It shares no code with the server: what it knows is the REST contract, and what it
//! checks is what people were told against what they are told later (docs/ROGUE.md). Every
//! choice follows from a seed; what threads and machines make of it does not.

mod acts;
mod books;
mod client;
mod clock;
mod conductor;
mod dice;
mod disk;
mod fair;
mod faults;
mod fleet;
mod reckon;
mod roam;
mod server;
mod strike;
mod touch;
mod world;

pub use faults::{Fault, Storage};

use acts::{Cast, Group};
use anyhow::{Context as _, Result};
use books::Books;
use client::Person;
use clock::Clock;
use conductor::Conductor;
use dice::Dice;
use disk::Disk;
use fleet::Fleet;
use reqwest::Method;
use serde_json::{Value, json};
use server::{Log, Server, on_folder};
use std::{
    collections::{BTreeMap, VecDeque},
    path::PathBuf,
    sync::{Arc, atomic::AtomicBool},
    time::{Duration, Instant},
};
use world::World;

/// People of a round. The last is in no group but their own.
const PEOPLE: usize = 9;
/// How many of them, from the first, are in each group.
const GROUPS: [usize; 3] = [8, 5, 3];
/// Traffic of a round, at most; then everything comes to rest and is reckoned up.
const TRAFFIC_MAX: Duration = Duration::from_mins(1);
/// Rounds whose books are looked at again later.
const PAST_MAX: usize = 10;
/// What a fleet still delivers at the end arrives within as long.
const AT_REST_WITHIN: Duration = Duration::from_mins(2);
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long packets live here, in seconds: short, so that many expire.
const LIFETIME_S: u64 = 20;
/// What the house takes for a packet on top of its total, in hundredths of a percent.
const FEE_BP: u64 = 150;

/// What to do.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The program `hongbao`.
    pub binary: PathBuf,
    /// What it keeps everything in.
    pub storage: Storage,
    /// Decides what is done, when and to whom.
    pub seed: u64,
    /// For how long there is traffic and trouble, in rounds; the last one is finished.
    pub length: Duration,
    /// What may go wrong.
    pub faults: Vec<Fault>,
}

/// What came of it.
#[derive(Debug)]
pub struct Report {
    /// What must never be, each with its moment; empty if all was well.
    pub violations: Vec<String>,
    /// How often everything happened.
    pub counts: BTreeMap<&'static str, u64>,
    /// The longest that the service took to be back after each kind of fault.
    pub recoveries: BTreeMap<&'static str, Duration>,
    /// What could not be tried here.
    pub notes: Vec<String>,
    /// The newest part of everything that happened, as text.
    pub history: String,
}

/// Runs a whole history. Fails only if it cannot be played at all, such as without the
/// program; what the program does wrong is in the report.
pub async fn run(plan: Plan) -> Result<Report> {
    let world = Arc::new(World::new(nodes(plan.storage)));
    let mut notes = Vec::new();
    let played = play(plan, &world, &mut notes).await;
    if let Err(error) = played {
        if world.violations().is_empty() {
            return Err(error);
        }
        notes.push(format!("ended early: {error:#}"));
    }
    Ok(Report {
        violations: world.violations(),
        counts: world.counts(),
        recoveries: world.recoveries(),
        notes,
        history: world.story(),
    })
}

/// How many servers there are.
fn nodes(storage: Storage) -> usize {
    match storage {
        Storage::Sqlite => 1,
        Storage::Postgres => fleet::NODES.len(),
    }
}

async fn play(plan: Plan, world: &Arc<World>, notes: &mut Vec<String>) -> Result<()> {
    let mut dice = Dice::new(plan.seed);
    let mut conductor = set_up(&plan, &mut dice, world, notes).await?;
    for node in 0..conductor.servers.len() {
        conductor.start(node, &Log::Here).await?;
    }
    let prober = Person::arrive("prober", world).await.context("a guest")?;
    let body = json!({"name": "probes"});
    let group = prober.insist(Method::POST, "/groups", body).await.context("a group")?;
    conductor.probe = Some((prober, id_of(&group.body)?));

    let end = Instant::now() + plan.length;
    let mut past: VecDeque<Arc<Cast>> = VecDeque::new();
    while past.is_empty() || Instant::now() < end {
        let cast = Arc::new(gather(world).await?);
        round(&cast, &mut conductor, &mut dice, end).await?;
        // What people of an earlier round were told stands as well.
        if !past.is_empty() {
            reckon::reckon(&past[dice.index(past.len())]).await;
        }
        if past.len() == PAST_MAX {
            past.pop_front();
        }
        past.push_back(cast);
        world.count("rounds");
        if world.is_lost() {
            break;
        }
    }
    come_to_rest(&mut conductor).await
}

/// Everything comes to its end, and the audit is clean.
async fn come_to_rest(conductor: &mut Conductor) -> Result<()> {
    // What a killed node of a fleet had taken to deliver waits until its lease is over.
    let rests = conductor.fleet.is_some();
    let until = Instant::now() + AT_REST_WITHIN;
    while let Some(finding) = conductor.servers[0].audit(rests).await? {
        if !rests || Instant::now() > until {
            conductor.world.violation(&finding);
            break;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    for server in &mut conductor.servers {
        let status = server.terminate().await?;
        if !status.success() {
            conductor.world.violation(&format!("SIGTERM ended a server with {status}"));
        }
    }
    if let Some(finding) = conductor.servers[0].audit(true).await? {
        conductor.world.violation(&finding);
    }
    Ok(())
}

/// Everything but running servers.
async fn set_up(
    plan: &Plan,
    dice: &mut Dice,
    world: &Arc<World>,
    notes: &mut Vec<String>,
) -> Result<Conductor> {
    let disk = Disk::new().await?;
    let fleet = match plan.storage {
        Storage::Sqlite => None,
        Storage::Postgres => {
            Some(tokio::task::block_in_place(|| Fleet::start(&plan.binary, disk.path()))?)
        }
    };
    let (mut servers, mut clocks) = (Vec::new(), Vec::new());
    for node in 0..world.nodes() {
        // Everybody has one address here, and nobody acts by themselves.
        let mut settings: Vec<(String, String)> = [
            ("HONGBAO_ADDRESSES_GUESTS_PER_MINUTE", "0".to_owned()),
            ("HONGBAO_LIMITS_DEMO", "false".to_owned()),
            ("HONGBAO_LIMITS_WELCOME_GRANT_FEN", "0".to_owned()),
            ("HONGBAO_LIMITS_PACKET_LIFETIME_S", LIFETIME_S.to_string()),
            ("HONGBAO_TREASURY_FEE_BP", FEE_BP.to_string()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        let clock = Clock::new(disk.path(), node)?;
        settings.extend(clock.as_ref().map(Clock::settings).unwrap_or_default());
        clocks.extend(clock);
        let on = match &fleet {
            None => on_folder(&disk.data()),
            Some(fleet) => {
                let home = fleet::NODES[node].to_string();
                settings.push(("HONGBAO_SITES_HOME".to_owned(), home));
                fleet.on(node)
            }
        };
        servers.push(Server::new(&plan.binary, node, on, settings, Arc::clone(world))?);
    }
    let faults = possible(plan, &disk, &clocks, notes);
    Ok(Conductor {
        servers,
        fleet,
        disk,
        clocks,
        faults,
        dice: dice.fork(),
        world: Arc::clone(world),
        probe: None,
        probes: 0,
        deck: Vec::new(),
        rotations: 0,
        restored: 0,
    })
}

/// Those that this machine can play.
fn possible(plan: &Plan, disk: &Disk, clocks: &[Clock], notes: &mut Vec<String>) -> Vec<Fault> {
    let mut possible = plan.faults.clone();
    possible.retain(|fault| fault.concerns(plan.storage));
    if plan.storage == Storage::Sqlite && !disk.can_be_full() {
        notes.push("no full disks: mounting a file system is not allowed here".to_owned());
        possible.retain(|fault| !matches!(fault, Fault::DiskFull | Fault::LogOnDisk));
    }
    if clocks.is_empty() {
        notes.push("no clock steps: libfaketime is not installed".to_owned());
        possible.retain(|fault| *fault != Fault::Clock);
    }
    possible
}

/// Traffic and trouble, then rest, then everything told against everything said now.
async fn round(
    cast: &Arc<Cast>,
    conductor: &mut Conductor,
    dice: &mut Dice,
    end: Instant,
) -> Result<()> {
    let now = Instant::now();
    // A short last round is a round too.
    let until = end.min(now + TRAFFIC_MAX).max(now + TRAFFIC_MAX / 4);
    let clients: Vec<_> = (0..PEOPLE - 1)
        .map(|who| tokio::spawn(roam::roam(Arc::clone(cast), who, dice.fork(), until)))
        .collect();
    conductor.trouble(cast, until).await?;
    for client in clients {
        client.await.context("a client")?;
    }
    cast.keep_again().await;
    reckon::reckon(cast).await;
    Ok(())
}

/// New people in new groups.
async fn gather(world: &Arc<World>) -> Result<Cast> {
    let mut people = Vec::new();
    for who in 0..PEOPLE {
        people.push(Person::arrive(&format!("person {who}"), world).await.context("a guest")?);
    }
    let mut groups = Vec::new();
    for (place, size) in GROUPS.into_iter().enumerate() {
        let owner = &people[0];
        let body = json!({"name": format!("group {place}")});
        let made = owner.insist(Method::POST, "/groups", body).await.context("a group")?;
        let id = id_of(&made.body)?;
        let path = format!("/groups/{id}/invitations");
        let invited = owner.insist(Method::POST, &path, Value::Null).await.context("a code")?;
        let code = invited.body["code"].as_str().context("an invitation's code")?.to_owned();
        for person in &people[1..size] {
            let body = json!({"code": code});
            person.insist(Method::POST, "/groups/join", body).await.context("joining")?;
        }
        groups.push(Group { id, members: (0..size).collect() });
    }
    Ok(Cast {
        people,
        groups,
        books: Books::default(),
        resting: AtomicBool::new(false),
        world: Arc::clone(world),
    })
}

fn id_of(body: &Value) -> Result<String> {
    let id = body["id"].as_str().map(str::to_owned);
    id.or_else(|| body["id"].as_u64().map(|id| id.to_string())).context("an id")
}
