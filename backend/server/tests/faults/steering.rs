//! Switches and steering on three nodes (R-CTRL-3, R-SITE-2, R-SITE-3). How long a change
//! takes is printed; that it comes is asserted.

use crate::{BINARY, caller::Caller, end_and_audit, fleet};
use hongbao_fleet::{Fault, Fleet, Plan};
use reqwest::Method;
use serde_json::{Value, json};
use std::{
    process::Command,
    time::{Duration, Instant},
};

const ROUNDS: usize = 5;
/// Far more than anything here may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A node's own address: nginx would choose one.
fn nodes(fleet: &Fleet) -> Vec<Caller> {
    let url = |node: &hongbao_fleet::Node| format!("http://127.0.0.1:{}", node.port());
    fleet.nodes.iter().map(|node| Caller::at(url(node))).collect()
}

/// The site that a new packet goes to, by way of this node.
async fn site_of_new(node: &Caller, token: &str, group: &str) -> char {
    let body = json!({"group_id": group, "kind": "lucky", "total_fen": 10, "shares": 1});
    let order = node.post(token, "/packets", &body).await;
    order["order_no"].as_str().and_then(|order_no| order_no.chars().next()).unwrap()
}

/// Turns the weights at the first node again and again; new packets follow on every node.
async fn weights(nodes: &[Caller], token: &str, group: &str, name: &str) {
    let mut slowest = Duration::ZERO;
    for round in 0..ROUNDS {
        let expected = if round % 2 == 0 { 'N' } else { 'S' };
        turn(nodes, token, &json!({"site_weights": {expected.to_string(): 100}})).await;
        let turned = Instant::now();
        let follow = nodes.iter().map(async |node| {
            // Asking for switches would make the node look them up, so packets are sent.
            while site_of_new(node, token, group).await != expected {
                assert!(turned.elapsed() < PATIENCE, "{name}: not in force");
            }
            turned.elapsed()
        });
        let took = futures::future::join_all(follow).await;
        slowest = slowest.max(took.into_iter().max().unwrap());
    }
    println!("{name}: {ROUNDS} changes of weights, on all nodes after {slowest:?} at most");
}

async fn turn(nodes: &[Caller], token: &str, change: &Value) {
    nodes[0].call(Method::PUT, token, "/control", change).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn switches_and_steering_reach_all_nodes() {
    let fleet = fleet(Plan::default()).await;
    let caller = Caller::at(fleet.url());
    let account = json!({"name": "administrator", "password": "not a secret"});
    caller.post("", "/accounts", &account).await;
    let grant = Command::new(BINARY)
        .args(["admin", "grant", "administrator", "--config"])
        .arg(fleet.config())
        .output()
        .unwrap();
    assert!(grant.status.success(), "{grant:?}");
    // Nodes remember for a while what a session may do; this one begins after the grant.
    let session = caller.post("", "/session", &account).await;
    let token = session["token"].as_str().unwrap().to_owned();
    let group = caller.group(&token).await;
    caller.post(&token, "/wallet/top-ups", &json!({"amount_fen": 1_000, "key": "all"})).await;
    let nodes = nodes(&fleet);
    weights(&nodes, &token, &group, "all is well").await;
    for site in &fleet.sites {
        site.cache.set(Fault::Refuse);
    }
    weights(&nodes, &token, &group, "without Redis").await;
    for site in &fleet.sites {
        site.cache.set(Fault::None);
    }

    // Half of all to each site, and one of them loses its databases.
    turn(&nodes, &token, &json!({"site_weights": {"S": 50, "N": 50}})).await;
    for database in &fleet.sites[1].databases {
        database.proxy.set(Fault::Refuse);
    }
    let lost = Instant::now();
    let mut since = lost;
    let mut in_a_row = 0;
    while in_a_row < 20 {
        assert!(lost.elapsed() < PATIENCE, "new packets still go to the site that is gone");
        if site_of_new(&caller, &token, &group).await == 'S' {
            in_a_row += 1;
        } else {
            (in_a_row, since) = (0, Instant::now());
        }
    }
    println!("a site is gone: every new packet on the other after {:?}", since - lost);
    let body = json!({"group_id": group, "kind": "lucky", "total_fen": 10, "shares": 1});
    let order = caller.post(&token, "/packets", &body).await;
    let order_no = order["order_no"].as_str().unwrap();
    caller.post(&token, &format!("/packets/{order_no}/pay"), &json!({})).await;
    let grabbed = caller.post(&token, &format!("/packets/{order_no}/grab"), &json!({})).await;
    let opened = json!({"ticket": grabbed["ticket"]});
    caller.post(&token, &format!("/packets/{order_no}/open"), &opened).await;
    for database in &fleet.sites[1].databases {
        database.proxy.set(Fault::None);
    }
    tokio::task::spawn_blocking(|| end_and_audit(fleet)).await.unwrap();
}
