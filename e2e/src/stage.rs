//! One test: its server, its browsers, and how it ends.

use crate::{
    browser::Browser,
    engine::{Engine, Form},
    paths,
    person::Person,
    server::Server,
};
use anyhow::{Context as _, Result, ensure};
use futures::FutureExt as _;
use std::{
    cell::Cell,
    panic::{self, AssertUnwindSafe},
    sync::{Mutex, PoisonError},
};
use tokio::sync::Semaphore;

/// Plays at a time, however many cores there are: each has browsers, and each browser
/// has half a dozen processes.
static SEATS: Semaphore = Semaphore::const_new(2);

thread_local! {
    /// A test has a thread of its own, and plays on it.
    static ENGINE: Cell<Engine> = const { Cell::new(Engine::Chromium) };
}

/// Runs a test once more, in Firefox.
pub fn in_firefox(test: impl FnOnce() -> Result<()>) -> Result<()> {
    ENGINE.set(Engine::Firefox);
    test()
}

/// The server of a test and its browsers.
#[derive(Debug)]
pub struct Stage {
    name: String,
    engine: Engine,
    browsers: Mutex<Vec<Browser>>,
    server: Server,
}

/// Plays a test. When it is over, each browser's console must be empty; when it failed,
/// or panicked, pictures of what the browsers showed are kept.
pub fn play(name: &str, scene: impl AsyncFnOnce(&Stage) -> Result<()>) -> Result<()> {
    play_with(name, &[], scene)
}

/// [`play`] on a server with these variables.
pub fn play_with(
    name: &str,
    settings: &[(&str, &str)],
    scene: impl AsyncFnOnce(&Stage) -> Result<()>,
) -> Result<()> {
    let engine = ENGINE.get();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let _seat = SEATS.acquire().await?;
        let stage = Stage {
            name: if engine == Engine::Firefox {
                format!("firefox-{name}")
            } else {
                name.to_owned()
            },
            engine,
            browsers: Mutex::default(),
            server: Server::start(settings)?,
        };
        let outcome = AssertUnwindSafe(scene(&stage)).catch_unwind().await;
        let outcome = match outcome {
            Ok(Ok(())) => Ok(stage.check_consoles().await),
            Ok(Err(error)) => Ok(Err(error)),
            Err(panic) => Err(panic),
        };
        if !matches!(outcome, Ok(Ok(()))) {
            stage.keep_traces().await;
        }
        for browser in stage.browsers() {
            browser.quit().await;
        }
        drop(stage);
        outcome.unwrap_or_else(|panic| panic::resume_unwind(panic))
    })
}

impl Stage {
    /// The server's address.
    pub fn url(&self) -> &str {
        self.server.url()
    }

    /// Kills the server; nobody answers until [`Stage::start_server`]. What fails in the
    /// browsers meanwhile is excused.
    pub fn kill_server(&self) {
        for browser in self.browsers() {
            browser.expect_lost_network();
        }
        self.server.kill();
    }

    /// Starts the server again, on the data that it left, at the same address.
    pub fn start_server(&self) -> Result<()> {
        self.server.start_again()
    }

    /// Starts the server again with these variables besides those that it had.
    pub fn restart_with(&self, settings: &[(&str, &str)]) -> Result<()> {
        self.kill_server();
        self.server.add_settings(settings);
        self.start_server()
    }

    /// A new browser with nothing in it.
    pub async fn browser(&self, form: Form) -> Result<Browser> {
        self.open(form, false).await
    }

    /// A new browser that asks for less motion.
    pub async fn calm_browser(&self, form: Form) -> Result<Browser> {
        self.open(form, true).await
    }

    async fn open(&self, form: Form, calm: bool) -> Result<Browser> {
        // Boxed: it is large, and part of every scene.
        let browser = Box::pin(Browser::open(self.engine, self.url(), form, calm)).await?;
        self.browsers.lock().unwrap_or_else(PoisonError::into_inner).push(browser.clone());
        Ok(browser)
    }

    /// A guest who came in by REST.
    pub async fn guest(&self, name: &str) -> Result<Person> {
        Person::guest(self.url(), name).await
    }

    /// An administrator who came in by REST.
    pub async fn administrator(&self, name: &str) -> Result<Person> {
        let person = self.guest(name).await?;
        self.make_administrator(&person)?;
        Ok(person)
    }

    /// Makes an administrator of somebody, by the command, beside the server.
    pub fn make_administrator(&self, person: &Person) -> Result<()> {
        self.server.grant_admin(person.id())
    }

    fn browsers(&self) -> Vec<Browser> {
        self.browsers.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn check_consoles(&self) -> Result<()> {
        for (number, browser) in self.browsers().iter().enumerate() {
            let surprises = browser.surprises().await?;
            ensure!(
                surprises.is_empty(),
                "the console of browser {number} should be empty:\n{}",
                surprises.join("\n")
            );
        }
        Ok(())
    }

    /// As much as can be had; whatever fails here must not hide the failure itself.
    async fn keep_traces(&self) {
        let place = |what: &str| paths::leftovers().join(format!("{}-{what}", self.name));
        std::fs::write(place("server.log"), self.server.log()).ok();
        for (number, browser) in self.browsers().iter().enumerate() {
            browser.save_picture(&place(&format!("{number}.png"))).await.ok();
            let page = browser.source().await.unwrap_or_default();
            let console = browser.surprises().await.unwrap_or_default().join("\n");
            std::fs::write(place(&format!("{number}.html")), page).ok();
            std::fs::write(place(&format!("{number}-console.txt")), console).ok();
        }
    }

    /// Keeps a picture of the screen under this name. Those of the documentation are Chromium's.
    pub async fn picture(&self, browser: &Browser, name: &str) -> Result<()> {
        if self.engine != Engine::Chromium {
            return browser
                .save_picture(&paths::leftovers().join(format!("firefox-{name}.png")))
                .await;
        }
        let path = paths::pictures().join(format!("{name}.webp"));
        browser.save_webp(&path).await.with_context(|| format!("a picture of {name}"))
    }
}
