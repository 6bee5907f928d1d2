//! One packet, a crowd, three nodes that all serve it (R-OPEN-3).

use crate::{each::lost_races, end_and_audit, fleet};
use futures::stream::{self, StreamExt};
use hongbao_fleet::{Plan, Routing};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

const PEOPLE: usize = 500;
const AT_ONCE: usize = 64;
const TOTAL_FEN: u64 = 100_000;

const SETTINGS: &str = "[limits]
max_shares = 10000
max_total_fen = 10000000
group_members_max = 20000
";

struct Caller {
    client: Client,
    url: String,
}

impl Caller {
    /// Until it is answered: refusals say when to come back.
    async fn call(&self, method: Method, token: &str, path: &str, body: &Value) -> Value {
        for _ in 0..200 {
            let url = format!("{}/api/v1{path}", self.url);
            let request = self.client.request(method.clone(), url).bearer_auth(token).json(body);
            // nginx that takes another configuration closes connections.
            let Ok(response) = request.send().await else { continue };
            let status = response.status().as_u16();
            let answer: Value = response.json().await.unwrap();
            match status {
                200..=299 => return answer,
                429 | 503 => tokio::time::sleep(Duration::from_millis(50)).await,
                _ => panic!("{path}: {status} {answer}"),
            }
        }
        panic!("{path} is not answered");
    }

    async fn post(&self, token: &str, path: &str, body: &Value) -> Value {
        self.call(Method::POST, token, path, body).await
    }

    async fn guest(&self, number: usize) -> String {
        let body = json!({"name": format!("guest {number}")});
        let guest = self.post("", "/session/guest", &body).await;
        guest["token"].as_str().unwrap().to_owned()
    }

    /// Everyone opens one packet; exact to the share and to the fen. Gives how long the
    /// opens took.
    async fn storm(&self, group: &str, people: &[String]) -> Duration {
        let sender = &people[0];
        let order = json!({"group_id": group, "kind": "lucky", "total_fen": TOTAL_FEN,
                           "shares": PEOPLE});
        let order = self.post(sender, "/packets", &order).await;
        let path = format!("/packets/{}", order["order_no"].as_str().unwrap());
        self.post(sender, &format!("{path}/pay"), &json!({})).await;
        let path = &path;
        let tickets = stream::iter(people).map(async |token| {
            let grabbed = self.post(token, &format!("{path}/grab"), &json!({})).await;
            let ticket = grabbed["ticket"].as_str().unwrap_or_else(|| panic!("{grabbed}"));
            (token, json!({"ticket": ticket}))
        });
        let tickets: Vec<_> = tickets.buffer_unordered(AT_ONCE).collect().await;
        let began = Instant::now();
        let opens = stream::iter(&tickets).map(async |(token, ticket)| {
            let opened = self.post(token, &format!("{path}/open"), ticket).await;
            (opened["seq"].as_u64().unwrap(), opened["amount_fen"].as_u64().unwrap())
        });
        // In the order of the tickets.
        let opens: Vec<_> = opens.buffered(AT_ONCE).collect().await;
        let took = began.elapsed();
        let by_seq: BTreeMap<u64, u64> = opens.iter().copied().collect();
        assert_eq!(by_seq.len(), PEOPLE, "every share went to one person");
        assert_eq!(by_seq.values().sum::<u64>(), TOTAL_FEN);
        // Repeated, wherever it goes, each has the same share.
        let again = stream::iter(tickets.iter().zip(&opens).take(50)).map(
            async |((token, ticket), (seq, amount_fen))| {
                let opened = self.post(token, &format!("{path}/open"), ticket).await;
                assert_eq!(
                    (&opened["seq"], &opened["amount_fen"]),
                    (&json!(seq), &json!(amount_fen))
                );
            },
        );
        again.buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
        took
    }
}

/// Every open to a random node: exact. With stickiness no open meets a lost race.
#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_opens_one_packet_on_all_nodes() {
    let settings = SETTINGS.to_owned();
    let fleet = fleet(Plan { settings, ..Plan::default() }).await;
    let client = Client::builder().timeout(Duration::from_mins(1)).build().unwrap();
    let caller = Caller { client, url: fleet.url() };
    let guests = stream::iter(0..PEOPLE).map(|number| caller.guest(number));
    let people: Vec<String> = guests.buffer_unordered(AT_ONCE).collect().await;
    let group = caller.post(&people[0], "/groups", &json!({"name": "crowd"})).await;
    let group = group["id"].as_str().unwrap().to_owned();
    let path = format!("/groups/{group}/invitations");
    let invitation = caller.post(&people[0], &path, &json!({})).await;
    let code = json!({"code": invitation["code"]});
    let joins = stream::iter(&people[1..]).map(|token| caller.post(token, "/groups/join", &code));
    assert_eq!(joins.buffer_unordered(AT_ONCE).count().await, PEOPLE - 1);
    let top_up = json!({"amount_fen": 2 * TOTAL_FEN, "key": "all"});
    caller.post(&people[0], "/wallet/top-ups", &top_up).await;

    let sticky = caller.storm(&group, &people).await;
    assert_eq!(lost_races(&fleet).await, 0, "one node, one lane");
    fleet.nginx.route(&fleet.nodes, Routing::Random).unwrap();
    let random = caller.storm(&group, &people).await;
    let races = lost_races(&fleet).await;
    println!(
        "{PEOPLE} opens of one packet: {sticky:?} sticky, {random:?} at random ({races} lost races)"
    );
    tokio::task::spawn_blocking(|| end_and_audit(fleet)).await.unwrap();
}
