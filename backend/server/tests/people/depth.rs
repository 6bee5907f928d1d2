//! A long log is read as cheaply as a short one, wherever one reads it. Measured in the
//! steps of SQLite's virtual machine, which no clock disturbs.

use super::{EvenIsOpen, World};
use hongbao_shared::{GroupId, MessageId, UserId};
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

const LONG: i64 = 10_000;
const SHORT: i64 = 10;
const PAGE: u32 = 50;

/// Fills a log with words up to this many entries, beside the store.
async fn fill(world: &World, group: GroupId, sender: UserId, up_to: i64) {
    let from = world.groups.newest_id(group).await.unwrap().get() + 1;
    let file = SqliteConnectOptions::new().filename(world.folder.path().join("people.db"));
    let mut writer = SqliteConnection::connect_with(&file).await.unwrap();
    sqlx::query(
        "WITH RECURSIVE n(n) AS (SELECT ?3 UNION ALL SELECT n + 1 FROM n WHERE n < ?4)
         INSERT INTO messages (group_id, id, sender_id, kind, text, at)
         SELECT ?1, n, ?2, 1, 'word ' || n, n FROM n",
    )
    .bind(group.get())
    .bind(sender.get())
    .bind(from)
    .bind(up_to)
    .execute(&mut writer)
    .await
    .unwrap();
    sqlx::query("UPDATE chat_groups SET last_message_id = ?2 WHERE id = ?1")
        .bind(group.get())
        .bind(up_to)
        .execute(&mut writer)
        .await
        .unwrap();
}

/// Counts what all readers of the database do from now on.
async fn counted(world: &World) -> Arc<AtomicU64> {
    let steps = Arc::new(AtomicU64::new(0));
    let mut readers = Vec::new();
    for _ in 0..4 {
        let mut reader = world.database.readers_of_file().unwrap().acquire().await.unwrap();
        let steps = Arc::clone(&steps);
        reader.lock_handle().await.unwrap().set_progress_handler(1, move || {
            steps.fetch_add(1, Ordering::Relaxed);
            true
        });
        readers.push(reader);
    }
    steps
}

/// The first page, the last one, and all between cost the same; and the first page of a
/// log of ten thousand as much as that of ten.
#[tokio::test]
async fn every_page_of_a_long_log_costs_the_same() {
    let world = World::new().await;
    let (long, people) = world.group_of(2).await;
    let short = world.group(people[0]).await.id;
    fill(&world, long, people[0], LONG).await;
    fill(&world, short, people[0], SHORT).await;
    let reader = people[0];
    let page = async |group, cursor: Option<&str>, limit| {
        world.groups.messages(reader, group, cursor, Some(limit), &EvenIsOpen).await.unwrap()
    };
    // What is looked up once is in memory from then on.
    page(long, None, 1).await;
    page(short, None, 1).await;
    let steps = counted(&world).await;
    let taken = || steps.swap(0, Ordering::Relaxed);

    let mut costs = Vec::new();
    let mut next = None;
    let mut read = 0;
    loop {
        let part = page(long, next.as_deref(), PAGE).await;
        costs.push(taken());
        read += part.items.len();
        next = part.next_cursor;
        if next.is_none() {
            break;
        }
    }
    assert_eq!((i64::try_from(read).unwrap(), costs.len()), (LONG, 200));
    let (least, most) = (*costs.iter().min().unwrap(), *costs.iter().max().unwrap());
    assert!(least > 0 && most <= least + least / 4, "{least} to {most} steps a page");

    let ten = u32::try_from(SHORT).unwrap();
    assert_eq!(page(short, None, ten).await.items.len(), 10);
    let of_ten = taken();
    assert_eq!(page(long, None, ten).await.items.len(), 10);
    let of_many = taken();
    assert!(of_many <= of_ten + of_ten / 4, "{of_many} steps instead of {of_ten}");

    // So does what streams read (R-WEB-1), from wherever they come back.
    let mut costs = Vec::new();
    for after in [1, 2_500, 5_000, 7_500, LONG - 100] {
        let after = MessageId::new(after).unwrap();
        let part = world.groups.log_after(reader, long, after, PAGE, &EvenIsOpen).await.unwrap();
        assert_eq!(part.events.len(), 50);
        costs.push(taken());
    }
    let (least, most) = (*costs.iter().min().unwrap(), *costs.iter().max().unwrap());
    assert!(least > 0 && most <= least + least / 4, "{costs:?} steps a part");
}
