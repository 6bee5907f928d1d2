//! The demo group over real HTTP: members that use the same services as everyone (R-WEB-6).

use crate::common::{
    person::{Answer, Person},
    server::TestServer,
};
use hongbao_domain::store::ledger::{Account, AccountState};
use hongbao_shared::{
    Fen, OrderNo, UserId,
    api::{
        groups::{Group, Message, MessageBody},
        live,
    },
};
use reqwest::Method;
use serde_json::json;

/// The entries of a group's log as they come.
struct Entries {
    stream: reqwest::Response,
    text: String,
}

impl Entries {
    async fn of(person: &Person, group: &str) -> Self {
        let path = format!("/groups/{group}/events?after=0");
        let stream = person.request(Method::GET, &path).send().await.unwrap();
        assert_eq!(stream.status(), 200);
        Self { stream, text: String::new() }
    }

    /// The next entry for which `find` finds something. Ends with the request's timeout.
    async fn until<T>(&mut self, find: impl Fn(&Message) -> Option<T>) -> T {
        let event = format!("event: {}\n", live::MESSAGE);
        loop {
            while let Some(end) = self.text.find("\n\n") {
                let frame: String = self.text.drain(..end + 2).collect();
                let data = frame.lines().find_map(|line| line.strip_prefix("data: "));
                let is_message = frame.contains(&event);
                let message = data.filter(|_| is_message).map(serde_json::from_str);
                let found = message.and_then(|message| find(&message.unwrap()));
                if let Some(found) = found {
                    return found;
                }
            }
            let chunk = self.stream.chunk().await.unwrap().expect("the stream goes on");
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    async fn packet(&mut self) -> OrderNo {
        self.until(|message| match &message.body {
            MessageBody::Packet { packet } if message.user.is_demo => Some(packet.order_no),
            _ => None,
        })
        .await
    }
}

async fn enter(person: &Person, language: &str) -> Answer {
    person.post("/groups/demo", &json!({"language": language})).await
}

/// R-WEB-6: alone in a demo group, one is greeted, finds a packet with a share left, and
/// has one's own packet opened; all of it by members who are marked.
#[tokio::test]
async fn somebody_alone_is_entertained() {
    let server = TestServer::start().await;
    let ann = server.guest("Ann").await;
    let group: Group = enter(&ann, "en").await.read();
    assert!(group.is_demo);
    assert_eq!(group.members.iter().filter(|member| member.is_demo).count(), 5);
    let again: Group = enter(&ann, "zh").await.read();
    assert_eq!(again.id, group.id, "one each");
    let id = group.id.to_string();

    let mut entries = Entries::of(&ann, &id).await;
    let greeting = entries
        .until(|message| match &message.body {
            MessageBody::Text { text } if message.user.is_demo => Some(text.clone()),
            _ => None,
        })
        .await;
    assert!(greeting.contains("Ann"), "{greeting}");
    let first = entries.packet().await;
    let opened = ann.open(first).await;
    assert!(opened.amount_fen.get() >= 1);

    ann.top_up(10_000, "start").await;
    let mine = ann.send_packet(&id, 600, 2).await;
    let me: UserId = ann.id.parse().unwrap();
    let friend = entries
        .until(|message| match &message.body {
            MessageBody::Opened { order_no, sender, .. } if *order_no == mine => {
                assert_eq!(sender.id, me);
                Some(message.user.clone())
            }
            _ => None,
        })
        .await;
    assert!(friend.is_demo, "{friend:?}");
    entries
        .until(|message| match message.body {
            MessageBody::Finished { order_no, .. } if order_no == mine => Some(()),
            _ => None,
        })
        .await;
    drop(entries);
    server.shutdown().await;
}

/// R-API-4: demo members go on, whatever one person may send in a day, and pay no fee.
#[tokio::test]
async fn a_days_cap_does_not_hold_for_demo_members() {
    let server = TestServer::start_with(None, |config| {
        config.treasury.send_max_per_day_fen = Fen::ONE;
        config.treasury.fee_bp = 1_000;
    })
    .await;
    let ann = server.guest("Ann").await;
    let group: Group = enter(&ann, "en").await.read();
    let id = group.id.to_string();
    let mut entries = Entries::of(&ann, &id).await;
    entries.packet().await;
    drop(entries);
    let fees = server.app().ledger.store().account(Account::Fees).await.unwrap();
    assert_eq!(fees, AccountState::default());
    ann.top_up(1000, "k").await;
    let packet = json!({"group_id": id, "kind": "lucky", "total_fen": 2, "shares": 1});
    let order_no = ann.pre_order(&packet).await;
    let refused = ann.post(&format!("/packets/{order_no}/pay"), &json!({})).await.refused();
    assert_eq!(refused, (409, "send_cap_reached".to_owned()));
    server.shutdown().await;
}

/// R-WEB-6: one setting switches them off.
#[tokio::test]
async fn one_setting_switches_them_off() {
    let server = TestServer::start_with(None, |config| config.limits.demo = false).await;
    let ann = server.guest("Ann").await;
    assert_eq!(enter(&ann, "en").await.refused(), (403, "demo_off".to_owned()));
    assert_eq!(ann.get("/limits").await.ok(200)["demo"], false);
    assert_eq!(ann.get("/groups").await.ok(200), json!([]));
}

/// Each has their own, and nobody comes into another's but by invitation.
#[tokio::test]
async fn demo_groups_are_kept_apart() {
    let server = TestServer::start().await;
    let (ann, bob) = (server.guest("Ann").await, server.guest("Bob").await);
    let group: Group = enter(&ann, "zh").await.read();
    let other: Group = enter(&bob, "zh").await.read();
    assert_ne!(group.id, other.id);
    let cast = |group: &Group| {
        let members = group.members.iter().filter(|member| member.is_demo);
        members.map(|member| member.id).collect::<Vec<_>>()
    };
    assert_eq!(cast(&group), cast(&other), "the same friends everywhere");
    let (status, code) = bob.get(&format!("/groups/{}", group.id)).await.refused();
    assert_eq!((status, &*code), (404, "group_not_found"));
    assert_eq!(enter(&ann, "fr").await.refused().0, 400);
}
