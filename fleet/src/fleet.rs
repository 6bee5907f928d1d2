use crate::{
    engines::Engines,
    nginx::{Nginx, Routing},
    node::Node,
};
use anyhow::Result;
use std::{
    ops::{Deref, DerefMut},
    path::Path,
};

/// How large a fleet.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The site letter of each node.
    pub nodes: Vec<char>,
    /// Logical shards of each site, half of them on each of its two servers.
    pub shards: u16,
    /// How requests find a node.
    pub routing: Routing,
    /// Settings of the nodes beside the topology, as lines of their configuration file.
    pub settings: String,
    /// Is the shared cache of each site a cluster of three?
    pub cache_clusters: bool,
    /// Do databases wait for their disk? Off where nothing has to survive the machine.
    pub durable: bool,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            nodes: vec!['S', 'S', 'N'],
            shards: 4,
            routing: Routing::Sticky,
            settings: String::new(),
            cache_clusters: false,
            durable: false,
        }
    }
}

/// Nodes, databases and a proxy of two sites, all on this machine, gone when dropped.
#[derive(Debug)]
pub struct Fleet {
    // In the order in which they end.
    /// In front of the nodes.
    pub nginx: Nginx,
    /// The servers.
    pub nodes: Vec<Node>,
    /// What the nodes keep everything in.
    pub engines: Engines,
}

impl Fleet {
    /// Starts everything; `binary` is `hongbao`.
    pub fn start(binary: &Path, plan: &Plan) -> Result<Self> {
        let engines = Engines::start(binary, plan)?;
        let mut nodes = Vec::new();
        for home in &plan.nodes {
            nodes.push(Node::start(binary, engines.config(), *home)?);
        }
        let nginx = Nginx::start(&nodes, plan.routing)?;
        Ok(Self { nginx, nodes, engines })
    }

    /// Where its users find it.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.nginx.port())
    }
}

impl Deref for Fleet {
    type Target = Engines;

    fn deref(&self) -> &Engines {
        &self.engines
    }
}

impl DerefMut for Fleet {
    fn deref_mut(&mut self) -> &mut Engines {
        &mut self.engines
    }
}
