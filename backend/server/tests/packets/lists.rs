//! What people look back at (R-LIST-1), and money on its way (R-PEOPLE-3).

use crate::{
    common::end_due,
    world::{World, audit_stores, config_in},
};
use futures::future::join_all;
use hongbao::node::{Outside, open_stores};
use hongbao_config::{Config, CreditMode};
use hongbao_domain::{
    runtime::{SystemEntropy, Zone},
    store::{
        StoreError,
        lists::{
            List, ListBatch, ListKey, ListReads, ListStore, Listed, ReceivedLine, ReceivedRow,
            SentRow, Totals, TotalsOff,
        },
    },
};
use hongbao_engine::{keys::Keys, lists::ListPart, stores::Stores};
use hongbao_shared::{
    ErrorCode, Fen, Kind, OrderNo, Timestamp, UserId,
    api::{
        lists::Progress,
        packets::{GrabState, PacketState},
        wallet::Wallet,
    },
};
use hongbao_storage::{Database, Schema, SqlLists};
use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};
use tempfile::TempDir;

/// A database of lists that can be switched off.
#[derive(Debug)]
struct Switched {
    store: SqlLists,
    down: AtomicBool,
    /// Never answers what somebody has received in a day.
    is_stuck: AtomicBool,
    /// Held by each who asks for that, and the most who did at once.
    asking: Arc<()>,
    asked_at_once: AtomicUsize,
}

impl Switched {
    async fn new() -> (Arc<Self>, TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("lists.db");
        let store = SqlLists::new(Database::open_file(&file, Schema::Lists).await.unwrap());
        let switched = Self {
            store,
            down: AtomicBool::new(false),
            is_stuck: AtomicBool::new(false),
            asking: Arc::new(()),
            asked_at_once: AtomicUsize::new(0),
        };
        (Arc::new(switched), folder)
    }

    fn up(&self) -> Result<&SqlLists, StoreError> {
        if self.down.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable("lost".into()));
        }
        Ok(&self.store)
    }
}

#[async_trait::async_trait]
impl ListStore for Switched {
    async fn record(&self, batch: ListBatch, zone: &Zone) -> Result<(), StoreError> {
        self.up()?.record(batch, zone).await
    }

    async fn restore(&self, batch: ListBatch, zone: &Zone) -> Result<(), StoreError> {
        self.up()?.restore(batch, zone).await
    }
}

#[async_trait::async_trait]
impl ListReads for Switched {
    async fn sent(
        &self,
        user: UserId,
        year: i16,
        after: Option<ListKey>,
        limit: u32,
    ) -> Result<Vec<SentRow>, StoreError> {
        self.up()?.sent(user, year, after, limit).await
    }

    async fn received(
        &self,
        user: UserId,
        year: i16,
        after: Option<ListKey>,
        limit: u32,
    ) -> Result<Vec<ReceivedLine>, StoreError> {
        self.up()?.received(user, year, after, limit).await
    }

    async fn months(&self, user: UserId, year: i16) -> Result<Vec<(u8, Totals)>, StoreError> {
        self.up()?.months(user, year).await
    }

    async fn years(&self, user: UserId, list: List) -> Result<Vec<i16>, StoreError> {
        self.up()?.years(user, list).await
    }

    async fn listed_shares(
        &self,
        order_no: OrderNo,
        from_seq: u32,
        limit: u32,
    ) -> Result<Vec<ReceivedRow>, StoreError> {
        self.up()?.listed_shares(order_no, from_seq, limit).await
    }

    async fn received_fen(&self, user: UserId) -> Result<Fen, StoreError> {
        self.up()?.received_fen(user).await
    }

    async fn received_since(
        &self,
        user: UserId,
        year: i16,
        since: Timestamp,
    ) -> Result<Fen, StoreError> {
        if self.is_stuck.load(Ordering::SeqCst) {
            let asking = Arc::clone(&self.asking);
            self.asked_at_once.fetch_max(Arc::strong_count(&asking) - 1, Ordering::SeqCst);
            std::future::pending::<()>().await;
        }
        self.up()?.received_since(user, year, since).await
    }

    async fn listed(&self, order_no: OrderNo) -> Result<Listed, StoreError> {
        self.up()?.listed(order_no).await
    }

    async fn sent_page(
        &self,
        after: Option<OrderNo>,
        limit: u32,
    ) -> Result<Vec<SentRow>, StoreError> {
        self.up()?.sent_page(after, limit).await
    }

    async fn received_page(
        &self,
        after: Option<(OrderNo, UserId)>,
        limit: u32,
    ) -> Result<Vec<ReceivedRow>, StoreError> {
        self.up()?.received_page(after, limit).await
    }

    async fn best_lucks_page(
        &self,
        after: Option<OrderNo>,
        limit: u32,
    ) -> Result<Vec<(OrderNo, UserId)>, StoreError> {
        self.up()?.best_lucks_page(after, limit).await
    }

    async fn totals_off(
        &self,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Option<(UserId, Vec<TotalsOff>)>, StoreError> {
        self.up()?.totals_off(after, limit).await
    }
}

/// With the list database down nothing but lists is missing, and what was missing comes
/// when it is back (R-LIST-1).
#[tokio::test]
async fn without_lists_everything_else_goes_on() {
    let (lists, _folder) = Switched::new().await;
    let folder = tempfile::tempdir().unwrap();
    let config = config_in(folder.path());
    // A folder that has databases must have its key.
    Keys::obtain(&config, &SystemEntropy).unwrap();
    let stores = open_stores(&config).await.unwrap();
    let stores = Some(Stores { lists: lists.clone(), ..stores });
    let outside = Outside { stores, ..Outside::default() };
    // R-API-4: what one has received today is not known, and keeps nobody from opening.
    let configure = |config: &mut Config| {
        config.storage.data = folder.path().into();
        config.treasury.receive_max_per_day_fen = Fen::ONE;
    };
    let world = World::on(configure, outside).await;
    lists.down.store(true, Ordering::SeqCst);
    let party = world.party(3).await;
    let order_no = world.send(&party, Kind::Lucky, 1_000, 2).await;
    let mut amounts = Vec::new();
    for member in &party.members[1..] {
        amounts.push(world.open(*member, order_no).await.unwrap().amount_fen);
    }
    assert_eq!(world.details(party.members[0], order_no).await.state, PacketState::Finished);
    let app = &world.app;
    let (sender, receiver) = (party.members[0], party.members[1]);
    let sent = app.lists.sent(sender, ListPart::default(), &*app.packets).await;
    assert_eq!(sent.unwrap_err().code, ErrorCode::Unavailable);
    let refused = app.lists.received(receiver, ListPart::default(), &app.accounts).await;
    assert_eq!(refused.unwrap_err().code, ErrorCode::Unavailable);
    let wallet = app.ledger.wallet(receiver, &app.lists).await.unwrap();
    assert_eq!(wallet.pending_fen, None, "not known, which is not zero");

    lists.down.store(false, Ordering::SeqCst);
    until(async || app.lists.received_fen(receiver).await.unwrap() == amounts[0]).await;
    let sent = app.lists.sent(sender, ListPart::default(), &*app.packets).await.unwrap();
    let progress = Progress { state: PacketState::Finished.into(), claimed: 2 };
    assert_eq!(sent.items[0].progress, Some(progress));
    assert_eq!((sent.count, sent.total_fen), (1, Fen::new(1_000).unwrap()));
    let mut lucky = Vec::new();
    for member in &party.members[1..] {
        let page = app.lists.received(*member, ListPart::default(), &app.accounts).await.unwrap();
        assert_eq!(page.items[0].sender.id, sender);
        lucky.push((page.items[0].amount_fen, page.items[0].best_luck, page.best_lucks == 1));
    }
    let best = lucky.iter().max_by_key(|(amount, ..)| *amount).unwrap();
    assert!(best.1 && best.2, "the largest share had the best luck: {lucky:?}");
    let config = (*app.config).clone();
    app.shutdown().await;
    let stores = open_stores(&config).await.unwrap();
    audit_stores(&config, Stores { lists, ..stores }).await;
}

/// R-API-4: a rush does not wait for lists that do not answer, nor do they hold all of it.
#[tokio::test]
async fn only_so_many_ask_at_once_what_they_have_received() {
    let (lists, _lists_folder) = Switched::new().await;
    let folder = tempfile::tempdir().unwrap();
    let config = config_in(folder.path());
    Keys::obtain(&config, &SystemEntropy).unwrap();
    let stores = open_stores(&config).await.unwrap();
    let stores = Some(Stores { lists: lists.clone(), ..stores });
    let configure = |config: &mut Config| {
        config.storage.data = folder.path().into();
        config.treasury.receive_max_per_day_fen = Fen::ONE;
    };
    let world = World::on(configure, Outside { stores, ..Outside::default() }).await;
    let party = world.party(60).await;
    let order_no = world.send(&party, Kind::Lucky, 1_000, 60).await;
    lists.is_stuck.store(true, Ordering::SeqCst);
    let grabs = party.members.iter().map(|member| world.app.packets.grab(*member, order_no));
    for grabbed in join_all(grabs).await {
        assert_eq!(grabbed.unwrap().state, GrabState::CanOpen);
    }
    let most = lists.asked_at_once.load(Ordering::SeqCst);
    assert!((1..=32).contains(&most), "{most} asked at once");
    world.app.shutdown().await;
}

/// Opened and not credited is shown as on its way; credited, it is not (R-PEOPLE-3).
#[tokio::test]
async fn money_on_its_way_is_shown_until_it_arrives() {
    let world = World::with(|config| config.credit.mode = CreditMode::Deferred, None).await;
    let party = world.party(2).await;
    let receiver = party.members[1];
    let first = world.send(&party, Kind::Lucky, 1_000, 2).await;
    let amount = world.open(receiver, first).await.unwrap().amount_fen;
    let app = Arc::clone(&world.app);
    until(async || app.lists.received_fen(receiver).await.unwrap() == amount).await;
    let wallet = app.ledger.wallet(receiver, &app.lists).await.unwrap();
    assert_eq!(wallet, Wallet { balance_fen: Fen::ZERO, pending_fen: Some(amount) });
    drop(app);

    // A graceful end delivers what was to come later.
    let world = world.restart().await;
    let credited = world.app.ledger.wallet(receiver, &world.app.lists).await.unwrap();
    assert_eq!(credited, Wallet { balance_fen: amount, pending_fen: Some(Fen::ZERO) });
    // Spending it does not make it come again, and a refund is no share.
    let sender = party.members[0];
    let sender_wallet = world.app.ledger.wallet(sender, &world.app.lists).await.unwrap();
    assert_eq!(sender_wallet.pending_fen, Some(Fen::ZERO));
    world.clock.advance_s(25 * 60 * 60);
    end_due(&world.app).await;
    let world = world.restart().await;
    let sender_wallet = world.app.ledger.wallet(sender, &world.app.lists).await.unwrap();
    assert_eq!(sender_wallet.pending_fen, Some(Fen::ZERO));
    world.end_and_audit().await;
}

/// R-API-4: what was opened at one node is known to the others by the list.
#[tokio::test]
async fn what_was_received_today_is_known_to_every_node() {
    let cap = |config: &mut Config| config.treasury.receive_max_per_day_fen = Fen::ONE;
    let world = World::with(cap, None).await;
    let other = world.second_node().await;
    let party = world.party(2).await;
    let (sender, receiver) = (party.members[0], party.members[1]);
    let first = world.send(&party, Kind::Lucky, 1_000, 2).await;
    let second = world.send(&party, Kind::Lucky, 1_000, 2).await;
    let amount = world.open(receiver, first).await.unwrap().amount_fen;
    until(async || other.lists.received_fen(receiver).await.unwrap() == amount).await;
    // A list that is slow to answer is not waited for, but asked again a little later.
    until(async || {
        world.clock.advance_s(4);
        let grabbed = other.packets.grab(receiver, second).await;
        grabbed.is_err_and(|refused| refused.code == ErrorCode::ReceiveCapReached)
    })
    .await;
    assert_eq!(other.packets.grab(sender, second).await.unwrap().state, GrabState::CanOpen);
    world.clock.advance_s(24 * 60 * 60);
    let third = world.send(&party, Kind::Lucky, 1_000, 2).await;
    assert_eq!(other.packets.grab(receiver, third).await.unwrap().state, GrabState::CanOpen);
    other.shutdown().await;
    world.end_and_audit().await;
}

/// Delivery works by itself; this waits for what it brings.
async fn until(holds: impl AsyncFn() -> bool) {
    for _ in 0..1_000 {
        if holds().await {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("delivery brings nothing");
}
