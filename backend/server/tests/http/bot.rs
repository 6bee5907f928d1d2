//! The bot of docs/BOTS.md, against a real server, in a room of three (R-API-5).

use crate::common::server::TestServer;
use hongbao_domain::store::people::Scopes;
use hongbao_engine::services::ServiceDraft;
use hongbao_shared::api::services::Scope;
use std::{path::Path, process::Stdio, time::Duration};
use tokio::{io::AsyncWriteExt, process::Command};

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
ann: !wallet
bob: !wallet
: !wallet
\u{200b}: !wallet
李 四: !wallet
";

#[tokio::test]
async fn the_example_of_a_bot_works() {
    let server = TestServer::start().await;
    let draft = ServiceDraft {
        name: "bot".to_owned(),
        scopes: Scopes::of([Scope::Act, Scope::Grant]),
        calls_per_minute: 10_000,
        token_ttl: Duration::from_hours(1),
    };
    let token = server.app().services.add(draft).await.unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/bot.py");
    let lines = std::fs::read_to_string(&script).unwrap().lines().count();
    assert!(lines < 150, "{lines} lines are no small example");
    let mut bot = Command::new("python3")
        .arg("-B")
        .arg(script)
        .arg(&server.url)
        .env("HONGBAO_TOKEN", token)
        .env("PYTHONUTF8", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    bot.stdin.take().unwrap().write_all(SAID.as_bytes()).await.unwrap();
    let output = bot.wait_with_output().await.unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let told = String::from_utf8(output.stdout).unwrap();
    let told: Vec<_> = told.lines().collect();
    let [first, sends, ann, again, bob, late, poor, wrong, ann_has, bob_has, nobody, li] = told[..]
    else {
        panic!("{told:?}\n{errors}");
    };
    assert_eq!(first, "ann has ¥100.00");
    assert!(sends.starts_with("bob sends ¥8.88 in 2 shares: "), "{sends}");
    assert!(ann.starts_with("ann gets ¥"), "{ann}");
    assert_eq!(again, ann, "the same share");
    assert!(bob.starts_with("bob gets ¥"), "{bob}");
    assert_eq!(late, "cec is too late");
    assert!(poor.starts_with("cec: ") && poor.ends_with("(share_too_large)"), "{poor}");
    assert_eq!(wrong, "say: !hongbao 8.88 3 greeting");
    assert!(nobody.starts_with("\u{200b}: "), "{nobody}");
    assert_eq!(li, "李 四 has ¥100.00");
    assert!(ann_has.starts_with("ann has ¥1") && bob_has.starts_with("bob has ¥9"), "{told:?}");
}
