//! Many connections that send prepared requests, each its next as soon as its last is
//! answered: a closed loop without pipelining.

use crate::wire::Connection;
use anyhow::{Context, Result, bail};
use std::{
    fmt,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::task::JoinSet;

/// The connections, kept open from phase to phase.
#[derive(Debug)]
pub struct Load {
    connections: Vec<Connection>,
}

/// The first request of somebody, by their place.
pub type First = Arc<dyn Fn(usize) -> Vec<u8> + Send + Sync>;
/// What somebody asks for next: their place, how many answers they have, and the last.
pub type Then = Arc<dyn Fn(usize, usize, &[u8]) -> Option<Vec<u8>> + Send + Sync>;

/// What is asked for: of each of many people a request, and what follows from its answer.
#[derive(Clone)]
pub struct Part {
    /// How many they are.
    pub people: usize,
    /// What they ask for.
    pub first: First,
    /// What follows.
    pub then: Option<Then>,
    /// The status codes that are right for the last answer of each.
    pub statuses: &'static [u16],
    /// How many connections they share at most.
    pub connections: usize,
    /// Are bodies of answers kept?
    pub bodies: bool,
}

impl Part {
    /// A request each, which is answered 200.
    pub fn of(requests: Vec<Vec<u8>>) -> Self {
        Self {
            people: requests.len(),
            first: Arc::new(move |who| requests[who].clone()),
            then: None,
            statuses: &[200],
            connections: usize::MAX,
            bodies: true,
        }
    }
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Part").field("people", &self.people).finish_non_exhaustive()
    }
}

/// What one phase brought.
#[derive(Debug)]
pub struct Phase {
    /// From the first request to the last answer.
    pub elapsed: Duration,
    /// The last answer of each, in their order.
    pub answers: Vec<Answered>,
}

/// The answer to somebody's last request.
#[derive(Clone, Debug)]
pub struct Answered {
    /// The status code.
    pub status: u16,
    /// From sending their first request to having the last answer.
    pub latency: Duration,
    /// How many calls that took.
    pub calls: u32,
    /// The body; nothing where bodies are not kept.
    pub body: Vec<u8>,
}

impl Load {
    /// Connects.
    pub async fn connect(address: SocketAddr, connections: usize) -> Result<Self> {
        let mut load = Self { connections: Vec::with_capacity(connections) };
        for _ in 0..connections {
            load.connections.push(Connection::open(address).await?);
        }
        Ok(load)
    }

    /// How many there are.
    pub fn connections(&self) -> usize {
        self.connections.len()
    }

    /// Does everything once, the connections taking turns as they become free. Fails with the
    /// first answer that is not right.
    pub async fn run(&mut self, part: Part) -> Result<Phase> {
        let Part { people, statuses, .. } = part;
        let part = Arc::new(part);
        let next = Arc::new(AtomicUsize::new(0));
        let mut tasks = JoinSet::new();
        let started = Instant::now();
        for connection in self.connections.drain(..part.connections.min(self.connections.len())) {
            tasks.spawn(one(connection, Arc::clone(&part), Arc::clone(&next)));
        }
        let mut parts = Vec::with_capacity(tasks.len());
        while let Some(done) = tasks.join_next().await {
            parts.push(done.context("a connection's task failed")??);
        }
        let elapsed = started.elapsed();
        let mut answers = vec![None; people];
        for (connection, part) in parts {
            self.connections.push(connection);
            for (index, answered) in part {
                answers[index] = Some(answered);
            }
        }
        let answers: Vec<Answered> =
            answers.into_iter().collect::<Option<_>>().context("a request has no answer")?;
        if let Some(answer) = answers.iter().find(|answer| !statuses.contains(&answer.status)) {
            let body = String::from_utf8_lossy(&answer.body);
            bail!("expected {statuses:?}, got {}: {body}", answer.status);
        }
        Ok(Phase { elapsed, answers })
    }
}

async fn one(
    mut connection: Connection,
    part: Arc<Part>,
    next: Arc<AtomicUsize>,
) -> Result<(Connection, Vec<(usize, Answered)>)> {
    let mut answered = Vec::new();
    loop {
        let who = next.fetch_add(1, Ordering::Relaxed);
        if who >= part.people {
            return Ok((connection, answered));
        }
        let mut request = (part.first)(who);
        let mut calls = 0;
        let started = Instant::now();
        let answer = loop {
            let answer = connection.call(&request).await?;
            calls += 1;
            match part.then.as_ref().and_then(|then| then(who, calls, answer.body)) {
                Some(next) => request = next,
                None => break answer,
            }
        };
        // Looked at later: while the clock runs, every cycle is the server's.
        let answer = Answered {
            status: answer.status,
            latency: started.elapsed(),
            calls: u32::try_from(calls)?,
            body: if part.bodies { answer.body.to_vec() } else { Vec::new() },
        };
        answered.push((who, answer));
    }
}

impl Phase {
    /// How many calls were answered.
    pub fn calls(&self) -> u32 {
        self.answers.iter().map(|answer| answer.calls).sum()
    }

    /// Calls per second.
    pub fn per_second(&self) -> f64 {
        f64::from(self.calls()) / self.elapsed.as_secs_f64()
    }

    /// Parses every body.
    pub fn parse<T: serde::de::DeserializeOwned>(&self) -> Result<Vec<T>> {
        self.answers
            .iter()
            .map(|answer| {
                serde_json::from_slice(&answer.body).with_context(|| {
                    format!("unexpected answer: {}", String::from_utf8_lossy(&answer.body))
                })
            })
            .collect()
    }
}

/// For a part that is over with its last answer.
pub async fn nothing_more(_: &mut Load) -> Result<()> {
    Ok(())
}
