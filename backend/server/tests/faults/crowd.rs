//! One packet, a crowd, three nodes that all serve it (R-OPEN-3).

use crate::{caller::Caller, each::lost_races, end_and_audit, fleet};
use data_encoding::BASE64URL_NOPAD;
use futures::stream::{self, StreamExt};
use hongbao_fleet::{Fleet, Plan, Routing};
use serde_json::json;
use sha2::{Digest, Sha256};
use sqlx::Connection;
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

const PEOPLE: usize = 10_000;
const AT_ONCE: usize = 128;
const TOTAL_FEN: u64 = 1_000_000;
const UNTIL_2100_MS: i64 = 4_102_444_800_000;

const SETTINGS: &str = "[limits]
max_shares = 10000
max_total_fen = 10000000
max_top_up_fen = 10000000
group_members_max = 20000
ticket_ttl_s = 600
";

impl Caller {
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

/// Guests in this group, each with a session; gives their tokens. They go into the database
/// directly: joining answers with all members, so that a group of thousands takes minutes.
async fn seed(fleet: &Fleet, group: &str, count: usize) -> Vec<String> {
    let mut tokens = Vec::with_capacity(count);
    let (mut ids, mut hashes): (Vec<i64>, Vec<Vec<u8>>) = (Vec::new(), Vec::new());
    for number in 0..count {
        let secret: [u8; 32] = Sha256::digest(number.to_string()).into();
        tokens.push(BASE64URL_NOPAD.encode(&secret));
        hashes.push(Sha256::digest(secret).to_vec());
        ids.push(i64::try_from(number).unwrap() + 1);
    }
    let url = fleet.ledger.server.url();
    let mut people = sqlx::PgConnection::connect(&url).await.unwrap();
    let group: i64 = group.parse().unwrap();
    sqlx::query(
        "WITH new AS (SELECT * FROM unnest($2::bigint[], $3::bytea[]) AS new (id, token_hash)),
         guests AS (
             INSERT INTO hongbao_people.users (id, name, avatar, group_count, created_at)
             SELECT id, 'Guest', 'a00', 1, 0 FROM new),
         grown AS (
             UPDATE hongbao_people.chat_groups
             SET member_count = member_count + $4, last_place = last_place + $4
             WHERE id = $1),
         signed_in AS (
             INSERT INTO hongbao_people.sessions
                 (token_hash, user_id, created_at, seen_at, expires_at)
             SELECT token_hash, id, 0, 0, $5 FROM new)
         INSERT INTO hongbao_people.members (group_id, user_id, place, role, joined_at)
         SELECT $1, id, id + 1, 0, 0 FROM new",
    )
    .bind(group)
    .bind(&ids)
    .bind(&hashes)
    .bind(i64::try_from(count).unwrap())
    .bind(UNTIL_2100_MS)
    .execute(&mut people)
    .await
    .unwrap();
    tokens
}

/// Ten thousand shares, every open to a random node: exact. With stickiness no open meets
/// a lost race (R-OPEN-3).
#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_opens_one_packet_on_all_nodes() {
    let settings = SETTINGS.to_owned();
    let fleet = fleet(Plan { settings, ..Plan::default() }).await;
    let caller = Caller::at(fleet.url());
    let sender = caller.guest("sender").await;
    let group = caller.group(&sender).await;
    let mut people = seed(&fleet, &group, PEOPLE - 1).await;
    people.insert(0, sender);
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
