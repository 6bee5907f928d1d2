//! Many connections that send prepared requests, each its next as soon as its last is
//! answered: a closed loop without pipelining.

use crate::wire::Connection;
use anyhow::{Context, Result};
use std::{
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

/// What one phase brought.
#[derive(Debug)]
pub struct Phase {
    /// From the first request to the last answer.
    pub elapsed: Duration,
    /// The answers, in the order of the requests.
    pub answers: Vec<Answered>,
}

/// The answer to one request.
#[derive(Clone, Debug)]
pub struct Answered {
    /// The status code.
    pub status: u16,
    /// From sending the request to having its answer.
    pub latency: Duration,
    /// The body.
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

    /// Sends every request once, the connections taking turns as they become free.
    pub async fn run(&mut self, requests: Vec<Vec<u8>>) -> Result<Phase> {
        let requests = Arc::new(requests);
        let next = Arc::new(AtomicUsize::new(0));
        let mut tasks = JoinSet::new();
        let started = Instant::now();
        for connection in self.connections.drain(..) {
            tasks.spawn(one(connection, Arc::clone(&requests), Arc::clone(&next)));
        }
        let mut parts = Vec::with_capacity(tasks.len());
        while let Some(done) = tasks.join_next().await {
            parts.push(done.context("a connection's task failed")??);
        }
        let elapsed = started.elapsed();
        let mut answers = vec![None; requests.len()];
        for (connection, part) in parts {
            self.connections.push(connection);
            for (index, answered) in part {
                answers[index] = Some(answered);
            }
        }
        let answers =
            answers.into_iter().collect::<Option<_>>().context("a request has no answer")?;
        Ok(Phase { elapsed, answers })
    }
}

async fn one(
    mut connection: Connection,
    requests: Arc<Vec<Vec<u8>>>,
    next: Arc<AtomicUsize>,
) -> Result<(Connection, Vec<(usize, Answered)>)> {
    let mut answered = Vec::new();
    loop {
        let index = next.fetch_add(1, Ordering::Relaxed);
        let Some(request) = requests.get(index) else { break };
        let started = Instant::now();
        let answer = connection.call(request).await?;
        // Looked at later: while the clock runs, every cycle is the server's.
        let answer = Answered {
            status: answer.status,
            body: answer.body.to_vec(),
            latency: started.elapsed(),
        };
        answered.push((index, answer));
    }
    Ok((connection, answered))
}

impl Phase {
    /// Answers per second.
    pub fn per_second(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 answers")]
        let answers = self.answers.len() as f64;
        answers / self.elapsed.as_secs_f64()
    }

    /// Fails with the first answer of another status.
    pub fn expect_status(&self, status: u16) -> Result<()> {
        match self.answers.iter().find(|answer| answer.status != status) {
            None => Ok(()),
            Some(answer) => anyhow::bail!(
                "expected {status}, got {}: {}",
                answer.status,
                String::from_utf8_lossy(&answer.body)
            ),
        }
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
