//! What went missing between two databases is mended, once, and every fen is where it
//! belongs (R-MONEY-3, R-LIST-1).

use crate::{
    common::{ManualClock, end_due},
    files::{
        LEDGER, LISTS, ORDERS, antidote, one_shard, poison, reconcile, sql, until, until_dead,
    },
    giving_up::{block_the_day, pay_without_landing, unblock_the_day},
    world::{Party, World, audit, request},
};
use futures::future::join_all;
use hongbao::node::{Outside, start_on};
use hongbao_config::{Config, CreditMode};
use hongbao_engine::{
    lists::ListPart,
    reconcile::{Mode, Repair, Report},
};
use hongbao_shared::{Fen, Kind, OrderNo, api::packets::PayRequest};
use std::sync::Arc;
use tempfile::TempDir;

/// A world that has ended.
pub(crate) struct Ended {
    pub(crate) config: Config,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) folder: TempDir,
}

impl Ended {
    pub(crate) async fn of(world: World) -> Self {
        world.app.shutdown().await;
        let config = (*world.app.config).clone();
        Self { config, clock: world.clock, folder: world.folder }
    }

    /// The same in another folder.
    pub(crate) fn copy(&self) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for part in ["db", "keys"] {
            std::fs::create_dir(folder.path().join(part)).unwrap();
            for file in std::fs::read_dir(self.folder.path().join(part)).unwrap() {
                let file = file.unwrap();
                let to = folder.path().join(part).join(file.file_name());
                std::fs::copy(file.path(), to).unwrap();
            }
        }
        let mut config = self.config.clone();
        config.storage.data = folder.path().into();
        Self { config, clock: Arc::clone(&self.clock), folder }
    }

    pub(crate) async fn reconcile(&self, mode: Mode) -> Report {
        reconcile(&self.config, &self.clock, mode).await
    }

    /// Mends exactly this, which a dry run has announced; then there is nothing to mend.
    pub(crate) async fn mends(&self, expected: &[(Repair, OrderNo, Option<u32>)]) {
        let listed = |report: &Report| -> Vec<_> {
            report.mends.iter().map(|one| (one.repair, one.order_no, one.seq)).collect()
        };
        for mode in [Mode::DryRun, Mode::DryRun, Mode::Mend] {
            let report = self.reconcile(mode).await;
            assert!(report.is_clean(), "{report}");
            assert_eq!(listed(&report), expected, "{mode:?}: {report}");
        }
        let report = self.reconcile(Mode::Mend).await;
        assert!(report.is_clean() && report.mends.is_empty(), "{report}");
    }
}

pub(crate) async fn all_open(world: &World, party: &Party, order_no: OrderNo) {
    let opens = party.members[1..].iter().map(async |member| world.open(*member, order_no).await);
    assert!(join_all(opens).await.iter().all(Result::is_ok));
}

/// Claims whose outbox row is gone are credited by their ordinary keys; what other rows
/// still tell of is left to them, the dead among it after they are tried again.
#[tokio::test]
async fn credits_in_each_mode() {
    for mode in [CreditMode::Split, CreditMode::Queue, CreditMode::Deferred] {
        let world = one_shard(|config| config.credit.mode = mode).await;
        let party = world.party(4).await;
        let good = world.send(&party, Kind::Lucky, 300, 3).await;
        all_open(&world, &party, good).await;
        let bad = world.send(&party, Kind::Lucky, 300, 3).await;
        let when = format!("NEW.key IN ('credit:{bad}:0', 'credit:{bad}:2')");
        poison(world.folder.path(), LEDGER, "transfers", &when).await;
        all_open(&world, &party, bad).await;
        // What is deferred is due by now.
        world.clock.advance_s(1);
        until_dead(&world.app, 1).await;
        let ended = Ended::of(world).await;
        let data = ended.folder.path();
        antidote(data, LEDGER).await;
        let report = ended.reconcile(Mode::Mend).await;
        assert_eq!((report.dead_letters, report.left_count), (1, 0), "{report}");
        assert!(report.mends.is_empty() && !report.is_clean(), "what was dead is told");
        assert_eq!(report.on_the_way.count, 2);

        assert_eq!(sql(data, ORDERS, "DELETE FROM outbox").await, 1);
        let credits = [(Repair::Credit, bad, Some(0)), (Repair::Credit, bad, Some(2))];
        ended.mends(&credits).await;
        audit(&ended.config).await;
    }
}

/// R-API-4: a node of the version before gives back what was paid for a packet, and not its fee.
#[tokio::test]
async fn fees_of_what_was_given_up() {
    let world = one_shard(|config| {
        config.landing.give_up_after_s = 600;
        config.treasury.fee_bp = 50;
    })
    .await;
    let party = world.party(2).await;
    let (data, sender) = (world.folder.path().to_owned(), party.members[0]);
    world.send(&party, Kind::Lucky, 300, 2).await;
    let before = world.balance(sender).await;
    block_the_day(&world).await;
    poison(&data, LEDGER, "transfers", "NEW.kind = 4").await;
    let order_no = pay_without_landing(&world, &party).await;
    world.clock.advance_s(601);
    until_dead(&world.app, 1).await;
    antidote(&data, LEDGER).await;
    let of_before = "UPDATE outbox SET payload = replace(payload, ',\"fee_fen\":4', ''),
                         due_at = 1, died_at = NULL WHERE payload LIKE '%fee_fen%'";
    assert_eq!(sql(&data, ORDERS, of_before).await, 1);
    let world = world.restart().await;
    let without_fee = before.checked_sub(Fen::new(4).unwrap()).unwrap();
    until("the total is back", async || world.balance(sender).await == without_fee).await;
    unblock_the_day(&world).await;
    let ended = Ended::of(world).await;
    ended.mends(&[(Repair::Refund, order_no, None)]).await;
    audit(&ended.config).await;
}

#[tokio::test]
async fn refunds_of_expired_packets() {
    let world = one_shard(|_| {}).await;
    let party = world.party(3).await;
    let orders = [
        world.send(&party, Kind::Lucky, 500, 2).await,
        world.send(&party, Kind::Lucky, 500, 3).await,
    ];
    world.open(party.members[1], orders[1]).await.unwrap();
    poison(world.folder.path(), LEDGER, "transfers", "NEW.kind = 4").await;
    world.clock.advance_s(24 * 60 * 60);
    end_due(&world.app).await;
    until_dead(&world.app, 2).await;
    let ended = Ended::of(world).await;
    antidote(ended.folder.path(), LEDGER).await;
    let report = ended.reconcile(Mode::Mend).await;
    assert_eq!((report.dead_letters, report.on_the_way.count), (2, 2), "{report}");
    assert!(report.mends.is_empty(), "what was dead is told: {report}");
    sql(ended.folder.path(), ORDERS, "DELETE FROM outbox").await;
    ended.mends(&orders.map(|order_no| (Repair::Refund, order_no, None))).await;
    audit(&ended.config).await;
}

/// The refund of a tombstone is the same.
#[tokio::test]
async fn refunds_of_packets_that_were_given_up() {
    let world = one_shard(|_| {}).await;
    let party = world.party(2).await;
    world.send(&party, Kind::Lucky, 500, 2).await;
    block_the_day(&world).await;
    poison(world.folder.path(), LEDGER, "transfers", "NEW.kind = 4").await;
    let order_no = pay_without_landing(&world, &party).await;
    world.clock.advance_s(2 * 60 * 60);
    until_dead(&world.app, 1).await;
    unblock_the_day(&world).await;
    let ended = Ended::of(world).await;
    antidote(ended.folder.path(), LEDGER).await;
    sql(ended.folder.path(), ORDERS, "DELETE FROM outbox").await;
    ended.mends(&[(Repair::Refund, order_no, None)]).await;
    audit(&ended.config).await;
}

/// A payment without packet, tombstone or row is made to land again.
#[tokio::test]
async fn landings() {
    let world = one_shard(|_| {}).await;
    let party = world.party(2).await;
    let (sender, landed) = (party.members[0], world.send(&party, Kind::Lucky, 500, 2).await);
    let table = format!("packets_{:02}", landed.day().get() + 1);
    poison(world.folder.path(), ORDERS, &table, "true").await;
    let packets = &world.app.packets;
    let request = request(&party, Kind::Lucky, 700, 2);
    let lost = packets.pre_order(sender, request).await.unwrap().order_no;
    packets.pay(sender, lost, PayRequest::default()).await.unwrap();
    let letters = until_dead(&world.app, 1).await;
    assert_eq!((letters[0].destination.as_str(), &letters[0].orders[..]), ("land", &[lost][..]));
    let ended = Ended::of(world).await;
    antidote(ended.folder.path(), ORDERS).await;
    sql(ended.folder.path(), LEDGER, "DELETE FROM outbox").await;
    for mode in [Mode::DryRun, Mode::Mend] {
        let report = ended.reconcile(mode).await;
        assert!(report.is_clean(), "{report}");
        let mends: Vec<_> = report.mends.iter().map(|one| (one.repair, one.order_no)).collect();
        assert_eq!(mends, [(Repair::Landing, lost)], "{report}");
    }
    // It is on its way; the next server brings it.
    let report = ended.reconcile(Mode::Mend).await;
    assert!(report.is_clean() && report.mends.is_empty(), "{report}");
    assert_eq!((report.on_the_way.count, report.on_the_way.fen), (1, 700));
    let Ended { config, clock, folder } = ended;
    let outside = Outside { clock: Arc::clone(&clock) as _, ..Default::default() };
    let app = Arc::new(start_on(config, outside).await.unwrap());
    let world = World { app, clock, folder };
    until("it lands", async || world.app.packets.details(sender, lost).await.is_ok()).await;
    world.end_and_audit().await;
}

/// Lines that never came, and lines that were there and counted: totals are right after.
#[tokio::test]
async fn lines_of_the_lists() {
    let world = one_shard(|_| {}).await;
    let party = world.party(4).await;
    let finished = world.send(&party, Kind::Lucky, 300, 3).await;
    all_open(&world, &party, finished).await;
    let open = world.send(&party, Kind::Lucky, 500, 5).await;
    all_open(&world, &party, open).await;
    let world = world.restart().await;
    let everything = async |world: &World| {
        let mut pages = Vec::new();
        for member in &party.members {
            let (lists, part) = (&world.app.lists, ListPart::default());
            pages.push(format!(
                "{:?}",
                lists.sent(*member, part, &*world.app.packets).await.unwrap()
            ));
            pages.push(format!(
                "{:?}",
                lists.received(*member, part, &world.app.accounts).await.unwrap()
            ));
        }
        pages
    };
    let before = everything(&world).await;
    let ended = Ended::of(world).await;
    let bits = finished.to_bits();
    for (plant, expected) in [
        // Never delivered: neither rows nor totals.
        (
            format!(
                "DELETE FROM received; DELETE FROM sent; DELETE FROM best_lucks;
                     DELETE FROM totals WHERE {bits} > 0"
            ),
            [
                vec![(Repair::Sent, finished, None)],
                (0..3).map(|seq| (Repair::Received, finished, Some(seq))).collect(),
                vec![(Repair::BestLuck, finished, None), (Repair::Sent, open, None)],
                (0..3).map(|seq| (Repair::Received, open, Some(seq))).collect(),
            ]
            .concat(),
        ),
        // Counted before: only the rows are gone.
        (format!("DELETE FROM sent WHERE order_no = {bits}"), vec![(Repair::Sent, finished, None)]),
        (
            format!("DELETE FROM received WHERE order_no = {bits} AND seq <> 1"),
            vec![(Repair::Received, finished, Some(0)), (Repair::Received, finished, Some(2))],
        ),
        ("DELETE FROM best_lucks".to_owned(), vec![(Repair::BestLuck, finished, None)]),
    ] {
        sql(ended.folder.path(), LISTS, &plant).await;
        ended.mends(&expected).await;
    }
    let Ended { config, clock, folder } = ended;
    let outside = Outside { clock: Arc::clone(&clock) as _, ..Default::default() };
    let app = Arc::new(start_on(config, outside).await.unwrap());
    let world = World { app, clock, folder };
    assert_eq!(everything(&world).await, before);
    world.end_and_audit().await;
}

/// A row that brings one line of a packet brings no other one, which is gone, as after a restore
/// of the lists (R-LIST-1, R-STORE-6).
#[tokio::test]
async fn a_line_beside_one_that_is_on_its_way() {
    let world = one_shard(|_| {}).await;
    let party = world.party(4).await;
    let order_no = world.send(&party, Kind::Lucky, 500, 4).await;
    world.open(party.members[1], order_no).await.unwrap();
    let world = world.restart().await;
    poison(world.folder.path(), LISTS, "received", "NEW.seq = 1").await;
    world.open(party.members[2], order_no).await.unwrap();
    until_dead(&world.app, 1).await;
    let ended = Ended::of(world).await;
    antidote(ended.folder.path(), LISTS).await;
    let gone = sql(ended.folder.path(), LISTS, "DELETE FROM received WHERE seq = 0").await;
    assert_eq!(gone, 1);
    let report = ended.reconcile(Mode::Mend).await;
    let mended: Vec<_> = report.mends.iter().map(|one| (one.repair, one.seq)).collect();
    assert_eq!(mended, [(Repair::Received, Some(0))], "{report}");

    let Ended { config, clock, folder } = ended;
    let outside = Outside { clock: Arc::clone(&clock) as _, ..Default::default() };
    let world = World { app: Arc::new(start_on(config, outside).await.unwrap()), clock, folder };
    world.app.letters.retry_all().await.unwrap();
    world.end_and_audit().await;
}
