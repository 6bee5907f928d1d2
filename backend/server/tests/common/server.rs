//! A real server on a free port, in this process or as a child that can be killed.

use super::{
    ManualClock,
    person::{Person, client, send},
};
use hongbao::{
    http,
    node::{Outside, start_on},
};
use hongbao_config::Config;
use hongbao_engine::app::App;
use hongbao_shared::Fen;
use reqwest::{Method, RequestBuilder};
use serde_json::json;
use std::{
    io::{BufRead, BufReader},
    process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio},
    sync::Arc,
    time::Duration,
};
use tempfile::TempDir;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

/// A server with its own folder; gone when it is dropped.
pub(crate) struct TestServer {
    pub(crate) url: String,
    pub(crate) client: reqwest::Client,
    pub(crate) folder: TempDir,
    running: Running,
}

enum Running {
    Here { app: Arc<App>, stop: CancellationToken, served: JoinHandle<()> },
    Child { child: Option<Child>, variables: Vec<(String, String)> },
    Dead,
}

impl TestServer {
    /// In this process, with limits per address and per person off and nothing else changed.
    pub(crate) async fn start() -> Self {
        Self::start_with(None, |_| {}).await
    }

    /// In this process, on a clock that the test moves, with other settings.
    pub(crate) async fn start_with(
        clock: Option<Arc<ManualClock>>,
        change: impl FnOnce(&mut Config),
    ) -> Self {
        let mut outside = Outside::default();
        if let Some(clock) = clock {
            outside.clock = clock;
        }
        Self::start_on(outside, change).await
    }

    /// In this process, on what the test brings, with other settings.
    pub(crate) async fn start_on(outside: Outside, change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::default();
        config.storage.data = folder.path().to_owned();
        config.addresses.sign_ins_per_minute = 0;
        config.addresses.sign_ins_per_account_per_minute = 0;
        config.addresses.accounts_per_minute = 0;
        config.addresses.guests_per_minute = 0;
        config.flow.per_person = false;
        config.limits.welcome_grant_fen = Fen::ZERO;
        config.server.drain_s = 5;
        change(&mut config);
        let app = Arc::new(start_on(config, outside).await.unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let stop = CancellationToken::new();
        let router = http::router(Arc::clone(&app), stop.clone());
        let stopped = stop.clone().cancelled_owned();
        let served = tokio::spawn({
            let app = Arc::clone(&app);
            async move {
                let (settings, board) = (&app.config.server, app.control.board());
                http::serve(listener, router, settings, board, stopped).await;
            }
        });
        Self { url, client: client(), folder, running: Running::Here { app, stop, served } }
    }

    /// As a process of its own, with these variables, limits per address and per person off.
    pub(crate) fn spawn(variables: &[(&str, &str)]) -> Self {
        let mut server = Self::in_folder(tempfile::tempdir().unwrap(), variables);
        server.restart();
        server
    }

    /// As [`TestServer::spawn`], on data that is there; not started yet.
    pub(crate) fn in_folder(folder: TempDir, variables: &[(&str, &str)]) -> Self {
        let mut all: Vec<_> = ["SIGN_INS", "ACCOUNTS", "GUESTS"]
            .map(|what| (format!("HONGBAO_ADDRESSES_{what}_PER_MINUTE"), "0".to_owned()))
            .into();
        all.push(("HONGBAO_FLOW_PER_PERSON".to_owned(), "false".to_owned()));
        all.push(("HONGBAO_LIMITS_WELCOME_GRANT_FEN".to_owned(), "0".to_owned()));
        all.extend(variables.iter().map(|(name, value)| ((*name).into(), (*value).into())));
        let running = Running::Child { child: None, variables: all };
        Self { url: String::new(), client: client(), folder, running }
    }

    /// `kill -9`: no drain, no goodbye.
    pub(crate) fn kill(&mut self) {
        self.child().kill().unwrap();
        self.wait();
    }

    /// Starts the child again on the same data; it gets another port.
    pub(crate) fn restart(&mut self) {
        assert!(self.try_start(&[]), "the line with the address");
    }

    /// As [`TestServer::restart`], with more variables this once; `false` if it ended
    /// before it served.
    pub(crate) fn try_start(&mut self, once: &[(&str, &str)]) -> bool {
        self.try_start_as(|command| {
            command.envs(once.iter().copied());
        })
    }

    /// Likewise, with whatever else is to be changed about the process.
    pub(crate) fn try_start_as(&mut self, change: impl FnOnce(&mut Command)) -> bool {
        let mut command = self.command("server");
        change(&mut command);
        let stdout = self.launch_as(command);
        self.learn_address(stdout)
    }

    fn learn_address(&mut self, stdout: ChildStdout) -> bool {
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("Hongbao is at ");
        url.unwrap_or_default().clone_into(&mut self.url);
        url.is_some()
    }

    /// As [`TestServer::restart`], through a shell: `script` runs `"$0" "$@"` in the end.
    pub(crate) fn restart_under(&mut self, script: &str) {
        let server = self.command("server");
        let mut shell = Command::new("sh");
        shell.args(["-c", script]).arg(server.get_program()).args(server.get_args());
        shell.envs(server.get_envs().filter_map(|(name, value)| Some((name, value?))));
        // Its log may be a file, which the script may have the server not write.
        shell.stderr(Stdio::null());
        let stdout = self.launch_as(shell);
        assert!(self.learn_address(stdout), "the line with the address");
    }

    /// Starts the child and waits for nothing; gives what it will print.
    pub(crate) fn launch(&mut self, once: &[(&str, &str)]) -> ChildStdout {
        let mut command = self.command("server");
        command.envs(once.iter().copied());
        self.launch_as(command)
    }

    fn launch_as(&mut self, mut command: Command) -> ChildStdout {
        command.args(["--listen", "127.0.0.1:0"]);
        let Running::Child { child, .. } = &mut self.running else {
            panic!("only a child can be started");
        };
        let child = child.insert(command.stdout(Stdio::piped()).spawn().unwrap());
        child.stdout.take().unwrap()
    }

    /// A subcommand on the data of the child, with its settings.
    pub(crate) fn command(&self, subcommand: &str) -> Command {
        self.subcommand(&[subcommand])
    }

    /// Likewise, of several words.
    pub(crate) fn subcommand(&self, words: &[&str]) -> Command {
        let Running::Child { variables, .. } = &self.running else {
            panic!("only a child has variables");
        };
        let mut command = Command::new(env!("CARGO_BIN_EXE_hongbao"));
        command
            .args(words)
            .arg("--data")
            .arg(self.folder.path())
            .env("HONGBAO_TELEMETRY_FILTER", "warn")
            .envs(variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// The id of the child.
    pub(crate) fn process_id(&self) -> u32 {
        match &self.running {
            Running::Child { child: Some(child), .. } => child.id(),
            _ => panic!("only a child has a process of its own"),
        }
    }

    fn child(&mut self) -> &mut Child {
        match &mut self.running {
            Running::Child { child: Some(child), .. } => child,
            _ => panic!("no child was started"),
        }
    }

    /// Waits until the child has ended by itself, a minute at most; how it did.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        for _ in 0..3_000 {
            if let Some(status) = self.child().try_wait().unwrap() {
                return status;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("the child does not end");
    }

    /// Likewise, without holding up what else the test does.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        for _ in 0..3_000 {
            if let Some(status) = self.child().try_wait().unwrap() {
                return status;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the child does not end");
    }

    /// The log of a child that was started with a pipe for it.
    pub(crate) fn take_stderr(&mut self) -> Option<ChildStderr> {
        self.child().stderr.take()
    }

    /// SIGTERM: the child drains and ends by itself; its exit code.
    pub(crate) fn terminate(&mut self) -> Option<i32> {
        self.ask_to_end();
        self.wait().code()
    }

    /// SIGTERM, and waits for nothing.
    pub(crate) fn ask_to_end(&self) {
        let asked = Command::new("kill").args(["-TERM", &self.process_id().to_string()]).status();
        assert!(asked.unwrap().success());
    }

    /// The application, if it runs in this process.
    pub(crate) fn app(&self) -> &Arc<App> {
        match &self.running {
            Running::Here { app, .. } => app,
            _ => panic!("the application runs elsewhere"),
        }
    }

    /// Stops accepting, finishes, drains.
    pub(crate) async fn shutdown(mut self) -> TempDir {
        if let Running::Here { app, stop, served } =
            std::mem::replace(&mut self.running, Running::Dead)
        {
            stop.cancel();
            served.await.unwrap();
            app.shutdown().await;
        }
        std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap())
    }

    /// A request without a session.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url))
    }

    /// Somebody new, as a guest.
    pub(crate) async fn guest(&self, name: &str) -> Person {
        let request = self.request(Method::POST, "/api/v1/session/guest");
        let answer = send(request.json(&json!({"name": name}))).await.ok(201);
        Person {
            url: self.url.clone(),
            client: self.client.clone(),
            id: answer["user"]["id"].as_str().unwrap().to_owned(),
            token: answer["token"].as_str().unwrap().to_owned(),
        }
    }

    /// A group of so many guests; the first made it.
    pub(crate) async fn group_of(&self, members: usize) -> (String, Vec<Person>) {
        let owner = self.guest("owner").await;
        let group = owner.post("/groups", &json!({"name": "test"})).await.ok(201);
        let group = group["id"].as_str().unwrap().to_owned();
        let mut people = vec![owner];
        for number in 1..members {
            let person = self.guest(&format!("member {number}")).await;
            people[0].bring(&group, &person).await;
            people.push(person);
        }
        (group, people)
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        match &mut self.running {
            Running::Here { stop, served, .. } => {
                stop.cancel();
                served.abort();
            }
            Running::Child { child: None, .. } | Running::Dead => {}
            Running::Child { child: Some(child), .. } => {
                // It may have ended already.
                let _ended = child.kill();
                let _reaped = child.wait();
            }
        }
    }
}
