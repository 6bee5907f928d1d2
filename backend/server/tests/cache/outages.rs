//! A Redis server is wiped, killed, stalled, restarted, demoted (R-CTRL-2, R-ORDER-2).

use crate::{
    laws::Marks,
    sample::{claims, now, order_no, packet, pre_order, user},
    tiers::{Watched, tier, two_nodes, watched},
};
use futures::future::join_all;
use hongbao_cache::RedisTier;
use hongbao_domain::cache::{Note, SendCache as _, SharedTier};
use hongbao_fleet::{Redis, RedisCluster};
use hongbao_shared::Site;
use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, Instant},
};

/// Two answers, and some for a machine that is busy.
const BOUND: Duration = Duration::from_millis(2_500);
const BACK_WITHIN: Duration = Duration::from_secs(5);

/// As the node's own look-out does, until the tier is back.
async fn until_back(tier: &Watched) {
    let patience = Instant::now() + BACK_WITHIN;
    loop {
        tier.look().await;
        if tier.board.list().is_empty() {
            return;
        }
        assert!(Instant::now() < patience, "{:?}", tier.board.list());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Every few numbers the server forgets everything; numbers go on, and none repeats.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_wiped_cache_repeats_no_number() {
    let server = Redis::start(&[]).unwrap();
    let nodes = two_nodes(&server);
    let marks = Arc::new(Marks::default());
    let tasks = (0..8).map(|task| {
        let (node, marks) = (Arc::clone(&nodes[task % 2]), Arc::clone(&marks));
        tokio::spawn(async move {
            let mut numbers = Vec::new();
            for _ in 0..100 {
                numbers.extend(marks.number(&*node, 10).await);
            }
            numbers
        })
    });
    let tasks: Vec<_> = tasks.collect();
    for _ in 0..50 {
        server.wipe().unwrap();
        tokio::task::yield_now().await;
    }
    let numbers: Vec<u64> = join_all(tasks).await.into_iter().flat_map(Result::unwrap).collect();
    assert_eq!(numbers.len(), 800);
    assert_eq!(numbers.iter().collect::<BTreeSet<_>>().len(), numbers.len());
}

/// R-SEND-1, R-SEND-4: a server that is full takes no pre-order and forgets none: what it has
/// taken is paid, although it counts as down.
#[tokio::test]
async fn a_full_cache_keeps_what_it_has_taken() {
    let server = Redis::start(&[("maxmemory-policy", "noeviction")]).unwrap();
    let tier = watched(&[server.url()]);
    tier.put_pre_order(&pre_order(order_no())).await.unwrap();
    let memory = server.command(&["INFO", "memory"]).unwrap();
    let used = memory.lines().find_map(|line| line.strip_prefix("used_memory:")).unwrap();
    let room = used.trim().parse::<u64>().unwrap() + (300 << 10);
    server.command(&["CONFIG", "SET", "maxmemory", &room.to_string()]).unwrap();
    let mut taken = Vec::new();
    let is_full = loop {
        let record = pre_order(order_no());
        match tier.put_pre_order(&record).await {
            Ok(()) => taken.push(record),
            Err(refused) if refused.to_string().contains("maxmemory") => break true,
            // A machine that is busy answers late.
            Err(_) => until_back(&tier).await,
        }
        if taken.len() > 10_000 {
            break false;
        }
    };
    assert!(is_full && taken.len() > 50, "{}", taken.len());
    assert!(!tier.board.list().is_empty(), "R-CTRL-4");
    for record in &taken {
        let patience = Instant::now() + BACK_WITHIN;
        let found = loop {
            match tier.pre_order(record.order_no, now()).await {
                Ok(found) => break found,
                // Late again.
                Err(error) => assert!(Instant::now() < patience, "{error}"),
            }
        };
        assert_eq!(found.as_ref(), Some(record));
    }
    server.command(&["CONFIG", "SET", "maxmemory", "0"]).unwrap();
    until_back(&tier).await;
    tier.put_pre_order(&pre_order(order_no())).await.unwrap();
}

/// What a server reads from its disk after a kill can be older than the last numbers that
/// it gave.
#[tokio::test]
async fn a_restart_from_an_old_file_repeats_no_number() {
    let server = Redis::start(&[]).unwrap();
    let tier = tier(&[server.url()]);
    let marks = Marks::default();
    let mut given = vec![marks.number(&tier, 1_000).await.unwrap()];
    server.command(&["SAVE"]).unwrap();
    for _ in 0..5 {
        given.push(marks.number(&tier, 1_000).await.unwrap());
    }
    server.kill().unwrap();
    server.run().unwrap();
    assert_eq!(server.command(&["DBSIZE"]).unwrap(), "1", "the old block came back");
    until_back_by_numbers(&tier, &marks, &mut given).await;
    for _ in 0..5 {
        given.push(marks.number(&tier, 1_000).await.unwrap());
    }
    assert_eq!(given.iter().collect::<BTreeSet<_>>().len(), given.len(), "{given:?}");
}

async fn until_back_by_numbers(tier: &RedisTier, marks: &Marks, given: &mut Vec<u64>) {
    let patience = Instant::now() + BACK_WITHIN;
    loop {
        if let Some(number) = marks.number(tier, 1_000).await {
            return given.push(number);
        }
        assert!(Instant::now() < patience);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A replica can lag behind the numbers that its primary gave, whoever is the primary next.
#[tokio::test]
async fn a_failover_repeats_no_number() {
    let server = Redis::start(&[]).unwrap();
    let tier = tier(&[server.url()]);
    tier.install_block(Site::S, 0, 1_000).await.unwrap();
    assert_eq!(tier.next_sequence(Site::S).await.unwrap(), Some(0));
    server.demote().unwrap();
    server.promote().unwrap();
    assert_eq!(tier.next_sequence(Site::S).await.unwrap(), None, "a fresh block is due");
}

/// After a kill and a restart everything goes on, and both are seen (R-CTRL-4).
#[tokio::test]
async fn a_killed_server_is_seen_and_used_again() {
    let server = Redis::start(&[]).unwrap();
    let tier = watched(&[server.url()]);
    let order_no = order_no();
    tier.put_packet(&packet(order_no, 1), &claims(0, 1)).await.unwrap();
    assert!(tier.board.list().is_empty());
    server.kill().unwrap();
    let begun = Instant::now();
    tier.packet(order_no).await.unwrap_err();
    assert!(begun.elapsed() < BOUND);
    let degraded = tier.board.list();
    assert_eq!(degraded.len(), 1);
    assert_eq!((degraded[0].name.as_str(), degraded[0].place.as_str()), ("shared_cache_down", "S"));
    assert_eq!(degraded[0].since, now());
    server.run().unwrap();
    until_back(&tier).await;
    assert_eq!(tier.packet(order_no).await.unwrap(), None, "it kept nothing");
    tier.put_packet(&packet(order_no, 1), &claims(0, 1)).await.unwrap();
    assert!(tier.packet(order_no).await.unwrap().is_some());
}

/// Connections stay open, nothing answers: nobody waits long, and a hundred who come later
/// do not wait at all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stalled_server_holds_nobody_up() {
    let server = Redis::start(&[]).unwrap();
    let tier = watched(&[server.url()]);
    let record = pre_order(order_no());
    tier.put_pre_order(&record).await.unwrap();
    server.pause().unwrap();
    let begun = Instant::now();
    let calls = (0..100).map(|_| tier.pre_order(record.order_no, now()));
    assert!(join_all(calls).await.iter().all(Result::is_err));
    assert!(begun.elapsed() < BOUND, "{:?}", begun.elapsed());
    let begun = Instant::now();
    for _ in 0..100 {
        tier.pre_order(record.order_no, now()).await.unwrap_err();
    }
    assert!(begun.elapsed() < BOUND, "{:?}", begun.elapsed());
    server.resume().unwrap();
    until_back(&tier).await;
    assert_eq!(tier.pre_order(record.order_no, now()).await.unwrap(), Some(record));
}

/// A demoted primary answers pings and reads. It is down all the same, and stays it until it
/// takes writes.
#[tokio::test]
async fn a_demoted_primary_is_down() {
    let server = Redis::start(&[]).unwrap();
    let tier = watched(&[server.url()]);
    let record = pre_order(order_no());
    tier.put_pre_order(&record).await.unwrap();
    server.demote().unwrap();
    tier.put_pre_order(&record).await.unwrap_err();
    for _ in 0..4 {
        tokio::time::sleep(Duration::from_millis(150)).await;
        tier.look().await;
        assert_eq!(tier.board.list().len(), 1);
    }
    server.promote().unwrap();
    until_back(&tier).await;
    tier.put_pre_order(&record).await.unwrap();
}

/// A value that another version wrote, or nobody, is a miss; and so is one of another kind,
/// which is no reason to believe that the server is down.
#[tokio::test]
async fn what_cannot_be_read_is_a_miss() {
    let server = Redis::start(&[]).unwrap();
    let tier = watched(&[server.url()]);
    let record = pre_order(order_no());
    let key = format!("hongbao:1:pre-order:{{{}}}", record.order_no);
    tier.put_pre_order(&record).await.unwrap();
    assert_eq!(server.command(&["EXISTS", &key]).unwrap(), "1");
    server.command(&["SET", &key, "{\"another\":\"form\"}"]).unwrap();
    assert_eq!(tier.pre_order(record.order_no, now()).await.unwrap(), None);
    server.command(&["DEL", &key]).unwrap();
    server.command(&["LPUSH", &key, "a list"]).unwrap();
    tier.pre_order(record.order_no, now()).await.unwrap_err();
    // In a pipeline, in a script, in what is counted with, and in what is read as a number.
    let row = format!("hongbao:1:packet:{{{}}}", record.order_no);
    server.command(&["LPUSH", &row, "a list"]).unwrap();
    tier.packet(record.order_no).await.unwrap_err();
    tier.install_block(Site::S, 0, 10).await.unwrap();
    server.command(&["HSET", "hongbao:1:numbers:S", "end", "later"]).unwrap();
    tier.next_sequence(Site::S).await.unwrap_err();
    let notes = format!("hongbao:1:notes:{{{}}}", user(7));
    server.command(&["HSET", &notes, "sent-era", "long ago"]).unwrap();
    tier.outdate_note(Site::S, Note::Sent, user(7)).await.unwrap_err();
    tier.note(Site::S, Note::Sent, user(7)).await.unwrap_err();
    assert_eq!(tier.board.list(), []);
    tier.put_pre_order(&pre_order(order_no())).await.unwrap();
}

/// Memory stays bounded: everything goes one day (but for the block).
#[tokio::test]
async fn everything_expires() {
    let server = Redis::start(&[]).unwrap();
    let tier = tier(&[server.url()]);
    let order_no = order_no();
    tier.put_pre_order(&pre_order(order_no)).await.unwrap();
    tier.put_packet(&packet(order_no, 1), &claims(0, 1)).await.unwrap();
    tier.put_dress(order_no, &hongbao_domain::store::people::Dress::default()).await.unwrap();
    let ttl = |what: &str| {
        let key = format!("hongbao:1:{what}:{{{order_no}}}");
        server.command(&["TTL", &key]).unwrap().parse::<i64>().unwrap()
    };
    assert!((1..=900).contains(&ttl("pre-order")));
    let days_4 = 4 * 86_400;
    assert!((days_4 - 60..=days_4).contains(&ttl("packet")));
    assert!((days_4 - 60..=days_4).contains(&ttl("dress")));
    // A pre-order is gone by itself, not only refused: nobody is left who asks.
    let short = hongbao_domain::record::PreOrderRecord {
        expires_at: now().plus_seconds(1),
        ..pre_order(order_no)
    };
    tier.put_pre_order(&short).await.unwrap();
    assert!(ttl("pre-order") <= 1);
}

/// A part of a cluster that is killed and comes back.
#[tokio::test]
async fn a_cluster_goes_on_after_a_part_of_it_was_gone() {
    let cluster = RedisCluster::start().unwrap();
    let tier = watched(&cluster.urls());
    let orders: Vec<_> = (0..12).map(|_| order_no()).collect();
    for order_no in &orders {
        tier.put_packet(&packet(*order_no, 0), &[]).await.unwrap();
    }
    cluster.nodes()[1].kill().unwrap();
    let begun = Instant::now();
    let mut failed = 0;
    for order_no in &orders {
        failed += u32::from(tier.packet(*order_no).await.is_err());
    }
    assert!(failed > 0, "a third of the slots is gone");
    assert!(begun.elapsed() < BOUND * 4, "{:?}", begun.elapsed());
    cluster.nodes()[1].run().unwrap();
    cluster.wait().unwrap();
    until_back(&tier).await;
    for order_no in &orders {
        tier.put_packet(&packet(*order_no, 0), &[]).await.unwrap();
        assert!(tier.packet(*order_no).await.unwrap().is_some());
    }
}
