//! Honest packets pass the check, and no tampering does (R-FAIR-6).

use crate::common::{details::details, fen, test, vectors::published};
use hongbao_shared::{
    Fen, Kind, OrderNo,
    api::packets::{Claim, PacketDetails, PacketState},
    fairness::{ClientSeed, Commitment, ServerSeed},
    proof::{Report, Unprovable, check},
};

fn honest(name: &str) -> PacketDetails {
    details(published().iter().find(|vector| vector.name.starts_with(name)).unwrap())
}

fn finished() -> PacketDetails {
    honest("ten shares")
}

fn expired() -> PacketDetails {
    honest("expired with six")
}

fn report(change: impl FnOnce(&mut PacketDetails), mut packet: PacketDetails) -> Report {
    change(&mut packet);
    check(&packet).unwrap()
}

fn refusal(change: impl FnOnce(&mut PacketDetails), mut packet: PacketDetails) -> Unprovable {
    change(&mut packet);
    check(&packet).unwrap_err()
}

fn claims(packet: &mut PacketDetails) -> &mut Vec<Claim> {
    packet.claims.as_mut().unwrap()
}

#[test]
fn honest_packets_pass() {
    for vector in published() {
        let report = check(&details(&vector)).unwrap();
        assert!(report.is_ok(), "{}: {report:?}", vector.name);
        let expected: Vec<_> = report.shares.iter().map(|share| share.expected).collect();
        assert_eq!(expected, vector.amounts);
        let opened = report.shares.iter().filter(|share| share.paid.is_some()).count();
        assert_eq!(opened, vector.claimed as usize);
    }
}

/// The check reads what the REST answer holds, not what the server has in memory.
#[test]
fn details_survive_json() {
    for vector in published() {
        let text = serde_json::to_string(&details(&vector)).unwrap();
        let read: PacketDetails = serde_json::from_str(&text).unwrap();
        assert_eq!(read, details(&vector));
        assert!(check(&read).unwrap().is_ok());
    }
}

/// An expired packet whose refund is still on its way is honest, too.
#[test]
fn a_refund_may_come_later() {
    assert!(report(|packet| packet.refunded_fen = None, expired()).is_ok());
    assert!(report(|packet| packet.refunded_fen = Some(Fen::ZERO), finished()).is_ok());
}

#[test]
fn one_fen_more_or_less_is_caught_at_every_share() {
    for packet in [finished(), expired(), honest("equal shares"), honest("exclusive")] {
        for at in 0..packet.claims.as_ref().unwrap().len() {
            for off in [1_i64, -1] {
                let report = report(
                    |packet| {
                        let amount = &mut claims(packet)[at].amount_fen;
                        *amount = Fen::from_signed(amount.signed() + off).unwrap();
                        // Even with a sum that fits.
                        packet.claimed_fen = Fen::sum(claims(packet).iter().map(|c| c.amount_fen));
                        packet.refunded_fen = None;
                    },
                    packet.clone(),
                );
                assert!(!report.is_ok());
                let wrong: Vec<_> = report.shares.iter().map(|share| !share.matches()).collect();
                assert_eq!(wrong.iter().position(|wrong| *wrong), Some(at));
                assert_eq!(wrong.iter().filter(|wrong| **wrong).count(), 1);
            }
        }
    }
}

#[test]
fn swapped_amounts_are_caught() {
    let report = report(
        |packet| {
            let claims = claims(packet);
            let (first, second) = (claims[0].amount_fen, claims[1].amount_fen);
            assert_ne!(first, second);
            (claims[0].amount_fen, claims[1].amount_fen) = (second, first);
        },
        finished(),
    );
    assert!(!report.shares[0].matches() && !report.shares[1].matches() && !report.is_ok());
}

#[test]
fn swapped_and_missing_and_double_claims_are_caught() {
    let incomplete = Unprovable::ClaimsIncomplete;
    assert_eq!(refusal(|packet| claims(packet).swap(0, 1), finished()), incomplete);
    assert_eq!(refusal(|packet| drop(claims(packet).pop()), finished()), incomplete);
    assert_eq!(refusal(|packet| drop(claims(packet).remove(0)), finished()), incomplete);
    assert_eq!(refusal(|packet| claims(packet)[1].seq = 0, finished()), incomplete);
    assert_eq!(refusal(|packet| packet.claimed -= 1, finished()), incomplete);
    let twice = |packet: &mut PacketDetails| {
        let last = claims(packet).last().unwrap().clone();
        claims(packet).push(last);
    };
    assert_eq!(refusal(twice, finished()), incomplete);
}

/// A share that is left out together with its traces still leaves the state, or the total.
#[test]
fn a_hidden_last_claim_is_caught() {
    let hide = |packet: &mut PacketDetails| {
        let hidden = claims(packet).pop().unwrap();
        packet.claimed -= 1;
        packet.claimed_fen = packet.claimed_fen.unwrap().checked_sub(hidden.amount_fen);
        for claim in claims(packet) {
            claim.best_luck = false;
        }
    };
    let report = report(hide, finished());
    assert!(!report.totals_match && !report.is_ok());
}

/// Whatever the packet calls itself: an expired one has shares left, not claims too many.
#[test]
fn an_invented_claim_is_caught() {
    for state in [PacketState::Finished, PacketState::Expired] {
        let invent = |packet: &mut PacketDetails| {
            let mut extra = claims(packet).last().unwrap().clone();
            (extra.seq, extra.best_luck) = (extra.seq + 1, false);
            packet.state = state;
            packet.claimed += 1;
            packet.claimed_fen = packet.claimed_fen.unwrap().checked_add(extra.amount_fen);
            for claim in claims(packet) {
                claim.best_luck = false;
            }
            claims(packet).push(extra);
        };
        let report = report(invent, finished());
        assert!(!report.totals_match && !report.is_ok());
    }
}

#[test]
fn a_wrong_state_is_caught() {
    assert!(!report(|packet| packet.state = PacketState::Expired, finished()).is_ok());
    assert!(!report(|packet| packet.state = PacketState::Finished, expired()).is_ok());
}

#[test]
fn another_server_seed_is_caught() {
    let other = ServerSeed::from_bytes([7; 32]);
    let report = report(|packet| packet.fairness.server_seed = Some(other), finished());
    assert!(!report.commitment_matches && !report.is_ok());
    assert!(report.shares.iter().any(|share| !share.matches()));
}

/// A server seed that was exchanged together with its commitment is caught by the shares; that the
/// commitment is the one from before the payment is for the sender to compare.
#[test]
fn another_server_seed_with_its_commitment_is_caught() {
    let other = ServerSeed::from_bytes([7; 32]);
    let report = report(
        |packet| {
            packet.fairness.server_seed = Some(other);
            packet.fairness.commitment = other.commitment();
        },
        finished(),
    );
    assert!(report.commitment_matches && !report.is_ok());
}

#[test]
fn another_commitment_is_caught() {
    let other = Commitment::from_bytes([7; 32]);
    let report = report(|packet| packet.fairness.commitment = other, finished());
    assert!(!report.commitment_matches && !report.is_ok());
    assert!(report.shares.iter().all(hongbao_shared::proof::ShareCheck::matches));
}

#[test]
fn whatever_the_seed_binds_is_caught() {
    let caught = |change: fn(&mut PacketDetails)| assert!(!report(change, finished()).is_ok());
    caught(|packet| packet.fairness.client_seed = ClientSeed::default());
    caught(|packet| packet.order_no = OrderNo::from_bits(1).unwrap());
    caught(|packet| packet.fairness.max_share_fen = fen(19_999));
    caught(|packet| packet.total_fen = packet.total_fen.unwrap().checked_add(Fen::ONE));
    caught(|packet| packet.shares += 1);
    // The lucky shares of this one are all alike, so that only the seed could tell; an equal split
    // gives the same shares, but not the crown.
    let as_equal = report(|packet| packet.kind = Kind::Equal, honest("as many fen"));
    assert!(!as_equal.is_ok());
}

#[test]
fn a_moved_or_missing_crown_is_caught() {
    for packet in [finished(), honest("best luck on a tie")] {
        let crowned = packet.claims.as_ref().unwrap().iter().position(|c| c.best_luck).unwrap();
        let count = packet.claims.as_ref().unwrap().len();
        for other in (0..count).filter(|other| *other != crowned) {
            let report = report(
                |packet| {
                    claims(packet)[crowned].best_luck = false;
                    claims(packet)[other].best_luck = true;
                },
                packet.clone(),
            );
            assert!(!report.totals_match);
        }
        let uncrown = |packet: &mut PacketDetails| claims(packet)[crowned].best_luck = false;
        assert!(!report(uncrown, packet.clone()).totals_match);
        let second = (crowned + 1) % count;
        assert!(!report(|packet| claims(packet)[second].best_luck = true, packet).totals_match);
    }
    // No crown before every share is taken, and none where nothing was drawn.
    for packet in [expired(), honest("equal shares"), honest("exclusive")] {
        assert!(!report(|packet| claims(packet)[0].best_luck = true, packet).totals_match);
    }
}

#[test]
fn wrong_sums_and_refunds_are_caught() {
    let more = |amount: Option<Fen>| amount.unwrap().checked_add(Fen::ONE);
    let caught = |change: &dyn Fn(&mut PacketDetails), packet| {
        let report = report(change, packet);
        assert!(!report.totals_match && !report.is_ok());
    };
    caught(&|packet| packet.claimed_fen = more(packet.claimed_fen), finished());
    caught(&|packet| packet.claimed_fen = None, finished());
    caught(&|packet| packet.refunded_fen = Some(Fen::ONE), finished());
    caught(&|packet| packet.refunded_fen = more(packet.refunded_fen), expired());
    caught(&|packet| packet.refunded_fen = Some(Fen::ZERO), expired());
}

#[test]
fn what_cannot_be_checked_says_why() {
    let seedless = |packet: &mut PacketDetails| packet.fairness.server_seed = None;
    assert_eq!(refusal(seedless, finished()), Unprovable::SeedWithheld);
    assert_eq!(refusal(seedless, expired()), Unprovable::SeedWithheld);
    let open = |packet: &mut PacketDetails| packet.state = PacketState::Open;
    assert_eq!(refusal(open, expired()), Unprovable::StillOpen);
    let open_to_outsiders = |packet: &mut PacketDetails| {
        packet.state = PacketState::Open;
        packet.fairness.server_seed = None;
        (packet.total_fen, packet.claimed_fen, packet.claims) = (None, None, None);
    };
    assert_eq!(refusal(open_to_outsiders, expired()), Unprovable::StillOpen);
    let hidden = Unprovable::AmountsHidden;
    assert_eq!(refusal(|packet| packet.total_fen = None, finished()), hidden);
    assert_eq!(refusal(|packet| packet.claims = None, finished()), hidden);
    let newer = |packet: &mut PacketDetails| packet.fairness.algorithm = "hongbao/v2".to_owned();
    assert_eq!(refusal(newer, finished()), Unprovable::UnknownAlgorithm);
    let impossible = Unprovable::ImpossibleTerms;
    assert_eq!(refusal(|packet| packet.shares = 0, finished()), impossible);
    assert_eq!(refusal(|packet| packet.total_fen = Some(Fen::ONE), finished()), impossible);
    assert_eq!(refusal(|packet| packet.fairness.max_share_fen = Fen::ONE, finished()), impossible);
    assert_eq!(refusal(|packet| packet.shares = 2, honest("exclusive")), impossible);
}

/// Said as plainly in `docs/FAIRNESS.md`: who came first is not proven.
#[test]
fn who_came_first_is_not_proven() {
    let report = report(
        |packet| {
            let claims = claims(packet);
            let (first, second) = (claims[0].user.clone(), claims[1].user.clone());
            (claims[0].user, claims[1].user) = (second, first);
        },
        finished(),
    );
    assert!(report.is_ok());
}
