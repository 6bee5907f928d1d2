//! A whole application in a temporary folder, on a clock that the test moves.

use crate::common::ManualClock;
use futures::future::join_all;
use hongbao::node::{Outside, open_stores, start_on};
use hongbao_config::Config;
use hongbao_domain::{Refusal, cache::SharedTier, runtime::SystemEntropy};
use hongbao_engine::{
    app::App, audit::Audited, keys::Keys, keys::seal::Sealer, packets::Paid, stores::Stores,
};
use hongbao_shared::{
    Fen, GroupId, Kind, Limits, OrderNo, UserId,
    api::{
        groups::{JoinRequest, NewGroup},
        packets::{GrabState, Opened, PacketDetails, PayRequest, PreOrderRequest},
    },
};
use std::{path::Path, sync::Arc};
use tempfile::TempDir;

pub(crate) struct World {
    pub(crate) app: Arc<App>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) folder: TempDir,
}

/// A group with its members; the first is the sender.
pub(crate) struct Party {
    pub(crate) group: GroupId,
    pub(crate) members: Vec<UserId>,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}, None).await
    }

    /// With other settings, and another shared tier than this process's memory.
    pub(crate) async fn with(
        change: impl FnOnce(&mut Config),
        shared: Option<Arc<dyn SharedTier>>,
    ) -> Self {
        Self::on(change, Outside { shared, ..Outside::default() }).await
    }

    /// With other settings, on something else than the defaults; the clock is the
    /// test's own.
    pub(crate) async fn on(change: impl FnOnce(&mut Config), outside: Outside) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::at("2026-02-16T12:00:00.000Z"));
        let mut config = config_in(folder.path());
        change(&mut config);
        let app = start(config, &clock, outside).await;
        Self { app, clock, folder }
    }

    /// A second node on the same databases.
    pub(crate) async fn second_node(&self) -> Arc<App> {
        self.node_with(None).await
    }

    /// A second node on the same databases, which shares this cache tier with the first.
    pub(crate) async fn second_node_sharing(&self, shared: Arc<dyn SharedTier>) -> Arc<App> {
        self.node_with(Some(shared)).await
    }

    /// It brings its own connections: one server alone works on a folder.
    async fn node_with(&self, shared: Option<Arc<dyn SharedTier>>) -> Arc<App> {
        let config = (*self.app.config).clone();
        let stores = Some(open_stores(&config).await.unwrap());
        start(config, &self.clock, Outside { shared, stores, ..Outside::default() }).await
    }

    /// Ends the application and starts it again on what is on disk.
    pub(crate) async fn restart(self) -> Self {
        let config = (*self.app.config).clone();
        self.app.shutdown().await;
        let app = start(config, &self.clock, Outside::default()).await;
        Self { app, ..self }
    }

    /// As [`World::restart`], with other settings, on a cache tier that outlives it.
    pub(crate) async fn restart_with(
        self,
        change: impl FnOnce(&mut Config),
        shared: Arc<dyn SharedTier>,
    ) -> Self {
        let mut config = (*self.app.config).clone();
        change(&mut config);
        self.app.shutdown().await;
        let outside = Outside { shared: Some(shared), ..Outside::default() };
        let app = start(config, &self.clock, outside).await;
        Self { app, ..self }
    }

    /// A group of `size` people, the first of whom has plenty of money.
    pub(crate) async fn party(&self, size: usize) -> Party {
        let people = (0..size).map(|n| {
            let app = Arc::clone(&self.app);
            async move { app.accounts.guest(&format!("guest {n}"), "").await.unwrap().user.id }
        });
        let members = join_all(people).await;
        let new = NewGroup { name: "party".to_owned() };
        let group = self.app.groups.create(members[0], new).await.unwrap().id;
        let code = self.app.groups.invite(members[0], group).await.unwrap().code;
        for member in &members[1..] {
            let request = JoinRequest { code: code.clone() };
            self.app.groups.join(*member, &request).await.unwrap();
        }
        let limits = Limits::default();
        for n in 0..20 {
            let key = format!("plenty-{n}");
            self.app.ledger.top_up(members[0], 1_000_000, &key, &limits).await.unwrap();
        }
        Party { group, members }
    }

    pub(crate) async fn send(&self, party: &Party, kind: Kind, total: i64, shares: i64) -> OrderNo {
        let request = request(party, kind, total, shares);
        let sender = party.members[0];
        let order = self.app.packets.pre_order(sender, request).await.unwrap();
        let paid = self.app.packets.pay(sender, order.order_no, PayRequest::default()).await;
        assert!(matches!(paid.unwrap(), Paid::Landed(_)), "{} landed", order.order_no);
        order.order_no
    }

    pub(crate) async fn ticket(&self, user: UserId, order_no: OrderNo) -> String {
        let grabbed = self.app.packets.grab(user, order_no).await.unwrap();
        assert_eq!(grabbed.state, GrabState::CanOpen);
        grabbed.ticket.unwrap()
    }

    /// Grabs, then opens.
    pub(crate) async fn open(&self, user: UserId, order_no: OrderNo) -> Result<Opened, Refusal> {
        let ticket = self.ticket(user, order_no).await;
        self.app.packets.open(user, order_no, &ticket).await
    }

    pub(crate) async fn details(&self, reader: UserId, order_no: OrderNo) -> PacketDetails {
        self.app.packets.details(reader, order_no).await.unwrap()
    }

    pub(crate) async fn balance(&self, user: UserId) -> Fen {
        self.app.ledger.balance(user).await.unwrap()
    }

    /// Ends the application, which drains everything, and audits what is on disk.
    pub(crate) async fn end_and_audit(self) {
        let config = (*self.app.config).clone();
        self.app.shutdown().await;
        audit(&config).await;
    }
}

/// Every law holds, at rest.
pub(crate) async fn audit(config: &Config) {
    let stores = open_stores(config).await.unwrap();
    audit_stores(config, stores).await;
}

/// The same, of databases that are open.
pub(crate) async fn audit_stores(config: &Config, stores: Stores) {
    let keys = Keys::obtain(config, &SystemEntropy).unwrap();
    let sealer = Sealer::new(&keys);
    let audited = Audited { at_rest: true, ..stores.audited(&sealer) };
    let report = hongbao_engine::audit::run(&audited).await.unwrap();
    assert!(report.is_clean(), "{report}");
    stores.close().await;
}

pub(crate) fn request(party: &Party, kind: Kind, total: i64, shares: i64) -> PreOrderRequest {
    PreOrderRequest {
        group_id: party.group,
        kind,
        total_fen: total,
        shares,
        greeting: None,
        cover: None,
        recipient_id: (kind == Kind::Exclusive).then(|| party.members[1]),
    }
}

pub(crate) fn config_in(folder: &Path) -> Config {
    let mut config = Config::default();
    config.storage.data = folder.to_path_buf();
    // One person of a test stands for many.
    config.flow.per_person = false;
    // Both sites, so that every test meets both.
    config.sites.weights = "S=50,N=50".parse().unwrap();
    config
}

async fn start(config: Config, clock: &Arc<ManualClock>, outside: Outside) -> Arc<App> {
    let outside = Outside { clock: Arc::clone(clock) as _, ..outside };
    Arc::new(start_on(config, outside).await.unwrap())
}
