//! Nodes hear of what happens on each other through Redis, and again after it was gone.

use crate::tiers::tier;
use hongbao::node::{Outside, open_stores, start_on};
use hongbao_cache::RedisTier;
use hongbao_config::Config;
use hongbao_domain::{
    cache::{Note, SharedTier as _},
    runtime::SystemEntropy,
};
use hongbao_engine::{app::App, groups::Growth, keys::Keys};
use hongbao_fleet::{Redis, RedisCluster};
use hongbao_shared::{
    GroupId, Site, UserId,
    api::{
        accounts::ProfileChange,
        groups::{JoinRequest, NewGroup, NewMessage},
    },
};
use std::{path::Path, sync::Arc, time::Duration};
use tokio::time::timeout;

/// Far less than after which memories are looked up again by themselves.
const SOON: Duration = Duration::from_secs(8);

async fn node(folder: &Path, addresses: &[String]) -> Arc<App> {
    let mut config = Config::default();
    config.storage.data = folder.to_path_buf();
    // Connections of its own: one server alone works on a folder. The key is made before them.
    Keys::obtain(&config, &SystemEntropy).unwrap();
    let stores = Some(open_stores(&config).await.unwrap());
    let outside = Outside { shared: Some(Arc::new(tier(addresses))), stores, ..Outside::default() };
    Arc::new(start_on(config, outside).await.unwrap())
}

async fn guest(app: &App, name: &str) -> (UserId, String) {
    let signed_in = app.accounts.guest(name, "").await.unwrap();
    (signed_in.user.id, signed_in.token)
}

/// Everything that one node knows and another changes.
struct Scene {
    here: Arc<App>,
    there: Arc<App>,
    owner: UserId,
    group: GroupId,
    growth: Growth,
    tier: RedisTier,
    _listener: hongbao_engine::groups::Listener,
    _folder: tempfile::TempDir,
}

impl Scene {
    async fn on(addresses: &[String]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let here = node(folder.path(), addresses).await;
        let there = node(folder.path(), addresses).await;
        let (owner, _) = guest(&here, "owner").await;
        let group = here.groups.create(owner, NewGroup { name: "g".to_owned() }).await.unwrap().id;
        let (listener, growth) = there.groups.wakes().listen(owner, Some(group)).unwrap();
        let tier = tier(addresses);
        let mut scene =
            Self { here, there, owner, group, growth, tier, _listener: listener, _folder: folder };
        scene.until_heard().await;
        scene
    }

    /// Writes here until it is heard there: who connects is told that there was something.
    async fn until_heard(&mut self) {
        let deadline = tokio::time::Instant::now() + SOON;
        loop {
            let words = NewMessage { text: "hear".to_owned(), key: None };
            self.here.groups.post_text(self.owner, self.group, words).await.unwrap();
            if timeout(Duration::from_millis(200), self.growth.grown()).await.is_ok() {
                return;
            }
            assert!(tokio::time::Instant::now() < deadline, "nobody there hears of it");
        }
    }

    async fn end(self) {
        self.here.shutdown().await;
        self.there.shutdown().await;
    }
}

async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let deadline = tokio::time::Instant::now() + SOON;
    while !holds().await {
        assert!(tokio::time::Instant::now() < deadline, "never: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn all_is_heard(scene: &mut Scene) {
    scene.until_heard().await;
    let Scene { here, there, owner, group, .. } = &*scene;
    let (owner, group) = (*owner, *group);
    let (member, token) = guest(here, "member").await;

    assert!(!there.groups.is_member(group, member).await.unwrap());
    let code = here.groups.invite(owner, group).await.unwrap().code;
    here.groups.join(member, &JoinRequest { code }).await.unwrap();
    until("joined", async || there.groups.is_member(group, member).await.unwrap()).await;
    let (reader, _growth) = there.groups.wakes().listen(member, None).unwrap();
    // That they joined is hinted at as well, and what was said before: so more often than that.
    for _ in 0..6 {
        let words = NewMessage { text: "read".to_owned(), key: None };
        let said = here.groups.post_text(owner, group, words).await.unwrap().id;
        until("said", async || reader.take_hints().contains(&group)).await;
        here.groups.read(member, group, said).await.unwrap();
        until("read", async || reader.take_hints().contains(&group)).await;
    }
    here.groups.remove(owner, group, member).await.unwrap();
    until("left", async || !there.groups.is_member(group, member).await.unwrap()).await;

    assert_eq!(there.accounts.profile(member).await.name, "member");
    let noted = async || scene.tier.note(Site::S, Note::Profile, member).await.unwrap().text;
    assert!(noted().await.is_some(), "for all nodes (R-CACHE-3)");
    let change = ProfileChange { name: Some("renamed".to_owned()), avatar: None };
    here.accounts.change_profile(member, change).await.unwrap();
    assert_eq!(noted().await, None);
    until("renamed", async || there.accounts.profile(member).await.name == "renamed").await;

    assert!(there.accounts.authenticate(&token).await.unwrap().is_some());
    here.accounts.sign_out(&token).await.unwrap();
    until("signed out", async || there.accounts.authenticate(&token).await.unwrap().is_none())
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_hear_of_each_other_and_again_after_an_outage() {
    let server = Redis::start(&[]).unwrap();
    let mut scene = Scene::on(&[server.url()]).await;
    all_is_heard(&mut scene).await;

    // What happens while nobody hears is heard of afterwards.
    let (member, token) = guest(&scene.here, "member").await;
    assert!(scene.there.accounts.authenticate(&token).await.unwrap().is_some());
    assert_eq!(scene.there.accounts.profile(member).await.name, "member");
    server.kill().unwrap();
    scene.here.accounts.sign_out(&token).await.unwrap();
    server.run().unwrap();
    let there = Arc::clone(&scene.there);
    until("signed out", async || there.accounts.authenticate(&token).await.unwrap().is_none())
        .await;
    all_is_heard(&mut scene).await;

    // A server that stalls is noticed too.
    server.pause().unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    server.resume().unwrap();
    all_is_heard(&mut scene).await;
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_hear_of_each_other_through_a_cluster() {
    let cluster = RedisCluster::start().unwrap();
    let mut scene = Scene::on(&cluster.urls()).await;
    all_is_heard(&mut scene).await;
    scene.end().await;
}
