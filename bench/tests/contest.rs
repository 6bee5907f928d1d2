//! Everyone who takes part in a contest does so: a few people, on the programs as they were
//! built. What it measures means nothing.

use std::{path::PathBuf, process::Command};

const PEOPLE: usize = 40;
const CALLS: usize = 400;
const WORKLOADS: [&str; 7] = ["hot", "storm", "zipf", "refused", "sends", "views", "lonely"];
const CONTESTANTS: [&str; 7] =
    ["no-op", "bare", "sqlite", "postgres", "row-lock", "redis-lua", "insert"];

/// `HONGBAO_BIN`, or what lies beside the program that is tried.
fn server() -> PathBuf {
    let beside = || {
        let file = format!("hongbao{}", std::env::consts::EXE_SUFFIX);
        PathBuf::from(env!("CARGO_BIN_EXE_hongbao-bench")).with_file_name(file)
    };
    std::env::var_os("HONGBAO_BIN").map_or_else(beside, PathBuf::from)
}

/// What a contest with these arguments writes down.
fn contest(arguments: &[&str]) -> serde_json::Value {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("results.json");
    let output = Command::new(env!("CARGO_BIN_EXE_hongbao-bench"))
        .args(["contest", "--hasty", "--rounds", "1", "--connections", "4"])
        .args(["--people", &PEOPLE.to_string(), "--calls", &CALLS.to_string()])
        .args(arguments)
        .arg("--server")
        .arg(server())
        .arg("--results")
        .arg(&file)
        .output()
        .expect("a contest that can be started");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("no share is double, and every sum is right"), "{said}");
    let results = std::fs::read(file).expect("results");
    serde_json::from_slice(&results).expect("JSON")
}

fn names(all: &serde_json::Value) -> Vec<&str> {
    let all = all.as_array().expect("a list").iter();
    all.filter_map(|one| one["name"].as_str()).collect()
}

/// All of them share out what there is, once, and are measured.
#[test]
fn a_contest_measures_everyone() {
    let contestants = CONTESTANTS.join(",");
    let workloads = WORKLOADS.join(",");
    let results = contest(&["--contestants", &contestants, "--workload", &workloads]);
    assert_eq!(names(&results["workloads"]), WORKLOADS);
    for workload in results["workloads"].as_array().expect("workloads") {
        let takes_part = |contestant: &&str| match (workload["name"].as_str(), *contestant) {
            (Some("views"), "row-lock" | "redis-lua") => false,
            (Some(name), "insert") => name == "lonely",
            _ => true,
        };
        let expected: Vec<_> = CONTESTANTS.into_iter().filter(takes_part).collect();
        assert_eq!(names(&workload["contestants"]), expected);
        for one in workload["contestants"].as_array().expect("contestants") {
            is_measured(one);
        }
    }
    for version in ["hongbao", "postgres", "redis"] {
        assert!(results["versions"][version].is_string(), "{results}");
    }
}

/// Everything that is opened on New Year's Eve is delivered: it waits for that. Of the servers
/// one will do, since lists take seconds to notice that nobody opens anything any more.
#[test]
fn an_eve_is_over_when_everything_is_delivered() {
    let contestants = "no-op,sqlite";
    let results = contest(&["--workload", "eve", "--contestants", contestants]);
    let eve = &results["workloads"][0];
    assert_eq!(names(&eve["contestants"]), ["no-op", "sqlite"]);
    assert_eq!(eve["ratios"][0]["of"], "sqlite", "{eve}");
}

/// What takes several servers shares out what there is, too.
#[test]
fn a_standby_and_a_fleet_take_part() {
    let results = contest(&["--contestants", "standby,fleet"]);
    let contestants = &results["workloads"][0]["contestants"];
    assert_eq!(names(contestants), ["standby", "fleet"]);
    for one in contestants.as_array().expect("contestants") {
        is_measured(one);
    }
}

fn is_measured(one: &serde_json::Value) {
    assert!(one["median"]["per_second"].as_f64() > Some(0.0), "{one}");
    let cpu = one["median"]["cpu_us"].as_object().expect("processor times");
    let parts: Vec<_> = cpu.keys().map(String::as_str).collect();
    let expected: &[&str] = match one["name"].as_str() {
        Some("postgres") => &["load", "postgres", "redis", "server"],
        Some("standby") => &["load", "postgres", "redis", "server", "standby"],
        Some("fleet") => &["load", "nginx", "postgres", "redis", "server"],
        Some("row-lock") => &["load", "postgres", "server"],
        Some("redis-lua") => &["load", "redis", "server"],
        _ => &["load", "server"],
    };
    assert_eq!(parts, expected, "{one}");
}
