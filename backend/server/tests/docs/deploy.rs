//! What is handed out for containers is what their orchestrators take: the Helm chart, rendered by
//! Helm's own code and held against the schemas of Kubernetes; the compose file against its own.

use hongbao_config::{Config, Flags};
use serde_json::{Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// What `cargo xtask test` has installed.
const TOOLS: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/../helm/bin");

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

/// What it printed; or what it complained of.
fn run(program: &str, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(Path::new(TOOLS).join(program)).args(arguments).output();
    let output =
        output.unwrap_or_else(|error| panic!("{program}: {error}: `cargo xtask test` installs it"));
    if output.status.success() {
        Ok(String::from_utf8(output.stdout).unwrap())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

/// The manifests that Helm makes with these values, valid by their schemas.
fn rendered(values: &Value) -> Result<Vec<Value>, String> {
    let check = repository("deploy/helm/check.py");
    let printed = run("python", &[check.to_str().unwrap(), &values.to_string()])?;
    Ok(serde_json::from_str(&printed).unwrap())
}

fn find<'a>(manifests: &'a [Value], kind: &str, name: &str) -> &'a Value {
    let fits = |one: &&Value| one["kind"] == kind && one["metadata"]["name"] == name;
    manifests.iter().find(fits).unwrap_or_else(|| panic!("there is no {kind} {name}"))
}

/// Everything that can be switched on.
fn whole() -> Value {
    json!({
        "sites": {"S": {"nodes": 2}, "N": {"nodes": 1}},
        "imagePullSecrets": [{"name": "registry"}],
        "env": [{"name": "HONGBAO_TIME_ZONE", "value": "Europe/Berlin"}],
        "migrate": {"onUpgrade": true},
        "service": {"annotations": {"of": "mine"}},
        "ingress": {"enabled": true, "className": "nginx", "tlsSecret": "certificate"},
        "serviceMonitor": {"enabled": true, "labels": {"release": "prometheus"}},
        "alerts": {"enabled": true},
        "podAnnotations": {"of": "mine"},
        "nodeSelector": {"disk": "none"},
        "tolerations": [{"key": "red", "operator": "Exists"}],
    })
}

/// No process has rights, a root folder to write to, or variables that the program does not know.
#[test]
fn pods_of_the_chart_have_no_rights() {
    let manifests = rendered(&whole()).unwrap();
    let pods: Vec<_> = manifests.iter().map(|one| &one["spec"]["template"]["spec"]).collect();
    let pods: Vec<_> = pods.into_iter().filter(|pod| pod.is_object()).collect();
    assert_eq!(pods.len(), 4, "nodes of two sites, migration, nginx");
    for pod in pods {
        assert_eq!(pod["enableServiceLinks"], false, "they begin with HONGBAO_");
        assert_eq!(pod["automountServiceAccountToken"], false);
        assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
        assert_ne!(pod["securityContext"]["runAsUser"], 0);
        for container in pod["containers"].as_array().unwrap() {
            let context = &container["securityContext"];
            assert_eq!(context["readOnlyRootFilesystem"], true, "{container}");
            assert_eq!(context["allowPrivilegeEscalation"], false);
            assert_eq!(context["capabilities"]["drop"], json!(["ALL"]));
        }
    }
}

/// Nodes are drained as systemd drains them, one at a time, and keys come from a secret.
#[test]
fn nodes_of_the_chart_are_drained() {
    let manifests = rendered(&whole()).unwrap();
    for (site, nodes) in [("S", 2), ("N", 1)] {
        let name = format!("red-hongbao-{}", site.to_lowercase());
        let set = &find(&manifests, "StatefulSet", &name)["spec"];
        assert_eq!(set["replicas"], nodes);
        let budget = &find(&manifests, "PodDisruptionBudget", &name)["spec"];
        assert_eq!((&budget["maxUnavailable"], &budget["selector"]), (&json!(1), &set["selector"]));
        let pod = &set["template"]["spec"];
        let node = &pod["containers"][0];
        let leave = node["lifecycle"]["preStop"]["exec"]["command"][1].as_str().unwrap();
        let unit = fs::read_to_string(repository("deploy/systemd/hongbao.service")).unwrap();
        let stop = unit.lines().find_map(|line| line.strip_prefix("TimeoutStopSec=")).unwrap();
        let [leave, stop] = [leave, stop].map(|seconds| seconds.parse::<u64>().unwrap());
        assert!(pod["terminationGracePeriodSeconds"].as_u64().unwrap() >= leave + stop);
        assert_eq!(node["livenessProbe"]["httpGet"]["path"], "/healthz");
        // While it migrates, a node answers nobody.
        let [each, tries] = ["periodSeconds", "failureThreshold"]
            .map(|name| node["startupProbe"][name].as_u64().unwrap());
        assert!(each * tries >= 3600, "{node}");
        // R-SITE-3, R-CTRL-6: one database that is down takes no node out of service.
        assert_eq!(node["readinessProbe"]["httpGet"]["path"], "/healthz");
        assert_eq!(node["envFrom"], json!([{"secretRef": {"name": "hongbao"}}]));
        let home = json!({"name": "HONGBAO_SITES_HOME", "value": site});
        assert!(node["env"].as_array().unwrap().contains(&home), "{node}");
    }
}

/// R-API-3: networks of pods are trusted, so that no call from outside may seem to come from one.
#[test]
fn calls_from_outside_keep_their_address() {
    for (kind, policy) in
        [("ClusterIP", Value::Null), ("NodePort", json!("Local")), ("LoadBalancer", json!("Local"))]
    {
        for router in [true, false] {
            let values = json!({"service": {"type": kind}, "router": {"enabled": router}});
            let manifests = rendered(&values).unwrap();
            let service = &find(&manifests, "Service", "red-hongbao")["spec"];
            assert_eq!(service["type"], kind);
            assert_eq!(service["externalTrafficPolicy"], policy, "{service}");
        }
    }
}

/// The settings that the chart comes with are ones that a node starts with, and the alerts are those
/// of deploy/prometheus.
#[test]
fn settings_and_alerts_of_the_chart_are_true() {
    let manifests = rendered(&whole()).unwrap();
    let settings = &find(&manifests, "ConfigMap", "red-hongbao")["data"]["hongbao.toml"];
    let before = &find(&manifests, "ConfigMap", "red-hongbao-migrate")["data"]["hongbao.toml"];
    assert_eq!(settings, before);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hongbao.toml");
    fs::write(&file, settings.as_str().unwrap()).unwrap();
    let key = "11".repeat(32);
    let secret = |name: &str| (name == "HONGBAO_MASTER_KEY").then(|| (&key).into());
    let config = Config::load(&Flags { file: Some(file), ..Flags::default() }, &secret);
    assert!(config.unwrap().fleet.is_some());

    let alerts = fs::read_to_string(repository("deploy/prometheus/alerts.yml")).unwrap();
    let rules = &find(&manifests, "PrometheusRule", "red-hongbao")["spec"]["groups"][0]["rules"];
    let rules = rules.as_array().unwrap();
    assert_eq!(rules.len(), alerts.matches("- alert:").count());
    for rule in rules {
        let name = rule["alert"].as_str().unwrap();
        assert!(alerts.contains(&format!("- alert: {name}\n")), "{name}");
    }
    let monitor = &find(&manifests, "ServiceMonitor", "red-hongbao")["spec"];
    let watched = monitor["selector"]["matchLabels"].as_object().unwrap();
    let nodes = &find(&manifests, "Service", "red-hongbao-s")["metadata"]["labels"];
    assert!(watched.iter().all(|(label, value)| nodes[label] == *value), "{watched:?} {nodes}");
}

/// R-SITE-1: nginx in the cluster is configured as everywhere, before nodes by their names.
#[test]
fn the_chart_routes_by_packet() {
    for sites in [&["S"][..], &["S", "N"]] {
        let mut values = json!({"sites": {"S": null}});
        for site in sites {
            values["sites"][site] = json!({"nodes": 2});
        }
        let manifests = rendered(&values).unwrap();
        let of = &find(&manifests, "ConfigMap", "red-hongbao-router")["data"];
        let [routing, upstreams] =
            ["hongbao.conf", "upstreams.conf"].map(|name| of[name].as_str().unwrap());
        let known = fs::read_to_string(repository("deploy/nginx/hongbao.conf")).unwrap();
        assert_eq!(routing, known);
        assert_eq!(upstreams.matches("hash $packet_shard consistent;").count(), 3);
        let south = upstreams.split("upstream ").find(|one| one.starts_with("site_S ")).unwrap();
        for node in ["red-hongbao-s-0", "red-hongbao-s-1"] {
            let name = format!("server {node}.red-hongbao-s.prod.svc.cluster.local:8080 resolve");
            assert!(south.contains(&name), "{south}");
        }
        assert_eq!(south.matches("    server ").count(), 2, "its own nodes alone");
        // A site that is not there is served by those that are.
        let north = upstreams.split("upstream ").find(|one| one.starts_with("site_N ")).unwrap();
        let whose = if sites.contains(&"N") { "red-hongbao-n-0" } else { "red-hongbao-s-0" };
        assert!(north.contains(whose), "{north}");
        nginx_takes(routing, upstreams);
    }
}

/// A real nginx reads it. Names are looked up by later versions than Debian's, and in clusters.
fn nginx_takes(routing: &str, upstreams: &str) {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path().display();
    let lines = upstreams.lines().filter(|line| !line.starts_with("resolver "));
    let near = lines.map(|line| match line.split_once(":8080 resolve ") {
        Some((_, rest)) => format!("    server 127.0.0.1:8080 {rest}"),
        None => line.to_owned(),
    });
    let near = near.collect::<Vec<_>>().join("\n");
    let routing = routing.replace("listen 80;", "listen 127.0.0.1:8080;");
    let main =
        format!("pid {here}/pid;\nevents {{}}\nhttp {{\naccess_log off;\n{near}\n{routing}}}\n");
    let file = folder.path().join("nginx.conf");
    fs::write(&file, main).unwrap();
    let mut nginx = Command::new("nginx");
    nginx.args(["-t", "-q", "-e", "stderr", "-p"]).arg(folder.path()).arg("-c").arg(file);
    let output = nginx.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_chart_refuses_what_it_does_not_know() {
    let refused = |values: Value| rendered(&values).unwrap_err();
    let site = refused(json!({"sites": {"X": {"nodes": 1}}}));
    assert!(site.contains("/sites") && site.contains('X'), "{site}");
    assert!(refused(json!({"sites": {"S": {"nodes": 0}}})).contains("nodes"));
    assert!(refused(json!({"existingSecrets": "hongbao"})).contains("existingSecrets"));
    // What Kubernetes would refuse is refused here.
    let field = refused(json!({"env": [{"name": "A", "valeu": "b"}]}));
    assert!(field.contains("valeu"), "{field}");
}

#[test]
fn compose_and_workflows_are_what_their_readers_take() {
    for (schema, files) in [
        ("vendor.compose-spec", &["deploy/compose/compose.yaml"][..]),
        (
            "vendor.github-workflows",
            &[
                ".github/workflows/test.yml",
                ".github/workflows/release.yml",
                ".github/workflows/pages.yml",
            ],
        ),
    ] {
        for file in files {
            let file = repository(file);
            run("check-jsonschema", &["--builtin-schema", schema, file.to_str().unwrap()])
                .unwrap_or_else(|said| panic!("{}: {said}", file.display()));
        }
    }
}
