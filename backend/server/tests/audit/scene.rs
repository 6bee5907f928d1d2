//! Sound data with a packet of every kind and in every state.

mod after;

pub(crate) use after::{becomes, settle};
use hongbao_domain::{
    record::{Payment, PreOrderRecord},
    runtime::{SystemEntropy, Zone},
    store::{
        Database as _,
        cold::ColdStore,
        ledger::{LedgerStore, Posting},
        lists::{BestLuckRow, ListBatch, ListStore, ReceivedRow, SentRow},
        marks::Mark,
        orders::{
            Announcement, Append, ClaimRow, Ended, Landed, Landing, LaneBatch, OrderStore,
            PacketRow, Progress, StoredState,
        },
        outbox::{Destination, Due},
        people::PeopleStore,
    },
};
use hongbao_engine::{
    archive::tiered::TieredOrders,
    keys::{Keys, seal::Sealer},
};
use hongbao_memory::{MemoryCold, MemoryLedger, MemoryOrders};
use hongbao_shared::{
    Day, Fen, GroupId, Kind, OrderNo, Shard, Site, Splitter, Timestamp, UserId,
    fairness::{ClientSeed, ServerSeed},
};
use hongbao_storage::{Database, Schema, SqlCold, SqlLedger, SqlLists, SqlOrders, SqlPeople};
use std::{collections::BTreeMap, sync::Arc};
use tempfile::TempDir;

/// Falls on day 7 of the cycle, whose tables end in `_08`.
pub(crate) const EPOCH_DAY: i64 = 31 * 600 + 7;
/// Who sends everything.
pub(crate) const SENDER: i64 = 1;

pub(crate) fn fen(fen: u64) -> Fen {
    Fen::new(fen).unwrap()
}
pub(crate) fn user(id: i64) -> UserId {
    UserId::new(id).unwrap()
}
pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_millis(EPOCH_DAY * 86_400_000 + 43_200_000).plus_seconds(second)
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
    /// What the house takes on top.
    pub(crate) fee: u64,
}

pub(crate) fn lucky(sequence: u64, total: u64, shares: u32) -> Plan {
    Plan { order_no: order(sequence), kind: Kind::Lucky, total, shares, fee: 0 }
}

pub(crate) struct Scene {
    /// With the files `ledger`, `orders`, `cold`, `lists` and `people`.
    pub(crate) folder: Option<TempDir>,
    pub(crate) ledger: Arc<dyn LedgerStore>,
    pub(crate) shard: Arc<dyn OrderStore>,
    hot: BTreeMap<(Site, Shard), Arc<dyn OrderStore>>,
    orders: BTreeMap<(Site, Shard), Arc<dyn OrderStore>>,
    pub(crate) cold: BTreeMap<Site, Arc<dyn ColdStore>>,
    lists: Option<Arc<dyn ListStore>>,
    people: Option<Arc<dyn PeopleStore>>,
    files: Vec<Database>,
    sealer: Sealer,
}

impl Scene {
    /// On the files of a folder.
    pub(crate) async fn on(folder: TempDir) -> Self {
        let mut files = Vec::new();
        for (name, schema) in [
            ("ledger", Schema::Ledger),
            ("orders", Schema::Orders),
            ("cold", Schema::Cold),
            ("lists", Schema::Lists),
            ("people", Schema::People),
        ] {
            let file = folder.path().join(format!("{name}.sqlite"));
            files.push(Database::open_file(&file, schema).await.unwrap());
        }
        let [ledger, orders, cold, lists, people] = [0, 1, 2, 3, 4].map(|at| files[at].clone());
        let lists: Arc<dyn ListStore> = Arc::new(SqlLists::new(lists));
        Self {
            folder: Some(folder),
            lists: Some(lists),
            people: Some(Arc::new(SqlPeople::new(people))),
            files,
            ..Self::of(
                Arc::new(SqlLedger::new(ledger)),
                Arc::new(SqlOrders::new(orders)),
                Arc::new(SqlCold::new(cold)),
            )
        }
    }

    fn of(
        ledger: Arc<dyn LedgerStore>,
        shard: Arc<dyn OrderStore>,
        cold: Arc<dyn ColdStore>,
    ) -> Self {
        let (site, number) = (Site::N, Shard::new(2).unwrap());
        let tiered = TieredOrders::new(site, number, shard.clone(), cold.clone());
        Self {
            folder: None,
            ledger,
            hot: BTreeMap::from([((site, number), shard.clone())]),
            shard,
            orders: BTreeMap::from([((site, number), Arc::new(tiered) as Arc<dyn OrderStore>)]),
            cold: BTreeMap::from([(site, cold)]),
            lists: None,
            people: None,
            files: Vec::new(),
            sealer: Sealer::new(&Keys::of([9; 32])),
        }
    }

    /// No packets, and a sender with money.
    pub(crate) async fn empty() -> Self {
        Self::on(TempDir::new().unwrap()).await.with_money().await
    }

    /// The same in memory, without lists.
    pub(crate) async fn in_memory() -> Self {
        let (ledger, shard, cold) =
            (MemoryLedger::default(), MemoryOrders::default(), MemoryCold::default());
        Self::of(Arc::new(ledger), Arc::new(shard), Arc::new(cold)).with_money().await
    }

    async fn with_money(self) -> Self {
        self.ledger.raise(Mark::Sequence(Site::N), 1 << 20).await.unwrap();
        self.post(Posting::top_up(user(SENDER), fen(1_000_000), "setup")).await;
        self
    }

    /// Six packets at rest, see [`Self::play`].
    pub(crate) async fn at_rest() -> Self {
        let scene = Self::empty().await;
        scene.play().await;
        if let Some(people) = &scene.people {
            after::administer(&**people).await;
        }
        scene
    }

    /// 1 finished, 2 open, 3 expired, 4 given up, 5 exclusive and finished, 6 finished and
    /// copied to cold storage.
    pub(crate) async fn play(&self) {
        let plans = [(lucky(1, 500, 3), 3), (lucky(2, 700, 5), 2), (lucky(3, 300, 4), 1)];
        for (plan, opened) in plans {
            self.pay(plan).await;
            self.land(plan).await;
            self.open(plan, 0, opened, None).await;
            self.credit(plan, 0, opened).await;
        }
        let expired = lucky(3, 300, 4);
        let left = self.expire(expired, None).await;
        self.post(Posting::refund(expired.order_no, user(SENDER), left)).await;
        let given_up = lucky(4, 50, 2);
        self.pay(given_up).await;
        self.give_up(given_up).await;
        self.post(Posting::refund(given_up.order_no, user(SENDER), fen(50))).await;
        let exclusive = Plan { kind: Kind::Exclusive, ..lucky(5, 88, 1) };
        let copied = lucky(6, 90, 2);
        for plan in [exclusive, copied] {
            self.pay(plan).await;
            self.land(plan).await;
            self.open(plan, 0, plan.shares, None).await;
            self.credit(plan, 0, plan.shares).await;
        }
        self.copy(copied).await;
        self.deliver_landings().await;
    }

    /// Closes the files and gives their folder.
    pub(crate) async fn close(self) -> TempDir {
        for file in &self.files {
            file.close().await;
        }
        self.folder.unwrap()
    }

    async fn copy(&self, plan: Plan) {
        let packet = self.shard.packet(plan.order_no).await.unwrap().unwrap();
        let claims = self.shard.claims(plan.order_no, 0, plan.shares).await.unwrap();
        let claims = claims.into_iter().map(|claim| (plan.order_no, claim)).collect();
        self.cold[&Site::N].keep(vec![packet], claims).await.unwrap();
    }

    async fn list(&self, batch: ListBatch) {
        if let Some(lists) = &self.lists {
            lists.record(batch, &Zone::named("Asia/Shanghai").unwrap()).await.unwrap();
        }
    }

    /// Everything as landed, from the plan alone.
    fn payment(&self, plan: Plan) -> Payment {
        // The sealed seed must be the same at payment and landing.
        let seed =
            ServerSeed::from_bytes([u8::try_from(plan.order_no.sequence() % 256).unwrap(); 32]);
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
                fee_fen: fen(plan.fee),
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
        let packet = self.shard.packet(plan.order_no).await.unwrap().unwrap();
        let sent = vec![SentRow {
            order_no: plan.order_no,
            user_id: packet.sender_id,
            group_id: packet.group_id,
            kind: packet.kind,
            total_fen: packet.total_fen,
            shares: packet.shares,
            at: packet.landed_at,
        }];
        self.list(ListBatch { sent, ..ListBatch::default() }).await;
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
                opened_at: at(2),
            })
            .collect();
        let claimed = from + count;
        let finished = claimed == plan.shares;
        let after = Progress {
            state: if finished { StoredState::Finished } else { StoredState::Open },
            claimed,
            claimed_fen: Fen::sum(shares[..claimed as usize].iter().copied()).unwrap(),
            finished_at: finished.then(|| at(2)),
        };
        let event = serde_json::json!({
            "order_no": plan.order_no, "from": from, "count": count
        });
        let announcements = announce.map(|to| told(to, &event)).into_iter().collect();
        let append =
            Append { order_no: plan.order_no, believed: from, claims, after, announcements };
        let batch = LaneBatch { appends: vec![append], at: Some(at(2)), ..LaneBatch::default() };
        assert_eq!(self.shard.commit(batch).await.unwrap().appends, [true]);
        self.list_claims(plan, from).await;
    }

    /// What delivery writes into the lists.
    async fn list_claims(&self, plan: Plan, from: u32) {
        let order_no = plan.order_no;
        let packet = self.shard.packet(order_no).await.unwrap().unwrap();
        let claims = self.shard.claims(order_no, 0, plan.shares).await.unwrap();
        let received = claims.iter().skip(from as usize).map(|claim| ReceivedRow {
            order_no,
            user_id: claim.user_id,
            seq: claim.seq,
            sender_id: packet.sender_id,
            group_id: packet.group_id,
            kind: packet.kind,
            amount_fen: claim.amount_fen,
            at: claim.opened_at,
        });
        let best = best_luck(plan, &claims);
        let best_lucks =
            best.map(|claim| BestLuckRow { order_no, user_id: claim.user_id, at: claim.opened_at });
        self.list(ListBatch {
            received: received.collect(),
            best_lucks: best_lucks.into_iter().collect(),
            ..ListBatch::default()
        })
        .await;
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
    pub(crate) async fn expire(&self, plan: Plan, announce: Option<Destination>) -> Fen {
        let tell = Arc::new(move |ended: &Ended| {
            let event = serde_json::json!({ "order_no": ended.order_no }).to_string();
            let told = |destination| Announcement { destination, due: Due::Next, event };
            announce.map(told).into_iter().collect()
        });
        let ended = self.shard.hot().end(vec![plan.order_no], at(100), tell).await.unwrap();
        assert_eq!(ended.len(), 1);
        ended[0].rest_fen
    }

    pub(crate) async fn deliver_landings(&self) {
        settle(&*self.ledger, Destination::Land).await;
    }
}

/// The largest share of a finished lucky packet of two or more, the earliest on a tie
/// (R-SPLIT-5); said here a second time, because the audit is judged by it.
fn best_luck(plan: Plan, claims: &[ClaimRow]) -> Option<&ClaimRow> {
    if plan.kind != Kind::Lucky || plan.shares < 2 || claims.len() < plan.shares as usize {
        return None;
    }
    claims.iter().reduce(|best, next| if next.amount_fen > best.amount_fen { next } else { best })
}

fn told(destination: Destination, event: &serde_json::Value) -> Announcement {
    Announcement { destination, due: Due::Next, event: event.to_string() }
}
