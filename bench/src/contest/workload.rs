use super::{contestant::Contestant, eve::Eve, shown};
use crate::{
    load::{Part, Phase},
    shares::{FEN_PER_SHARE, by_packet, check},
    stage::{Manner, Stage},
    wire::{packet_path, post},
};
use anyhow::{Context, Result, ensure};
use hongbao_shared::{
    OrderNo,
    api::packets::{GrabState, Grabbed, OpenRequest},
};
use std::{collections::BTreeMap, fmt, sync::Arc};

/// Shares of a packet that a crowd races for, and how many they are.
const STORM_SHARES: usize = 100;
const STORM_PEOPLE: usize = 500;
/// How many people there are for each packet of many.
const ZIPF_PEOPLE_PER_PACKET: usize = 20;
/// Shares of each packet that somebody sends, and of those that are looked at.
const SMALL: usize = 10;
/// How many times fewer people open one after the other.
const LONELY_FEWER: usize = 20;

/// What everyone does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Workload {
    /// Open one packet, which has a share for each of them.
    Hot,
    /// Race for packets of 100, 500 for each: grab, and open with the ticket.
    Storm,
    /// Open one of many packets, which have as many shares as people come: the first draws
    /// most, the second half as many, the third a third of that.
    Zipf,
    /// Grab a packet whose shares are all taken.
    Refused,
    /// Send a packet: pre-order and pay.
    Sends,
    /// Look at a packet whose shares are all taken.
    Views,
    /// Open one packet, one after the other, a twentieth of the people.
    Lonely,
    /// Sends, opens, grabs and looks at packets as 1 : 2.6 : 50 : 25, until everything is credited
    /// and listed.
    Eve,
}

/// What everyone asks for.
pub(super) struct Asked {
    /// The calls.
    pub(super) part: Part,
    /// What goes on from one to the next.
    pub(super) eve: Option<Arc<Eve>>,
}

impl fmt::Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        shown(self, f)
    }
}

impl Workload {
    /// Does this contestant do such a thing? Rivals have no details, and one has no shares.
    pub(super) fn suits(self, contestant: Contestant) -> bool {
        match contestant.manner() {
            Manner::Rival if contestant == Contestant::Insert => self == Self::Lonely,
            Manner::Rival => !matches!(self, Self::Views | Self::Eve),
            Manner::Ours | Manner::NoOp => true,
        }
    }

    /// What everyone asks of this stage, after what has to be there before.
    pub(super) async fn asked(self, stage: &mut Stage, calls: usize) -> Result<Asked> {
        let mut eve = None;
        let people = match self {
            Self::Lonely => stage.people().div_ceil(LONELY_FEWER),
            _ => stage.people(),
        };
        let manner = stage.manner;
        let mut part = match self {
            Self::Eve if manner == Manner::NoOp => {
                let each = stage.no_ops();
                let first = move |call: usize| each[call % each.len()].clone();
                Part {
                    people: calls,
                    first: Arc::new(first),
                    bodies: false,
                    ..Part::of(Vec::new())
                }
            }
            _ if manner == Manner::NoOp => {
                let mut calls = stage.no_ops();
                calls.truncate(people);
                Part::of(calls)
            }
            Self::Hot | Self::Lonely => {
                let order_no = stage.send(people).await?;
                Part::of(stage.opens(|_| order_no, people).await?)
            }
            Self::Storm => storm(stage).await?,
            Self::Zipf => zipf(stage).await?,
            Self::Refused => {
                let order_no = taken(stage, 1).await?;
                let grabs = match manner {
                    Manner::Rival => stage.opens(|_| order_no, people).await?,
                    _ => stage.posts(|_| (packet_path(order_no, "/grab"), String::new())),
                };
                Part { statuses: &[200, 409], ..Part::of(grabs) }
            }
            Self::Sends => stage.sends(SMALL).await?,
            Self::Views => {
                let order_no = taken(stage, SMALL.min(people)).await?;
                Part::of(stage.gets(&packet_path(order_no, "")))
            }
            Self::Eve => {
                let over = taken(stage, 1).await?;
                eve.insert(Eve::set(stage, over, calls).await?).part(calls)
            }
        };
        if self == Self::Lonely {
            part.connections = 1;
        }
        Ok(Asked { part, eve })
    }

    /// Did everyone get what they should have? Gives how many shares were opened, those before
    /// the clock included.
    pub(super) fn check(self, manner: Manner, phase: &Phase) -> Result<usize> {
        match self {
            _ if manner == Manner::NoOp => Ok(0),
            Self::Hot | Self::Zipf | Self::Lonely => {
                let opened = by_packet(phase.parse()?);
                opened.values().try_for_each(|shares| check(shares, shares.len()))?;
                Ok(phase.answers.len())
            }
            Self::Storm => {
                let parse = |body: &Vec<u8>| serde_json::from_slice(body).ok();
                let opened = phase.answers.iter().filter_map(|one| parse(&one.body)).collect();
                let opened = by_packet(opened);
                ensure!(!opened.is_empty(), "nobody opened anything");
                opened.values().try_for_each(|shares| check(shares, STORM_SHARES))?;
                Ok(opened.values().map(Vec::len).sum())
            }
            Self::Refused if manner == Manner::Ours => {
                // Who has the share is told of it.
                let told =
                    |grab: &Grabbed| matches!(grab.state, GrabState::Finished | GrabState::Opened);
                let told = phase.parse()?.iter().all(told);
                ensure!(told, "somebody may open a packet that is empty");
                Ok(1)
            }
            Self::Refused => {
                let refused = phase.answers.iter().filter(|one| one.status == 409).count();
                ensure!(refused + 1 == phase.answers.len(), "{refused} were refused");
                Ok(1)
            }
            Self::Sends if manner == Manner::Ours => {
                let landed = |paid: &serde_json::Value| paid["state"] == "open";
                ensure!(phase.parse()?.iter().all(landed), "a packet has not landed");
                Ok(0)
            }
            // Rivals, whose opens are counted, open nothing there.
            Self::Sends | Self::Views | Self::Eve => Ok(0),
        }
    }
}

/// A packet of which the first of the people have taken all shares.
async fn taken(stage: &mut Stage, shares: usize) -> Result<OrderNo> {
    let order_no = stage.send(shares).await?;
    let opens = stage.opens(|_| order_no, shares).await?;
    stage.run(Part::of(opens)).await?;
    Ok(order_no)
}

async fn storm(stage: &mut Stage) -> Result<Part> {
    let people = stage.people();
    let mut packets = Vec::new();
    for _ in 0..people.div_ceil(STORM_PEOPLE) {
        packets.push(stage.send(STORM_SHARES).await?);
    }
    let packet = move |who: usize| packets[who / STORM_PEOPLE];
    // Too late, or too many who have tickets already.
    let statuses = &[200, 409, 429];
    if stage.manner == Manner::Rival {
        return Ok(Part { statuses, ..Part::of(stage.opens(packet, people).await?) });
    }
    let grabs = stage.posts(|who| (packet_path(packet(who), "/grab"), String::new()));
    let tokens = Arc::clone(stage.tokens());
    let then = move |who: usize, _: usize, body: &[u8]| {
        let ticket = serde_json::from_slice::<Grabbed>(body).ok()?.ticket?;
        let body = serde_json::to_string(&OpenRequest { ticket }).ok()?;
        Some(post(&packet_path(packet(who), "/open"), Some(&tokens[who]), &body))
    };
    Ok(Part { statuses, then: Some(Arc::new(then)), ..Part::of(grabs) })
}

async fn zipf(stage: &mut Stage) -> Result<Part> {
    let people = stage.people();
    let draws = draws(people, people.div_ceil(ZIPF_PEOPLE_PER_PACKET));
    let mut packets = BTreeMap::new();
    for &packet in &draws {
        *packets.entry(packet).or_default() += 1;
    }
    let mut sent = BTreeMap::new();
    for (packet, shares) in packets {
        sent.insert(packet, stage.send(shares).await?);
    }
    Ok(Part::of(stage.opens(|who| sent[&draws[who]], people).await?))
}

/// For each of the people the packet that they come to: the one of rank r draws them with a
/// weight of 1/r, and those of each are spread evenly among all.
fn draws(people: usize, packets: usize) -> Vec<usize> {
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52")]
    let number = |count: usize| count as f64;
    let mut reach = 0.0;
    let bounds: Vec<f64> = (1..=packets)
        .map(|rank| {
            reach += 1.0 / number(rank);
            reach
        })
        .collect();
    // Multiples of the golden ratio, without what is before the point, fill the line from 0 to 1
    // more evenly than chance does, and are as long without a pattern.
    let places = (1..=people).map(|who| (number(who) * std::f64::consts::GOLDEN_RATIO).fract());
    places.map(|place| bounds.partition_point(|bound| *bound <= place * reach)).collect()
}

/// The most shares that the packets of one sender can have in a round.
pub(super) fn shares(people: usize) -> usize {
    people.max(STORM_SHARES * people.div_ceil(STORM_PEOPLE))
}

/// What they cost.
pub(super) fn cost(people: usize) -> Result<u64> {
    u64::try_from(shares(people))?.checked_mul(FEN_PER_SHARE).context("too much money")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_packet_draws_most() {
        let draws = draws(1_000, 50);
        let of = |packet| draws.iter().filter(|draw| **draw == packet).count();
        // The sum of 1/r up to 50 is 4.499: 222.3, 111.1 and 4.4 are due.
        assert_eq!((of(0), of(1), of(49)), (222, 112, 5));
        assert_eq!((0..50).map(of).sum::<usize>(), 1_000);
        assert!(draws[..50].iter().filter(|draw| **draw == 0).count() > 5, "they come mixed");
    }
}
