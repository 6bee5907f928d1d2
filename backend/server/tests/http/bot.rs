//! The bot of docs/BOTS.md, against a real server, in a room of three (R-API-5).

use crate::common::{ManualClock, server::TestServer};
use hongbao_domain::store::people::Scopes;
use hongbao_engine::services::ServiceDraft;
use hongbao_shared::{Fen, api::services::Scope};
use std::{
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::Duration,
};
use tokio::{io::AsyncWriteExt, net::TcpListener, process::Command};

const SAID: &str = "\
ann: !wallet
ann: hello
bob: !hongbao 8.88 2 恭喜发财
ann: !open
ann: !open
bob: !open
cec: !open
cec: !hongbao 1000 1
ann: !hongbao many 3
ann: !hongbao -0.50 1
ann: !hongbao 5.999 1
ann: !hongbao 1_0 1
ann: !hongbao 5 1_0
ann: !hongbao 5
ann: !hongbao
ann: !wallet
bob: !wallet
: !wallet
\u{200b}: !wallet
李 四: !wallet
";

/// What the bot says to the chat, what it says to whoever started it, and how it ended.
async fn run(arguments: &[&str], token: &str, said: &str) -> (String, String, Option<i32>) {
    let mut bot = Command::new("python3")
        .arg("-B")
        .arg(script())
        .args(arguments)
        .env("HONGBAO_TOKEN", token)
        .env("PYTHONUTF8", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    // A bot that does not start hears nothing, and may be gone by now.
    let _ = bot.stdin.take().unwrap().write_all(said.as_bytes()).await;
    let output = bot.wait_with_output().await.unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    (String::from_utf8(output.stdout).unwrap(), errors, output.status.code())
}

fn script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/bot.py")
}

async fn token(server: &TestServer) -> String {
    let draft = ServiceDraft {
        name: "bot".to_owned(),
        scopes: Scopes::of([Scope::Act, Scope::Grant]),
        calls_per_minute: 10_000,
        token_ttl: Duration::from_hours(1),
    };
    server.app().services.add(draft).await.unwrap()
}

#[tokio::test]
async fn the_example_of_a_bot_works() {
    let server = TestServer::start().await;
    let token = token(&server).await;
    let lines = std::fs::read_to_string(script()).unwrap().lines().count();
    assert!(lines < 150, "{lines} lines are no small example");
    let (told, errors, status) = run(&[server.url.as_str()], &token, SAID).await;
    assert_eq!(status, Some(0), "{errors}");
    let (usages, told): (Vec<_>, Vec<_>) =
        told.lines().partition(|line| *line == "say: !hongbao 8.88 3 greeting");
    assert_eq!(usages.len(), 7, "no amount is guessed at (R-SPLIT-1): {told:?}");
    let [first, sends, ann, again, bob, late, poor, ann_has, bob_has, nobody, li] = told[..] else {
        panic!("{told:?}\n{errors}");
    };
    assert_eq!(first, "ann has ¥100.00");
    assert!(sends.starts_with("bob sends ¥8.88 in 2 shares: "), "{sends}");
    assert!(ann.starts_with("ann gets ¥"), "{ann}");
    assert_eq!(again, ann, "the same share");
    assert!(bob.starts_with("bob gets ¥"), "{bob}");
    assert_eq!(late, "cec is too late");
    assert!(poor.starts_with("cec: ") && poor.ends_with("(share_too_large)"), "{poor}");
    assert!(nobody.starts_with("\u{200b}: "), "{nobody}");
    assert_eq!(li, "李 四 has ¥100.00");
    assert!(ann_has.starts_with("ann has ¥1") && bob_has.starts_with("bob has ¥9"), "{told:?}");
}

/// R-API-4: who may receive nothing more until midnight is told so at once. On a clock that stands, a
/// third grab would be one too many, and be refused as that.
#[tokio::test]
async fn a_bot_does_not_wait_for_the_next_day() {
    let clock = Arc::new(ManualClock::at("2026-02-16T04:00:00.000Z"));
    let server = TestServer::start_with(Some(clock), |config| {
        config.treasury.receive_max_per_day_fen = Fen::ONE;
        config.flow.per_person = true;
        config.flow.grabs_per_user_per_minute = 2;
    })
    .await;
    let said = "ann: !hongbao 1.00 1\nbob: !open\nann: !hongbao 1.00 1\nbob: !open\n";
    let (told, errors, status) = run(&[server.url.as_str()], &token(&server).await, said).await;
    assert_eq!(status, Some(0), "{errors}");
    let told: Vec<_> = told.lines().collect();
    let [_, got, _, refused] = told[..] else { panic!("{told:?}") };
    assert_eq!(got, "bob gets ¥1.00");
    assert!(refused.ends_with("(receive_cap_reached)"), "{refused}");
}

/// Whoever starts it is told in one sentence; the chat hears nothing of it.
#[tokio::test]
async fn a_bot_that_cannot_start_says_why() {
    let server = TestServer::start().await;
    let nobody_listens = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let cases: [(&[&str], i32, &str); 3] = [
        (&[], 2, "usage: "),
        (&[server.url.as_str()], 1, "(unauthenticated)"),
        (&[nobody_listens.as_str()], 1, "(no_answer)"),
    ];
    for (arguments, status, why) in cases {
        let (told, errors, ended) = run(arguments, "hbs_none", "ann: hello\n").await;
        assert_eq!((told.as_str(), ended), ("", Some(status)), "{errors}");
        assert!(errors.contains(why) && errors.lines().count() == 1, "{errors}");
    }
}
