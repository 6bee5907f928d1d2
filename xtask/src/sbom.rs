//! What the binary is made of, as `CycloneDX`: every crate of the server and of the web app inside, with
//! its version, licence and checksum.
//!
//! Cargo itself says which those are, features and platform considered; a few fields of JSON are not
//! worth a tool that says it again.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::workspace::{WASM_TARGET, Workspace};

const SPECIFICATION: &str = "1.5";
const SERVER: &str = "hongbao";
const WEB_APP: &str = "hongbao-frontend";

/// A crate: name and version.
type Crate = (String, String);

/// What Cargo says of a package's dependencies.
#[derive(Default)]
struct Tree {
    /// With the licence.
    crates: BTreeMap<Crate, String>,
    needs: BTreeMap<Crate, BTreeSet<Crate>>,
}

/// The list, for a server that runs on `target` (or on what this machine is), as JSON.
pub(crate) fn of(workspace: &Workspace, target: Option<&str>) -> Result<Value> {
    let mut tree = Tree::default();
    let server = tree.add(workspace, SERVER, target)?;
    let web_app = tree.add(workspace, WEB_APP, Some(WASM_TARGET))?;
    // It lies in the binary.
    tree.needs.entry(server.clone()).or_default().insert(web_app);
    let checksums = checksums(&std::fs::read_to_string(workspace.root.join("Cargo.lock"))?);

    let component = |one: &Crate, license: &str| {
        let (name, version) = one;
        let mut component = json!({
            "type": if *one == server { "application" } else { "library" },
            "bom-ref": reference(one),
            "name": name,
            "version": version,
            "licenses": [{"expression": license}],
        });
        if let Some(checksum) = checksums.get(one) {
            component["purl"] = reference(one).into();
            component["hashes"] = json!([{"alg": "SHA-256", "content": checksum}]);
        }
        component
    };
    let own = tree.crates.get(&server).context("the server is none of its crates")?;
    let others = tree.crates.iter().filter(|(one, _)| **one != server);
    let needs = tree.crates.keys().map(|one| {
        let needs = tree.needs.get(one).into_iter().flatten().map(reference);
        json!({"ref": reference(one), "dependsOn": needs.collect::<Vec<_>>()})
    });
    Ok(json!({
        "bomFormat": "CycloneDX",
        "specVersion": SPECIFICATION,
        "version": 1,
        "metadata": {"component": component(&server, own)},
        "components": others.map(|(one, license)| component(one, license)).collect::<Vec<_>>(),
        "dependencies": needs.collect::<Vec<_>>(),
    }))
}

impl Tree {
    /// Adds a package of the workspace and all that is linked into it.
    fn add(&mut self, workspace: &Workspace, package: &str, target: Option<&str>) -> Result<Crate> {
        let mut cargo = workspace.cargo();
        cargo.args(["tree", "--locked", "--package", package]);
        if let Some(target) = target {
            cargo.args(["--target", target]);
        }
        // Build scripts and macros make the binary, and are not in it.
        cargo.args([
            "--edges",
            "normal,no-proc-macro",
            "--prefix",
            "depth",
            "--format",
            ";{p};{l}",
        ]);
        let output = cargo.output().context("could not start cargo")?;
        let complaint = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "cargo tree --package {package}: {complaint}");
        let root = self.read(&String::from_utf8(output.stdout)?);
        root.with_context(|| format!("cargo tree says nothing of {package}"))
    }

    /// Lines such as `2;serde v1.0.0 (*);MIT OR Apache-2.0`; the first is the root.
    fn read(&mut self, lines: &str) -> Option<Crate> {
        let mut path = Vec::<Crate>::new();
        for line in lines.lines() {
            let mut parts = line.splitn(3, ';');
            let depth: usize = parts.next()?.parse().ok()?;
            let mut words = parts.next()?.split(' ');
            let one = (words.next()?.to_owned(), words.next()?.strip_prefix('v')?.to_owned());
            // Cargo marks what it has said before behind all else; what stands beneath it then stood there.
            let license = parts.next()?.trim_end_matches(" (*)");
            path.truncate(depth);
            if let Some(parent) = path.last() {
                self.needs.entry(parent.clone()).or_default().insert(one.clone());
            }
            self.crates.insert(one.clone(), expression(license));
            path.push(one);
        }
        path.into_iter().next()
    }
}

/// Older crates have a slash between two licences.
fn expression(license: &str) -> String {
    license.replace(" / ", "/").replace('/', " OR ")
}

fn reference((name, version): &Crate) -> String {
    format!("pkg:cargo/{name}@{version}")
}

/// Of the crates that come from a registry.
fn checksums(lock: &str) -> BTreeMap<Crate, String> {
    let packages = lock.split("[[package]]").skip(1);
    let known = packages.filter_map(|package| {
        let field = |name: &str| {
            let begin = format!("{name} = \"");
            let line = package.lines().find_map(|line| line.strip_prefix(begin.as_str()))?;
            Some(line.trim_end_matches('"').to_owned())
        };
        Some(((field("name")?, field("version")?), field("checksum")?))
    });
    known.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TARGET: Option<&str> = Some("x86_64-unknown-linux-musl");

    #[test]
    fn every_crate_of_the_binary_is_in_the_list() {
        let workspace = Workspace::find().unwrap();
        let list = of(&workspace, TARGET).unwrap();
        let listed = list["components"].as_array().unwrap().iter();
        let listed: BTreeMap<_, _> =
            listed.map(|one| (one["bom-ref"].as_str().unwrap(), one)).collect();
        let lock = std::fs::read_to_string(workspace.root.join("Cargo.lock")).unwrap();
        let checksums = checksums(&lock);
        for (reference, one) in &listed {
            let name = one["name"].as_str().unwrap();
            assert!(!one["licenses"][0]["expression"].as_str().unwrap().is_empty(), "{reference}");
            if name.starts_with("hongbao") {
                continue;
            }
            let version = one["version"].as_str().unwrap().to_owned();
            let locked = checksums.get(&(name.to_owned(), version));
            let told = one["hashes"][0]["content"].as_str();
            assert_eq!(told, locked.map(String::as_str), "{reference}");
        }
        // What Cargo.lock says of who needs whom, from another side: everything that the server
        // names, and what those name, as far as it is linked on this platform.
        let has = |name: &str| listed.values().any(|one| one["name"] == name);
        for name in
            ["libsqlite3-sys", "ring", "redis", "mimalloc", "libmimalloc-sys", "hongbao-engine"]
        {
            assert!(has(name), "the server has {name}");
        }
        for name in ["hongbao-frontend", "leptos", "web-sys", "wasm-bindgen"] {
            assert!(has(name), "the web app has {name}");
        }
        for name in ["proptest", "serde_derive", "cc", "hongbao-rogue", "windows-sys"] {
            assert!(!has(name), "{name} is not in the binary");
        }
        let manifest = std::fs::read_to_string(workspace.root.join("backend/server/Cargo.toml"));
        let manifest = manifest.unwrap();
        let own = manifest.split("[dependencies]").nth(1).unwrap().split("\n[").next().unwrap();
        let own: Vec<_> = own.lines().filter_map(|line| line.split_once(" = ")).collect();
        assert!(own.len() > 20);
        for (name, _) in own {
            assert!(has(name) || name == "async-trait", "{name}");
        }
    }

    #[test]
    fn what_cargo_says_is_read() {
        let mut tree = Tree::default();
        let lines = "0;a v0.1.0 (/home/a);MIT\n1;b v2.0.0;MIT/Apache-2.0\n2;c v3.1.0-rc.1;ISC\n\
                     1;c v3.1.0-rc.1;ISC (*)\n";
        let crates = |names: &[(&str, &str)]| -> BTreeSet<Crate> {
            names.iter().map(|(name, version)| ((*name).into(), (*version).into())).collect()
        };
        let root = tree.read(lines).unwrap();
        assert_eq!(root, ("a".to_owned(), "0.1.0".to_owned()));
        assert_eq!(tree.needs[&root], crates(&[("b", "2.0.0"), ("c", "3.1.0-rc.1")]));
        assert_eq!(tree.crates[&("b".to_owned(), "2.0.0".to_owned())], "MIT OR Apache-2.0");
        assert_eq!(tree.crates[&("c".to_owned(), "3.1.0-rc.1".to_owned())], "ISC");
    }
}
