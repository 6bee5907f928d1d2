use crate::{account::Account, program, watchdog::Watchdog};
use anyhow::{Context, Result};
use std::{path::PathBuf, process::Command};

/// The role that owns everything.
const ROLE: &str = "hongbao";
const STARTS_MAX: u32 = 3;

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
        let account = Account::other_than_root()?;
        let folder = tempfile::Builder::new().prefix("hongbao-postgres-").tempdir()?.keep();
        account.own(&folder)?;
        let control = program::of_postgres("pg_ctl")?;
        let stop = format!("{} -D {}/data -m immediate stop", control.display(), folder.display());
        let stop = match account.name() {
            Some(name) => format!("setpriv --reuid={name} --regid={name} --clear-groups {stop}"),
            None => stop,
        };
        let watchdog = Watchdog::new(&stop, &folder)?;
        let mut server = Self { folder, port: 0, account, _watchdog: watchdog };
        let data = server.data();
        let mut prepare = Command::new(program::of_postgres("initdb")?);
        prepare.arg("-D").arg(&data).args(["--username", ROLE, "--auth=trust", "--no-sync"]);
        prepare.args(["--encoding=UTF8", "--no-locale", "--no-instructions"]);
        program::run(account.lend(&mut prepare).current_dir("/"))?;
        let settings = settings.iter().map(|(name, value)| format!("{name} = '{value}'\n"));
        let common = format!(
            "listen_addresses = '127.0.0.1'\nunix_socket_directories = '{}'\n{}",
            server.folder.display(),
            settings.collect::<String>()
        );
        std::fs::write(data.join("postgresql.auto.conf"), common)?;
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
