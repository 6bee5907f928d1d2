//! `hongbao doctor` says what is wrong with a node that keeps everything in files (R-CTRL-4,
//! R-STORE-6, R-STORE-7), and changes nothing.

use crate::{common::server::TestServer, text};
use std::{fs, process::Command};
use tempfile::TempDir;

const ONE_SHARD: (&str, &str) = ("HONGBAO_SITES_SHARDS", "1");

/// What it says, and whether it is content.
fn doctor(server: &TestServer, variables: &[(&str, &str)]) -> (String, bool) {
    let output = server.command("doctor").envs(variables.iter().copied()).output().unwrap();
    (text(&output.stdout) + &text(&output.stderr), output.status.success())
}

#[track_caller]
fn says(said: &str, mark: &str, sentence: &str) {
    let is_it = |line: &str| line.starts_with(mark) && line.contains(sentence);
    assert!(said.lines().any(is_it), "no {mark} {sentence} in:\n{said}");
}

#[test]
fn without_data_it_makes_none() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    let output = Command::new(env!("CARGO_BIN_EXE_hongbao"))
        .args(["doctor", "--data"])
        .arg(&data)
        .env("HONGBAO_LISTEN", "127.0.0.1:0")
        .output()
        .unwrap();
    let said = text(&output.stdout);
    assert!(output.status.success(), "{said}");
    says(&said, "ok", "there is no data in");
    says(&said, "ok", "they go together");
    assert!(!data.exists(), "it changes nothing");
}

#[tokio::test]
async fn beside_a_server_and_after_it_all_is_well() {
    let mut server = TestServer::spawn(&[ONE_SHARD]);
    let (group, people) = server.group_of(2).await;
    people[0].top_up(500, "k").await;
    people[0].send_packet(&group, 500, 2).await;
    for is_running in [true, false] {
        if !is_running {
            assert_eq!(server.terminate(), Some(0));
        }
        let (said, is_content) = doctor(&server, &[]);
        assert!(is_content, "{said}");
        says(&said, "ok", "databases: all 8 are there, and of this version");
        says(&said, "ok", "keys: 1 in");
        says(&said, "ok", "deliveries: none is given up");
        says(&said, "ok", "MiB are free");
    }
}

#[tokio::test]
async fn what_is_wrong_is_said_in_a_sentence() {
    let mut server = TestServer::spawn(&[ONE_SHARD]);
    assert_eq!(server.terminate(), Some(0));
    let open = [
        ("HONGBAO_LISTEN", "0.0.0.0:0"),
        ("HONGBAO_FLOW_PER_PERSON", "false"),
        ("HONGBAO_RECONCILE_INTERVAL_S", "0"),
    ];
    let (said, is_content) = doctor(&server, &open);
    assert!(is_content, "it serves all the same: {said}");
    says(&said, "warning", "served without https");
    says(&said, "warning", "flow.per_person is false");
    says(&said, "warning", "reconcile.interval_s is 0");
    let (said, _) = doctor(&server, &[("HONGBAO_SERVER_HTTPS", "true")]);
    says(&said, "warning", "server.trusted_proxies names none");
    for everywhere in ["0.0.0.0/0", "::/0"] {
        let (said, _) = doctor(&server, &[("HONGBAO_SERVER_TRUSTED_PROXIES", everywhere)]);
        says(&said, "warning", &format!("server.trusted_proxies has {everywhere}"));
    }
    // What still brings money, where people are not to bring any themselves.
    let gives_nothing = [
        ("HONGBAO_FLOW_PER_PERSON", "true"),
        ("HONGBAO_TREASURY_SELF_TOP_UP", "false"),
        ("HONGBAO_LIMITS_WELCOME_GRANT_FEN", "0"),
        ("HONGBAO_LIMITS_DEMO", "false"),
    ];
    says(&doctor(&server, &gives_nothing).0, "ok", "they go together");
    for more in [
        ("HONGBAO_LIMITS_WELCOME_GRANT_FEN", "1"),
        ("HONGBAO_TREASURY_DAILY_ALLOWANCE_FEN", "1"),
        ("HONGBAO_LIMITS_DEMO", "true"),
    ] {
        let gives = [&gives_nothing[..], &[more]].concat();
        says(&doctor(&server, &gives).0, "warning", "treasury.self_top_up is false");
    }

    let (said, is_content) = doctor(&server, &[("HONGBAO_STORAGE_FREE_MIN_MIB", "4000000000")]);
    assert!(!is_content);
    says(&said, "WRONG", "nothing new is taken");

    let folder = server.folder.path().to_owned();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let readable = fs::Permissions::from_mode(0o755);
        fs::set_permissions(folder.join("db"), readable).unwrap();
        says(&doctor(&server, &[]).0, "warning", "others may look into");
    }
    let key = folder.join("keys/master.key");
    let other = "ab".repeat(32);
    let right = fs::read_to_string(&key).unwrap();
    fs::write(&key, &other).unwrap();
    let (said, is_content) = doctor(&server, &[]);
    assert!(!is_content, "{said}");
    says(&said, "WRONG    keys", "the data needs the key");
    fs::write(&key, right).unwrap();

    let ledger = folder.join("db/ledger.sqlite");
    fs::rename(&ledger, folder.join("elsewhere")).unwrap();
    let (said, is_content) = doctor(&server, &[]);
    assert!(!is_content, "{said}");
    says(&said, "WRONG    databases", "ledger.sqlite is gone");
    assert!(!ledger.exists(), "it changes nothing");
}
