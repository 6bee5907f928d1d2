//! R-API-6: clients that others generate from the OpenAPI document do the main job, refusals
//! included, and their types are right. The generators know nothing of this project, and
//! leave nothing of the document out.

#![expect(clippy::unwrap_used, reason = "helpers of tests, which Clippy does not take for tests")]

#[path = "../common/mod.rs"]
mod common;

use common::server::TestServer;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// What `cargo xtask test` has installed.
const TOOLS: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/../clients");

fn file(name: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients")).join(name)
}

/// Runs it in `folder` to a good end.
fn run(folder: &Path, program: impl AsRef<Path>, arguments: &[&str]) {
    let mut command = Command::new(program.as_ref());
    // The server is on this machine, whatever leads out of it.
    for proxy in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
        command.env_remove(proxy);
    }
    let output = command.current_dir(folder).args(arguments).output();
    let output = output.unwrap_or_else(|error| {
        panic!("{}: {error}: `cargo xtask test` installs it", program.as_ref().display())
    });
    let (said, complained) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{arguments:?}: {said}\n{complained}");
}

/// A server, and its document in a folder of its own.
async fn documented() -> (TestServer, tempfile::TempDir) {
    let server = TestServer::spawn(&[("HONGBAO_LIMITS_DEMO", "false")]);
    let document = reqwest::get(format!("{}/api/v1/openapi.json", server.url)).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("openapi.json"), document.bytes().await.unwrap()).unwrap();
    (server, folder)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_python() {
    let (mut server, folder) = documented().await;
    let folder = folder.path();
    let python = Path::new(TOOLS).join("python/bin");
    // Its hooks would tidy up with a program that is not installed.
    fs::write(folder.join("generator.yml"), "post_hooks: []\n").unwrap();
    let generate = ["generate", "--path", "openapi.json", "--output-path", "client"];
    let rules = ["--config", "generator.yml", "--fail-on-warning"];
    run(folder, python.join("openapi-python-client"), &[&generate[..], &rules].concat());
    let client = folder.join("client");
    fs::copy(file("job.py"), client.join("job.py")).unwrap();
    run(&client, python.join("mypy"), &["hongbao_client"]);
    run(&client, python.join("mypy"), &["--strict", "--follow-imports=silent", "job.py"]);
    run(&client, python.join("python"), &["job.py", &server.url]);
    assert_eq!(server.terminate(), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_typescript() {
    let (mut server, folder) = documented().await;
    let folder = folder.path();
    let modules = Path::new(TOOLS).join("typescript/node_modules");
    std::os::unix::fs::symlink(&modules, folder.join("node_modules")).unwrap();
    let programs = modules.join(".bin");
    run(folder, programs.join("openapi-typescript"), &["openapi.json", "--output", "api.d.ts"]);
    for name in ["job.ts", "tsconfig.json", "package.json"] {
        fs::copy(file(name), folder.join(name)).unwrap();
    }
    run(folder, programs.join("tsc"), &["--project", "."]);
    run(folder, "node", &["out/job.js", &server.url]);
    assert_eq!(server.terminate(), Some(0));
}
