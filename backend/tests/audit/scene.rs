//! Sound data with a packet of every kind and in every state.

use hongbao::{
    audit::{self, Audited, Report},
    packets::{
        record::{Payment, PreOrderRecord},
        seal::Sealer,
    },
    runtime::SystemEntropy,
    store::{
        ledger::{LedgerStore, Posting},
        orders::{
            Announcement, Append, ClaimRow, Expiry, Landed, Landing, LaneBatch, Mark, OrderStore,
            PacketRow, Progress, StoredState,
        },
        outbox::{Destination, Outbox, Settled},
        sqlite::{Database, Schema, SqliteLedger, SqliteOrders},
    },
};
use hongbao_shared::{
    Day, Fen, GroupId, Kind, OrderNo, Shard, Site, Splitter, Timestamp, UserId,
    fairness::{ClientSeed, ServerSeed},
};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tempfile::TempDir;

/// Falls on day 7 of the cycle, whose tables end in `_08`.
const EPOCH_DAY: i64 = 31 * 600 + 7;
/// Who sends everything.
pub(crate) const SENDER: i64 = 1;

pub(crate) fn fen(fen: u64) -> Fen {
    Fen::new(fen).unwrap()
}
pub(crate) fn user(id: i64) -> UserId {
    UserId::new(id).unwrap()
}
pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000).plus_seconds(second)
}
pub(crate) fn order(sequence: u64) -> OrderNo {
    OrderNo::new(Site::N, Shard::new(2).unwrap(), Day::new(7).unwrap(), false, sequence).unwrap()
}

/// A packet to be.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) order_no: OrderNo,
    pub(crate) kind: Kind,
    pub(crate) total: u64,
    pub(crate) shares: u32,
}

pub(crate) fn lucky(sequence: u64, total: u64, shares: u32) -> Plan {
    Plan { order_no: order(sequence), kind: Kind::Lucky, total, shares }
}

pub(crate) struct Scene {
    pub(crate) folder: TempDir,
    pub(crate) ledger: SqliteLedger,
    pub(crate) shard: Arc<SqliteOrders>,
    orders: BTreeMap<(Site, Shard), Arc<dyn OrderStore>>,
    sealer: Sealer,
}

impl Scene {
    /// No packets, and a sender with money.
    pub(crate) async fn empty() -> Self {
        let folder = TempDir::new().unwrap();
        let ledger = SqliteLedger::open(&folder.path().join("ledger.sqlite")).await.unwrap();
        let file = folder.path().join("orders.sqlite");
        let database = Database::open(&file, Schema::Orders).await.unwrap();
        let shard = Arc::new(SqliteOrders::new(database));
        let store: Arc<dyn OrderStore> = shard.clone();
        let orders = BTreeMap::from([((Site::N, Shard::new(2).unwrap()), store)]);
        shard.raise(Mark::Sequence(Site::N), 1 << 20).await.unwrap();
        let scene = Self { folder, ledger, shard, orders, sealer: Sealer::new([9; 32]) };
        scene.post(Posting::top_up(user(SENDER), fen(1_000_000), "setup")).await;
        scene
    }

    /// Five packets at rest: 1 finished, 2 open, 3 expired, 4 given up, 5 exclusive and
    /// finished.
    pub(crate) async fn at_rest() -> Self {
        let scene = Self::empty().await;
        for (plan, opened) in [(lucky(1, 500, 3), 3), (lucky(2, 700, 5), 2), (lucky(3, 300, 4), 1)]
        {
            scene.pay(plan).await;
            scene.land(plan).await;
            scene.open(plan, 0, opened, None).await;
            scene.credit(plan, 0, opened).await;
        }
        let expired = lucky(3, 300, 4);
        let left = scene.expire(expired, 1, None).await;
        scene.post(Posting::refund(expired.order_no, user(SENDER), left)).await;
        let given_up = lucky(4, 50, 2);
        scene.pay(given_up).await;
        scene.give_up(given_up).await;
        scene.post(Posting::refund(given_up.order_no, user(SENDER), fen(50))).await;
        let exclusive = Plan { kind: Kind::Exclusive, ..lucky(5, 88, 1) };
        scene.pay(exclusive).await;
        scene.land(exclusive).await;
        scene.open(exclusive, 0, 1, None).await;
        scene.credit(exclusive, 0, 1).await;
        scene.deliver_landings().await;
        scene
    }

    /// Everything as landed, from the plan alone.
    fn payment(&self, plan: Plan) -> Payment {
        // The sealed seed must be the same at payment and landing.
        let seed = ServerSeed::from_bytes([u8::try_from(plan.order_no.sequence()).unwrap(); 32]);
        Payment {
            record: PreOrderRecord {
                order_no: plan.order_no,
                sender_id: user(SENDER),
                group_id: GroupId::new(4).unwrap(),
                recipient_id: (plan.kind == Kind::Exclusive).then(|| user(100)),
                kind: plan.kind,
                total_fen: fen(plan.total),
                shares: plan.shares,
                max_share_fen: fen(20_000),
                greeting: String::new(),
                cover: "classic".to_owned(),
                sealed_server_seed: self.sealer.seal(plan.order_no, &seed, &SystemEntropy),
                commitment: seed.commitment(),
                created_at: at(0),
                expires_at: at(900),
            },
            client_seed: vec![7, 7],
            paid_at: at(1),
        }
    }

    async fn stored_payment(&self, plan: Plan) -> Payment {
        self.ledger.payment(plan.order_no).await.unwrap().unwrap()
    }

    pub(crate) async fn post(&self, posting: Posting) {
        self.ledger.post(vec![posting], at(5)).await.unwrap()[0].unwrap();
    }

    pub(crate) async fn pay(&self, plan: Plan) {
        self.post(Posting::pay(self.payment(plan))).await;
    }

    fn row(payment: &Payment, progress: Progress) -> PacketRow {
        let record = payment.record.clone();
        PacketRow {
            order_no: record.order_no,
            sender_id: record.sender_id,
            group_id: record.group_id,
            recipient_id: record.recipient_id,
            kind: record.kind,
            total_fen: record.total_fen,
            shares: record.shares,
            max_share_fen: record.max_share_fen,
            sealed_server_seed: record.sealed_server_seed,
            client_seed: ClientSeed::new(payment.client_seed.clone()).unwrap(),
            commitment: record.commitment,
            created_at: record.created_at,
            landed_at: at(2),
            expires_at: at(100),
            progress,
        }
    }

    async fn bring_in(&self, plan: Plan, progress: Progress) {
        let packet = Self::row(&self.stored_payment(plan).await, progress);
        let landing = Landing { packet, epoch_day: EPOCH_DAY, announcements: Vec::new() };
        let batch = LaneBatch { landings: vec![landing], at: Some(at(2)), ..LaneBatch::default() };
        assert_eq!(self.shard.commit(batch).await.unwrap().landings, [Landed::New]);
    }

    pub(crate) async fn land(&self, plan: Plan) {
        self.bring_in(plan, Progress::NONE).await;
    }

    pub(crate) async fn give_up(&self, plan: Plan) {
        let end = Some(at(3));
        let state = StoredState::GivenUp;
        self.bring_in(plan, Progress { state, finished_at: end, ..Progress::NONE }).await;
    }

    async fn shares(&self, plan: Plan) -> Vec<Fen> {
        let payment = self.stored_payment(plan).await;
        let sealed = &payment.record.sealed_server_seed;
        let seed = self.sealer.open(plan.order_no, sealed).unwrap();
        let terms = payment.record.terms().unwrap();
        let client = ClientSeed::new(payment.client_seed).unwrap();
        Splitter::new(&terms, &seed.split_seed(&client, plan.order_no, &terms)).collect()
    }

    /// Users 100, 101, … open the shares `from` and on.
    pub(crate) async fn open(
        &self,
        plan: Plan,
        from: u32,
        count: u32,
        announce: Option<Destination>,
    ) {
        let shares = self.shares(plan).await;
        let claims: Vec<_> = (from..from + count)
            .map(|seq| ClaimRow {
                seq,
                user_id: user(100 + i64::from(seq)),
                amount_fen: shares[seq as usize],
                opened_at: at(3),
            })
            .collect();
        let claimed = from + count;
        let finished = claimed == plan.shares;
        let after = Progress {
            state: if finished { StoredState::Finished } else { StoredState::Open },
            claimed,
            claimed_fen: Fen::sum(shares[..claimed as usize].iter().copied()).unwrap(),
            finished_at: finished.then(|| at(3)),
        };
        let announcements = announce.map(told).into_iter().collect();
        let append =
            Append { order_no: plan.order_no, believed: from, claims, after, announcements };
        let batch = LaneBatch { appends: vec![append], at: Some(at(3)), ..LaneBatch::default() };
        assert_eq!(self.shard.commit(batch).await.unwrap().appends, [true]);
    }

    pub(crate) async fn credit(&self, plan: Plan, from: u32, count: u32) {
        let claims = self.shard.claims(plan.order_no, from, count).await.unwrap();
        let postings = claims
            .iter()
            .map(|claim| Posting::credit(plan.order_no, claim.seq, claim.user_id, claim.amount_fen))
            .collect();
        let outcomes = self.ledger.post(postings, at(4)).await.unwrap();
        assert!(outcomes.iter().all(Result::is_ok));
    }

    /// What is left.
    pub(crate) async fn expire(
        &self,
        plan: Plan,
        believed: u32,
        announce: Option<Destination>,
    ) -> Fen {
        let announcements = announce.map(told).into_iter().collect();
        let expiry = Expiry { order_no: plan.order_no, believed, at: at(101), announcements };
        let batch = LaneBatch { expiries: vec![expiry], at: Some(at(101)), ..LaneBatch::default() };
        assert_eq!(self.shard.commit(batch).await.unwrap().expiries, [true]);
        let packet = self.shard.packet(plan.order_no).await.unwrap().unwrap();
        packet.total_fen.checked_sub(packet.progress.claimed_fen).unwrap()
    }

    pub(crate) async fn deliver_landings(&self) {
        settle(&self.ledger, Destination::Land).await;
    }

    pub(crate) async fn audit(&self, at_rest: bool) -> Report {
        let (ledger, sealer) = (&self.ledger, &self.sealer);
        audit::run(&Audited { at_rest, ..Audited::new(&self.orders, ledger, sealer) })
            .await
            .unwrap()
    }

    /// The audit of somebody with another key.
    pub(crate) async fn audit_with_key(&self, key: [u8; 32]) -> Report {
        let (ledger, sealer) = (&self.ledger, &Sealer::new(key));
        let audited = Audited::new(&self.orders, ledger, sealer);
        audit::run(&Audited { at_rest: true, ..audited }).await.unwrap()
    }
}

fn told(destination: Destination) -> Announcement {
    Announcement { destination, event: "\"told\"".to_owned() }
}

/// Delivers everything for one destination.
pub(crate) async fn settle(store: &dyn Outbox, destination: Destination) {
    let lease = Duration::from_mins(1);
    let rows = store.lease(destination, at(10_000), lease, 10_000).await.unwrap();
    store.settle(rows.iter().map(|row| (row.id, Settled::Done)).collect()).await.unwrap();
}
