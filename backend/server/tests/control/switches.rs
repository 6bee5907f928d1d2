//! Every switch, who turned it, and that it stays turned (R-CTRL-3).

use crate::{
    administrator,
    common::{person::send, server::TestServer},
    refused, turn,
};
use hongbao_shared::api::{
    control::{ControlState, CreditMode, Switches},
    history::{History, HistoryWindow},
};
use reqwest::Method;
use serde_json::json;
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};

/// Only administrators see or turn switches.
#[tokio::test]
async fn switches_are_for_administrators() {
    let server = TestServer::start().await;
    let stranger = server.guest("stranger").await;
    for method in [Method::GET, Method::PUT] {
        let asked = stranger.request(method.clone(), "/control").json(&json!({}));
        refused(&send(asked).await, 403, "forbidden");
        let nobody = server.request(method, "/api/v1/control").json(&json!({}));
        refused(&send(nobody).await, 401, "unauthenticated");
    }
}

/// Each change is recorded with who, when, from and to; what is not named stays; nothing
/// changed is no change; and all of it survives a restart.
#[tokio::test]
async fn changes_are_recorded_and_survive() {
    let server = TestServer::start().await;
    let admin = administrator(&server).await;
    let state: ControlState = admin.get("/control").await.read();
    assert_eq!((state.version, state.turned_by.len(), state.changes.len()), (0, 0, 0));
    assert!(state.switches.packets_on && state.degraded.is_empty());

    let change = json!({"packets_on": false, "credit_mode": "deferred", "lookups_max": 4});
    let after: ControlState = turn(&admin, &change).await.read();
    assert_eq!(after.version, 1);
    let expected =
        Switches { packets_on: false, credit_mode: CreditMode::Deferred, ..state.switches.clone() };
    assert_eq!(after.switches, expected);
    let turned: Vec<&str> = after.turned_by.keys().map(String::as_str).collect();
    assert_eq!(turned, ["credit_mode", "packets_on"], "lookups_max said so before");
    let told = |switch: &str| {
        let change = after.changes.iter().find(|change| change.switch == switch).unwrap();
        (change.from.as_str(), change.to.as_str(), change.by.user_id.to_string())
    };
    assert_eq!(told("packets_on"), ("true", "false", admin.id.clone()));
    assert_eq!(told("credit_mode"), ("\"split\"", "\"deferred\"", admin.id.clone()));

    let same: ControlState = turn(&admin, &json!({"packets_on": false})).await.read();
    assert_eq!(same.version, 1, "nothing changed");

    let folder = server.shutdown().await;
    let server = TestServer::start_with(None, |config| {
        config.storage.data = folder.path().to_owned();
    })
    .await;
    let admin = administrator(&server).await;
    let again: ControlState = admin.get("/control").await.read();
    assert_eq!((again.version, &again.switches), (1, &after.switches));
    let order = json!({"group_id": "0", "kind": "lucky", "total_fen": 1, "shares": 1});
    refused(&admin.post("/packets", &order).await, 503, "packets_off");
}

/// What another version of the program, or another fleet, has turned is in force: a switch that
/// it did not know is as the settings say, one that is not known here is nobody's, and one that
/// says what means nothing here stays as it is and keeps none of the others.
#[tokio::test]
async fn switches_of_another_version_are_read() {
    let server = TestServer::start().await;
    let admin = administrator(&server).await;
    turn(&admin, &json!({"packets_on": false})).await.ok(200);
    let folder = server.shutdown().await;
    let options = SqliteConnectOptions::new().filename(folder.path().join("db/control.sqlite"));
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    let other = "UPDATE changes SET switches =
        json_set(json_remove(switches, '$.switches.sends_per_user_per_minute'),
            '$.switches.of_tomorrow', 1,
            '$.switches.credit_mode', 'of_tomorrow',
            '$.switches.site_weights', json('{\"Z\": 1}'))";
    assert_eq!(sqlx::query(other).execute(&mut connection).await.unwrap().rows_affected(), 1);
    connection.close().await.unwrap();

    let server = TestServer::start_with(None, |config| {
        config.storage.data = folder.path().to_owned();
        config.flow.per_person = true;
        config.flow.sends_per_user_per_minute = 7;
    })
    .await;
    let admin = administrator(&server).await;
    let read: ControlState = admin.get("/control").await.read();
    assert_eq!((read.switches.packets_on, read.switches.sends_per_user_per_minute), (false, 7));
    assert_eq!(read.switches.credit_mode, CreditMode::Split);
    assert!(read.switches.site_weights.is_empty());
    turn(&admin, &json!({"packets_on": true})).await.ok(200);

    // What it does not understand it does not undo for those who do.
    let stored = "SELECT switches FROM changes ORDER BY version DESC LIMIT 1";
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    let stored: String = sqlx::query_scalar(stored).fetch_one(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let stored: serde_json::Value = serde_json::from_str(&stored).unwrap();
    let stored = &stored["switches"];
    assert_eq!((&stored["packets_on"], &stored["of_tomorrow"]), (&json!(true), &json!(1)));
    assert_eq!(
        (&stored["credit_mode"], &stored["site_weights"]),
        (&json!("of_tomorrow"), &json!({"Z": 1}))
    );
    // What is set to what it is here already is set for all.
    turn(&admin, &json!({"credit_mode": "split"})).await.ok(200);
    let state: ControlState = admin.get("/control").await.read();
    let newest = &state.changes[0];
    assert_eq!((newest.from.as_str(), newest.to.as_str()), ("\"of_tomorrow\"", "\"split\""));
}

/// Of two who saw the same version, one is refused; who names none is not.
#[tokio::test]
async fn of_two_at_once_one_wins() {
    let server = TestServer::start().await;
    let admin = administrator(&server).await;
    let first = json!({"version": 0, "two_screen_lists": true});
    let second = json!({"version": 0, "lookups_max": 9});
    turn(&admin, &first).await.ok(200);
    refused(&turn(&admin, &second).await, 409, "control_changed");
    turn(&admin, &json!({"lookups_max": 9})).await.ok(200);
    let state: ControlState = admin.get("/control").await.read();
    assert_eq!((state.version, state.switches.lookups_max), (2, 9));
    assert!(state.switches.two_screen_lists);
}

/// What makes no sense is refused with a sentence, and nothing changes.
#[tokio::test]
async fn nonsense_is_refused() {
    let server = TestServer::start().await;
    let admin = administrator(&server).await;
    for change in [
        json!({"site_weights": {"X": 1}}),
        json!({"site_weights": {"S": 0, "N": 0}}),
        json!({"lookups_max": 0}),
        json!({"lookups_max": 1001}),
        json!({"large_share_fen": 0}),
        json!({"packets_on": false, "lookups_max": 0}),
    ] {
        refused(&turn(&admin, &change).await, 422, "switch_invalid");
    }
    refused(&turn(&admin, &json!({"packets": false})).await, 400, "unknown_field");
    refused(&turn(&admin, &json!({"packets_on": "no"})).await, 400, "invalid_body");
    let state: ControlState = admin.get("/control").await.read();
    assert_eq!(state.version, 0);
}

/// R-SITE-2: new packets follow the weights, from none to all.
#[tokio::test]
async fn weights_steer_new_packets() {
    let server = TestServer::start().await;
    let admin = administrator(&server).await;
    let (group, people) = server.group_of(1).await;
    people[0].top_up(1_000, "k").await;
    for (weights, expected) in [
        (json!({"S": 0, "N": 100}), 'N'),
        (json!({"S": 1}), 'S'),
        (json!({"N": 7, "S": 0}), 'N'),
        (json!({}), 'S'),
    ] {
        turn(&admin, &json!({"site_weights": weights})).await.ok(200);
        for _ in 0..5 {
            let order_no = people[0].send_packet(&group, 10, 1).await.to_string();
            assert!(order_no.starts_with(expected), "{order_no} at {weights}");
        }
    }
}

/// What a node measures is shown by itself, to administrators alone (R-CTRL-4, R-WEB-4).
#[tokio::test]
async fn the_history_of_a_node_is_for_administrators() {
    let server = TestServer::start().await;
    let stranger = server.guest("stranger").await;
    refused(&stranger.get("/control/history").await, 403, "forbidden");
    let admin = administrator(&server).await;
    for (query, window) in [
        ("", HistoryWindow::Quarter),
        ("?window=day", HistoryWindow::Day),
        ("?window=week", HistoryWindow::Week),
    ] {
        let history: History = admin.get(&format!("/control/history{query}")).await.read();
        assert_eq!(history.window, window);
        assert!(history.series.iter().all(|line| line.values.len() == history.at.len()));
    }
    refused(&admin.get("/control/history?window=year").await, 400, "invalid_query");
}
