//! Browsers that are told of packets while no page of the app is open (R-WEB-8).

use crate::common::{
    ManualClock,
    person::{Person, send},
    push_service::{Browser, PushService, Pushed, done, node},
    server::TestServer,
};
use data_encoding::BASE64URL_NOPAD;
use reqwest::Method;
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};

struct Scene {
    server: TestServer,
    clock: Arc<ManualClock>,
    service: PushService,
    group: String,
    people: Vec<Person>,
}

impl Scene {
    /// A group of three, the first of whom has money.
    async fn new() -> Self {
        let clock = Arc::new(ManualClock::at("2026-02-16T12:00:00.000Z"));
        let service = PushService::start().await;
        let server = TestServer::start_with(Some(Arc::clone(&clock)), |config| {
            config.push.services = vec![service.url.parse().unwrap()];
            "mailto:ops@example.org".clone_into(&mut config.push.contact);
        })
        .await;
        let (group, people) = server.group_of(3).await;
        people[0].top_up(10_000, "money").await;
        Self { server, clock, service, group, people }
    }

    async fn told_at(&self, person: usize, path: &str) -> Browser {
        Browser::of(&self.people[person], &self.service, path).await
    }

    async fn send(&self) -> String {
        self.people[0].send_packet(&self.group, 888, 2).await.to_string()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_is_told_of_a_packet() {
    let scene = Scene::new().await;
    let public_key = scene.people[0].get("/push").await.ok(200)["public_key"].clone();
    let ann = scene.told_at(0, "/send/ann").await;
    let bob = scene.told_at(1, "/send/bob").await;
    let cec = scene.told_at(2, "/send/cec").await;
    let mute = json!({"muted": true});
    let path = format!("/groups/{}/mute", scene.group);
    done(scene.people[2].request(Method::PUT, &path).json(&mute)).await;
    let order_no = scene.send().await;
    let pushed = scene.service.count(1).await;
    assert_eq!(pushed[0].path, bob.path);
    let header = |name: &str| pushed[0].headers[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-encoding"), "aes128gcm");
    assert_eq!(header("content-type"), "application/octet-stream");
    assert_eq!((header("ttl"), header("urgency")), ("86400".to_owned(), "high".to_owned()));
    assert_eq!(header("topic"), order_no);
    let read = bob.read(&pushed[0]);
    assert_eq!(read["pusher"]["public_key"], public_key);
    assert_eq!(read["pusher"]["head"], json!({"typ": "JWT", "alg": "ES256"}));
    let claims = &read["pusher"]["claims"];
    assert_eq!(claims["aud"], scene.service.url);
    assert_eq!(claims["sub"], "mailto:ops@example.org");
    let until = claims["exp"].as_i64().unwrap();
    // 2026-02-17T00:00:00Z
    assert_eq!(until, 1_771_286_400);
    let message = &read["message"];
    assert_eq!(message["path"], format!("/g/{}", scene.group));
    assert_eq!(message["tag"], order_no);
    let said = message["body"].as_str().unwrap();
    assert!(said.ends_with(": [Red packet] Good fortune and great luck"), "{said}");
    assert!(!read["message"].to_string().contains("888"), "nothing of amounts");
    // Who speaks Chinese hears Chinese; nobody else was told anything meanwhile.
    let chinese = bob.subscription(&scene.service.url, "zh");
    let subscribe = scene.people[1].request(Method::PUT, "/session/push").json(&chinese);
    done(subscribe).await;
    scene.send().await;
    let pushed = scene.service.count(2).await;
    let said = bob.read(&pushed[1])["message"]["body"].clone();
    assert!(said.as_str().unwrap().ends_with("：[红包] 恭喜发财，大吉大利"), "{said}");
    assert!(pushed.iter().all(|one| one.path != ann.path && one.path != cec.path));
    scene.server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_told_again_where_its_service_is_away_and_no_more_where_it_is_gone() {
    let scene = Scene::new().await;
    let bob = scene.told_at(1, "/send/bob").await;
    scene.service.answer(&[503, 429]);
    scene.send().await;
    for times in 1..3 {
        scene.service.count(times).await;
        // Until it is written down that it waits, the clock that it waits by may move in vain.
        scene.clock.advance_s(10);
        while scene.service.posted().len() == times {
            scene.clock.advance_s(1);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    let pushed = scene.service.count(3).await;
    let messages: Vec<_> = pushed.iter().map(|one| bob.read(one)["message"].clone()).collect();
    assert!(messages.iter().all(|message| *message == messages[0]), "{messages:?}");
    // The push service has forgotten it: as soon as that is written down, it is asked no more.
    scene.service.answer(&[410]);
    scene.send().await;
    scene.service.count(4).await;
    let cec = scene.told_at(2, "/send/cec").await;
    let of = |browser: &Browser, pushed: &[Pushed]| {
        pushed.iter().filter(|one| one.path == browser.path).count()
    };
    let mut quiet = 0;
    for told in 1..=100 {
        let before = of(&bob, &scene.service.posted());
        scene.send().await;
        let another = |pushed: &[Pushed]| of(&cec, pushed) == told;
        let pushed = scene.service.until("another packet is told of", another).await;
        quiet = if of(&bob, &pushed) == before { quiet + 1 } else { 0 };
        if quiet == 2 {
            break;
        }
    }
    assert_eq!(quiet, 2, "it is asked again and again");
    scene.server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_signs_out_is_told_nothing_there() {
    let scene = Scene::new().await;
    scene.told_at(1, "/send/bob").await;
    let cec = scene.told_at(2, "/send/cec").await;
    done(scene.people[1].request(Method::DELETE, "/session")).await;
    scene.send().await;
    scene.service.count(1).await;
    done(scene.people[2].request(Method::DELETE, "/session/push")).await;
    scene.send().await;
    // One who is told after that.
    let dan = scene.server.guest("Dan").await;
    scene.people[0].bring(&scene.group, &dan).await;
    let dan = Browser::of(&dan, &scene.service, "/send/dan").await;
    scene.send().await;
    let pushed = scene.service.count(2).await;
    let paths: Vec<_> = pushed.iter().map(|one| one.path.as_str()).collect();
    assert_eq!(paths, [cec.path, dan.path]);
    scene.server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_subscription_is_refused() {
    let server = TestServer::start().await;
    let person = server.guest("Ann").await;
    let browser = Browser { keys: node(&["keys"]), path: "/send/ann".to_owned() };
    let good = browser.subscription("https://fcm.googleapis.com", "en");
    let with = |name: &str, value: Value| {
        let mut body = good.clone();
        body[name] = value;
        body
    };
    let (long, off) = ("x".repeat(1_024), BASE64URL_NOPAD.encode(&[4; 65]));
    for body in [
        with("endpoint", json!("")),
        with("endpoint", json!("http://fcm.googleapis.com/send/ann")),
        with("endpoint", json!("https://fcm.googleapis.com.example.org/send/ann")),
        with("endpoint", json!("https://fcm.googleapis.com:8443/send/ann")),
        with("endpoint", json!("https://ann@fcm.googleapis.com/send/ann")),
        with("endpoint", json!("https://.push.apple.com/send/ann")),
        with("endpoint", json!("https://127.0.0.1/send/ann")),
        with("endpoint", json!(format!("https://fcm.googleapis.com/{long}"))),
        with("public_key", json!("")),
        with("public_key", json!(off)),
        with("auth", json!("AAAA")),
        with("auth", json!("not base64")),
    ] {
        let refused = send(person.request(Method::PUT, "/session/push").json(&body)).await;
        assert_eq!(refused.refused(), (422, "push_invalid".to_owned()), "{body}");
    }
    let refused =
        send(person.request(Method::PUT, "/session/push").json(&with("language", json!("tlh"))));
    assert_eq!(refused.await.refused(), (400, "invalid_body".to_owned()));
    done(person.request(Method::PUT, "/session/push").json(&good)).await;
    server.shutdown().await;

    let server = TestServer::start_with(None, |config| config.push.enabled = false).await;
    let person = server.guest("Ann").await;
    assert_eq!(person.get("/push").await.ok(200), json!({}));
    let refused = send(person.request(Method::PUT, "/session/push").json(&good)).await;
    assert_eq!(refused.refused(), (422, "push_invalid".to_owned()));
    server.shutdown().await;
}
