//! A day on its way to cold storage: one node at a time, resumed where it was, compared before
//! it is deleted (R-STORE-5).

use crate::common::ManualClock;
use hongbao_domain::{
    board::Board,
    runtime::{Clock, Zone},
    store::{
        StoreError,
        cold::{ColdPlace, ColdStore},
        orders::{
            Append, ClaimRow, DaySum, Landing, LaneBatch, OrderStore, PacketRow, Progress,
            StoredState,
        },
    },
};
use hongbao_engine::archive::{Moved, Mover};
use hongbao_fleet::Fault;
use hongbao_shared::{
    Fen, GroupId, Kind, OrderNo, Shard, Site, Timestamp, UserId,
    fairness::{ClientSeed, Commitment},
};
use hongbao_storage::{Database, Schema, SqlCold, SqlOrders};
use parking_lot::Mutex;
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tempfile::TempDir;
use tokio::{sync::Barrier, time::timeout};
use tokio_util::sync::CancellationToken;

/// Three pages of packets, and three of claims.
const PACKETS: u64 = 2_400;
const SHARES: u32 = 5;
const DAY_S: i64 = 24 * 60 * 60;

/// What was copied, and what goes wrong meanwhile.
#[derive(Debug, Default)]
struct Fate {
    packets: BTreeMap<OrderNo, u32>,
    claims: BTreeMap<(OrderNo, u32), u32>,
    /// How many pages succeed before one fails; `None` for all.
    pages: Option<u32>,
    /// Does it fail after it has been committed?
    after: bool,
}

/// Cold storage that counts.
#[derive(Debug)]
struct Counting {
    cold: SqlCold,
    fate: Mutex<Fate>,
    /// Where every page of the first node waits for the second one.
    meet: Option<Barrier>,
}

#[async_trait::async_trait]
impl ColdStore for Counting {
    async fn keep(
        &self,
        packets: Vec<PacketRow>,
        claims: Vec<(OrderNo, ClaimRow)>,
    ) -> Result<(), StoreError> {
        let lost = || Err(StoreError::Unavailable("lost".into()));
        let (fails, after) = {
            let mut fate = self.fate.lock();
            let fails = fate.pages == Some(0);
            fate.pages = fate.pages.map(|pages| pages.saturating_sub(1));
            if !fails || fate.after {
                for packet in &packets {
                    *fate.packets.entry(packet.order_no).or_default() += 1;
                }
                for (order_no, claim) in &claims {
                    *fate.claims.entry((*order_no, claim.seq)).or_default() += 1;
                }
            }
            (fails, fate.after)
        };
        if fails && !after {
            return lost();
        }
        if let Some(meet) = &self.meet {
            meet.wait().await;
            meet.wait().await;
        }
        self.cold.keep(packets, claims).await?;
        if fails { lost() } else { Ok(()) }
    }
    async fn packet(&self, order_no: OrderNo) -> Result<Option<PacketRow>, StoreError> {
        self.cold.packet(order_no).await
    }
    async fn claims(
        &self,
        order_no: OrderNo,
        from_seq: u32,
        limit: u32,
    ) -> Result<Vec<ClaimRow>, StoreError> {
        self.cold.claims(order_no, from_seq, limit).await
    }
    async fn packets_page(
        &self,
        place: ColdPlace,
        after: Option<OrderNo>,
        limit: u32,
    ) -> Result<Vec<PacketRow>, StoreError> {
        self.cold.packets_page(place, after, limit).await
    }
    async fn claims_page(
        &self,
        place: ColdPlace,
        after: Option<(OrderNo, u32)>,
        limit: u32,
    ) -> Result<Vec<(OrderNo, ClaimRow)>, StoreError> {
        self.cold.claims_page(place, after, limit).await
    }
    async fn day_sum(&self, place: ColdPlace, epoch_day: i64) -> Result<DaySum, StoreError> {
        self.cold.day_sum(place, epoch_day).await
    }
}

/// A shard with one day that is over, and cold storage.
struct Scene {
    hot: Arc<dyn OrderStore>,
    cold: Arc<Counting>,
    clock: Arc<ManualClock>,
    place: ColdPlace,
    epoch_day: i64,
    files: Option<TempDir>,
}

impl Scene {
    async fn in_files() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let hot = folder.path().join("hot.sqlite");
        let hot = Database::open_file(&hot, Schema::Orders).await.unwrap();
        let cold = folder.path().join("cold.sqlite");
        let cold = Database::open_file(&cold, Schema::Cold).await.unwrap();
        Self { files: Some(folder), ..Self::on(hot, cold, None).await }
    }

    async fn on(hot: Database, cold: Database, meet: Option<Barrier>) -> Self {
        let hot: Arc<dyn OrderStore> = Arc::new(SqlOrders::new(hot));
        let cold = Arc::new(Counting { cold: SqlCold::new(cold), fate: Mutex::default(), meet });
        let clock = Arc::new(ManualClock::at("2026-02-16T12:00:00.000Z"));
        let (zone, now) = (zone(), clock.now());
        let (day, epoch_day) = (zone.day(now), zone.epoch_day(now));
        let place = ColdPlace { site: Site::S, shard: Shard::new(0).unwrap(), day };
        let number = |n| OrderNo::new(place.site, place.shard, day, false, n).unwrap();
        // Small enough for the patience of a commit, also on a busy machine.
        for from in (0..PACKETS).step_by(100) {
            let numbers = (from..from + 100).map(number);
            let landings = numbers.clone().map(|order_no| landing(order_no, now, epoch_day));
            let appends = numbers.map(|order_no| all_of(order_no, now));
            let batch =
                LaneBatch { landings: landings.collect(), at: Some(now), ..LaneBatch::default() };
            hot.commit(batch).await.unwrap();
            let batch =
                LaneBatch { appends: appends.collect(), at: Some(now), ..LaneBatch::default() };
            hot.commit(batch).await.unwrap();
        }
        clock.advance_s(5 * DAY_S);
        Self { hot, cold, clock, place, epoch_day, files: None }
    }

    fn mover(&self, node: i64) -> Mover {
        let at = (self.place.site, self.place.shard);
        Mover {
            hot: [(at, Arc::clone(&self.hot))].into(),
            cold: [(at.0, Arc::clone(&self.cold) as Arc<dyn ColdStore>)].into(),
            node,
            clock: Arc::clone(&self.clock) as _,
            zone: zone(),
            hot_days: 3,
            board: Arc::new(Board::new(Arc::clone(&self.clock) as _)),
        }
    }

    async fn round(&self) -> Result<Moved, StoreError> {
        self.mover(1).round(&CancellationToken::new()).await
    }

    async fn is_emptied(&self) -> bool {
        self.hot.hot().days().await.unwrap()[0].is_empty
    }

    fn copied(&self) -> u64 {
        let fate = self.cold.fate.lock();
        let times = fate.packets.values().chain(fate.claims.values());
        times.map(|times| u64::from(*times)).sum()
    }
}

fn zone() -> Zone {
    Zone::named("Asia/Shanghai").unwrap()
}

fn landing(order_no: OrderNo, now: Timestamp, epoch_day: i64) -> Landing {
    let packet = PacketRow {
        order_no,
        sender_id: UserId::new(1).unwrap(),
        group_id: GroupId::new(1).unwrap(),
        recipient_id: None,
        kind: Kind::Equal,
        total_fen: Fen::new(u64::from(SHARES)).unwrap(),
        shares: SHARES,
        max_share_fen: Fen::new(1).unwrap(),
        sealed_server_seed: vec![1],
        client_seed: ClientSeed::default(),
        commitment: Commitment::from_bytes([1; 32]),
        created_at: now,
        landed_at: now,
        expires_at: now.plus_seconds(DAY_S),
        progress: Progress::NONE,
    };
    Landing { packet, epoch_day, announcements: vec![] }
}

fn all_of(order_no: OrderNo, now: Timestamp) -> Append {
    let claim = |seq| ClaimRow {
        seq,
        user_id: UserId::new(i64::from(seq) + 1).unwrap(),
        amount_fen: Fen::new(1).unwrap(),
        opened_at: now,
    };
    Append {
        order_no,
        believed: 0,
        claims: (0..SHARES).map(claim).collect(),
        after: Progress {
            state: StoredState::Finished,
            claimed: SHARES,
            claimed_fen: Fen::new(u64::from(SHARES)).unwrap(),
            finished_at: Some(now),
        },
        announcements: vec![],
    }
}

/// Cold storage is 50 ms away, as in another city: a day moves in one round, each row once, since
/// pages go as a whole (fault 5: with a statement a row it never ended).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_moves_to_a_database_far_away() {
    let folder = tempfile::tempdir().unwrap();
    let hot = Database::open_file(&folder.path().join("hot.sqlite"), Schema::Orders).await.unwrap();
    let (link, way) = crate::postgres::far();
    let cold = Database::open_link(&link, Schema::Cold).await.unwrap();
    let scene = Scene::on(hot, cold, None).await;
    way.set(Fault::Delay(Duration::from_millis(50)));
    scene.round().await.unwrap();
    assert!(scene.is_emptied().await);
    assert_eq!(scene.copied(), PACKETS * (1 + u64::from(SHARES)));
    let place = scene.place;
    let sum = scene.cold.day_sum(place, scene.epoch_day).await.unwrap();
    assert_eq!(sum.packets, i64::try_from(PACKETS).unwrap());
}

/// Whatever fails and wherever it ends, a round goes on with the page that failed: at most that
/// one is copied twice.
#[tokio::test]
async fn a_round_goes_on_where_the_last_one_ended() {
    for after in [false, true] {
        let scene = Scene::in_files().await;
        let mut rounds = 0;
        loop {
            let before = scene.copied();
            // The page that failed, a new one, and then it fails again.
            {
                let mut fate = scene.cold.fate.lock();
                (fate.pages, fate.after) = (Some(if after { 1 } else { 2 }), after);
            }
            let moved = scene.round().await;
            rounds += 1;
            assert!(rounds < 20, "it comes to no end");
            if moved.is_ok() {
                break;
            }
            let copied = scene.copied() - before;
            assert!(copied <= 10_000, "two pages in round {rounds}: {copied}");
        }
        assert!(scene.is_emptied().await);
        let all = PACKETS * (1 + u64::from(SHARES));
        let fate = scene.cold.fate.lock();
        assert_eq!((fate.packets.len(), fate.claims.len() as u64), (2_400, all - PACKETS));
        let most = fate.packets.values().chain(fate.claims.values()).max();
        assert_eq!(most, Some(&if after { 2 } else { 1 }));
    }
}

/// What cold storage has lost since it was copied keeps all of the day hot, and is copied again;
/// what it has otherwise keeps it until somebody has looked at it.
#[tokio::test]
async fn what_differs_is_not_deleted() {
    for (spoil, mends_itself) in [
        ("DELETE FROM packets WHERE order_no = (SELECT max(order_no) FROM packets)", true),
        (
            "DELETE FROM claims WHERE seq = 2 AND order_no = (SELECT min(order_no) FROM claims)",
            true,
        ),
        (
            "UPDATE claims SET amount_fen = 2 WHERE order_no = (SELECT min(order_no) FROM claims)",
            false,
        ),
    ] {
        let scene = Scene::in_files().await;
        // All is copied, and something in it is still to be told.
        let told = scene.files.as_ref().unwrap().path().join("hot.sqlite");
        let number = scene.hot.packets_page(scene.place.day, None, 1).await.unwrap()[0].order_no;
        let tell = format!(
            "INSERT INTO outbox (order_no, destination, payload, created_at)
             VALUES ({}, 6, '[]', 1)",
            number.to_bits()
        );
        sql(&told, &tell).await;
        assert_eq!(scene.round().await.unwrap().waiting, 1);
        sql(&told, "DELETE FROM outbox").await;
        sql(&scene.files.as_ref().unwrap().path().join("cold.sqlite"), spoil).await;

        let mover = scene.mover(1);
        let shown = || mover.board.list().iter().any(|one| one.name == "days_differ");
        let stop = CancellationToken::new();
        let error = mover.round(&stop).await.unwrap_err();
        assert!(matches!(error, StoreError::Corrupt(_)), "{spoil}: {error}");
        assert!(shown(), "{spoil}");
        assert!(!scene.is_emptied().await, "{spoil}");
        let again = mover.round(&stop).await;
        assert_eq!(again.is_ok(), mends_itself, "{spoil}: {again:?}");
        assert_eq!(scene.is_emptied().await, mends_itself, "{spoil}");
        assert_eq!(shown(), !mends_itself, "{spoil}");
        let kept = scene.cold.day_sum(scene.place, scene.epoch_day).await.unwrap();
        assert_eq!(kept.packets, 2_400, "{spoil}");
    }
}

/// While a node is at a day, another one leaves it alone, and finds nothing to do after it.
#[tokio::test]
async fn two_nodes_copy_once() {
    let (hot, cold) = (
        crate::postgres::database(Schema::Orders).await,
        crate::postgres::database(Schema::Cold).await,
    );
    let scene = Scene::on(hot, cold, Some(Barrier::new(2))).await;
    let (one, two) = (scene.mover(1), scene.mover(2));
    let stop = CancellationToken::new();
    let watching = async {
        let mut waited = 0;
        // In the middle of each page of the other.
        for _ in 0..6 {
            scene.cold.meet.as_ref().unwrap().wait().await;
            let moved = two.round(&stop).await.unwrap();
            assert_eq!((moved.days, moved.packets), (0, 0));
            waited += moved.waiting;
            scene.cold.meet.as_ref().unwrap().wait().await;
        }
        waited
    };
    // A mover that fails never comes to the next page.
    let both = async { tokio::join!(one.round(&stop), watching) };
    let (moved, waited) = timeout(Duration::from_mins(1), both).await.expect("it goes on");
    assert_eq!(waited, 6);
    assert_eq!((moved.unwrap().days, scene.is_emptied().await), (1, true));
    assert_eq!(two.round(&stop).await.unwrap(), Moved::default());
    assert_eq!(scene.copied(), PACKETS * (1 + u64::from(SHARES)), "each once");
}

/// A node that fails half-way leaves its day to whoever comes next, at once.
#[tokio::test]
async fn a_day_that_does_not_go_on_is_held_by_nobody() {
    let (hot, cold) = (
        crate::postgres::database(Schema::Orders).await,
        crate::postgres::database(Schema::Cold).await,
    );
    let scene = Scene::on(hot, cold, None).await;
    let (one, two) = (scene.mover(1), scene.mover(2));
    let stop = CancellationToken::new();
    scene.cold.fate.lock().pages = Some(2);
    one.round(&stop).await.unwrap_err();
    scene.cold.fate.lock().pages = None;
    let moved = two.round(&stop).await.unwrap();
    assert_eq!((moved.days, moved.waiting, scene.is_emptied().await), (1, 0, true));
    assert_eq!(scene.copied(), PACKETS * (1 + u64::from(SHARES)), "each once");
}

async fn sql(file: &std::path::Path, text: &str) {
    use sqlx::{AssertSqlSafe, Connection, SqliteConnection, sqlite::SqliteConnectOptions};
    let options = SqliteConnectOptions::new().filename(file);
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    let done = sqlx::raw_sql(AssertSqlSafe(text.to_owned())).execute(&mut connection).await;
    assert!(done.unwrap().rows_affected() > 0, "{text}");
    connection.close().await.unwrap();
}
