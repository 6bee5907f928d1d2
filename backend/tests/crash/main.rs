//! `kill -9` at any moment loses no answered open and no payment (R-OPEN-2,
//! R-SEND-2); after a restart every claim is credited and the audit is clean
//! (R-MONEY-3, R-MONEY-5).

#![expect(clippy::unwrap_used, reason = "helpers of tests, which Clippy does not take for tests")]
#![expect(clippy::print_stdout, reason = "the seed, for whoever repeats a failure")]

#[path = "../common/mod.rs"]
mod common;
mod expiry;

use common::server::{Person, TestServer, send};
use hongbao_shared::OrderNo;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    process::Command,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::sync::Notify;

const MEMBERS: usize = 10;
const KILLS: u64 = 6;
const SENDERS: usize = 3;

/// What clients were told; the server must stand by all of it.
#[derive(Debug, Default)]
struct Told {
    paid: Mutex<Vec<OrderNo>>,
    opened: Mutex<BTreeMap<(OrderNo, String), Value>>,
    answers: AtomicUsize,
    /// Kill when so many answers have been given.
    kill_at: AtomicUsize,
    enough: Notify,
}

impl Told {
    fn answered(&self) {
        let answers = self.answers.fetch_add(1, Ordering::SeqCst) + 1;
        if answers >= self.kill_at.load(Ordering::SeqCst) {
            self.enough.notify_one();
        }
    }
}

/// Uneven steps that are the same in every run.
fn steps(seed: u64) -> impl Iterator<Item = usize> {
    (1..).map(move |step: u64| {
        let mixed = (seed + step).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        40 + usize::try_from((mixed >> 33) % 160).unwrap()
    })
}

/// One call that may be cut off at any moment; `None` if it was.
async fn call(person: &Person, path: &str, body: &Value) -> Option<(StatusCode, Value)> {
    let request = person.request(Method::POST, path).json(body);
    let response = request.send().await.ok()?;
    let status = response.status();
    Some((status, response.json().await.ok()?))
}

/// Sends packets and has everybody open them, until the server is gone.
async fn traffic(told: Arc<Told>, group: String, people: Vec<Person>) {
    loop {
        let order = json!({"group_id": group, "kind": "lucky", "total_fen": 1_000, "shares": 8});
        let Some((_, order)) = call(&people[0], "/packets", &order).await else { return };
        let order_no: OrderNo = order["order_no"].as_str().unwrap().parse().unwrap();
        let paid = call(&people[0], &format!("/packets/{order_no}/pay"), &json!({})).await;
        let Some((status, _)) = paid else { return };
        assert!(status.is_success(), "{status}");
        told.paid.lock().unwrap().push(order_no);
        told.answered();
        let opens = people.iter().map(|person| open(&told, order_no, person));
        if futures::future::join_all(opens).await.contains(&None) {
            return;
        }
    }
}

async fn open(told: &Told, order_no: OrderNo, person: &Person) -> Option<()> {
    let (_, grabbed) = call(person, &format!("/packets/{order_no}/grab"), &json!({})).await?;
    let Some(ticket) = grabbed["ticket"].as_str() else { return Some(()) };
    let ticket = json!({"ticket": ticket});
    let (status, opened) = call(person, &format!("/packets/{order_no}/open"), &ticket).await?;
    if status.is_success() {
        told.opened.lock().unwrap().insert((order_no, person.id.clone()), opened);
        told.answered();
    } else {
        assert_eq!(opened["code"], "packet_finished");
    }
    Some(())
}

/// Asks until the packet has landed; landing goes on by itself.
async fn until_landed(person: &Person, order_no: OrderNo) {
    for _ in 0..10_000 {
        let answer = person.get(&format!("/packets/{order_no}")).await;
        if answer.status == StatusCode::OK {
            return;
        }
        assert_eq!(answer.refused().1, "packet_not_found");
        tokio::task::yield_now().await;
    }
    panic!("{order_no} was paid and never lands");
}

async fn check(told: &Told, people: &[Person]) {
    let paid = told.paid.lock().unwrap().clone();
    for order_no in paid {
        until_landed(&people[0], order_no).await;
    }
    let opened = told.opened.lock().unwrap().clone();
    for ((order_no, user), opened) in opened {
        let person = people.iter().find(|person| person.id == user).unwrap();
        let grabbed = person.grab(order_no).await;
        assert_eq!(grabbed["state"], "opened", "{order_no} {user}");
        assert_eq!(grabbed["amount_fen"], opened["amount_fen"], "{order_no} {user}");
    }
}

/// Every law holds of what a server that has ended left on disk.
fn audit_at_rest(server: &TestServer) {
    let audit = Command::new(env!("CARGO_BIN_EXE_hongbao"))
        .args(["audit", "--at-rest", "--data"])
        .arg(server.folder.path())
        .output()
        .unwrap();
    let report = String::from_utf8_lossy(&audit.stdout);
    assert!(audit.status.success(), "{report}{}", String::from_utf8_lossy(&audit.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_9_loses_nothing_that_was_answered() {
    let seed = 20_160_207;
    println!("seed {seed}");
    let mut server = TestServer::spawn(&[("HONGBAO_SITES_WEIGHTS", "S=50,N=50")]);
    let (group, people) = server.group_of(MEMBERS).await;
    for n in 0..50 {
        people[0].top_up(1_000_000, &format!("plenty-{n}")).await;
    }
    let told = Arc::new(Told::default());
    let mut here = people.clone();
    for step in steps(seed).take(usize::try_from(KILLS).unwrap()) {
        told.kill_at.store(told.answers.load(Ordering::SeqCst) + step, Ordering::SeqCst);
        let clients: Vec<_> = (0..SENDERS)
            .map(|_| tokio::spawn(traffic(Arc::clone(&told), group.clone(), here.clone())))
            .collect();
        told.enough.notified().await;
        server.kill();
        for client in clients {
            client.await.unwrap();
        }
        server.restart();
        here = people
            .iter()
            .map(|person| Person { url: server.url.clone(), ..person.clone() })
            .collect();
        check(&told, &here).await;
    }

    // A graceful end drains lanes and outboxes; then every law holds at rest.
    assert_eq!(server.terminate(), Some(0));
    audit_at_rest(&server);

    // What everyone has adds up to what they opened.
    server.restart();
    let request = server.request(Method::GET, "/readyz");
    assert_eq!(send(request).await.status, StatusCode::OK);
    let opened = told.opened.lock().unwrap().clone();
    for person in &people[1..] {
        let here = Person { url: server.url.clone(), ..person.clone() };
        let known: u64 = opened
            .iter()
            .filter(|((_, user), _)| *user == person.id)
            .map(|(_, opened)| opened["amount_fen"].as_u64().unwrap())
            .sum();
        // Opens whose answer the kill cut off were credited as well.
        assert!(here.balance_fen().await >= known);
    }
}
