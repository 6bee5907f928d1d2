//! The first commands of docs/API.md, as somebody types them (R-API-1).

use crate::common::server::TestServer;
use serde_json::Value;
use std::path::Path;
use tokio::process::Command;

/// How often it is run at most.
const TRIES_MAX: u32 = 5;

/// The commands between these fences of the document.
fn commands(document: &str) -> impl Iterator<Item = &str> {
    let blocks = document.split("```sh\n").skip(1);
    blocks.map(|block| block.split("```").next().unwrap_or_default())
}

/// What is answered, in its order.
async fn run(script: &str) -> Vec<Value> {
    let bash = Command::new("bash").args(["-euo", "pipefail", "-c", script]).output().await;
    let output = bash.unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{errors}");
    serde_json::Deserializer::from_str(&said).into_iter().map(Result::unwrap).collect()
}

#[tokio::test]
async fn it_works_as_it_stands() {
    let server = TestServer::start().await;
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/API.md");
    let document = std::fs::read_to_string(document).unwrap();
    // From nothing to an opened share, and then the same group twice under one key.
    let script: String = commands(&document).take(2).collect();
    assert!(script.contains("http://127.0.0.1:8080"), "{script}");
    let script = script.replace("http://127.0.0.1:8080", &server.url);
    let mut answers = run(&script).await;
    for _ in 1..TRIES_MAX {
        // On a machine that is busy it lands later, and there is nothing to grab yet.
        if answers.get(2).is_some_and(|paid| paid["state"] == "landing") {
            answers = run(&script).await;
        }
    }
    assert!(answers.iter().all(|answer| answer["code"].is_null()), "none is refused: {answers:?}");
    let [_joined, wallet, paid, opened, details, first, again] = &answers[..] else {
        panic!("{answers:?}");
    };
    assert!(wallet["balance_fen"].as_i64().unwrap() >= 10_000, "{wallet}");
    assert_eq!(paid["order_no"], details["order_no"]);
    assert_eq!(details["claims"][0]["amount_fen"], opened["amount_fen"]);
    assert_eq!(first, again, "one group");
}
