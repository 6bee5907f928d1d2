//! A task that panics ends the process in good order, so that whoever supervises it starts
//! another (R-CTRL-5). Crash points are asked to panic here, instead of to abort.

use crate::{common::server::TestServer, text};
use futures::FutureExt as _;
use std::process::Stdio;

/// Every kind of task behind the services meets one of these.
#[tokio::test]
async fn a_task_that_panics_ends_the_process() {
    for (point, meets) in [
        // A lane, the lane of the ledger, workers; in the mover of days the simulation panics.
        ("open.before", "lane::writer"),
        ("top_up.before", "ledger::lane"),
        ("credit.before", "ledger::lane"),
        ("outbox.settle.before", "delivery::worker"),
        ("chat.card.before", "delivery::worker"),
        ("lists.before", "delivery::worker"),
    ] {
        let mut server = TestServer::in_folder(tempfile::tempdir().unwrap(), &[]);
        let failpoints = format!("{point}=1*panic(planted)");
        assert!(server.try_start_as(|command| {
            command.env("FAILPOINTS", failpoints).stderr(Stdio::piped());
        }));
        let log = server.take_stderr().unwrap();
        let log = std::thread::spawn(move || std::io::read_to_string(log).unwrap());
        // Whatever of this is refused meanwhile.
        let using = async {
            let (group, people) = server.group_of(2).await;
            let top_up = serde_json::json!({"amount_fen": 600, "key": "k"});
            if people[0].post("/wallet/top-ups", &top_up).await.status != 201 {
                return;
            }
            let order_no = people[0].send_packet(&group, 600, 2).await;
            for person in &people {
                let ticket = person.ticket(order_no).await;
                if person.open_with(order_no, &ticket).await.status != 200 {
                    return;
                }
            }
        };
        // Whoever comes while it ends meets a closed door.
        let using = std::panic::AssertUnwindSafe(using).catch_unwind();
        let _perhaps_cut_off =
            tokio::time::timeout(std::time::Duration::from_secs(30), using).await;
        let status = server.ended().await;
        let log = log.join().unwrap();
        assert_eq!(status.code(), Some(1), "{point}: {status}\n{log}");
        let line = log.lines().find(|line| line.contains("a task has panicked"));
        let line = line.unwrap_or_else(|| panic!("{point}: {log}"));
        assert!(line.contains(meets), "{point}: {line}");
        assert!(log.contains("planted"), "{point}: {log}");
        assert!(log.contains("node_ending"), "{point}: {log}");

        // What was answered is there, and everything that was begun goes on.
        server.restart();
        assert_eq!(server.terminate(), Some(0), "{point}");
        let output = server.command("audit").arg("--at-rest").output().unwrap();
        assert!(output.status.success(), "{point}: {}", text(&output.stdout));
    }
}
