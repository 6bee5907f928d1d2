use super::{World, refused};
use crate::lists_contract::{batch, best_luck, fen, moment, received, sent, user};
use hongbao_domain::{
    runtime::{Clock, Month, Zone},
    store::lists::{ListBatch, SentRow},
};
use hongbao_engine::lists::{ListPart, Lists, Standings};
use hongbao_shared::{
    ErrorCode, Fen, OrderNo, Timestamp, UserId,
    api::{
        lists::{ListPage, MonthTotal, Progress, ReceivedItem, SentItem},
        packets::PacketState,
    },
};
use hongbao_storage::{Database, Schema, SqlLists};
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use std::sync::Arc;

/// The lists beside people of their own.
struct Scene {
    world: World,
    lists: Arc<Lists>,
}

impl Scene {
    async fn new() -> Self {
        let world = World::new().await;
        let lists = lists_of(&world, "Asia/Shanghai").await;
        Self { world, lists }
    }

    async fn sent(&self, user: UserId, part: ListPart<'_>) -> ListPage<SentItem> {
        self.lists.sent(user, part, &EvenIsFinished).await.unwrap()
    }

    async fn received(&self, user: UserId, part: ListPart<'_>) -> ListPage<ReceivedItem> {
        self.lists.received(user, part, &self.world.accounts).await.unwrap()
    }
}

async fn lists_of(world: &World, zone: &str) -> Arc<Lists> {
    let file = world.folder.path().join("lists.db");
    let database = Database::open_file(&file, Schema::Lists).await.unwrap();
    let clock: Arc<dyn Clock> = world.clock.clone();
    let zone = Zone::named(zone).unwrap();
    Arc::new(Lists::new(Arc::new(SqlLists::new(database)), clock, zone))
}

/// Even numbers are finished, and the shard of odd ones is down.
#[derive(Debug)]
struct EvenIsFinished;

#[async_trait::async_trait]
impl Standings for EvenIsFinished {
    async fn standings(&self, _: UserId, orders: &[OrderNo]) -> Vec<Option<Progress>> {
        let finished = Progress { state: PacketState::Finished.into(), claimed: 10 };
        orders.iter().map(|order| (order.sequence() % 2 == 0).then_some(finished)).collect()
    }
}

fn in_year(year: i16) -> ListPart<'static> {
    ListPart { year: Some(year), ..ListPart::default() }
}

fn numbers_sent(page: &ListPage<SentItem>) -> Vec<u64> {
    page.items.iter().map(|item| item.order_no.sequence()).collect()
}

/// The store that the laws below are about, in a folder that goes with it.
macro_rules! on_sqlite {
    ($($law:ident),* $(,)?) => {
        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $law() {
                    use hongbao_storage::{Database, Schema, SqlLists};

                    let folder = tempfile::tempdir().unwrap();
                    let file = folder.path().join("lists.db");
                    let database = Database::open_file(&file, Schema::Lists).await.unwrap();
                    let store = std::sync::Arc::new(SqlLists::new(database));
                    crate::lists_contract::$law(store).await;
                }
            )*
        }
    };
}

macro_rules! in_memory {
    ($($law:ident),* $(,)?) => {
        mod memory {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $law() {
                    use hongbao_memory::MemoryLists;

                    crate::lists_contract::$law(std::sync::Arc::new(MemoryLists::default())).await;
                }
            )*
        }
    };
}

macro_rules! on_postgres {
    ($($law:ident),* $(,)?) => {
        mod postgres {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $law() {
                    use hongbao_storage::{Schema, SqlLists};

                    let database = crate::postgres::database(Schema::Lists).await;
                    let store = std::sync::Arc::new(SqlLists::new(database));
                    crate::lists_contract::$law(store).await;
                }
            )*
        }
    };
}

list_store_laws!(on_sqlite);
list_store_laws!(on_postgres);
list_store_laws!(in_memory);

#[tokio::test(flavor = "multi_thread")]
async fn what_is_delivered_twice_counts_once() {
    let scene = Scene::new().await;
    let tasks: Vec<_> = (0..10)
        .map(|_| {
            let lists = Arc::clone(&scene.lists);
            tokio::spawn(async move { lists.record(batch()).await.unwrap() })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    // Overlapping, not the same.
    let more = ListBatch {
        received: vec![received(1, user(9), 9), received(2, user(9), 3)],
        ..ListBatch::default()
    };
    scene.lists.record(more).await.unwrap();
    scene.lists.record(ListBatch::default()).await.unwrap();

    let page = scene.sent(user(1), ListPart::default()).await;
    assert_eq!((page.year, page.count, page.total_fen, page.best_lucks), (2016, 2, fen(2000), 0));
    assert_eq!(numbers_sent(&page), [2, 1]);
    let states: Vec<_> = page.items.iter().map(|item| item.progress.is_some()).collect();
    assert_eq!(states, [true, false], "a shard that is down hides no line");
    let page = scene.received(user(9), ListPart::default()).await;
    assert_eq!((page.count, page.total_fen, page.best_lucks), (2, fen(109 + 103), 1));
    let lines: Vec<_> = page
        .items
        .iter()
        .map(|item| (item.order_no.sequence(), item.amount_fen.get(), item.best_luck))
        .collect();
    assert_eq!(lines, [(1, 109, true), (2, 103, false)]);
    assert_eq!(page.items[0].sender.id, user(1));
    let page = scene.received(user(9), in_year(2015)).await;
    assert_eq!((page.year, page.count, page.total_fen, page.best_lucks), (2015, 0, Fen::ZERO, 0));
    assert_eq!(page.years, [2016], "the present year, though nothing is in 2015");
    assert_eq!(scene.lists.received_fen(user(9)).await.unwrap(), fen(109 + 103));
    assert_eq!(scene.lists.received_fen(user(77)).await.unwrap(), Fen::ZERO);
}

/// No retry mends it.
#[tokio::test]
async fn a_row_that_differs_from_before_is_internal() {
    let scene = Scene::new().await;
    scene.lists.record(batch()).await.unwrap();
    let differing = SentRow { total_fen: fen(1001), ..sent(1, moment(0)) };
    let batch = ListBatch { sent: vec![differing], ..ListBatch::default() };
    refused(scene.lists.record(batch).await, ErrorCode::Internal);
}

/// The pages follow each other by cursor, and each says what its whole year holds
/// (R-LIST-1).
#[tokio::test]
async fn a_list_is_read_in_pages_by_year() {
    let scene = Scene::new().await;
    // Ten of them in the same millisecond.
    let rows: Vec<_> =
        (0_u64..25).map(|n| sent(n, moment(i64::try_from(n / 10).unwrap()))).collect();
    let other_year = sent(100, moment(366 * 24 * 60 * 60));
    let mut all = rows.clone();
    all.push(other_year);
    scene.lists.record(ListBatch { sent: all, ..ListBatch::default() }).await.unwrap();

    let mut read = Vec::new();
    let mut next: Option<String> = None;
    loop {
        let part = ListPart { limit: Some(4), cursor: next.as_deref(), ..in_year(2016) };
        let page = scene.sent(user(1), part).await;
        assert_eq!((page.count, page.total_fen), (25, fen(25_000)));
        assert_eq!(page.years, [2017, 2016]);
        assert!(page.items.len() <= 4);
        read.extend(numbers_sent(&page));
        next = page.next_cursor;
        if next.is_none() {
            break;
        }
    }
    assert_eq!(read, (0..25).rev().collect::<Vec<u64>>());
    let part = ListPart { limit: Some(4), ..in_year(2016) };
    let foreign = scene.sent(user(1), part).await.next_cursor.unwrap();
    let part = |cursor| ListPart { cursor: Some(cursor), ..ListPart::default() };
    let people = &scene.world.accounts;
    let read = scene.lists.received(user(1), part(&foreign), people).await;
    refused(read, ErrorCode::InvalidCursor);
    for cursor in ["", "4", "nonsense", "…"] {
        let read = scene.lists.sent(user(1), part(cursor), &EvenIsFinished).await;
        refused(read, ErrorCode::InvalidCursor);
    }
    for year in [i16::MIN, -1, 0, 1969, 2018, i16::MAX] {
        let read = scene.lists.sent(user(1), in_year(year), &EvenIsFinished).await;
        refused(read, ErrorCode::InvalidQuery);
    }
}

/// Years and months begin at midnight in the configured zone (R-ORDER-4).
#[tokio::test]
async fn months_are_those_of_the_zone() {
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    let rows = vec![
        sent(1, at("2015-12-31T15:59:59.999Z")),
        sent(2, at("2015-12-31T16:00:00.000Z")),
        sent(3, at("2016-01-31T15:59:59.999Z")),
        sent(4, at("2016-01-31T16:00:00.000Z")),
    ];
    let count = |page: &ListPage<SentItem>| -> Vec<u64> {
        page.months.iter().map(|month| month.count).collect()
    };
    let scene = Scene::new().await;
    scene.lists.record(ListBatch { sent: rows.clone(), ..ListBatch::default() }).await.unwrap();
    let page = scene.sent(user(1), in_year(2016)).await;
    assert_eq!(count(&page), [2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(page.months[0], MonthTotal { count: 2, total_fen: fen(2000) });
    assert_eq!(page.years, [2016, 2015]);
    let page = scene.sent(user(1), in_year(2015)).await;
    assert_eq!(count(&page), [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);

    let world = World::new().await;
    let new_york = lists_of(&world, "America/New_York").await;
    new_york.record(ListBatch { sent: rows, ..ListBatch::default() }).await.unwrap();
    let page = new_york.sent(user(1), in_year(2015), &EvenIsFinished).await.unwrap();
    assert_eq!(count(&page), [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]);
    let zone = Zone::named("America/New_York").unwrap();
    assert_eq!(zone.month(at("2016-01-01T04:59:59.999Z")), Month { year: 2015, month: 12 });
}

/// A file from before months were counted gets the same totals as one that counted
/// them from the beginning.
#[tokio::test]
async fn totals_from_before_months_are_counted_again() {
    let scene = Scene::new().await;
    let months = [0, 40, 80, 400].map(|days| moment(days * 24 * 60 * 60));
    let batch = ListBatch {
        sent: (0_u64..).zip(months).map(|(n, at)| sent(n, at)).collect(),
        received: vec![received(1, user(1), 1), received(3, user(1), 2)],
        best_lucks: vec![best_luck(1, 1)],
    };
    scene.lists.record(batch).await.unwrap();
    let mut before = Vec::new();
    for year in [2016, 2017] {
        before.push((scene.sent(user(1), in_year(year)).await.months, year));
    }
    let received = scene.received(user(1), in_year(2016)).await;

    let file = scene.world.folder.path().join("lists.db");
    let options = SqliteConnectOptions::new().filename(&file);
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    let old = "DROP TABLE totals; CREATE TABLE totals (user_id, year);
               DELETE FROM _sqlx_migrations WHERE version = 2;";
    sqlx::raw_sql(old).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let scene = Scene { lists: lists_of(&scene.world, "Asia/Shanghai").await, ..scene };
    for (months, year) in before {
        assert_eq!(scene.sent(user(1), in_year(year)).await.months, months);
    }
    assert_eq!(scene.received(user(1), in_year(2016)).await, received);
    assert_eq!((received.count, received.best_lucks), (2, 1));
}
