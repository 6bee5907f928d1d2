//! R-STORE-6: databases that are restored to different moments become consistent by
//! reconciliation. The ledger is the newest of them (R-ORDER-3); whatever the others have lost
//! since is made from what it knows.

use crate::{
    common::end_due,
    files::{LEDGER, LISTS, ORDERS, PEOPLE, one_shard, reconcile, until},
    giving_up::{block_the_day, pay_without_landing, unblock_the_day},
    lost::all_open,
    world::{Party, World, audit},
};
use hongbao::node::{Outside, backup, open_stores, start_on};
use hongbao_config::Config;
use hongbao_domain::{
    runtime::Clock,
    store::outbox::{Destination, Fate},
};
use hongbao_engine::reconcile::{Mode, Repair};
use hongbao_shared::{
    Fen, Kind, OrderNo, UserId,
    api::{groups::MessageBody, packets::PacketState},
};
use std::{collections::BTreeMap, path::Path, sync::Arc};
use tempfile::TempDir;

/// What people were told of a packet: its state, whose shares hold what, what went back.
type Told = (PacketState, Vec<(UserId, Fen)>, Option<Fen>);

async fn told(world: &World, party: &Party, order_no: OrderNo) -> Told {
    let details = world.details(party.members[0], order_no).await;
    // Amounts are open to whoever has opened, or to everybody in the end.
    let seen = world.details(party.members[1], order_no).await;
    let claims = seen.claims.unwrap_or_default();
    let claims = claims.into_iter().map(|claim| (claim.user.id, claim.amount_fen)).collect();
    (details.state, claims, details.refunded_fen)
}

/// Nothing is on its way.
async fn drained(world: &World) {
    let stores = open_stores(&world.app.config).await.unwrap();
    until("everything has arrived", async || {
        let dead = world.app.letters.page(Fate::Dead, None, 1).await.unwrap();
        assert!(dead.items.is_empty(), "{dead:?}");
        for destination in Destination::ALL {
            for store in stores.orders.values() {
                if store.backlog(destination).await.unwrap().waiting > 0 {
                    return false;
                }
            }
            if stores.ledger.backlog(destination).await.unwrap().waiting > 0 {
                return false;
            }
        }
        true
    })
    .await;
    stores.close().await;
}

/// All databases as they are now.
async fn moment(world: &World) -> TempDir {
    drained(world).await;
    let folder = tempfile::tempdir().unwrap();
    backup::backup(&world.app.config, &folder.path().join("b"), true).await.unwrap();
    folder
}

/// Restores each database from its moment, and the others from `rest`.
async fn restored(
    config: &Config,
    rest: &TempDir,
    older: &[(&str, &TempDir)],
) -> (Config, TempDir) {
    let mixed = tempfile::tempdir().unwrap();
    let from = mixed.path().join("b");
    copy(&rest.path().join("b"), &from);
    for part in ["db", "keys"] {
        copy(&rest.path().join("b").join(part), &from.join(part));
    }
    // What it says of them comes along.
    let note = |folder: &Path| -> serde_json::Value {
        serde_json::from_slice(&std::fs::read(folder.join("backup.json")).unwrap()).unwrap()
    };
    let mut text = note(&from);
    for (file, moment) in older {
        let moment = moment.path().join("b");
        std::fs::copy(moment.join("db").join(file), from.join("db").join(file)).unwrap();
        let older = note(&moment)["files"].as_array().unwrap().clone();
        let is_it = |said: &serde_json::Value| said["name"] == *file;
        let said = text["files"].as_array_mut().unwrap().iter_mut().find(|said| is_it(said));
        *said.unwrap() = older.into_iter().find(is_it).unwrap();
    }
    std::fs::write(from.join("backup.json"), text.to_string()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut config = config.clone();
    config.storage.data = folder.path().into();
    backup::restore(&config, &from).await.unwrap();
    (config, folder)
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            std::fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
        }
    }
}

/// A shard that is a day older than the ledger: packets that landed, were opened, finished and
/// ended since are there again, with the shares that people were told, and nobody else gets
/// one of them.
#[tokio::test]
async fn an_older_shard_is_made_whole_from_the_ledger() {
    let world = one_shard(|_| {}).await;
    let party = world.party(5).await;
    let [_, a, b, c, d] = party.members[..] else { unreachable!() };
    let old = world.send(&party, Kind::Lucky, 400, 4).await;
    world.open(a, old).await.unwrap();
    let first = moment(&world).await;
    world.open(b, old).await.unwrap();
    let over = world.send(&party, Kind::Lucky, 500, 3).await;
    world.open(a, over).await.unwrap();
    let untouched = world.send(&party, Kind::Equal, 600, 3).await;
    world.clock.advance_s(24 * 60 * 60);
    end_due(&world.app).await;
    let open = world.send(&party, Kind::Lucky, 700, 4).await;
    world.open(a, open).await.unwrap();
    let second = moment(&world).await;
    world.clock.advance_s(60);
    world.open(b, open).await.unwrap();
    let done = world.send(&party, Kind::Lucky, 800, 4).await;
    all_open(&world, &party, done).await;
    let last = moment(&world).await;

    let orders = [old, over, untouched, open, done];
    let mut before = BTreeMap::new();
    for order_no in orders {
        before.insert(order_no, told(&world, &party, order_no).await);
    }
    let (clock, config) = (Arc::clone(&world.clock), (*world.app.config).clone());
    world.app.shutdown().await;

    for (what, older) in [
        ("a day", &[(ORDERS, &first)][..]),
        ("a minute", &[(ORDERS, &second)]),
        ("a day, with its lists", &[(ORDERS, &first), (LISTS, &first)]),
        ("a minute, with its lists", &[(ORDERS, &second), (LISTS, &second)]),
        ("the lists alone", &[(LISTS, &first)]),
        ("older lists than the shard", &[(ORDERS, &second), (LISTS, &first)]),
        ("older people", &[(PEOPLE, &second)]),
    ] {
        let (config, folder) = restored(&config, &last, older).await;
        let dry = reconcile(&config, &clock, Mode::DryRun).await;
        assert!(dry.is_clean(), "{what}: {dry}");
        let report = reconcile(&config, &clock, Mode::Mend).await;
        assert!(report.is_clean(), "{what}: {report}");
        let again = reconcile(&config, &clock, Mode::Mend).await;
        assert!(again.is_clean() && again.mends.is_empty(), "{what}: {again}");

        let outside = Outside { clock: Arc::clone(&clock) as _, ..Outside::default() };
        let app = Arc::new(start_on(config, outside).await.unwrap());
        let world = World { app, clock: Arc::clone(&clock), folder };
        for (order_no, before) in &before {
            assert_eq!(told(&world, &party, *order_no).await, *before, "{what}: {order_no}");
        }
        // Whoever opened it has their share, and the next one gets the next.
        let mine = world.app.packets.open(b, open, "").await;
        assert!(mine.is_err(), "no ticket");
        let next = world.open(c, open).await.unwrap();
        assert!(next.amount_fen > Fen::ZERO, "{what}");
        world.open(d, open).await.unwrap();
        let total: u64 = told(&world, &party, open).await.1.iter().map(|share| share.1.get()).sum();
        assert_eq!(total, 700, "{what}");
        let new = world.send(&party, Kind::Equal, 300, 3).await;
        assert!(!orders.contains(&new), "{what}: {new} was given before");
        world.end_and_audit().await;
    }
}

/// Nobody has to think of it: a server that starts on what was restored makes the shard whole
/// before the next one opens, who would get a share that is somebody's (R-STORE-6).
#[tokio::test]
async fn a_restored_folder_is_made_whole_before_it_is_served() {
    let world = one_shard(|_| {}).await;
    let party = world.party(4).await;
    let [_, a, b, c] = party.members[..] else { unreachable!() };
    let open = world.send(&party, Kind::Lucky, 700, 4).await;
    world.open(a, open).await.unwrap();
    let before = moment(&world).await;
    let share = world.open(b, open).await.unwrap();
    let last = moment(&world).await;
    let (clock, config) = (Arc::clone(&world.clock), (*world.app.config).clone());
    world.app.shutdown().await;

    let (config, folder) = restored(&config, &last, &[(ORDERS, &before)]).await;
    let outside = Outside { clock: Arc::clone(&clock) as _, ..Outside::default() };
    let app = Arc::new(start_on(config, outside).await.unwrap());
    let world = World { app, clock, folder };
    let next = world.open(c, open).await.unwrap();
    assert_eq!(next.seq, share.seq + 1, "the share of somebody else");
    world.open(party.members[0], open).await.unwrap();
    let (_, claims, _) = told(&world, &party, open).await;
    assert!(claims.contains(&(b, share.amount_fen)), "{claims:?}");
    world.end_and_audit().await;
}

/// A chat that is newer than its shard names people whose shares the shard knows nothing of and
/// gives to others: what these are told comes as well, once (R-STORE-6).
#[tokio::test]
async fn a_newer_chat_tells_what_an_older_shard_does() {
    let world = one_shard(|_| {}).await;
    let party = world.party(4).await;
    let [_, a, b, c] = party.members[..] else { unreachable!() };
    let open = world.send(&party, Kind::Lucky, 700, 3).await;
    world.open(a, open).await.unwrap();
    let before = moment(&world).await;
    let second = world.open(b, open).await.unwrap();
    world.open(c, open).await.unwrap();
    let last = moment(&world).await;
    let (clock, config) = (Arc::clone(&world.clock), (*world.app.config).clone());
    world.app.shutdown().await;

    let older = [(ORDERS, &before), (LEDGER, &before), (LISTS, &before)];
    let (config, folder) = restored(&config, &last, &older).await;
    let outside = Outside { clock: Arc::clone(&clock) as _, ..Outside::default() };
    let app = Arc::new(start_on(config, outside).await.unwrap());
    let world = World { app, clock, folder };
    assert_eq!(world.open(c, open).await.unwrap().seq, second.seq);
    drained(&world).await;
    world.open(b, open).await.unwrap();
    drained(&world).await;

    let (groups, cards) = (&world.app.groups, &*world.app.packets);
    let page = groups.messages(party.members[0], party.group, None, Some(100), cards).await;
    let (mut opened, mut finished) = (Vec::new(), 0);
    for message in page.unwrap().items.into_iter().rev() {
        match message.body {
            MessageBody::Opened { .. } => opened.push(message.user.id),
            MessageBody::Finished { .. } => finished += 1,
            _ => {}
        }
    }
    assert_eq!(opened, [a, b, c, c, b], "of both histories");
    assert!((1..=2).contains(&finished), "{finished}");
    world.end_and_audit().await;
}

/// What only somebody may touch is looked at before anybody is served.
#[tokio::test]
async fn a_restored_folder_that_does_not_fit_is_not_served() {
    let world = one_shard(|_| {}).await;
    let party = world.party(2).await;
    let before = moment(&world).await;
    world.send(&party, Kind::Lucky, 700, 4).await;
    let last = moment(&world).await;
    let (clock, config) = (Arc::clone(&world.clock), (*world.app.config).clone());
    world.app.shutdown().await;

    // The ledger is older than the shard: a packet that nobody paid.
    let (config, _folder) = restored(&config, &last, &[(LEDGER, &before)]).await;
    let start = async || {
        let outside = Outside { clock: Arc::clone(&clock) as _, ..Outside::default() };
        start_on(config.clone(), outside).await
    };
    for _ in 0..2 {
        let refused = start().await.map(drop).unwrap_err().to_string();
        assert!(refused.contains("`hongbao reconcile` says which"), "{refused}");
    }
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_hongbao"));
    command.arg("reconcile").arg("--data").arg(&config.storage.data);
    command.envs([("HONGBAO_SITES_SHARDS", "1"), ("HONGBAO_SITES_WEIGHTS", "home")]);
    let output = command.output().unwrap();
    let report = String::from_utf8_lossy(&output.stdout);
    assert!(!output.status.success() && report.contains("packet_is_paid"), "{output:?}");
    start().await.unwrap().shutdown().await;
}

/// What has landed again lands at another time than the lists remember.
#[tokio::test]
async fn a_landing_that_is_repeated_leaves_the_audit_clean() {
    let world = one_shard(|_| {}).await;
    let party = world.party(2).await;
    let before = moment(&world).await;
    let order_no = world.send(&party, Kind::Equal, 200, 2).await;
    let after = moment(&world).await;
    let (clock, config) = (Arc::clone(&world.clock), (*world.app.config).clone());
    world.app.shutdown().await;
    let (config, folder) = restored(&config, &after, &[(ORDERS, &before)]).await;
    // As if nobody had told the ledger yet that the packet has landed.
    let stores = open_stores(&config).await.unwrap();
    assert!(stores.ledger.land_again(order_no, clock.now()).await.unwrap());
    stores.close().await;
    clock.advance_s(5);
    let outside = Outside { clock: Arc::clone(&clock) as _, ..Outside::default() };
    let app = Arc::new(start_on(config, outside).await.unwrap());
    let world = World { app, clock, folder };
    drained(&world).await;
    world.open(party.members[1], order_no).await.unwrap();
    world.end_and_audit().await;
}

/// Its fee came back because of a tombstone, however late that was: the packet's time could have
/// been over by then (R-API-4, R-STORE-6).
#[tokio::test]
async fn a_late_tombstone_is_a_tombstone_again() {
    let world = one_shard(|config| {
        config.limits.packet_lifetime_s = 600;
        config.landing.give_up_after_s = 1_200;
        config.treasury.fee_bp = 50;
    })
    .await;
    let party = world.party(2).await;
    let opened = world.send(&party, Kind::Lucky, 300, 1).await;
    all_open(&world, &party, opened).await;
    let first = moment(&world).await;
    let sender = party.members[0];
    let before = world.balance(sender).await;
    block_the_day(&world).await;
    let order_no = pay_without_landing(&world, &party).await;
    world.clock.advance_s(1_201);
    until("total and fee are back", async || world.balance(sender).await == before).await;
    unblock_the_day(&world).await;
    let last = moment(&world).await;
    world.app.shutdown().await;

    let (config, _folder) = restored(&world.app.config, &last, &[(ORDERS, &first)]).await;
    let report = reconcile(&config, &world.clock, Mode::Mend).await;
    assert!(report.is_clean(), "{report}");
    let mended: Vec<_> = report.mends.iter().map(|one| (one.repair, one.order_no)).collect();
    assert_eq!(mended, [(Repair::Packet, order_no)], "{report}");
    audit(&config).await;
}
