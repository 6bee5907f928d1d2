//! A packet's details as the server would answer them for a vector.

use super::vectors::Vector;
use hongbao_shared::{
    Fen, GroupId, Kind, Timestamp, UserId,
    api::{
        accounts::Profile,
        packets::{Claim, Fairness, PacketDetails, PacketState},
    },
    fairness::ALGORITHM,
};

/// Noon (UTC) on the eve of the lunar new year 2016.
const LANDED_AT: Timestamp = Timestamp::from_millis(1_454_846_400_000);

pub(crate) fn person(number: u32) -> Profile {
    Profile {
        is_demo: false,
        id: UserId::new(1000 + i64::from(number)).unwrap(),
        name: format!("member {number}"),
        avatar: format!("a{:02}", number % 24),
    }
}

/// The honest details of a packet that is over.
pub(crate) fn details(vector: &Vector) -> PacketDetails {
    let finished = vector.claimed == vector.shares;
    let at = |seq: u32| Timestamp::from_millis(LANDED_AT.millis() + 350 * i64::from(seq + 1));
    let expires_at = LANDED_AT.plus_seconds(24 * 60 * 60);
    let claims: Vec<_> = (0..vector.claimed)
        .zip(&vector.amounts)
        .map(|(seq, amount)| Claim {
            seq,
            user: person(seq + 1),
            amount_fen: *amount,
            opened_at: at(seq),
            best_luck: vector.best_luck == Some(seq as usize),
        })
        .collect();
    let claimed_fen = Fen::sum(claims.iter().map(|claim| claim.amount_fen)).unwrap();
    PacketDetails {
        order_no: vector.order_no,
        state: if finished { PacketState::Finished } else { PacketState::Expired },
        kind: vector.kind,
        group_id: GroupId::new(7).unwrap(),
        sender: person(0),
        recipient: (vector.kind == Kind::Exclusive).then(|| person(1)),
        greeting: "恭喜发财，大吉大利".to_owned(),
        cover: "classic".to_owned(),
        total_fen: Some(vector.total_fen),
        fee_fen: None,
        shares: vector.shares,
        claimed: vector.claimed,
        claimed_fen: Some(claimed_fen),
        landed_at: LANDED_AT,
        finished_at: Some(if finished { at(vector.claimed - 1) } else { expires_at }),
        expires_at,
        refunded_fen: (!finished).then(|| vector.total_fen.checked_sub(claimed_fen).unwrap()),
        claims: Some(claims),
        openers: None,
        claims_cursor: None,
        fairness: Fairness {
            algorithm: ALGORITHM.to_owned(),
            max_share_fen: vector.max_share_fen,
            commitment: vector.commitment,
            client_seed: vector.client_seed.clone(),
            server_seed: Some(vector.server_seed),
            missing: None,
        },
    }
}

/// The packet of `docs/fairness-example.json`.
pub(crate) fn example(vectors: &[Vector]) -> String {
    let vector = vectors.iter().find(|v| v.name.starts_with("ten shares")).unwrap();
    let mut text = serde_json::to_string_pretty(&details(vector)).unwrap();
    text.push('\n');
    text
}
