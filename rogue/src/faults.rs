//! What goes wrong, when, and whether the service is back soon after its end.

use crate::{
    client::Person,
    clock::Clock,
    dice::Dice,
    disk::Disk,
    server::{Log, Server},
    world::World,
};
use anyhow::Result;
use clap::ValueEnum;
use reqwest::Method;
use serde_json::{Value, json};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// After the cause of a fault is gone, all works again within as long. A healthy machine
/// takes a second or two, and 10 s after a disk was full; the rest is a busy one's.
const BACK_WITHIN: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(150);
/// Packets that are sent, paid and opened to see that all is well: enough to meet the
/// shards of a site.
const PROBES: u64 = 4;
/// The clock is set ahead by up to as many seconds, and back again.
const CLOCK_AHEAD_MAX_S: u64 = 45;

/// Something that goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Fault {
    /// `kill -9`, and a start.
    Kill,
    /// The same, with a second `kill -9` in the first moments of a start.
    KillEarly,
    /// SIGTERM, which has to end it in good order, and a start.
    Terminate,
    /// SIGSTOP, and SIGCONT after some seconds.
    Stall,
    /// The wall clock is set ahead, and later back.
    Clock,
    /// `hongbao audit` beside the server, which has to be clean.
    Audit,
    /// `hongbao backup` beside the server, restored elsewhere, where the audit has to be clean.
    Backup,
    /// A second server on the same data, which has to refuse.
    Second,
    /// The disk is full for some seconds.
    DiskFull,
    /// Nobody reads the log any more.
    LogClosed,
    /// The log is on the disk that is full.
    LogOnDisk,
}

impl Fault {
    /// Those that the program withstands. One that stands in the enumeration and not here
    /// was found and waits for its mend (docs/ROGUE.md).
    pub const WITHSTOOD: &'static [Self] = &[
        Self::Kill,
        Self::KillEarly,
        Self::Terminate,
        Self::Stall,
        Self::Clock,
        Self::Audit,
        Self::Backup,
        Self::Second,
        Self::DiskFull,
        Self::LogClosed,
        Self::LogOnDisk,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Kill => "kill",
            Self::KillEarly => "kill-early",
            Self::Terminate => "terminate",
            Self::Stall => "stall",
            Self::Clock => "clock",
            Self::Audit => "audit",
            Self::Backup => "backup",
            Self::Second => "second",
            Self::DiskFull => "disk-full",
            Self::LogClosed => "log-closed",
            Self::LogOnDisk => "log-on-disk",
        }
    }

    /// Does the service suffer while it lasts?
    fn hurts(self) -> bool {
        !matches!(self, Self::Audit | Self::Backup | Self::Second)
    }
}

/// Has the server, and does to it what the dice say.
#[derive(Debug)]
pub(crate) struct Conductor {
    pub(crate) server: Server,
    pub(crate) disk: Disk,
    pub(crate) clock: Option<Clock>,
    pub(crate) faults: Vec<Fault>,
    pub(crate) dice: Dice,
    pub(crate) world: Arc<World>,
    /// Somebody who looks whether all is well, and the group that they look in.
    pub(crate) probe: Option<(Person, String)>,
    pub(crate) probes: u64,
    /// The faults still to come before they are drawn anew, so that each comes by.
    pub(crate) deck: Vec<Fault>,
}

impl Conductor {
    /// Faults, one after the other, until the moment; at its end all is well.
    pub(crate) async fn trouble(&mut self, until: Instant) -> Result<()> {
        while Instant::now() < until && !self.world.is_lost() {
            self.rest().await?;
            if self.deck.is_empty() {
                self.deck.clone_from(&self.faults);
            }
            if self.deck.is_empty() {
                continue;
            }
            let at = self.dice.index(self.deck.len());
            let fault = self.deck.swap_remove(at);
            if fault.hurts() {
                self.world.fault_begins(fault.name());
                self.strike(fault).await?;
                let recovery = self.well(fault.name()).await?;
                self.world.fault_ends(fault.name(), recovery);
            } else {
                self.world.count(fault.name());
                self.strike(fault).await?;
            }
        }
        Ok(())
    }

    /// Some time without a fault, in which it must not die either.
    async fn rest(&mut self) -> Result<()> {
        let until = Instant::now() + self.dice.millis(500, 9_000);
        while Instant::now() < until {
            tokio::time::sleep(LOOK_EVERY).await;
            self.alive("nothing").await?;
        }
        Ok(())
    }

    /// Nobody asked it to end: if it has, that is a finding, and it is started again.
    async fn alive(&mut self, after: &str) -> Result<bool> {
        let Some(status) = self.server.ended() else { return Ok(true) };
        self.world.violation(&format!("the server died after {after}: {status}"));
        self.server.kill().await?;
        self.start(&Log::Here).await?;
        Ok(false)
    }

    async fn start(&mut self, log: &Log) -> Result<()> {
        let started = self.server.start(log).await;
        if let Err(error) = &started {
            self.world.violation(&format!("it does not start: {error:#}"));
        }
        started
    }

    async fn pause(&mut self, least_ms: u64, most_ms: u64) {
        tokio::time::sleep(self.dice.millis(least_ms, most_ms)).await;
    }

    /// Lets it happen, until its cause is gone.
    async fn strike(&mut self, fault: Fault) -> Result<()> {
        match fault {
            Fault::Kill => {
                self.server.kill().await?;
                self.pause(0, 500).await;
                self.start(&Log::Here).await?;
            }
            Fault::KillEarly => {
                self.server.kill().await?;
                for _ in 0..self.dice.between(1, 3) {
                    let moment = Server::early_moment(&mut self.dice);
                    self.server.start_and_kill(moment).await?;
                }
                self.start(&Log::Here).await?;
            }
            Fault::Terminate => self.restart(&Log::Here).await?,
            Fault::Stall => {
                self.server.signal("STOP").await?;
                self.pause(300, 8_000).await;
                self.server.signal("CONT").await?;
            }
            Fault::Clock => {
                let ahead = self.dice.between(1, CLOCK_AHEAD_MAX_S);
                if let Some(clock) = &self.clock {
                    clock.set(i64::try_from(ahead)?)?;
                }
                self.pause(1_500, 6_000).await;
                if let Some(clock) = &self.clock {
                    clock.set(0)?;
                }
            }
            Fault::Audit => self.judge(self.server.audit(false).await?),
            Fault::Backup => self.judge(self.server.backup().await?),
            Fault::Second => self.judge(self.server.second().await?),
            Fault::DiskFull => self.fill().await?,
            Fault::LogClosed => {
                self.server.close_log();
                self.pause(500, 3_000).await;
                self.alive("its log was closed").await?;
                self.restart(&Log::Here).await?;
            }
            Fault::LogOnDisk => {
                let log = Log::File(self.disk.path().join("log"));
                self.restart(&log).await?;
                self.fill().await?;
                self.alive("its log was on a full disk").await?;
                self.restart(&Log::Here).await?;
            }
        }
        Ok(())
    }

    fn judge(&self, finding: Option<String>) {
        if let Some(finding) = finding {
            self.world.violation(&finding);
        }
    }

    async fn restart(&mut self, log: &Log) -> Result<()> {
        let status = self.server.terminate().await?;
        if !status.success() {
            self.world.violation(&format!("SIGTERM ended it with {status}"));
        }
        self.start(log).await
    }

    /// Sometimes to the last byte, sometimes so that a little still fits.
    async fn fill(&mut self) -> Result<()> {
        let free_kib = if self.dice.one_in(3) { self.dice.below(200) } else { 0 };
        self.disk.fill(free_kib).await?;
        self.pause(1_000, 6_000).await;
        self.disk.empty().await
    }

    /// Waits until all is well. How long it took.
    pub(crate) async fn well(&mut self, after: &str) -> Result<Duration> {
        let began = Instant::now();
        loop {
            self.alive(after).await?;
            let Some(missing) = self.missing().await else { return Ok(began.elapsed()) };
            if began.elapsed() > BACK_WITHIN {
                let what = format!("{BACK_WITHIN:?} after {after} it is not back: {missing}");
                self.world.violation(&what);
                return Ok(began.elapsed());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// What does not work; `None` if everything does.
    async fn missing(&mut self) -> Option<String> {
        let ready = reqwest::get(format!("{}/readyz", self.world.url())).await;
        if !ready.is_ok_and(|reply| reply.status() == 200) {
            return Some("it is not ready".to_owned());
        }
        let (person, group) = self.probe.clone()?;
        self.probes += 1;
        let key = format!("probe-{}", self.probes);
        let body = json!({"amount_fen": PROBES, "key": key});
        let words = json!({"text": key, "key": key});
        let messages = format!("/groups/{group}/messages");
        for (path, body) in [("/wallet/top-ups", body), (messages.as_str(), words)] {
            let reply = person.post(path, body).await;
            if reply.as_ref().is_none_or(|reply| reply.status != 201) {
                return Some(format!("{path} is answered {reply:?}"));
            }
        }
        for _ in 0..PROBES {
            let body = json!({"group_id": group, "kind": "equal", "total_fen": 1, "shares": 1});
            let sent = person.call(Method::POST, "/packets", body).await;
            let order_no = sent.as_ref().and_then(|reply| reply.body["order_no"].as_str());
            let Some(order_no) = order_no else { return Some(format!("sending: {sent:?}")) };
            let mut ticket = Value::Null;
            for (step, body) in [("pay", json!({})), ("grab", json!({})), ("open", Value::Null)] {
                let body = if step == "open" { json!({"ticket": ticket}) } else { body };
                let reply = person.post(&format!("/packets/{order_no}/{step}"), body).await;
                let Some(reply) = reply.filter(|reply| reply.status == 200) else {
                    return Some(format!("{step} of {order_no} fails"));
                };
                ticket = reply.body["ticket"].clone();
            }
        }
        None
    }
}
