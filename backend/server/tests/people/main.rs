//! People, groups and lists through their public interfaces: services on real SQLite
//! files, and each store on its contract, on PostgreSQL too.

#![expect(clippy::unwrap_used, reason = "helpers of tests, which Clippy does not take for tests")]

#[path = "../common/mod.rs"]
mod common;
#[path = "../contract/people/mod.rs"]
mod contract;
#[macro_use]
#[path = "../contract/lists.rs"]
mod lists_contract;

mod accounts;
mod alike;
mod demo;
mod depth;
mod groups;
mod lines;
mod lists;
mod members;
mod own;
#[path = "../common/postgres.rs"]
mod postgres;
mod upgrade;
mod wakes;

use common::ManualClock;
use hongbao_domain::{
    board::Board,
    runtime::{Clock, SystemEntropy},
    store::people::PeopleStore,
};
use hongbao_engine::{
    accounts::{Accounts, AccountsSettings, HashCost},
    groups::{CardView, Groups, GroupsSettings},
};
use hongbao_shared::{
    ErrorCode, GroupId, Limits, OrderNo, UserId,
    api::groups::{CardProgress, CardState, Group, JoinRequest, NewGroup},
};
use hongbao_storage::{Database, Schema, SqlPeople};
use std::sync::Arc;
use tempfile::TempDir;

const NEW_YEAR: &str = "2016-02-07T12:00:00.000Z";

/// The services on a database of their own.
struct World {
    accounts: Arc<Accounts>,
    board: Arc<Board>,
    groups: Arc<Groups>,
    clock: Arc<ManualClock>,
    database: Database,
    folder: TempDir,
}

impl World {
    async fn new() -> Self {
        Self::with(Limits::default(), settings()).await
    }

    async fn with(limits: Limits, settings: AccountsSettings) -> Self {
        Self::with_groups(limits, settings, &GroupsSettings::default()).await
    }

    async fn with_groups(
        limits: Limits,
        settings: AccountsSettings,
        groups: &GroupsSettings,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database =
            Database::open_file(&folder.path().join("people.db"), Schema::People).await.unwrap();
        let clock = Arc::new(ManualClock::at(NEW_YEAR));
        Self::on(database, folder, clock, limits, settings, groups)
    }

    /// The same database as another node sees it: nothing in memory.
    fn restarted(self, limits: Limits) -> Self {
        let groups = GroupsSettings::default();
        Self::on(self.database, self.folder, self.clock, limits, settings(), &groups)
    }

    fn on(
        database: Database,
        folder: TempDir,
        clock: Arc<ManualClock>,
        limits: Limits,
        settings: AccountsSettings,
        groups: &GroupsSettings,
    ) -> Self {
        let store: Arc<dyn PeopleStore> = Arc::new(SqlPeople::new(database.clone()));
        let injected: Arc<dyn Clock> = clock.clone();
        let entropy = Arc::new(SystemEntropy);
        let limits = Arc::new(limits);
        let board = Arc::new(Board::new(Arc::clone(&injected)));
        let accounts = Arc::new(
            Accounts::new(
                Arc::clone(&store),
                Arc::clone(&injected),
                entropy.clone(),
                Arc::clone(&limits),
                settings,
                Arc::clone(&board),
            )
            .unwrap(),
        );
        let groups =
            Arc::new(Groups::new(store, Arc::clone(&accounts), injected, entropy, limits, groups));
        Self { accounts, board, groups, clock, database, folder }
    }

    async fn guest(&self, name: &str) -> UserId {
        self.accounts.guest(name, "").await.unwrap().user.id
    }

    async fn group(&self, owner: UserId) -> Group {
        self.groups.create(owner, NewGroup { name: "新年".to_owned() }).await.unwrap()
    }

    async fn join(&self, user: UserId, inviter: UserId, group: GroupId) {
        let code = self.groups.invite(inviter, group).await.unwrap().code;
        self.groups.join(user, &JoinRequest { code }).await.unwrap();
    }

    /// A group of `count` guests, its owner first.
    async fn group_of(&self, count: usize) -> (GroupId, Vec<UserId>) {
        let mut people = Vec::new();
        for number in 0..count {
            people.push(self.guest(&format!("guest {number}")).await);
        }
        let group = self.group(people[0]).await.id;
        for guest in &people[1..] {
            self.join(*guest, people[0], group).await;
        }
        (group, people)
    }
}

/// Real hashes cost tens of milliseconds on purpose.
fn settings() -> AccountsSettings {
    AccountsSettings {
        hash_cost: HashCost { memory_kib: 8, passes: 1 },
        ..AccountsSettings::default()
    }
}

/// Card states without packets: even numbers are open.
#[derive(Debug)]
struct EvenIsOpen;

#[async_trait::async_trait]
impl hongbao_engine::groups::CardStates for EvenIsOpen {
    async fn card_views(&self, _reader: UserId, orders: &[OrderNo]) -> Vec<CardView> {
        let view = |order: &OrderNo| {
            let state = match order.sequence() % 2 {
                0 => CardState::Open,
                _ => CardState::Finished,
            };
            let claimed = u32::try_from(order.sequence()).unwrap();
            CardView { state, progress: Some(CardProgress { shares: 100, claimed }) }
        };
        orders.iter().map(view).collect()
    }
}

fn order_no(sequence: u64) -> OrderNo {
    use hongbao_shared::{Day, Shard, Site};
    OrderNo::new(Site::S, Shard::new(0).unwrap(), Day::new(0).unwrap(), false, sequence).unwrap()
}

#[track_caller]
fn refused<T: std::fmt::Debug>(result: Result<T, hongbao_domain::Refusal>, code: ErrorCode) {
    assert_eq!(result.map_err(|refusal| refusal.code).unwrap_err(), code);
}
