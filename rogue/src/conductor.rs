//! When something goes wrong, and whether the service is back soon after its end.

use crate::{
    acts::Cast,
    client::Person,
    clock::Clock,
    dice::Dice,
    disk::Disk,
    faults::Fault,
    fleet::Fleet,
    server::{Log, Server},
    world::World,
};
use anyhow::Result;
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

/// Has the servers, and does to them what the dice say.
#[derive(Debug)]
pub(crate) struct Conductor {
    pub(crate) servers: Vec<Server>,
    /// What they keep everything in, unless that is their own files.
    pub(crate) fleet: Option<Fleet>,
    pub(crate) disk: Disk,
    /// One for each server, or none.
    pub(crate) clocks: Vec<Clock>,
    pub(crate) faults: Vec<Fault>,
    pub(crate) dice: Dice,
    pub(crate) world: Arc<World>,
    /// Somebody who looks whether all is well, and the group that they look in.
    pub(crate) probe: Option<(Person, String)>,
    pub(crate) probes: u64,
    /// The faults still to come before they are drawn anew, so that each comes by.
    pub(crate) deck: Vec<Fault>,
    /// Keys that were added so far.
    pub(crate) rotations: u64,
    /// Backups that were served so far.
    pub(crate) restored: u64,
}

impl Conductor {
    /// Faults, one after the other, until the moment; at its end all is well.
    pub(crate) async fn trouble(&mut self, cast: &Cast, until: Instant) -> Result<()> {
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
            let target = self.aim(fault)?;
            self.world.fault_begins(fault.name(), target.broken.clone());
            self.strike(fault, &target, cast).await?;
            let recovery = self.well(fault.name()).await?;
            self.world.fault_ends(fault.name(), recovery);
        }
        Ok(())
    }

    /// Some time without a fault, in which none must die either.
    async fn rest(&mut self) -> Result<()> {
        let until = Instant::now() + self.dice.millis(500, 9_000);
        while Instant::now() < until {
            tokio::time::sleep(LOOK_EVERY).await;
            self.alive("nothing").await?;
        }
        Ok(())
    }

    /// Nobody asked one to end: if it has, that is a finding, and it is started again.
    pub(crate) async fn alive(&mut self, after: &str) -> Result<()> {
        for node in 0..self.servers.len() {
            let Some(status) = self.servers[node].ended() else { continue };
            self.world.violation(&format!("server {node} died after {after}: {status}"));
            self.servers[node].kill().await?;
            self.start(node, &Log::Here).await?;
        }
        Ok(())
    }

    pub(crate) async fn start(&mut self, node: usize, log: &Log) -> Result<()> {
        let started = self.servers[node].start(log).await;
        if let Err(error) = &started {
            self.world.violation(&format!("server {node} does not start: {error:#}"));
        }
        started
    }

    pub(crate) async fn pause(&mut self, least_ms: u64, most_ms: u64) {
        tokio::time::sleep(self.dice.millis(least_ms, most_ms)).await;
    }

    pub(crate) fn judge(&self, finding: Option<String>) {
        if let Some(finding) = finding {
            self.world.violation(&finding);
        }
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

    /// What does not work; `None` if everything does, at every server.
    async fn missing(&mut self) -> Option<String> {
        for node in 0..self.servers.len() {
            let ready = reqwest::get(format!("{}/readyz", self.world.url(node))).await;
            if !ready.is_ok_and(|reply| reply.status() == 200) {
                return Some(format!("server {node} is not ready"));
            }
            if let Some(missing) = self.missing_at(node).await {
                return Some(missing);
            }
        }
        None
    }

    async fn missing_at(&mut self, node: usize) -> Option<String> {
        let (person, group) = self.probe.clone()?;
        let person = person.at(node);
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
