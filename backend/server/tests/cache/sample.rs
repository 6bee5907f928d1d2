//! Packets and pre-orders to put into caches.

use hongbao_domain::{
    record::PreOrderRecord,
    store::orders::{ClaimRow, PacketRow, Progress, StoredState},
};
use hongbao_shared::{
    Day, Fen, GroupId, Kind, OrderNo, Shard, Site, Timestamp, UserId,
    fairness::{ClientSeed, ServerSeed},
};
use std::sync::atomic::{AtomicU64, Ordering};

pub(crate) const SHARES: u32 = 5;

pub(crate) fn now() -> Timestamp {
    "2026-02-16T12:00:00.000Z".parse().unwrap()
}

/// A number that no other test uses.
pub(crate) fn order_no() -> OrderNo {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let sequence = NEXT.fetch_add(1, Ordering::Relaxed);
    let (shard, day) = (Shard::new(3).unwrap(), Day::of_epoch_day(20_000));
    OrderNo::new(Site::S, shard, day, false, sequence).unwrap()
}

pub(crate) fn user(number: i64) -> UserId {
    UserId::new(number).unwrap()
}

pub(crate) fn fen(amount: u64) -> Fen {
    Fen::new(amount).unwrap()
}

pub(crate) fn pre_order(order_no: OrderNo) -> PreOrderRecord {
    PreOrderRecord {
        order_no,
        sender_id: user(1),
        group_id: GroupId::new(7).unwrap(),
        recipient_id: Some(user(2)),
        kind: Kind::Exclusive,
        total_fen: fen(100),
        shares: 1,
        max_share_fen: fen(20_000),
        greeting: "恭喜发财 \"大吉\"\n".to_owned(),
        cover: "red".to_owned(),
        sealed_server_seed: vec![9; 72],
        commitment: ServerSeed::from_bytes([3; 32]).commitment(),
        created_at: now(),
        expires_at: now().plus_seconds(900),
        fee_fen: Fen::ONE,
    }
}

pub(crate) fn packet(order_no: OrderNo, claimed: u32) -> PacketRow {
    let finished = claimed == SHARES;
    PacketRow {
        order_no,
        sender_id: user(1),
        group_id: GroupId::new(7).unwrap(),
        recipient_id: None,
        kind: Kind::Lucky,
        total_fen: fen(500),
        shares: SHARES,
        max_share_fen: fen(20_000),
        sealed_server_seed: vec![8; 72],
        client_seed: ClientSeed::new(vec![1, 2, 3]).unwrap(),
        commitment: ServerSeed::from_bytes([4; 32]).commitment(),
        created_at: now(),
        landed_at: now().plus_seconds(1),
        expires_at: now().plus_seconds(86_400),
        progress: Progress {
            state: if finished { StoredState::Finished } else { StoredState::Open },
            claimed,
            claimed_fen: fen(100 * u64::from(claimed)),
            finished_at: finished.then(|| now().plus_seconds(9)),
        },
    }
}

/// Users 10, 11, … have opened it.
pub(crate) fn claims(from: u32, until: u32) -> Vec<ClaimRow> {
    let claim = |seq: u32| ClaimRow {
        seq,
        user_id: user(10 + i64::from(seq)),
        amount_fen: fen(100),
        opened_at: now().plus_seconds(2 + i64::from(seq)),
    };
    (from..until).map(claim).collect()
}
