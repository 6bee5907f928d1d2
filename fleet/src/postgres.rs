use crate::{account::Account, program, watchdog::Watchdog};
use anyhow::{Context, Result, bail};
use std::{fs::File, io::Write as _, path::PathBuf, process::Command, time::Duration};

/// The role that owns everything.
const ROLE: &str = "hongbao";
/// What a standby calls itself.
const STANDBY: &str = "standby";
const STARTS_MAX: u32 = 3;
/// How often, and how many times, is looked whether a standby follows.
const LOOK_EVERY: Duration = Duration::from_millis(20);
const LOOKS_MAX: u32 = 1_000;

/// A private PostgreSQL server.
#[derive(Debug)]
pub struct Postgres {
    folder: PathBuf,
    port: u16,
    account: Account,
    _watchdog: Watchdog,
}

impl Postgres {
    /// Starts one, and waits until it answers. `settings` are those of `postgresql.conf`.
    pub fn start(settings: &[(&str, &str)]) -> Result<Self> {
        let mut server = Self::prepare()?;
        let mut make = Command::new(program::of_postgres("initdb")?);
        make.arg("-D").arg(server.data()).args(["--username", ROLE, "--auth=trust", "--no-sync"]);
        make.args(["--encoding=UTF8", "--no-locale", "--no-instructions"]);
        program::run(server.account.lend(&mut make).current_dir("/"))?;
        server.set(settings)?;
        server.run_on_a_free_port()?;
        Ok(server)
    }

    /// Starts a synchronous standby of this server: from now on a commit is answered when
    /// both have it, so that the standby can take over without losing one.
    pub fn standby(&self) -> Result<Self> {
        let mut standby = Self::prepare()?;
        let mut copy = Command::new(program::of_postgres("pg_basebackup")?);
        copy.arg("-D").arg(standby.data()).args([
            "--checkpoint=fast",
            "--no-sync",
            "--write-recovery-conf",
        ]);
        copy.args(["-h", "127.0.0.1", "-U", ROLE, "-p", &self.port.to_string()]);
        program::run(standby.account.lend(&mut copy).current_dir("/"))?;
        let follows = format!(
            "host=127.0.0.1 port={} user={ROLE} sslmode=disable application_name={STANDBY}",
            self.port
        );
        standby.set(&[("primary_conninfo", &follows)])?;
        standby.run_on_a_free_port()?;
        self.ask(&format!("ALTER SYSTEM SET synchronous_standby_names = '{STANDBY}'"))?;
        self.ask("SELECT pg_reload_conf()")?;
        for _ in 0..LOOKS_MAX {
            if self.ask("SELECT sync_state FROM pg_stat_replication")? == "sync" {
                return Ok(standby);
            }
            std::thread::sleep(LOOK_EVERY);
        }
        bail!("the standby does not follow")
    }

    /// Makes a standby the primary.
    pub fn promote(&self) -> Result<()> {
        program::run(self.control()?.args(["-w", "promote"]))
    }

    /// A server of its own account and folder, without data.
    fn prepare() -> Result<Self> {
        let account = Account::other_than_root()?;
        let folder = tempfile::Builder::new().prefix("hongbao-postgres-").tempdir()?.keep();
        account.own(&folder)?;
        let control = program::of_postgres("pg_ctl")?;
        let stop = format!("{} -D {}/data -m immediate stop", control.display(), folder.display());
        let stop = match account.name() {
            Some(name) => format!("setpriv --reuid={name} --regid={name} --clear-groups {stop}"),
            None => stop,
        };
        // One that was stopped in the middle does not hear that it shall end.
        let go_on = format!("kill -CONT $(head -n 1 {}/data/postmaster.pid)", folder.display());
        let watchdog = Watchdog::new(&format!("{go_on}; {stop}"), &folder)?;
        Ok(Self { folder, port: 0, account, _watchdog: watchdog })
    }

    /// Adds these settings to those that it has; of two of a name the later counts.
    fn set(&self, settings: &[(&str, &str)]) -> Result<()> {
        let sockets = self.folder.display().to_string();
        let common = [("listen_addresses", "127.0.0.1"), ("unix_socket_directories", &sockets)];
        let mut file = File::options()
            .create(true)
            .append(true)
            .open(self.data().join("postgresql.auto.conf"))?;
        for (name, value) in common.iter().chain(settings) {
            writeln!(file, "{name} = '{value}'")?;
        }
        Ok(())
    }

    fn run_on_a_free_port(&mut self) -> Result<()> {
        // Somebody else may take the port between looking and starting.
        let mut started = Ok(());
        for _ in 0..STARTS_MAX {
            self.port = program::free_port()?;
            started = self.run();
            if started.is_ok() {
                break;
            }
        }
        started
    }

    /// The first field of what it answers to a statement.
    fn ask(&self, statement: &str) -> Result<String> {
        let mut ask = Command::new(program::of_postgres("psql")?);
        ask.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--command", statement]);
        program::output(ask.arg(self.url()))
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Starts it again, on the same port, after [`Postgres::kill`].
    pub fn run(&self) -> Result<()> {
        let mut start = self.control()?;
        start.args(["-w", "-o", &format!("-p {}", self.port), "-l"]);
        start.arg(self.folder.join("log")).arg("start");
        program::run(&mut start)
            .with_context(|| std::fs::read_to_string(self.folder.join("log")).unwrap_or_default())
    }

    /// Ends it without any warning: all of its processes at once.
    pub fn kill(&self) -> Result<()> {
        program::run(self.control()?.args(["-m", "immediate", "stop"]))
    }

    /// Ends it in good order, and starts it again: connections end, and nothing is lost.
    pub fn restart(&self) -> Result<()> {
        program::run(self.control()?.args(["-m", "fast", "-w", "stop"]))?;
        self.run()
    }

    /// Stops all of its processes in the middle of what they do: connections stay open,
    /// nothing answers.
    pub fn pause(&self) -> Result<()> {
        self.signal("-STOP")
    }

    /// Lets it go on after [`Postgres::pause`].
    pub fn resume(&self) -> Result<()> {
        self.signal("-CONT")
    }

    /// The first process, which makes the others, first: meanwhile there come no more.
    fn signal(&self, signal: &str) -> Result<()> {
        let first = self.process()?.to_string();
        program::run(Command::new("kill").args([signal, &first]))?;
        for entry in std::fs::read_dir("/proc")?.flatten() {
            let process = entry.file_name().to_string_lossy().into_owned();
            let status = std::fs::read_to_string(entry.path().join("status")).unwrap_or_default();
            let parent = status.lines().find_map(|line| line.strip_prefix("PPid:"));
            if parent.is_some_and(|parent| parent.trim() == first) {
                // It may have ended by itself meanwhile.
                let _signalled = program::run(Command::new("kill").args([signal, &process]));
            }
        }
        Ok(())
    }

    /// Its first process, which makes all others.
    pub fn process(&self) -> Result<u32> {
        let file = std::fs::read_to_string(self.data().join("postmaster.pid"))?;
        Ok(file.lines().next().context("the server does not run")?.trim().parse()?)
    }

    fn control(&self) -> Result<Command> {
        let mut command = Command::new(program::of_postgres("pg_ctl")?);
        command.arg("-D").arg(self.data()).current_dir("/");
        self.account.lend(&mut command);
        Ok(command)
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its address, for a client.
    pub fn url(&self) -> String {
        self.url_through(self.port)
    }

    /// Its address by way of another port, such as a proxy's.
    pub fn url_through(&self, port: u16) -> String {
        format!("postgres://{ROLE}@127.0.0.1:{port}/postgres?sslmode=disable")
    }
}
