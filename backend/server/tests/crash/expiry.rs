//! A thousand packets end at the same moment while people still open them, and the
//! server is killed in the middle (R-MONEY-4): each share goes to exactly one side.

use crate::{
    common::{
        person::{Answer, Person},
        server::TestServer,
    },
    now,
    stage::audit,
    traffic::call,
};
use futures::{StreamExt, stream};
use hongbao_shared::{OrderNo, Timestamp, api::packets::PacketState};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use std::{collections::BTreeMap, path::Path, time::Duration};

const PACKETS: usize = 1_000;
const SHARES: u32 = 4;
const TOTAL_FEN: u64 = 40;
/// Fewer than a packet has shares, so that something of each is left.
const OPENERS: usize = 3;
const SENDING_AT_ONCE: usize = 16;
/// From the start of the server to the moment at which all packets end.
const UNTIL_THE_END: Duration = Duration::from_secs(4);

/// Everything about one share that a client was told.
type Told = BTreeMap<(OrderNo, usize), u64>;

async fn send_all(sender: &Person, group: &str) -> Vec<OrderNo> {
    let sends = (0..PACKETS).map(|_| sender.send_packet(group, TOTAL_FEN, SHARES));
    stream::iter(sends).buffered(SENDING_AT_ONCE).collect().await
}

/// Sets the moment at which every packet ends, behind the server's back while it is
/// down: what lands one by one cannot be made to end in one millisecond otherwise.
async fn end_all_at(folder: &Path, at: Timestamp) {
    let mut changed = 0;
    for entry in std::fs::read_dir(folder.join("db")).unwrap() {
        let file = entry.unwrap().path();
        let name = file.file_name().unwrap().to_str().unwrap().to_owned();
        if !name.starts_with("orders-") || !name.ends_with(".sqlite") {
            continue;
        }
        let options = SqliteConnectOptions::new().filename(&file);
        let mut shard = SqliteConnection::connect_with(&options).await.unwrap();
        for day in 1..=31 {
            let end = format!("UPDATE packets_{day:02} SET expires_at = {}", at.millis());
            let done = sqlx::query(AssertSqlSafe(end)).execute(&mut shard).await.unwrap();
            changed += done.rows_affected();
        }
        shard.close().await.unwrap();
    }
    assert_eq!(usize::try_from(changed).unwrap(), PACKETS);
}

/// Opens packet after packet until all are over, or the server is gone; each person
/// begins somewhere else.
async fn open_all(n: usize, person: Person, orders: Vec<OrderNo>) -> (Told, bool) {
    let mut told = Told::new();
    let mut over = 0;
    for order_no in orders.iter().cycle().skip(n * orders.len() / OPENERS) {
        let path = format!("/packets/{order_no}");
        let Some((_, grabbed)) = call(&person, &format!("{path}/grab"), &json!({})).await else {
            return (told, false);
        };
        match grabbed["state"].as_str().unwrap() {
            "can_open" => {
                let ticket = json!({"ticket": grabbed["ticket"]});
                let opened = call(&person, &format!("{path}/open"), &ticket).await;
                let Some((status, opened)) = opened else { return (told, false) };
                if status.is_success() {
                    told.insert((*order_no, n), opened["amount_fen"].as_u64().unwrap());
                } else {
                    assert_eq!(opened["code"], "packet_expired");
                }
                over = 0;
            }
            "opened" | "expired" => over += 1,
            other => panic!("{other}"),
        }
        if over > orders.len() {
            break;
        }
    }
    (told, true)
}

fn at(people: &[Person], server: &TestServer) -> Vec<Person> {
    people.iter().map(|person| Person { url: server.url.clone(), ..person.clone() }).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_packets_end_at_once_across_kill_9() {
    let mut server = TestServer::spawn(&[
        ("HONGBAO_SITES_WEIGHTS", "S=50,N=50"),
        ("HONGBAO_FLOW_GRABS_PER_USER_PER_MINUTE", "0"),
    ]);
    let (group, people) = server.group_of(OPENERS + 1).await;
    people[0].top_up(1_000_000, "plenty").await;
    let orders = send_all(&people[0], &group).await;
    assert_eq!(server.terminate(), Some(0));
    let end = now().plus_seconds(i64::try_from(UNTIL_THE_END.as_secs()).unwrap());
    end_all_at(server.folder.path(), end).await;
    server.restart();
    let here = at(&people, &server);

    // People open while all packets end; in the middle of that, the server dies.
    let openers: Vec<_> = (0..OPENERS)
        .map(|n| tokio::spawn(open_all(n, here[n + 1].clone(), orders.clone())))
        .collect();
    until_some_have_ended(&here[0], &orders).await;
    server.kill();
    let mut told = Told::new();
    for opener in openers {
        told.extend(opener.await.unwrap().0);
    }
    server.restart();
    let here = at(&people, &server);
    let openers = (0..OPENERS).map(|n| open_all(n, here[n + 1].clone(), orders.clone()));
    for (more, to_the_end) in futures::future::join_all(openers).await {
        assert!(to_the_end);
        told.extend(more);
    }

    let (mut taken, mut returned) = (vec![0; OPENERS], 0);
    for order_no in &orders {
        let details = until_ended(&here[0], *order_no).await;
        assert_eq!(details["state"], "expired", "{order_no}");
        let claims = details["claims"].as_array().unwrap();
        let mut claimed = 0;
        for claim in claims {
            let amount = claim["amount_fen"].as_u64().unwrap();
            let n = (0..OPENERS).find(|n| claim["user"]["id"] == people[n + 1].id.as_str());
            let n = n.expect("only they open");
            if let Some(answered) = told.remove(&(*order_no, n)) {
                assert_eq!(answered, amount, "{order_no}");
            }
            taken[n] += amount;
            claimed += amount;
        }
        assert_eq!(details["refunded_fen"], TOTAL_FEN - claimed, "{order_no}");
        returned += TOTAL_FEN - claimed;
    }
    assert!(told.is_empty(), "what was answered is there: {told:?}");
    assert!(taken.iter().any(|fen| *fen > 0) && returned > 0);

    // A graceful end delivers everything; then every fen is where it should be, and the
    // sender was told once of each packet.
    assert_eq!(server.terminate(), Some(0));
    audit(&server, &["--at-rest"]);
    server.restart();
    let here = at(&people, &server);
    let spent = u64::try_from(PACKETS).unwrap() * TOTAL_FEN;
    assert_eq!(here[0].balance_fen().await, 1_000_000 - spent + returned);
    for (n, taken) in taken.into_iter().enumerate() {
        assert_eq!(here[n + 1].balance_fen().await, taken);
    }
    let mut lines = expired_lines(&here[0], &group).await;
    assert_eq!(lines.values().sum::<u64>(), returned);
    lines.retain(|order_no, _| !orders.iter().any(|sent| sent.to_string() == *order_no));
    assert!(lines.is_empty());
    assert!(expired_lines(&here[1], &group).await.is_empty(), "for the sender alone");
}

/// Waits until the first packets have ended.
async fn until_some_have_ended(person: &Person, orders: &[OrderNo]) {
    for order_no in orders.iter().cycle().take(100_000) {
        if person.details(*order_no).await.state == PacketState::Expired {
            return;
        }
    }
    panic!("nothing ends");
}

async fn until_ended(person: &Person, order_no: OrderNo) -> Value {
    for _ in 0..10_000 {
        let answer: Answer = person.get(&format!("/packets/{order_no}")).await;
        let details = answer.ok(200);
        if details["state"] != "open" {
            return details;
        }
        tokio::task::yield_now().await;
    }
    panic!("{order_no} does not end");
}

/// What each packet gave back, as somebody was told; each once.
async fn expired_lines(person: &Person, group: &str) -> BTreeMap<String, u64> {
    let mut lines = BTreeMap::new();
    let mut path = format!("/groups/{group}/messages");
    loop {
        let page = person.get(&path).await.ok(200);
        for message in page["items"].as_array().unwrap() {
            if message["type"] == "expired" {
                let order_no = message["order_no"].as_str().unwrap().to_owned();
                let refunded = message["refunded_fen"].as_u64().unwrap();
                assert_eq!(lines.insert(order_no, refunded), None, "told once");
            }
        }
        let Some(cursor) = page["next_cursor"].as_str() else { return lines };
        path = format!("/groups/{group}/messages?cursor={cursor}");
    }
}
