//! A fleet under load while its parts fail one by one: PostgreSQL servers killed, stalled,
//! cut off; nodes killed; stickiness lost; clients that leave. After each fault everything
//! works again, no answer has changed, and the audit is clean (R-SITE, R-CTRL, R-MONEY-5).

#![expect(clippy::unwrap_used, reason = "helpers of tests, which Clippy does not take for tests")]
#![expect(clippy::print_stdout, reason = "a table of what each fault stops, for who reads the log")]

mod caller;
mod crew;
mod crowd;
mod doctor;
mod each;
mod restore;
mod steering;
mod trial;
mod watch;

use hongbao_fleet::{Fleet, Plan};
use std::{
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

const BINARY: &str = env!("CARGO_BIN_EXE_hongbao");

/// Nodes that do not limit whoever makes guests, or does anything faster than people do.
const SETTINGS: &str = "[addresses]
guests_per_minute = 0
accounts_per_minute = 0
[flow]
per_person = false
[server]
trusted_proxies = ['127.0.0.1']
[sites]
weights = 'S=50,N=50'
[telemetry]
filter = 'warn'
";

async fn fleet(plan: Plan) -> Fleet {
    let plan = Plan { settings: format!("{SETTINGS}{}", plan.settings), ..plan };
    tokio::task::spawn_blocking(move || Fleet::start(Path::new(BINARY), &plan).unwrap())
        .await
        .unwrap()
}

/// How long a row of an outbox may wait: a dead node's lease ends after a minute.
const AT_REST_WITHIN: Duration = Duration::from_mins(2);

/// Waits until everything has arrived, ends every node, which drains, and proves the books.
fn end_and_audit(mut fleet: Fleet) {
    let patience = Instant::now() + AT_REST_WITHIN;
    while let Err(said) = audit(&fleet) {
        assert!(Instant::now() < patience, "{said}");
    }
    for node in &mut fleet.nodes {
        assert_eq!(node.stop().unwrap(), Some(0), "drained: {}", log(node));
    }
    audit(&fleet).unwrap();
}

/// What the audit says, unless all is well.
fn audit(fleet: &Fleet) -> Result<(), String> {
    let mut audit = Command::new(BINARY);
    let output = audit.args(["audit", "--at-rest", "--config"]).arg(fleet.config()).output();
    let output = output.unwrap();
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() {
        return Ok(());
    }
    Err(said(&output.stdout) + &said(&output.stderr))
}

fn log(node: &hongbao_fleet::Node) -> String {
    std::fs::read_to_string(node.log()).unwrap_or_default()
}
