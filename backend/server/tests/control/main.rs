//! Switches and flow control over real HTTP (R-CTRL).

#![expect(clippy::unwrap_used, reason = "helpers of tests, which Clippy does not take for tests")]

#[path = "../common/mod.rs"]
mod common;

mod degraded;
mod floods;
mod flow;
mod stores;
mod switches;

use common::{
    person::{Answer, Person, send},
    server::TestServer,
};
use hongbao_shared::api::control::ControlState;
use reqwest::Method;
use serde_json::Value;

async fn administrator(server: &TestServer) -> Person {
    let admin = server.guest("administrator").await;
    server.app().accounts.grant_admin(&admin.id).await.unwrap();
    admin
}

async fn turn(admin: &Person, change: &Value) -> Answer {
    send(admin.request(Method::PUT, "/control").json(change)).await
}

/// What is degraded, as `name@place`.
async fn degraded(admin: &Person) -> Vec<String> {
    let state: ControlState = admin.get("/control").await.read();
    state.degraded.into_iter().map(|one| format!("{}@{}", one.name, one.place)).collect()
}

fn refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.refused(), (status, code.to_owned()), "{answer:?}");
}
