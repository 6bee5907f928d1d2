//! Everyone who takes part in a contest does so: a few people, on the programs as they were
//! built. What it measures means nothing.

use std::{path::PathBuf, process::Command};

const PEOPLE: usize = 40;
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

/// All of them share out what there is, once, and are measured.
#[test]
fn a_contest_measures_everyone() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("results.json");
    let output = Command::new(env!("CARGO_BIN_EXE_hongbao-bench"))
        .args(["contest", "--hasty", "--rounds", "1", "--connections", "4"])
        .args(["--people", &PEOPLE.to_string(), "--workload", &WORKLOADS.join(",")])
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
    let results: serde_json::Value = serde_json::from_slice(&results).expect("JSON");
    let workloads = results["workloads"].as_array().expect("workloads");
    let names: Vec<_> = workloads.iter().filter_map(|one| one["name"].as_str()).collect();
    assert_eq!(names, WORKLOADS);
    for workload in workloads {
        let takes_part = |contestant: &&str| match (workload["name"].as_str(), *contestant) {
            (Some("views"), "row-lock" | "redis-lua") => false,
            (Some(name), "insert") => name == "lonely",
            _ => true,
        };
        let shown = workload["contestants"].as_array().expect("contestants");
        let names: Vec<_> = shown.iter().filter_map(|one| one["name"].as_str()).collect();
        let expected: Vec<_> = CONTESTANTS.into_iter().filter(takes_part).collect();
        assert_eq!(names, expected);
        for one in shown {
            is_measured(one);
        }
    }
    for version in ["hongbao", "postgres", "redis"] {
        assert!(results["versions"][version].is_string(), "{results}");
    }
}

fn is_measured(one: &serde_json::Value) {
    assert!(one["median"]["per_second"].as_f64() > Some(0.0), "{one}");
    let cpu = one["median"]["cpu_us"].as_object().expect("processor times");
    let parts: Vec<_> = cpu.keys().map(String::as_str).collect();
    let expected: &[&str] = match one["name"].as_str() {
        Some("postgres") => &["load", "postgres", "redis", "server"],
        Some("row-lock") => &["load", "postgres", "server"],
        Some("redis-lua") => &["load", "redis", "server"],
        _ => &["load", "server"],
    };
    assert_eq!(parts, expected, "{one}");
}
