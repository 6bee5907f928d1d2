//! What has to be there before anything can be timed: a sender with money, a group full
//! of people, a packet, and everyone's ticket to open it.

use crate::{
    load::{Load, Phase},
    people,
    server::{Server, Setup},
    wire::{Connection, post},
};
use anyhow::{Context, Result, ensure};
use hongbao_shared::{
    GroupId, Kind, OrderNo,
    api::{
        accounts::SignedIn,
        groups::Group,
        packets::{Grabbed, OpenRequest, Opened, PreOrder, PreOrderRequest},
        wallet::TopUp,
    },
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::json;
use std::{
    path::Path,
    time::{Duration, Instant},
};

/// On average per share: well below what counts as a large share.
pub const FEN_PER_SHARE: u64 = 100;
/// A session that was looked up is known for this long; then it is looked up again.
const SESSIONS_CACHED_FOR: Duration = Duration::from_secs(30);
/// The most that one timed part may take for its sessions to stay known throughout.
const PART_MAX: Duration = Duration::from_secs(10);

/// Everybody who takes part.
#[derive(Clone, Debug)]
pub struct Cast {
    sender: String,
    group: GroupId,
    /// The tokens of those who open.
    pub people: Vec<String>,
}

impl Cast {
    /// Makes them in fresh data, on a server of its own that is stopped again.
    pub async fn assemble(setup: &Setup, data: &Path, people: usize, fen: u64) -> Result<Self> {
        let server = setup.start(data).await?;
        let mut api = Connection::open(server.address).await?;
        let guest = json!({"name": "Sender"});
        let signed_in: SignedIn = call(&mut api, "/session/guest", None, &guest).await?;
        let sender = signed_in.token;
        let top_up = json!({"amount_fen": fen, "key": "bench"});
        let _: TopUp = call(&mut api, "/wallet/top-ups", Some(&sender), &top_up).await?;
        let group: Group =
            call(&mut api, "/groups", Some(&sender), &json!({"name": "Bench"})).await?;
        let people = people::seed(data, group.id, people).await?;
        server.stop().await?;
        Ok(Self { sender, group: group.id, people })
    }
}

/// A server with its load generator.
#[derive(Debug)]
pub struct Stage {
    /// The server.
    pub server: Server,
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
    /// Processor time that the server took.
    pub server_cpu: Duration,
    /// Processor time that the load generator took.
    pub load_cpu: Duration,
}

impl Stage {
    /// Starts a server on this data and connects to it.
    pub async fn start(setup: &Setup, data: &Path, cast: Cast, connections: usize) -> Result<Self> {
        let server = setup.start(data).await?;
        let load = Load::connect(server.address, connections).await?;
        let api = Connection::open(server.address).await?;
        Ok(Self { server, load, api, cast, sessions_known: None })
    }

    /// Sends a lucky packet and waits until it is in the group.
    pub async fn send(&mut self, shares: usize) -> Result<OrderNo> {
        let total = u64::try_from(shares)?.saturating_mul(FEN_PER_SHARE);
        let request = PreOrderRequest {
            group_id: self.cast.group,
            kind: Kind::Lucky,
            total_fen: i64::try_from(total)?,
            shares: i64::try_from(shares)?,
            greeting: None,
            cover: None,
            recipient_id: None,
        };
        let sender = Some(self.cast.sender.as_str());
        let PreOrder { order_no, .. } = call(&mut self.api, "/packets", sender, &request).await?;
        let path = format!("/packets/{order_no}/pay");
        let paid: serde_json::Value = call(&mut self.api, &path, sender, &json!({})).await?;
        ensure!(paid["state"] == "open", "the packet has not landed: {paid}");
        Ok(order_no)
    }

    /// Everyone taps the packet that `packet` names for them; gives the requests to open.
    pub async fn grab(&mut self, packet: impl Fn(usize) -> OrderNo) -> Result<Vec<Vec<u8>>> {
        let path = |who, what| format!("/api/v1/packets/{}/{what}", packet(who));
        let grabs = self.requests(|who| (path(who, "grab"), String::new()));
        self.fresh().await;
        let grabbed = self.load.run(grabs).await?;
        grabbed.expect_status(200)?;
        let tickets = grabbed.parse::<Grabbed>()?.into_iter().map(|grabbed| grabbed.ticket);
        let tickets: Vec<_> = tickets.collect::<Option<_>>().context("somebody may not open")?;
        let bodies =
            tickets.into_iter().map(|ticket| serde_json::to_string(&OpenRequest { ticket }));
        let mut bodies = bodies.collect::<Result<Vec<_>, _>>()?;
        Ok(self.requests(|who| (path(who, "open"), std::mem::take(&mut bodies[who]))))
    }

    /// For everyone a call that does nothing, with a body as long as that of an open.
    pub fn no_ops(&self, like: &str) -> Vec<Vec<u8>> {
        self.requests(|_| ("/api/v1/noop".to_owned(), like.to_owned()))
    }

    fn requests(&self, mut request: impl FnMut(usize) -> (String, String)) -> Vec<Vec<u8>> {
        let people = self.cast.people.iter().enumerate();
        people
            .map(|(who, token)| {
                let (path, body) = request(who);
                post(&path, Some(token), &body)
            })
            .collect()
    }

    /// Runs a part against the clock, on a server that has nothing else to do and has
    /// looked up every session.
    pub async fn time(&mut self, requests: Vec<Vec<u8>>) -> Result<Timed> {
        self.server.idle().await?;
        if self.fresh().await {
            let warm_up = self.requests(|_| ("/api/v1/noop".to_owned(), String::new()));
            self.load.run(warm_up).await?;
        }
        let cpu =
            |stage: &Self| (stage.server.cpu_time(), crate::machine::cpu_time(std::process::id()));
        let before = cpu(self);
        let phase = self.load.run(requests).await?;
        let after = cpu(self);
        phase.expect_status(200)?;
        Ok(Timed {
            phase,
            server_cpu: after.0.saturating_sub(before.0),
            load_cpu: after.1.saturating_sub(before.1),
        })
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

/// Checks that every share of one packet went to somebody, and all the money with them.
pub fn check(opened: &[Opened], shares: usize) -> Result<()> {
    let mut seqs: Vec<_> = opened.iter().map(|opened| opened.seq).collect();
    seqs.sort_unstable();
    ensure!(
        seqs.iter().copied().eq(0..u32::try_from(opened.len())?),
        "shares are missing or double"
    );
    ensure!(opened.len() <= shares, "more shares than there are");
    let sum: u64 = opened.iter().map(|opened| opened.amount_fen.get()).sum();
    let total = u64::try_from(shares)?.saturating_mul(FEN_PER_SHARE);
    let emptied = opened.len() == shares;
    ensure!(if emptied { sum == total } else { sum < total }, "{sum} of {total} fen were opened");
    Ok(())
}

async fn call<T: DeserializeOwned>(
    api: &mut Connection,
    path: &str,
    token: Option<&str>,
    body: &impl Serialize,
) -> Result<T> {
    let request = post(&format!("/api/v1{path}"), token, &serde_json::to_string(body)?);
    let answer = api.call(&request).await?;
    let text = String::from_utf8_lossy(answer.body);
    ensure!((200..300).contains(&answer.status), "{path} answered {}: {text}", answer.status);
    serde_json::from_str(&text).with_context(|| format!("{path} answered {text}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hongbao_shared::{Fen, Timestamp};

    fn opened(seq: u32, fen: u64) -> Opened {
        Opened {
            order_no: OrderNo::from_bits(0).unwrap(),
            seq,
            amount_fen: Fen::new(fen).unwrap(),
            opened_at: Timestamp::from_millis(0),
        }
    }

    #[test]
    fn every_share_and_every_fen_is_accounted_for() {
        assert!(check(&[opened(1, 150), opened(0, 50)], 2).is_ok());
        assert!(check(&[opened(0, 50)], 2).is_ok());
        assert!(check(&[opened(0, 50), opened(0, 150)], 2).is_err(), "one share twice");
        assert!(check(&[opened(1, 50)], 2).is_err(), "a share left out");
        assert!(check(&[opened(1, 150), opened(0, 51)], 2).is_err(), "a fen too many");
        assert!(check(&[opened(0, 100), opened(1, 50), opened(2, 50)], 2).is_err());
    }
}
