//! What has to be there before anything can be timed: a sender with money, a group full
//! of people, a packet, and everyone's ticket to open it.

use crate::{
    engines::Engines,
    load::{Load, Part, Phase},
    machine::tree_cpu_time,
    people::{self, Database},
    server::{Batches, Server, Setup},
    shares::FEN_PER_SHARE,
    wire::{Connection, answered, call, get, packet_path, post},
};
use anyhow::{Context, Result, ensure};
use hongbao::http::{RivalPacket, RivalRequest};
use hongbao_shared::{
    Fen, GroupId, Kind, OrderNo,
    api::{
        accounts::SignedIn,
        groups::Group,
        packets::{Grabbed, OpenRequest, PreOrder, PreOrderRequest},
        wallet::TopUp,
    },
};
use serde_json::json;
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::Path,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

/// A session that was looked up is known for this long; then it is looked up again.
const SESSIONS_CACHED_FOR: Duration = Duration::from_secs(30);
/// The most that one timed part may take for its sessions to stay known throughout.
const PART_MAX: Duration = Duration::from_secs(10);
/// How much processor time per look counts as nothing to do: workers look around.
const IDLE_LOOK: Duration = Duration::from_millis(500);
const IDLE_SHARE: u32 = 8;
/// A worker that had nothing to do looks again after a second.
const IDLE_LOOKS: u32 = 4;
const IDLE_WAIT_MAX: Duration = Duration::from_mins(2);
/// As long as a real ticket's, for those who look at none.
const BODY: &str = r#"{"ticket":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}"#;

/// How packets are sent and opened at a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// As our API has it.
    Ours,
    /// As a rival has it.
    Rival,
    /// Not at all: calls come and are answered.
    NoOp,
}

/// Everybody who takes part.
#[derive(Clone, Debug)]
pub struct Cast {
    sender: String,
    group: GroupId,
    /// The tokens of those who open.
    pub people: Arc<[String]>,
}

impl Cast {
    /// Makes them in fresh data, on a server of its own that is stopped again.
    pub async fn assemble(
        setup: &Setup,
        data: &Path,
        people_in: Database<'_>,
        people: usize,
        fen: u64,
    ) -> Result<Self> {
        let server = setup.start(data).await?;
        let mut api = Connection::open(server.address).await?;
        let guest = json!({"name": "Sender"});
        let signed_in: SignedIn = call(&mut api, "/session/guest", None, &guest).await?;
        let sender = signed_in.token;
        let top_up = json!({"amount_fen": fen, "key": "bench"});
        let _: TopUp = call(&mut api, "/wallet/top-ups", Some(&sender), &top_up).await?;
        let group: Group =
            call(&mut api, "/groups", Some(&sender), &json!({"name": "Bench"})).await?;
        let people = people::seed(people_in, group.id, people).await?.into();
        server.stop().await?;
        Ok(Self { sender, group: group.id, people })
    }
}

/// A server with its load generator.
#[derive(Debug)]
pub struct Stage {
    /// The server, or the nodes of a fleet.
    servers: Vec<Server>,
    /// What works for it.
    pub engines: Engines,
    /// How packets are sent and opened.
    pub manner: Manner,
    /// Is it waited for until it is at rest before anything is timed?
    pub settles: bool,
    /// The connections to it.
    load: Load,
    api: Connection,
    cast: Cast,
    /// Since when the server knows the sessions that it knows.
    sessions_known: Option<Instant>,
}

/// A timed part.
#[derive(Debug)]
pub struct Timed {
    /// Its answers.
    pub phase: Phase,
    /// Processor time that each process and its children took, by what it is.
    pub cpu: BTreeMap<&'static str, Duration>,
}

impl Stage {
    /// Starts a server on this data and connects to it.
    pub async fn start(setup: &Setup, data: &Path, cast: Cast, connections: usize) -> Result<Self> {
        let server = setup.start(data).await?;
        let address = server.address;
        Self::before(vec![server], address, cast, connections).await
    }

    /// Connects to servers by way of an address.
    pub async fn before(
        servers: Vec<Server>,
        address: SocketAddr,
        cast: Cast,
        connections: usize,
    ) -> Result<Self> {
        let load = Load::connect(address, connections).await?;
        let api = Connection::open(address).await?;
        Ok(Self {
            servers,
            engines: Engines::default(),
            manner: Manner::Ours,
            settles: true,
            load,
            api,
            cast,
            sessions_known: None,
        })
    }

    /// Stops everything that serves, and proves from the data of ours that not one fen is off.
    pub async fn stop(self, audited: bool) -> Result<()> {
        let audit = self.servers.first().filter(|_| audited).map(Server::audit);
        for server in self.servers {
            server.stop().await?;
        }
        match audit {
            Some(audit) => audit.run().await,
            None => Ok(()),
        }
    }

    /// How many people there are.
    pub fn people(&self) -> usize {
        self.cast.people.len()
    }

    /// How many connections they share.
    pub fn connections(&self) -> usize {
        self.load.connections()
    }

    /// Sends a lucky packet and waits until it can be opened.
    pub async fn send(&mut self, shares: usize) -> Result<OrderNo> {
        let total = u64::try_from(shares)?.saturating_mul(FEN_PER_SHARE);
        if self.manner == Manner::Rival {
            let total_fen = Fen::new(total).context("too much money")?;
            let request = RivalRequest { total_fen, shares: u32::try_from(shares)? };
            let sender = Some(self.cast.sender.as_str());
            let packet: RivalPacket =
                call(&mut self.api, "/rival/packets", sender, &request).await?;
            return Ok(packet.order_no);
        }
        let request = self.pre_order(shares)?;
        let request = post("/api/v1/packets", Some(&self.cast.sender), &request);
        let PreOrder { order_no, .. } = answered(&mut self.api, &request).await?;
        let path = format!("/packets/{order_no}/pay");
        let sender = Some(self.cast.sender.as_str());
        let paid: serde_json::Value = call(&mut self.api, &path, sender, &json!({})).await?;
        ensure!(paid["state"] == "open", "the packet has not landed: {paid}");
        Ok(order_no)
    }

    /// What somebody asks for who sends a packet of so many shares.
    pub fn pre_order(&self, shares: usize) -> Result<String> {
        let total = u64::try_from(shares)?.saturating_mul(FEN_PER_SHARE);
        Ok(serde_json::to_string(&PreOrderRequest {
            group_id: self.cast.group,
            kind: Kind::Lucky,
            total_fen: i64::try_from(total)?,
            shares: i64::try_from(shares)?,
            greeting: None,
            cover: None,
            recipient_id: None,
        })?)
    }

    /// The first so many people tap the packet that `packet` names for them; gives the
    /// requests to open.
    async fn grab(
        &mut self,
        packet: impl Fn(usize) -> OrderNo,
        people: usize,
    ) -> Result<Vec<Vec<u8>>> {
        let path = |who, what| packet_path(packet(who), what);
        let mut grabs = self.posts(|who| (path(who, "/grab"), String::new()));
        grabs.truncate(people);
        self.fresh().await;
        let grabbed = self.load.run(Part::of(grabs)).await?;
        let tickets = grabbed.parse::<Grabbed>()?.into_iter().map(|grabbed| grabbed.ticket);
        let tickets: Vec<_> = tickets.collect::<Option<_>>().context("somebody may not open")?;
        let bodies =
            tickets.into_iter().map(|ticket| serde_json::to_string(&OpenRequest { ticket }));
        let bodies = bodies.collect::<Result<Vec<_>, _>>()?;
        let tokens = self.cast.people.iter();
        let opens = bodies.iter().zip(tokens).enumerate();
        Ok(opens.map(|(who, (body, token))| post(&path(who, "/open"), Some(token), body)).collect())
    }

    /// Requests of the first so many people to open the packet that `packet` names for them,
    /// whatever that takes here.
    pub async fn opens(
        &mut self,
        packet: impl Fn(usize) -> OrderNo,
        people: usize,
    ) -> Result<Vec<Vec<u8>>> {
        if self.manner == Manner::Ours {
            return self.grab(packet, people).await;
        }
        let path = |who| format!("/api/v1/rival/packets/{}/open", packet(who));
        let mut opens = self.posts(|who| (path(who), BODY.to_owned()));
        opens.truncate(people);
        Ok(opens)
    }

    /// For everyone a call that does nothing, with a body as long as that of an open.
    pub fn no_ops(&self) -> Vec<Vec<u8>> {
        self.posts(|_| ("/api/v1/noop".to_owned(), BODY.to_owned()))
    }

    /// Everyone sends a packet of so many shares; before that they get the money.
    pub async fn sends(&mut self, shares: usize) -> Result<Part> {
        let total = u64::try_from(shares)?.saturating_mul(FEN_PER_SHARE);
        if self.manner == Manner::Rival {
            let total_fen = Fen::new(total).context("too much money")?;
            let body = RivalRequest { total_fen, shares: u32::try_from(shares)? };
            let body = serde_json::to_string(&body)?;
            let requests = self.posts(|_| ("/api/v1/rival/packets".to_owned(), body.clone()));
            return Ok(Part { statuses: &[201], ..Part::of(requests) });
        }
        self.top_up(total).await?;
        let body = self.pre_order(shares)?;
        let requests = self.posts(|_| ("/api/v1/packets".to_owned(), body.clone()));
        let people = Arc::clone(&self.cast.people);
        let then = move |who: usize, answers: usize, body: &[u8]| {
            if answers > 1 {
                return None;
            }
            let PreOrder { order_no, .. } = serde_json::from_slice(body).ok()?;
            Some(post(&packet_path(order_no, "/pay"), Some(&people[who]), "{}"))
        };
        Ok(Part { then: Some(Arc::new(then)), ..Part::of(requests) })
    }

    /// Everyone gets so much.
    pub async fn top_up(&mut self, fen: u64) -> Result<()> {
        let key = SystemTime::UNIX_EPOCH.elapsed()?.as_nanos().to_string();
        let body = json!({"amount_fen": fen, "key": key}).to_string();
        let top_ups = self.posts(|_| ("/api/v1/wallet/top-ups".to_owned(), body.clone()));
        self.load.run(Part { statuses: &[201], ..Part::of(top_ups) }).await?;
        Ok(())
    }

    /// Everyone's tokens.
    pub fn tokens(&self) -> &Arc<[String]> {
        &self.cast.people
    }

    /// Does something that nobody measures.
    pub async fn run(&mut self, part: Part) -> Result<()> {
        self.load.run(part).await.map(drop)
    }

    /// Everyone asks for the same.
    pub fn gets(&self, path: &str) -> Vec<Vec<u8>> {
        self.cast.people.iter().map(|token| get(path, Some(token))).collect()
    }

    /// Everyone calls with a path and a body of theirs.
    pub fn posts(&self, request: impl Fn(usize) -> (String, String)) -> Vec<Vec<u8>> {
        let people = self.cast.people.iter().enumerate();
        people
            .map(|(who, token)| {
                let (path, body) = request(who);
                post(&path, Some(token), &body)
            })
            .collect()
    }

    /// Runs a part against the clock, on a server that has nothing else to do and has
    /// looked up every session; what comes after the last answer counts, too.
    pub async fn time(
        &mut self,
        part: Part,
        after: impl AsyncFnOnce(&mut Load) -> Result<()>,
    ) -> Result<Timed> {
        self.idle().await?;
        if self.fresh().await {
            let warm_up =
                if self.manner == Manner::Ours { self.gets("/api/v1/me") } else { self.no_ops() };
            self.load.run(Part::of(warm_up)).await?;
        }
        let before = self.cpu()?;
        let mut phase = self.load.run(part).await?;
        let answered = Instant::now();
        after(&mut self.load).await?;
        phase.elapsed += answered.elapsed();
        let mut cpu = self.cpu()?;
        for (name, after) in &mut cpu {
            let before = before.get(name).copied().unwrap_or_default();
            *after = after.saturating_sub(before);
        }
        Ok(Timed { phase, cpu })
    }

    /// What the lanes have committed so far; nothing of a server that has none.
    pub async fn batches(&self) -> Result<Batches> {
        if self.manner != Manner::Ours {
            return Ok(Batches::default());
        }
        let mut batches = Batches::default();
        for server in &self.servers {
            batches.add(server.batches().await?);
        }
        Ok(batches)
    }

    /// The processor time of everything that takes part, so far.
    fn cpu(&self) -> Result<BTreeMap<&'static str, Duration>> {
        let mut cpu = self.own_cpu()?;
        // Not what it has started: those are the others.
        cpu.insert("load", crate::machine::cpu_time(std::process::id()));
        Ok(cpu)
    }

    fn own_cpu(&self) -> Result<BTreeMap<&'static str, Duration>> {
        let mut processes = self.engines.processes()?;
        processes.extend(self.servers.iter().map(|server| ("server", server.process)));
        let mut cpu: BTreeMap<_, Duration> = BTreeMap::new();
        for (name, id) in processes {
            *cpu.entry(name).or_default() += tree_cpu_time(id);
        }
        Ok(cpu)
    }

    /// Waits until everything is delivered that has to be: what one part leaves behind must
    /// not slow down the next.
    pub async fn idle(&self) -> Result<()> {
        let started = Instant::now();
        let mut looks = 0;
        while self.settles && looks < IDLE_LOOKS {
            ensure!(started.elapsed() < IDLE_WAIT_MAX, "the server does not come to rest");
            let taken = || anyhow::Ok(self.own_cpu()?.values().sum::<Duration>());
            let before = taken()?;
            tokio::time::sleep(IDLE_LOOK).await;
            let busy = taken()?.saturating_sub(before);
            looks = if busy * IDLE_SHARE <= IDLE_LOOK { looks + 1 } else { 0 };
        }
        Ok(())
    }

    /// Sees to it that no session has to be looked up again during the next part: waits
    /// until all are forgotten if that is near. True if the next part looks all of them up.
    async fn fresh(&mut self) -> bool {
        if let Some(since) = self.sessions_known {
            let age = since.elapsed();
            if age + PART_MAX < SESSIONS_CACHED_FOR {
                return false;
            }
            // The last of them was looked up some time after the first.
            tokio::time::sleep((SESSIONS_CACHED_FOR + PART_MAX).saturating_sub(age)).await;
        }
        self.sessions_known = Some(Instant::now());
        true
    }
}
