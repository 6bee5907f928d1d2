//! Profiles, and the newest two screens of lists, in the shared tier (R-CACHE-3, R-LIST-2).

use crate::{
    common::ManualClock,
    sample::{now, order_no, user},
    tiers::tier,
};
use hongbao_domain::{
    cache::{Note, Noted, SharedTier},
    runtime::Zone,
    store::lists::{ListBatch, ListStore, SentRow},
};
use hongbao_engine::{
    cache::Notes,
    lists::{ListPart, Lists, Standings},
};
use hongbao_fleet::{Redis, RedisCluster};
use hongbao_shared::{Fen, GroupId, Kind, OrderNo, Site, UserId, api::lists::Progress};
use hongbao_storage::{Database, Schema, SqlLists};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Three pages of 20, the last one of which is beyond two screens.
const LINES: usize = 47;

async fn note(tier: &dyn SharedTier, of: Note) -> Noted {
    tier.note(Site::S, of, user(1)).await.unwrap()
}

/// What was read before something changed does not come back after it.
async fn a_note_is_of_its_era(tier: &dyn SharedTier) {
    let Noted { era, text } = note(tier, Note::Sent).await;
    assert_eq!(text, None);
    tier.put_note(Site::S, Note::Sent, user(1), era, "old").await.unwrap();
    assert_eq!(note(tier, Note::Sent).await.text.as_deref(), Some(&b"old"[..]));
    tier.outdate_note(Site::S, Note::Sent, user(1)).await.unwrap();
    let next = note(tier, Note::Sent).await;
    assert!(next.text.is_none() && next.era != era, "{next:?}");
    tier.put_note(Site::S, Note::Sent, user(1), era, "slow").await.unwrap();
    assert_eq!(note(tier, Note::Sent).await, next, "read before, noted after");
    tier.put_note(Site::S, Note::Sent, user(1), next.era, "new").await.unwrap();
    assert_eq!(note(tier, Note::Sent).await.text.as_deref(), Some(&b"new"[..]));
    assert_eq!(note(tier, Note::Received).await, Noted::default(), "each for itself");
    assert_eq!(tier.note(Site::S, Note::Sent, user(2)).await.unwrap(), Noted::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn notes_are_of_their_era() {
    let server = Redis::start(&[]).unwrap();
    a_note_is_of_its_era(&tier(&[server.url()])).await;
    let cluster = RedisCluster::start().unwrap();
    a_note_is_of_its_era(&tier(&cluster.urls())).await;
}

/// Nothing is known of how packets stand.
#[derive(Debug)]
struct Unknown;

#[async_trait::async_trait]
impl Standings for Unknown {
    async fn standings(&self, _: UserId, orders: &[OrderNo]) -> Vec<Option<Progress>> {
        vec![None; orders.len()]
    }
}

/// Nodes with one database of lists and one cache.
struct Scene {
    store: Arc<SqlLists>,
    server: Redis,
    zone: Zone,
    _folder: tempfile::TempDir,
}

impl Scene {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("lists.db");
        let database = Database::open_file(&file, Schema::Lists).await.unwrap();
        Self {
            store: Arc::new(SqlLists::new(database)),
            server: Redis::start(&[]).unwrap(),
            zone: Zone::named("Asia/Shanghai").unwrap(),
            _folder: folder,
        }
    }

    fn node(&self) -> (Lists, Arc<Notes>) {
        let shared = Arc::new(tier(&[self.server.url()]));
        let notes = Arc::new(Notes::new(shared, Site::S, vec![Site::S]));
        let store: Arc<dyn ListStore> = self.store.clone();
        let clock = Arc::new(ManualClock::at("2026-02-16T12:00:00.000Z"));
        (Lists::new(store, clock, self.zone.clone()).with_notes(Arc::clone(&notes)), notes)
    }
}

fn sent(count: usize) -> ListBatch {
    let row = |_| SentRow {
        order_no: order_no(),
        user_id: user(1),
        group_id: GroupId::new(1).unwrap(),
        kind: Kind::Lucky,
        total_fen: Fen::new(10).unwrap(),
        shares: 1,
        at: now(),
    };
    ListBatch { sent: (0..count).map(row).collect(), ..ListBatch::default() }
}

/// All lines by pages, and how many the year says there are.
async fn pages(lists: &Lists, two_screens: bool) -> (Vec<OrderNo>, u64) {
    let (mut orders, mut cursor) = (Vec::new(), None);
    loop {
        let part = ListPart { cursor: cursor.as_deref(), two_screens, ..ListPart::default() };
        let page = lists.sent(user(1), part, &Unknown).await.unwrap();
        orders.extend(page.items.iter().map(|item| item.order_no));
        cursor = page.next_cursor;
        if cursor.is_none() {
            return (orders, page.count);
        }
    }
}

/// Two screens come from the cache, whatever the database says, the rest from the
/// database; what one node writes, others see.
#[tokio::test(flavor = "multi_thread")]
async fn two_screens_of_a_list_come_from_the_cache() {
    let scene = Scene::new().await;
    let ((here, _), (there, _)) = (scene.node(), scene.node());
    assert_eq!(pages(&here, false).await, (Vec::new(), 0));
    here.record(sent(LINES)).await.unwrap();
    let (all, count) = pages(&there, false).await;
    assert_eq!((all.len(), count), (LINES, 47));
    assert_eq!(pages(&there, true).await, (all[..40].to_vec(), 47));

    // Nobody tells the cache of this line, so that it shows where lines come from.
    scene.store.record(sent(1), &scene.zone).await.unwrap();
    assert_eq!(pages(&here, true).await, (all[..40].to_vec(), 47), "from the cache");
    here.record(sent(1)).await.unwrap();
    let (after, count) = pages(&there, false).await;
    assert_eq!((after.len(), count), (LINES + 2, 49));
    assert_eq!(after[2..], all);
    scene.server.wipe().unwrap();
    assert_eq!(pages(&here, false).await, (after, 49));
}

/// What changes while the cache does not answer is outdated as soon as it does.
#[tokio::test(flavor = "multi_thread")]
async fn what_could_not_be_outdated_is_later() {
    let scene = Scene::new().await;
    let ((here, notes), (there, _)) = (scene.node(), scene.node());
    let stop = CancellationToken::new();
    let running = tokio::spawn({
        let (notes, stop) = (Arc::clone(&notes), stop.clone());
        async move { notes.run(stop).await }
    });
    here.record(sent(3)).await.unwrap();
    assert_eq!(pages(&there, false).await.1, 3);
    scene.server.pause().unwrap();
    here.record(sent(1)).await.unwrap();
    assert_eq!(pages(&here, false).await.1, 4, "from the database");
    scene.server.resume().unwrap();
    let patience = tokio::time::Instant::now() + std::time::Duration::from_secs(30);
    while pages(&there, false).await.1 != 4 {
        assert!(tokio::time::Instant::now() < patience, "the note is never outdated");
    }
    stop.cancel();
    running.await.unwrap();
}
