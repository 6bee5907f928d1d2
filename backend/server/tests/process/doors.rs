//! Whoever holds many connections keeps nobody else out (R-CTRL-6).

use crate::{
    common::{
        person::{Person, send},
        server::TestServer,
    },
    text, until,
};
use reqwest::Method;
use serde_json::json;
use std::{
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    time::Duration,
};

/// Runs the server with so many open files at most, by the shell's own words.
fn with_files(limit: &str, variables: &[(&str, &str)]) -> TestServer {
    let mut server = TestServer::in_folder(tempfile::tempdir().unwrap(), variables);
    server.restart_under(&format!("ulimit {limit}; exec \"$0\" \"$@\""));
    server
}

fn address(server: &TestServer) -> SocketAddr {
    server.url.strip_prefix("http://").unwrap().parse().unwrap()
}

/// A connection that has said this much.
fn connect(server: &TestServer, says: &str) -> Option<TcpStream> {
    let within = Duration::from_secs(10);
    let mut stream = TcpStream::connect_timeout(&address(server), within).ok()?;
    stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    stream.write_all(says.as_bytes()).ok()?;
    Some(stream)
}

/// Somebody at another address than everyone else here.
fn elsewhere() -> reqwest::Client {
    let address = Ipv4Addr::new(127, 0, 0, 2);
    let client = reqwest::Client::builder().local_address(Some(address.into()));
    client.timeout(Duration::from_mins(1)).build().unwrap()
}

/// R-CTRL-6: one address that opens a thousand connections, silent ones, ones that dribble their
/// heads, and streams of one guest, leaves descriptors to the databases and connections to
/// others; and that is shown.
#[tokio::test]
async fn a_thousand_connections_of_one_address_keep_nobody_out() {
    let server = with_files("-n 500", &[]);
    let guest = server.guest("hostile").await;
    let stream = format!(
        "GET /api/v1/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\r\n",
        guest.token
    );
    let says = ["", "GET / HT", &stream];
    let held: Vec<_> =
        (0..1_000).filter_map(|number| connect(&server, says[number % says.len()])).collect();
    assert!(held.len() > 100, "they are accepted or refused, and not left waiting");

    let client = elsewhere();
    let url = server.url.clone();
    let get = async |path: &str| send(client.get(format!("{url}{path}"))).await;
    assert_eq!(get("/readyz").await.body, "ready\n");
    let new = client.post(format!("{url}/api/v1/session/guest"));
    let other = send(new.json(&serde_json::json!({"name": "other"}))).await.ok(201);
    let (id, token) = (other["user"]["id"].clone(), other["token"].clone());
    let (id, token) = (id.as_str().unwrap().to_owned(), token.as_str().unwrap().to_owned());
    let other = Person { url: url.clone(), client: client.clone(), id, token };
    let group = other.post("/groups", &serde_json::json!({"name": "calm"})).await.ok(201);
    other.top_up(500, "calm").await;
    let order_no = other.send_packet(group["id"].as_str().unwrap(), 500, 1).await;
    assert_eq!(other.open(order_no).await.amount_fen.get(), 500);

    let metrics = get("/metrics").await.body;
    let refused = "hongbao_http_refused_total{what=\"connections\"}";
    assert!(metrics.contains(refused), "{metrics}");
    assert!(metrics.contains("hongbao_degraded{name=\"doors_full\""), "{metrics}");
    drop(held);
    until("their places are free", async || {
        let request = server.request(Method::GET, "/healthz").send().await;
        request.is_ok_and(|answer| answer.status().is_success())
    })
    .await;
}

/// R-CTRL-6: the limit is raised as far as the system allows.
#[tokio::test]
async fn the_limit_of_open_files_is_raised() {
    let server = with_files("-Sn 300", &[]);
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", server.process_id())).unwrap();
    let files = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    let [.., soft, hard, _unit] = files.split_whitespace().collect::<Vec<_>>()[..] else {
        panic!("{files}")
    };
    assert_eq!(soft, hard, "{files}");
}

/// One that leaves no room for anybody is refused in a sentence.
#[test]
fn a_limit_that_is_too_low_is_refused() {
    let server = TestServer::in_folder(tempfile::tempdir().unwrap(), &[]);
    let command = server.command("server");
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", "ulimit -n 96; exec \"$0\" \"$@\""]);
    shell.arg(command.get_program()).args(command.get_args());
    let output = shell.args(["--listen", "127.0.0.1:0"]).output().unwrap();
    crate::refused(&output, "the process may have 96 open files");
    assert_eq!(text(&output.stdout), "");
}

/// R-CTRL-6: whoever asks for much and reads none of it, or a few bytes now and then, keeps
/// neither connection nor buffers.
#[tokio::test]
async fn a_connection_that_reads_next_to_nothing_is_closed() {
    let server = TestServer::spawn(&[("HONGBAO_SERVER_IDLE_S", "1")]);
    // Answers of far more than the system's buffers hold.
    let asked = "GET /api/v1/openapi.json HTTP/1.1\r\nhost: x\r\n\r\n".repeat(2_000);
    for takes in [0, 3] {
        let stream = connect(&server, &asked).unwrap();
        stream.set_nonblocking(true).unwrap();
        until("it is closed", async || {
            let _taken = (&stream).read(&mut [0; 8][..takes]);
            let written = (&stream).write(b"G");
            written.is_err_and(|error| error.kind() != std::io::ErrorKind::WouldBlock)
        })
        .await;
    }
}

/// R-CTRL-6: a stream of events that nobody reads queues nothing but what the system's buffers
/// hold, and is closed.
#[tokio::test]
async fn a_stream_that_nobody_reads_is_closed() {
    /// 18 MB: far more than the system's buffers hold.
    const ROUNDS_MAX: u32 = 60;
    let server =
        TestServer::spawn(&[("HONGBAO_SERVER_IDLE_S", "2"), ("HONGBAO_FLOW_PER_PERSON", "false")]);
    let (group, people) = server.group_of(2).await;
    let asked = format!(
        "GET /api/v1/groups/{group}/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\r\n",
        people[1].token
    );
    let held = connect(&server, &asked).unwrap();
    let is_open = async || {
        let metrics = send(server.request(Method::GET, "/metrics")).await.body;
        let of_streams = |line: &&str| line.starts_with("hongbao_http_open{what=\"streams\"}");
        metrics.lines().find(of_streams).is_some_and(|line| line.ends_with(" 1"))
    };
    until("it is open", &is_open).await;
    let path = format!("/groups/{group}/messages");
    let text = "红".repeat(1_000);
    for _round in 0..ROUNDS_MAX {
        for _message in 0..100 {
            people[0].post(&path, &json!({"text": text})).await.ok(201);
        }
        if !is_open().await {
            return;
        }
    }
    drop(held);
    panic!("it is kept");
}

/// R-CTRL-6: a connection that says nothing, dribbles, or idles after its answer, is closed.
#[tokio::test]
async fn a_connection_that_says_nothing_is_closed() {
    let server = TestServer::spawn(&[("HONGBAO_SERVER_IDLE_S", "1")]);
    let answered = "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
    let held = ["", "GET / HT", answered].map(|says| connect(&server, says).unwrap());
    for mut stream in held {
        let mut said = String::new();
        // To its end, or an error if nobody ends it within a minute.
        stream.read_to_string(&mut said).unwrap();
    }
}
