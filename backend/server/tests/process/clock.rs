//! A machine whose clock was ahead once, for days, and is right again: what was written meanwhile
//! is in nobody's way (R-CTRL-5, R-STORE-1, R-PEOPLE-5).

use crate::{
    common::{person::Person, server::TestServer},
    text, until,
};

/// Where Debian keeps it.
const FAKETIME: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";
/// Enough packets that each shard has some.
const PACKETS: u32 = 16;

/// Starts the server with its clock so far ahead.
fn start_ahead(server: &mut TestServer, ahead: &str) {
    // Where it is missing, the system says so in a line of the server's and goes on without.
    assert!(std::fs::exists(FAKETIME).unwrap(), "apt-get install faketime");
    let clock = [
        ("LD_PRELOAD", FAKETIME),
        ("FAKETIME", ahead),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ("DONT_FAKE_MONOTONIC", "1"),
    ];
    assert!(server.try_start(&clock), "the line with the address");
}

/// The person, towards the server as it was started last.
fn again(server: &TestServer, person: &Person) -> Person {
    Person { url: server.url.clone(), ..person.clone() }
}

/// What a metric adds up to; nothing, if it never happened.
async fn sum(server: &TestServer, metric: &str) -> f64 {
    let text =
        crate::common::person::send(server.request(reqwest::Method::GET, "/metrics")).await.body;
    let of_metric = text.lines().filter(|line| line.starts_with(metric));
    of_metric.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
}

/// Sends packets of one share, each of which lands at once, and opens them.
async fn send_and_open(sender: &Person, group: &str, key: &str) {
    sender.top_up(u64::from(PACKETS) * 100, key).await;
    for _ in 0..PACKETS {
        let order_no = sender.send_packet(group, 100, 1).await;
        assert_eq!(sender.open(order_no).await.amount_fen.get(), 100);
    }
}

/// Waits until the days that seem to be over were moved, of each shard one.
async fn moved(server: &TestServer) {
    until("days are emptied", async || sum(server, "hongbao_days_emptied_total").await >= 4.0)
        .await;
}

/// R-CTRL-5: whatever a clock that was ahead has sealed, dated and ended, once it is right again
/// everybody is signed in, and packets are paid and opened at once.
#[tokio::test]
async fn a_clock_that_was_ahead_blocks_nothing_afterwards() {
    for ahead in ["+5d", "+31d", "+40d"] {
        let mut server = TestServer::spawn(&[]);
        let (group, people) = server.group_of(2).await;
        send_and_open(&people[0], &group, "before").await;
        assert_eq!(server.terminate(), Some(0));

        start_ahead(&mut server, ahead);
        moved(&server).await;
        let stranger = server.guest("of the future").await;
        let far = stranger.post("/groups", &serde_json::json!({"name": "far"})).await.ok(201);
        let far = far["id"].as_str().unwrap().to_owned();
        send_and_open(&stranger, &far, "ahead").await;
        assert_eq!(server.terminate(), Some(0));

        server.restart();
        for person in &people {
            let answer = again(&server, person).get("/me").await;
            assert_eq!(answer.status, 200, "{ahead}: {answer:?}");
        }
        if ahead == "+31d" {
            // Today's own tables are full, and are emptied first.
            moved(&server).await;
        }
        send_and_open(&again(&server, &people[0]), &group, "after").await;
        send_and_open(&again(&server, &people[1]), &group, "again").await;
        let went_back = sum(&server, "hongbao_degraded{name=\"clock_went_back\"").await;
        assert!(ahead == "+5d" || went_back >= 1.0, "{ahead}");
        assert_eq!(server.terminate(), Some(0));
        let output = server.command("audit").arg("--at-rest").output().unwrap();
        assert!(output.status.success(), "{ahead}: {}", text(&output.stdout));

        // Days later in truth: what was moved before and what came since are one day.
        start_ahead(&mut server, "+5d");
        moved(&server).await;
        let differing = sum(&server, "hongbao_days_differ_total").await;
        assert!(differing < 1.0, "{ahead}: {differing} days differ");
        assert_eq!(server.terminate(), Some(0));
        let output = server.command("audit").arg("--at-rest").output().unwrap();
        assert!(output.status.success(), "{ahead}: {}", text(&output.stdout));
    }
}
