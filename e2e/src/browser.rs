//! One browser and what a person does with it, by the test ids of the web app.

mod calls;
mod gestures;
mod looks;

pub use calls::Loss;

use crate::{
    chromium,
    console::Console,
    engine::{Driver, Engine, Form},
    firefox,
    person::Person,
    wait::wait_for,
};
use anyhow::{Context as _, Result};
use base64::{Engine as _, prelude::BASE64_STANDARD as BASE64};
use serde_json::{Value, json};
use std::{path::Path, sync::Arc};
use tempfile::TempDir;
use thirtyfour::{By, Cookie, Key, SameSite, TypingData, WebDriver, WebElement, WindowHandle};

/// A browser of its own, with its own cookies and storage. Clones are the same browser.
#[derive(Clone, Debug)]
pub struct Browser {
    driver: WebDriver,
    engine: Engine,
    base: Arc<str>,
    console: Arc<Console>,
    // The process first: fields are dropped in this order.
    _process: Arc<Driver>,
    _profile: Arc<TempDir>,
}

fn css(id: &str) -> String {
    format!("[data-testid='{id}']")
}

impl Browser {
    pub(crate) async fn open(engine: Engine, base: &str, form: Form, calm: bool) -> Result<Self> {
        let profile = TempDir::new().context("a folder for the browser's profile")?;
        let process = Driver::start(engine, profile.path())?;
        let console = Arc::<Console>::default();
        let driver = match engine {
            Engine::Chromium => {
                let capabilities = chromium::capabilities(form, profile.path(), calm)?;
                WebDriver::new(process.url(), capabilities).await.context("a new browser")?
            }
            Engine::Firefox => {
                let capabilities = firefox::capabilities(form, profile.path(), calm)?;
                let driver = WebDriver::new(process.url(), capabilities).await;
                let driver = driver.context("a new Firefox")?;
                firefox::prepare(&driver, form, Arc::clone(&console)).await?;
                driver
            }
        };
        Ok(Self {
            driver,
            engine,
            base: base.into(),
            console,
            _process: Arc::new(process),
            _profile: Arc::new(profile),
        })
    }

    pub(crate) async fn quit(&self) {
        // If this fails, the browser dies with its driver.
        self.driver.clone().quit().await.ok();
    }

    /// Excuses a refusal that the test provokes; everything else in the console fails it.
    pub fn expect_refusal(&self, path: &str, status: u16) {
        self.console.expect(path, status);
    }

    pub(crate) async fn surprises(&self) -> Result<Vec<String>> {
        match self.engine {
            Engine::Chromium => {
                for entry in self.driver.browser_log().await? {
                    self.console.hear(entry);
                }
            }
            Engine::Firefox => firefox::catch_up(&self.driver, &self.console).await?,
        }
        Ok(self.console.surprises())
    }

    pub(crate) async fn save_picture(&self, path: &Path) -> Result<()> {
        Ok(self.driver.screenshot(path).await?)
    }

    /// A picture for the documentation, a third as large.
    pub(crate) async fn save_webp(&self, path: &Path) -> Result<()> {
        let format = json!({"format": "webp", "quality": 82});
        let answer = self.driver.cdp().send_raw("Page.captureScreenshot", format).await?;
        let picture = BASE64.decode(answer["data"].as_str().context("a picture")?)?;
        std::fs::write(path, picture).with_context(|| path.display().to_string())
    }

    /// The page as it is now, attributes and hidden parts included.
    pub async fn source(&self) -> Result<String> {
        Ok(self.driver.source().await?)
    }

    /// Goes to a path of the app, or to a whole address.
    pub async fn goto(&self, path: &str) -> Result<()> {
        let url =
            if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.base) };
        self.at_ease().await?;
        self.driver.goto(url).await.with_context(|| format!("going to {path}"))
    }

    /// Waits until history has forgotten the sheets that have gone: a step that the app
    /// takes by itself, and that would cut short any other.
    async fn at_ease(&self) -> Result<()> {
        wait_for("history to forget what has gone", async || {
            let script = "return !history.state || !!document.querySelector('dialog[open]')";
            Ok((self.script(script).await? == json!(true)).then_some(()))
        })
        .await
    }

    pub async fn reload(&self) -> Result<()> {
        self.at_ease().await?;
        Ok(self.driver.refresh().await?)
    }

    /// Goes to a path within the app, which is not loaded again: as back and forward do.
    pub async fn walk_to(&self, path: &str) -> Result<()> {
        self.at_ease().await?;
        let script = "history.pushState(null, '', arguments[0]);
            dispatchEvent(new PopStateEvent('popstate'));";
        self.driver.execute(script, vec![json!(path)]).await?;
        Ok(())
    }

    pub async fn back(&self) -> Result<()> {
        self.at_ease().await?;
        Ok(self.driver.back().await?)
    }

    pub async fn forward(&self) -> Result<()> {
        Ok(self.driver.forward().await?)
    }

    /// The path that the address bar shows.
    pub async fn path(&self) -> Result<String> {
        Ok(self.driver.current_url().await?.path().to_owned())
    }

    /// Waits until the address bar shows a path that `fits`.
    pub async fn at_path(&self, what: &str, fits: impl Fn(&str) -> bool) -> Result<String> {
        wait_for(&format!("the address of {what}"), async || {
            Ok(Some(self.path().await?).filter(|path| fits(path)))
        })
        .await
    }

    /// Gives this browser the session of somebody who came in by REST. The next page it
    /// goes to is theirs.
    pub async fn become_person(&self, person: &Person) -> Result<()> {
        // A page without the app, so that nothing asks while hands change.
        self.goto_empty().await?;
        self.hand_over(person).await?;
        // The app's own note that there is a cookie, which scripts cannot see.
        self.store("hongbao.session", person.id()).await
    }

    /// Gives this browser somebody's session, unheard by the pages that are open.
    pub async fn hand_over(&self, person: &Person) -> Result<()> {
        let mut cookie = Cookie::new("hongbao_session", person.token());
        cookie.http_only = Some(true);
        cookie.same_site = Some(SameSite::Strict);
        self.driver.add_cookie(cookie).await.context("the cookie")
    }

    /// A page of the server's origin without the app. It names no icon of its own, so the
    /// browser looks for one at the usual place.
    async fn goto_empty(&self) -> Result<()> {
        self.expect_refusal("/favicon.ico", 404);
        self.goto("/favicon.svg").await
    }

    /// Takes the session away again, as if it had never been.
    pub async fn leave(&self) -> Result<()> {
        self.goto_empty().await?;
        self.driver.delete_all_cookies().await?;
        self.script("localStorage.removeItem('hongbao.session')").await.map(|_| ())
    }

    /// The visible elements with this test id.
    pub async fn all(&self, id: &str) -> Result<Vec<WebElement>> {
        self.select(&css(id)).await
    }

    async fn select(&self, selector: &str) -> Result<Vec<WebElement>> {
        let mut shown = Vec::new();
        for element in self.driver.find_all(By::Css(selector)).await? {
            if element.is_displayed().await? {
                shown.push(element);
            }
        }
        Ok(shown)
    }

    /// Waits for a visible element with this test id.
    pub async fn find(&self, id: &str) -> Result<WebElement> {
        self.find_css(&css(id)).await
    }

    /// Waits for a visible element that this selector finds.
    pub async fn find_css(&self, selector: &str) -> Result<WebElement> {
        wait_for(selector, async || Ok(self.select(selector).await?.into_iter().next())).await
    }

    /// Waits until this many elements with this test id are visible.
    pub async fn count(&self, id: &str, count: usize) -> Result<Vec<WebElement>> {
        wait_for(&format!("{count} of {id}"), async || {
            Ok(Some(self.all(id).await?).filter(|all| all.len() == count))
        })
        .await
    }

    /// Waits until nothing with this test id is visible.
    pub async fn gone(&self, id: &str) -> Result<()> {
        self.count(id, 0).await.map(|_| ())
    }

    /// Clicks what has this test id, as soon as nothing moves over it.
    pub async fn click(&self, id: &str) -> Result<()> {
        self.click_css(&css(id)).await
    }

    /// Clicks the first that this selector finds.
    pub async fn click_css(&self, selector: &str) -> Result<()> {
        wait_for(&format!("a click on {selector}"), async || {
            let Some(element) = self.select(selector).await?.into_iter().next() else {
                return Ok(None);
            };
            // What has just appeared takes no gesture yet.
            if !element.is_enabled().await? || !self.select("[data-settling]").await?.is_empty() {
                return Ok(None);
            }
            if let Err(under) = element.click().await {
                // The driver takes what lies under a sheet's head or foot for what is in view;
                // people scroll until they see it.
                element.scroll_into_view().await?;
                return Err(under.into());
            }
            Ok(Some(()))
        })
        .await
    }

    /// Replaces what a field holds, key by key.
    pub async fn fill(&self, id: &str, text: &str) -> Result<()> {
        let field = self.find(id).await?;
        wait_for(&format!("{id} to take the text"), async || {
            field.send_keys(Key::Control + "a").await?;
            field.send_keys(Key::Backspace + text).await?;
            let held = field.prop("value").await?.unwrap_or_default();
            Ok((held == text).then_some(()))
        })
        .await
    }

    /// Presses a key, or several at once, where the focus is.
    pub async fn press(&self, key: impl Into<TypingData>) -> Result<()> {
        Ok(self.driver.active_element().await?.send_keys(key).await?)
    }

    /// Waits for the element and reads its text.
    pub async fn text(&self, id: &str) -> Result<String> {
        wait_for(&format!("a text in {id}"), async || {
            let Some(element) = self.all(id).await?.into_iter().next() else { return Ok(None) };
            Ok(Some(element.text().await?).filter(|text| !text.is_empty()))
        })
        .await
    }

    /// Waits until the text of some element with this test id contains `part`.
    pub async fn says(&self, id: &str, part: &str) -> Result<()> {
        let mut last = Vec::new();
        let found = wait_for(&format!("“{part}” in {id}"), async || {
            last.clear();
            for element in self.all(id).await? {
                last.push(element.text().await?);
            }
            Ok(last.iter().any(|text| text.contains(part)).then_some(()))
        })
        .await;
        found.with_context(|| format!("{id} said {last:?}"))
    }

    /// Waits until the `place`th element that this selector finds, counted from 1, reads
    /// so.
    pub async fn says_css(&self, selector: &str, place: usize, text: &str) -> Result<()> {
        wait_for(&format!("“{text}” as number {place} of {selector}"), async || {
            let all = self.select(selector).await?;
            let Some(element) = place.checked_sub(1).and_then(|at| all.get(at)) else {
                return Ok(None);
            };
            Ok((element.text().await? == text).then_some(()))
        })
        .await
    }

    /// Waits until an attribute of the first element with this test id is `value`.
    pub async fn has(&self, id: &str, attribute: &str, value: &str) -> Result<()> {
        let selector = format!("{}[{attribute}='{value}']", css(id));
        self.find_css(&selector).await.map(|_| ())
    }

    /// Waits until the page shows these words, wherever.
    pub async fn says_anywhere(&self, words: &str) -> Result<()> {
        wait_for(&format!("“{words}” on the page"), async || {
            let text = self.script("return document.body.innerText").await?;
            Ok(text.as_str().is_some_and(|text| text.contains(words)).then_some(()))
        })
        .await
    }

    /// The window that everything is about.
    pub async fn window(&self) -> Result<WindowHandle> {
        Ok(self.driver.window().await?)
    }

    /// Another window of this browser at `path`; from now on everything is about it.
    pub async fn new_window(&self, path: &str) -> Result<WindowHandle> {
        let window = self.driver.new_window().await?;
        self.driver.switch_to_window(window.clone()).await?;
        self.goto(path).await?;
        Ok(window)
    }

    /// Makes everything be about this window from now on.
    pub async fn switch_to(&self, window: &WindowHandle) -> Result<()> {
        Ok(self.driver.switch_to_window(window.clone()).await?)
    }

    /// Runs a script in the page.
    pub async fn script(&self, script: &str) -> Result<Value> {
        Ok(self.driver.execute(script, Vec::new()).await?.json().clone())
    }

    /// Runs a script that calls its last argument with the answer.
    pub async fn ask(&self, script: &str, arguments: Vec<Value>) -> Result<Value> {
        Ok(self.driver.execute_async(script, arguments).await?.json().clone())
    }

    /// Writes into the browser's own storage, where the app keeps language and theme.
    pub async fn store(&self, key: &str, value: &str) -> Result<()> {
        let script = "localStorage.setItem(arguments[0], arguments[1]);";
        // A document that is about to be replaced by the one that was asked for has none.
        wait_for("the browser's storage", async || {
            self.driver.execute(script, vec![json!(key), json!(value)]).await?;
            Ok(Some(()))
        })
        .await
    }

    /// A page is alive if the app has not panicked and something is to be read.
    pub async fn is_alive(&self) -> Result<()> {
        wait_for("a living page", async || {
            let script = "const broken = document.getElementById('broken');
                const loading = document.querySelector('.splash');
                return (!broken || broken.hidden) && !loading
                    && document.body.innerText.trim().length > 0;";
            Ok((self.script(script).await? == json!(true)).then_some(()))
        })
        .await
        .with_context(|| "the app shows nothing, or has panicked")
    }
}
