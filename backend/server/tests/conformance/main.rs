//! R-API-6: Schemathesis knows nothing of this project. It reads the OpenAPI document, makes
//! calls that it allows and calls that it forbids, and holds every answer against it.

#![expect(clippy::unwrap_used, reason = "helpers of tests, which Clippy does not take for tests")]

#[path = "../common/mod.rs"]
mod common;

use common::{person::send, server::TestServer};
use hongbao_fleet::{Fleet, Plan, Routing};
use serde_json::json;
use std::{
    path::Path,
    process::{Command, Output},
};

/// The variable that says how many inputs each call is tried with.
const EXAMPLES: &str = "HONGBAO_CONFORMANCE_EXAMPLES";
const EXAMPLES_DEFAULT: &str = "20";
/// What would end the session that all calls are made with, and streams, which do not end.
const LEFT_OUT: [&str; 6] = [
    "sign_out",
    "end_session",
    "end_other_sessions",
    "change_password",
    "stream_events",
    "stream_group_events",
];
const ADMINISTRATOR: &str = "examiner";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_sqlite() {
    let mut server = TestServer::spawn(&[("HONGBAO_LIMITS_GROUPS_PER_USER_MAX", "100000")]);
    let grant = |token: String| {
        let granted = server.subcommand(&["admin", "grant"]).arg(ADMINISTRATOR).output().unwrap();
        assert!(granted.status.success(), "{granted:?}");
        token
    };
    let token = grant(account(&server.url).await);
    examine(&server.url, &token).await;
    assert_eq!(server.terminate(), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgres_and_redis() {
    let settings = "[flow]\nper_person = false\n[limits]\ngroups_per_user_max = 100000\n";
    let plan = Plan {
        nodes: vec!['S'],
        shards: 2,
        routing: Routing::Sticky,
        settings: settings.to_owned(),
        ..Plan::default()
    };
    let binary = Path::new(env!("CARGO_BIN_EXE_hongbao"));
    let fleet = tokio::task::spawn_blocking(move || Fleet::start(binary, &plan)).await;
    let fleet = fleet.unwrap().unwrap();
    // The node itself: the proxy answers some methods on its own.
    let url = format!("http://127.0.0.1:{}", fleet.nodes[0].port());
    let token = account(&url).await;
    let mut admin = Command::new(binary);
    admin.args(["admin", "grant", ADMINISTRATOR, "--config"]).arg(fleet.config());
    let granted = admin.output().unwrap();
    assert!(granted.status.success(), "{granted:?}");
    examine(&url, &token).await;
}

/// A new account's token.
async fn account(url: &str) -> String {
    let body = json!({"name": ADMINISTRATOR, "password": "correct horse battery staple"});
    let request = reqwest::Client::new().post(format!("{url}/api/v1/accounts")).json(&body);
    send(request).await.ok(201)["token"].as_str().unwrap().to_owned()
}

/// Calls everything that the document describes, and says what was not as it says.
async fn examine(url: &str, token: &str) {
    let folder = tempfile::tempdir().unwrap();
    let rules = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/conformance/schemathesis.toml");
    let program = concat!(env!("CARGO_TARGET_TMPDIR"), "/../schemathesis/bin/schemathesis");
    assert!(Path::new(program).is_file(), "{program} is missing: `cargo xtask test` installs it");
    let examples = std::env::var(EXAMPLES).unwrap_or_else(|_| EXAMPLES_DEFAULT.to_owned());
    let mut command = Command::new(program);
    command
        .current_dir(folder.path())
        .args(["--config-file", rules, "run", "--url", url])
        .args(["--header", &format!("Authorization: Bearer {token}")])
        .args(["--max-examples", &examples, "--seed", "1", "--continue-on-failure"])
        .args(["--generation-database", "none", "--request-timeout", "30"])
        .args(LEFT_OUT.iter().flat_map(|call| ["--exclude-operation-id", call]))
        .arg(format!("{url}/api/v1/openapi.json"));
    let run = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let Output { status, stdout, stderr } = run;
    let (said, complained) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{said}\n{complained}");
}
