use crate::{node::Node, program, watchdog::Watchdog};
use anyhow::Result;
use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    path::PathBuf,
    process::{Child, Command, Stdio},
};

/// What real machines are given, too.
const CONFIGURATION: &str = include_str!("../../deploy/nginx/hongbao.conf");

/// How requests find a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Routing {
    /// By site and shard, as in `deploy`.
    Sticky,
    /// Each request to a random node: what is lost without stickiness.
    Random,
}

/// A private nginx in front of nodes.
#[derive(Debug)]
pub struct Nginx {
    folder: PathBuf,
    port: u16,
    child: Child,
    _watchdog: Watchdog,
}

impl Nginx {
    /// Starts one before these nodes.
    pub fn start(nodes: &[Node], routing: Routing) -> Result<Self> {
        Self::lead_to(nodes.iter().map(place), routing)
    }

    /// Starts one before nodes that have these sites and ports.
    pub fn lead_to(nodes: impl IntoIterator<Item = (char, u16)>, routing: Routing) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("hongbao-nginx-").tempdir()?.keep();
        let port = program::free_port()?;
        fs::write(folder.join("upstreams.conf"), upstreams(nodes, routing))?;
        let listen = format!("listen 127.0.0.1:{port};");
        fs::write(folder.join("hongbao.conf"), CONFIGURATION.replace("listen 80;", &listen))?;
        let here = folder.display();
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].iter().fold(
            String::new(),
            |mut lines, what| {
                let _written = writeln!(lines, "    {what}_temp_path {here}/{what};");
                lines
            },
        );
        let main = format!(
            "daemon off;\nworker_processes 1;\npid {here}/pid;\nerror_log {here}/error.log;\n\
             events {{ worker_connections 4096; }}\nhttp {{\n    access_log off;\n    \
             keepalive_requests 1000000000;\n{temporary}    \
             include {here}/upstreams.conf;\n    include {here}/hongbao.conf;\n}}\n"
        );
        fs::write(folder.join("nginx.conf"), main)?;
        let check = |extra: &[&str]| {
            let mut command = Command::new("nginx");
            command.arg("-e").arg(folder.join("error.log")).arg("-p").arg(&folder);
            command.arg("-c").arg(folder.join("nginx.conf")).args(extra);
            command
        };
        program::run(&mut check(&["-t", "-q"]))?;
        let child = check(&[]).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let watchdog = Watchdog::new(&format!("kill {}", child.id()), &folder)?;
        let nginx = Self { folder, port, child, _watchdog: watchdog };
        program::until_it_listens(port)?;
        Ok(nginx)
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its first process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Leads to these nodes from now on, without losing a request.
    pub fn route<'a>(
        &self,
        nodes: impl IntoIterator<Item = &'a Node>,
        routing: Routing,
    ) -> Result<()> {
        fs::write(
            self.folder.join("upstreams.conf"),
            upstreams(nodes.into_iter().map(place), routing),
        )?;
        program::run(Command::new("kill").args(["-HUP", &self.child.id().to_string()]))
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _asked = program::run(Command::new("kill").arg(self.child.id().to_string()));
        let _ended = self.child.wait();
    }
}

fn place(node: &Node) -> (char, u16) {
    (node.home(), node.port())
}

fn upstreams(nodes: impl IntoIterator<Item = (char, u16)>, routing: Routing) -> String {
    let mut by_site: BTreeMap<char, Vec<u16>> = BTreeMap::new();
    let mut all = Vec::new();
    for (site, port) in nodes {
        by_site.entry(site).or_default().push(port);
        all.push(port);
    }
    let of_site = |site: char| match routing {
        Routing::Sticky => by_site.get(&site).unwrap_or(&all),
        Routing::Random => &all,
    };
    let upstream = |name: &str, ports: &[u16]| {
        let method = match routing {
            Routing::Sticky => "hash $packet_shard consistent",
            Routing::Random => "random",
        };
        let servers = ports.iter().fold(String::new(), |mut lines, port| {
            let server = format!("127.0.0.1:{port} max_fails=1 fail_timeout=1s");
            let _written = writeln!(lines, "    server {server};");
            lines
        });
        format!("upstream {name} {{\n    {method};\n{servers}    keepalive 64;\n}}\n")
    };
    upstream("site_S", of_site('S'))
        + &upstream("site_N", of_site('N'))
        + &upstream("all_nodes", &all)
}
