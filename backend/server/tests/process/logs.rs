//! Nothing about logs or standard output stops the service (R-STORE-4).

use crate::{
    common::{person::send, server::TestServer},
    ended, text, until,
};
use hongbao_fleet::free_port;
use reqwest::Method;
use serde_json::json;
use std::{
    fs::File,
    process::{Command, Stdio},
};

/// Every request and every statement is a line.
const CHATTY: (&str, &str) = ("HONGBAO_TELEMETRY_FILTER", "trace");

/// How many lines were lost so far.
async fn lost(server: &TestServer) -> u64 {
    let metrics = server.request(Method::GET, "/metrics").send().await.unwrap();
    let metrics = metrics.text().await.unwrap();
    let value = metrics.lines().find_map(|line| line.strip_prefix("hongbao_log_lines_lost_total "));
    value.unwrap_or("0").parse().unwrap()
}

/// Somebody sends, others open.
async fn use_it(server: &TestServer, key: &str) {
    let (group, people) = server.group_of(3).await;
    people[0].top_up(900, key).await;
    let order_no = people[0].send_packet(&group, 900, 3).await;
    for person in &people {
        person.open(order_no).await;
    }
}

/// The service goes on, says what it loses, and drains when it is asked to.
async fn serves_and_ends(mut server: TestServer) {
    use_it(&server, "first").await;
    until("lines are lost", async || lost(&server).await > 0).await;
    use_it(&server, "second").await;
    let ready = send(server.request(Method::GET, "/readyz")).await;
    assert!(ready.status.is_success(), "{ready:?}");
    server.ask_to_end();
    let status = server.ended().await;
    assert_eq!(status.code(), Some(0), "{status}");
    let output = server.command("audit").arg("--at-rest").output().unwrap();
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
}

/// Whoever read the log is gone.
#[tokio::test]
async fn a_log_that_nobody_reads_stops_nothing() {
    let mut server = TestServer::in_folder(tempfile::tempdir().unwrap(), &[CHATTY]);
    assert!(server.try_start_as(|command| {
        command.stderr(Stdio::piped());
    }));
    drop(server.take_stderr());
    serves_and_ends(server).await;
}

/// The disk of the log is full.
#[tokio::test]
async fn a_log_on_a_full_disk_stops_nothing() {
    let mut server = TestServer::in_folder(tempfile::tempdir().unwrap(), &[CHATTY]);
    assert!(server.try_start_as(|command| {
        command.stderr(File::options().write(true).open("/dev/full").unwrap());
    }));
    serves_and_ends(server).await;
}

/// Whoever reads the log has stopped, and does not go away.
#[tokio::test]
async fn a_log_that_stands_still_stops_nothing() {
    let mut server = TestServer::in_folder(tempfile::tempdir().unwrap(), &[CHATTY]);
    assert!(server.try_start_as(|command| {
        command.stderr(Stdio::piped());
    }));
    let reader = server.take_stderr();
    until("lines are lost", async || {
        use_it(&server, "more").await;
        lost(&server).await > 0
    })
    .await;
    serves_and_ends(server).await;
    drop(reader);
}

/// A client's fault is not logged as ours, however often (R-CTRL-6): with the log of every request
/// off, hundreds of them write nothing.
#[tokio::test]
async fn what_clients_do_wrong_is_not_logged() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let mut server = TestServer::in_folder(tempfile::tempdir().unwrap(), &[]);
    assert!(server.try_start_as(|command| {
        // Its report of what it found is no client's.
        command.env("HONGBAO_RECONCILE_INTERVAL_S", "0");
        command.env("HONGBAO_TELEMETRY_FILTER", "info").stderr(File::create(&log).unwrap());
    }));
    let (group, people) = server.group_of(2).await;
    let person = &people[0];
    person.top_up(100, "once").await;
    person.post(&format!("/groups/{group}/messages"), &json!({"text": "Hi", "key": "k"})).await;
    let order_no = person.send_packet(&group, 10, 1).await;
    let before = std::fs::read_to_string(&log).unwrap().len();
    assert!(before > 0, "it logs");
    for time in 0..100 {
        let calls = [
            ("/wallet/top-ups".to_owned(), json!({"amount_fen": 101 + time, "key": "once"})),
            (format!("/groups/{group}/messages"), json!({"text": format!("{time}"), "key": "k"})),
            ("/packets".to_owned(), json!({"group_id": group, "kind": "none"})),
            (format!("/packets/{order_no}/open"), json!({"ticket": "nonsense"})),
            (format!("/packets/{order_no}/pay"), json!({"client_seed": "ff"})),
            ("/packets/S0000000000000X/grab".to_owned(), json!({})),
            ("/groups/join".to_owned(), json!({"code": "aaaaaaaaaaaaaaaa"})),
        ];
        for (path, body) in calls {
            let answer = person.post(&path, &body).await;
            assert!(answer.status.is_client_error(), "{path}: {answer:?}");
        }
    }
    // What the machine does to a database is another matter.
    let said = std::fs::read_to_string(&log).unwrap();
    let of_clients: Vec<_> =
        said[before..].lines().filter(|line| !line.contains("sqlx::")).collect();
    assert!(of_clients.is_empty(), "{}", of_clients.join("\n"));
}

/// The closed log is all that is wrong when the server is asked to end.
#[tokio::test]
async fn a_server_without_a_log_drains() {
    let mut server = TestServer::in_folder(tempfile::tempdir().unwrap(), &[]);
    assert!(server.try_start_as(|command| {
        command.env("HONGBAO_TELEMETRY_FILTER", "info").stderr(Stdio::piped());
    }));
    drop(server.take_stderr());
    server.ask_to_end();
    assert_eq!(server.ended().await.code(), Some(0));
}

/// R-API-3: a closed terminal, which says so more than once, is as good as SIGTERM, unless the
/// server is to outlive it (`nohup`).
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_closed_terminal_ends_a_server_in_good_order() {
    let hang_up = |server: &TestServer| {
        let asked = Command::new("kill").args(["-HUP", &server.process_id().to_string()]).status();
        assert!(asked.unwrap().success());
    };
    let mut server = TestServer::in_folder(tempfile::tempdir().unwrap(), &[]);
    // Whatever the tests themselves are to outlive.
    server.restart_under(r#"exec env --default-signal=HUP "$0" "$@""#);
    hang_up(&server);
    hang_up(&server);
    assert_eq!(server.ended().await.code(), Some(0));

    server.restart_under(r#"trap "" HUP; exec "$0" "$@""#);
    hang_up(&server);
    for _ in 0..3 {
        use_it(&server, "k").await;
    }
    assert_eq!(server.terminate(), Some(0));
}

/// A server that cannot say where it listens serves all the same.
#[tokio::test]
async fn a_server_whom_nobody_listens_to_serves() {
    for is_full in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let port = free_port().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_hongbao"));
        command.arg("server").arg("--data").arg(folder.path());
        command.args(["--listen", &format!("127.0.0.1:{port}")]).stderr(Stdio::null());
        let full = || File::options().write(true).open("/dev/full").unwrap();
        command.stdout(if is_full { Stdio::from(full()) } else { Stdio::piped() });
        let mut server = command.spawn().unwrap();
        drop(server.stdout.take());
        let ready = format!("http://127.0.0.1:{port}/readyz");
        until("it is ready", async || {
            reqwest::get(&ready).await.is_ok_and(|reply| reply.status() == 200)
        })
        .await;
        let asked = Command::new("kill").args(["-TERM", &server.id().to_string()]).status();
        assert!(asked.unwrap().success());
        assert_eq!(ended(&mut server).await.code(), Some(0), "on a full disk: {is_full}");
    }
}

/// Who stops reading an answer misses it; the exit code is the same.
#[tokio::test]
async fn commands_end_in_good_order_without_anybody_listening() {
    let mut server = TestServer::spawn(&[]);
    use_it(&server, "k").await;
    assert_eq!(server.terminate(), Some(0));
    let full = || File::options().write(true).open("/dev/full").unwrap();
    for command in
        [&["audit", "--at-rest"][..], &["reconcile"], &["admin", "dead-letters"], &["migrate"]]
    {
        let mut closed = server.subcommand(command);
        closed.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = closed.spawn().unwrap();
        drop((child.stdout.take(), child.stderr.take()));
        let status = ended(&mut child).await;
        assert_eq!(status.code(), Some(0), "{command:?} without a reader: {status}");
        let status = server.subcommand(command).stdout(full()).stderr(full()).status().unwrap();
        assert_eq!(status.code(), Some(0), "{command:?} on a full disk: {status}");
    }
    // A sentence that cannot be said either.
    let mut wrong = Command::new(env!("CARGO_BIN_EXE_hongbao"));
    wrong.args(["audit", "--data", "/nowhere"]).stderr(full());
    assert_eq!(wrong.status().unwrap().code(), Some(2));
    let seed = Command::new(env!("CARGO_BIN_EXE_hongbao"))
        .args(["split", "--total-fen", "100", "--shares", "10"])
        .stdout(full())
        .stderr(full())
        .status();
    assert_eq!(seed.unwrap().code(), Some(1), "the samples are the answer");
}
