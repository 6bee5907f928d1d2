use crate::{program, watchdog::Watchdog};
use anyhow::{Context, Result, bail, ensure};
use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

const STARTS_MAX: u32 = 3;
const STARTS_WITHIN: Duration = Duration::from_secs(10);
const ANSWERS_WITHIN: Duration = Duration::from_secs(5);
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// The slots of every cluster.
const SLOTS: usize = 16_384;

/// A private Redis server that keeps nothing on disk.
#[derive(Debug)]
pub struct Redis {
    folder: PathBuf,
    port: u16,
    settings: Vec<(String, String)>,
    process: Mutex<Option<Child>>,
    _watchdog: Watchdog,
}

/// Three Redis servers that share the slots of a cluster, without replicas.
#[derive(Debug)]
pub struct RedisCluster {
    nodes: Vec<Redis>,
}

impl Redis {
    /// Starts one, and waits until it answers. `settings` are those of `redis.conf`.
    pub fn start(settings: &[(&str, &str)]) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("hongbao-redis-").tempdir()?.keep();
        let stop = format!("[ -f {0}/pid ] && kill -KILL $(cat {0}/pid)", folder.display());
        let watchdog = Watchdog::new(&stop, &folder)?;
        let settings = settings.iter().map(|(name, value)| (format!("--{name}"), (*value).into()));
        let settings = settings.collect();
        let process = Mutex::default();
        let mut server = Self { folder, port: 0, settings, process, _watchdog: watchdog };
        // Somebody else may take the port between looking and starting.
        let mut started = Ok(());
        for _ in 0..STARTS_MAX {
            server.port = program::free_port()?;
            started = server.run();
            if started.is_ok() {
                break;
            }
        }
        started.map(|()| server)
    }

    /// Starts it again, empty unless it was told to save, on the same port, after [`Redis::kill`].
    pub fn run(&self) -> Result<()> {
        let log = fs::File::create(self.folder.join("log"))?;
        let mut command = Command::new(program::of_redis()?);
        command.args(["--bind", "127.0.0.1", "--port", &self.port.to_string()]);
        command.args(["--save", "", "--appendonly", "no", "--daemonize", "no"]);
        command.arg("--dir").arg(&self.folder);
        command.args(self.settings.iter().flat_map(|(name, value)| [name, value]));
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let mut child = command.spawn().context("cannot start redis-server")?;
        fs::write(self.folder.join("pid"), child.id().to_string())?;
        let started = self.wait(&mut child);
        *self.process() = Some(child);
        if started.is_err() {
            self.kill()?;
        }
        started
    }

    fn wait(&self, child: &mut Child) -> Result<()> {
        let patience = Instant::now() + STARTS_WITHIN;
        while self.command(&["PING"]).is_err() {
            if child.try_wait()?.is_some() || Instant::now() > patience {
                bail!("{}", fs::read_to_string(self.folder.join("log")).unwrap_or_default());
            }
            thread::sleep(LOOK_EVERY);
        }
        Ok(())
    }

    /// Ends it without any warning, and with it all that it holds.
    pub fn kill(&self) -> Result<()> {
        let Some(mut child) = self.process().take() else { return Ok(()) };
        child.kill()?;
        child.wait()?;
        Ok(fs::remove_file(self.folder.join("pid"))?)
    }

    /// Stops it in the middle of what it does: connections stay open, nothing answers.
    pub fn pause(&self) -> Result<()> {
        self.signal("-STOP")
    }

    /// Lets it go on after [`Redis::pause`].
    pub fn resume(&self) -> Result<()> {
        self.signal("-CONT")
    }

    fn signal(&self, signal: &str) -> Result<()> {
        program::run(Command::new("kill").args([signal, &self.id()?.to_string()]))
    }

    /// Forgets everything, as a server does that lost its memory.
    pub fn wipe(&self) -> Result<()> {
        self.command(&["FLUSHALL"]).map(drop)
    }

    /// Makes it the replica of a server that is not there, as a primary is after a failover:
    /// it answers pings and reads, and refuses to write.
    pub fn demote(&self) -> Result<()> {
        self.command(&["REPLICAOF", "127.0.0.1", "1"]).map(drop)
    }

    /// Makes it a primary again.
    pub fn promote(&self) -> Result<()> {
        self.command(&["REPLICAOF", "NO", "ONE"]).map(drop)
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its address, for a client.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Sends one command; gives a reply of text or a number as text, of nothing as an empty
    /// one, and of an array only its length.
    pub fn command(&self, words: &[&str]) -> Result<String> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        stream.set_read_timeout(Some(ANSWERS_WITHIN))?;
        let mut request = vec![format!("*{}\r\n", words.len())];
        request.extend(words.iter().map(|word| format!("${}\r\n{word}\r\n", word.len())));
        stream.write_all(request.concat().as_bytes())?;
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let line = line.trim_end();
        match line.split_at_checked(1) {
            Some(("+" | ":" | "*", rest)) => Ok(rest.to_owned()),
            Some(("$", "-1")) => Ok(String::new()),
            Some(("$", length)) => {
                let mut text = vec![0; length.parse()?];
                reader.read_exact(&mut text)?;
                Ok(String::from_utf8(text)?)
            }
            Some(("-", error)) => bail!("{error}"),
            _ => bail!("\"{line}\" is no reply"),
        }
    }

    /// Its process.
    pub fn id(&self) -> Result<u32> {
        Ok(self.process().as_ref().context("the server does not run")?.id())
    }

    fn process(&self) -> MutexGuard<'_, Option<Child>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// At once, and waits for it, so that nothing is left of a child that nobody waits for.
impl Drop for Redis {
    fn drop(&mut self) {
        drop(self.kill());
    }
}

impl RedisCluster {
    /// Starts one, and waits until it takes commands.
    pub fn start() -> Result<Self> {
        let node = || {
            let bus = program::free_port()?.to_string();
            Redis::start(&[
                ("cluster-enabled", "yes"),
                ("cluster-port", &bus),
                ("cluster-node-timeout", "1000"),
            ])
            .map(|node| (node, bus))
        };
        let nodes = [node()?, node()?, node()?];
        let share = SLOTS.div_ceil(nodes.len());
        for (at, (node, _)) in nodes.iter().enumerate() {
            let slots = (at * share..SLOTS.min((at + 1) * share)).map(|slot| slot.to_string());
            let slots: Vec<String> = slots.collect();
            let mut words = vec!["CLUSTER", "ADDSLOTS"];
            words.extend(slots.iter().map(String::as_str));
            node.command(&words)?;
            node.command(&["CLUSTER", "SET-CONFIG-EPOCH", &(at + 1).to_string()])?;
        }
        let [(first, _), others @ ..] = &nodes;
        for (other, bus) in others {
            let port = other.port().to_string();
            first.command(&["CLUSTER", "MEET", "127.0.0.1", &port, bus])?;
        }
        let cluster = Self { nodes: nodes.map(|(node, _)| node).into() };
        cluster.wait()?;
        Ok(cluster)
    }

    /// Waits until all of it works together.
    pub fn wait(&self) -> Result<()> {
        let patience = Instant::now() + STARTS_WITHIN;
        let known = format!("cluster_known_nodes:{}", self.nodes.len());
        for node in &self.nodes {
            loop {
                let info = node.command(&["CLUSTER", "INFO"])?;
                if info.contains("cluster_state:ok") && info.contains(&known) {
                    break;
                }
                ensure!(Instant::now() < patience, "the cluster does not come up: {info}");
                thread::sleep(LOOK_EVERY);
            }
        }
        Ok(())
    }

    /// Its servers.
    pub fn nodes(&self) -> &[Redis] {
        &self.nodes
    }

    /// The addresses of its servers, for a client.
    pub fn urls(&self) -> Vec<String> {
        self.nodes.iter().map(Redis::url).collect()
    }
}
