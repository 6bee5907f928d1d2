//! The calls that a page makes: cut off, lost, held back, made by hand and counted.

use super::Browser;
use crate::{engine::Engine, firefox, wait::wait_for};
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

/// What becomes of a call that gets lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// It fails before it has reached the server.
    Request,
    /// The server has answered; the call fails.
    Answer,
    /// It never reaches the server, and never ends.
    RequestForGood,
    /// The server has answered; the call never ends.
    AnswerForGood,
}

impl Browser {
    /// Takes the network away from this browser, or gives it back. What fails meanwhile
    /// stands in the console and is excused.
    pub async fn set_offline(&self, offline: bool) -> Result<()> {
        self.console.expect_lost_network();
        if self.engine == Engine::Firefox {
            return firefox::set_offline(&self.driver, offline).await;
        }
        let conditions = json!({
            "offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1,
        });
        let cdp = self.driver.cdp();
        cdp.send_raw("Network.enable", json!({})).await?;
        cdp.send_raw("Network.emulateNetworkConditions", conditions).await?;
        Ok(())
    }

    /// Why the browser would not offer to install the app.
    pub async fn hindrances_to_install(&self) -> Result<Vec<Value>> {
        let cdp = self.driver.cdp();
        let answer = cdp.send_raw("Page.getInstallabilityErrors", json!({})).await?;
        let errors = answer["installabilityErrors"].as_array().context("no errors")?;
        Ok(errors.clone())
    }

    /// From now on this page loses its calls whose paths end like this.
    pub async fn lose(&self, path_end: &str, loss: Loss) -> Result<()> {
        let (reaches, ends) = match loss {
            Loss::Request => (false, true),
            Loss::Answer => (true, true),
            Loss::RequestForGood => (false, false),
            Loss::AnswerForGood => (true, false),
        };
        let script = format!(
            "window.realFetch ??= window.fetch;
            window.lostCalls = 0;
            window.fetch = async (path, init) => {{
                if (!String(path).endsWith('{path_end}')) return window.realFetch(path, init);
                if ({reaches}) await (await window.realFetch(path, init)).text();
                window.lostCalls += 1;
                if ({ends}) throw new TypeError('lost');
                return new Promise(() => {{}});
            }};"
        );
        self.script(&script).await.map(|_| ())
    }

    /// Ends [`Browser::lose`].
    pub async fn lose_nothing(&self) -> Result<()> {
        self.script("window.fetch = window.realFetch").await.map(|_| ())
    }

    /// Waits until a call got lost.
    pub async fn lost(&self) -> Result<()> {
        wait_for("a call to get lost", async || {
            Ok((self.script("return window.lostCalls").await? != json!(0)).then_some(()))
        })
        .await
    }

    /// From now on this page's calls stay on their way until [`Browser::release_calls`].
    pub async fn hold_calls(&self) -> Result<()> {
        let script = "window.realFetch ??= window.fetch;
            window.heldCalls = 0;
            const released = new Promise((release) => { window.releaseCalls = release; });
            window.fetch = async (path, init) => {
                if (!String(path?.url ?? path).includes('/api/')) return window.realFetch(path, init);
                window.heldCalls += 1;
                await released;
                return window.realFetch(path, init);
            };";
        self.script(script).await.map(|_| ())
    }

    /// Waits until this many calls are held.
    pub async fn holds_calls(&self, count: u64) -> Result<()> {
        wait_for(&format!("{count} calls on their way"), async || {
            let held = self.script("return window.heldCalls").await?.as_u64();
            Ok((held >= Some(count)).then_some(()))
        })
        .await
    }

    /// Lets the held calls go on, and waits until each has been answered.
    pub async fn release_calls(&self) -> Result<()> {
        let script = "const done = arguments[0];
            const real = window.realFetch;
            const open = new Set();
            window.realFetch = (...call) => {
                const answer = real(...call);
                open.add(answer);
                answer.finally(() => open.delete(answer)).catch(() => {});
                return answer;
            };
            window.fetch = (...call) => window.realFetch(...call);
            window.releaseCalls();
            const look = () => open.size ? setTimeout(look, 10) : setTimeout(done, 50);
            setTimeout(look, 0);";
        self.ask(script, Vec::new()).await.map(|_| ())
    }

    /// Runs a script in every page that is loaded from now on, before anything of its own.
    pub async fn before_each_page(&self, script: &str) -> Result<()> {
        if self.engine == Engine::Firefox {
            return firefox::before_each_page(&self.driver, script).await;
        }
        let script = json!({"source": script});
        let cdp = self.driver.cdp();
        cdp.send_raw("Page.addScriptToEvaluateOnNewDocument", script).await?;
        Ok(())
    }

    /// The person has given leave to show notifications.
    pub async fn allow_notifications(&self) -> Result<()> {
        let leave = json!({"origin": self.base, "permissions": ["notifications"]});
        self.driver.cdp().send_raw("Browser.grantPermissions", leave).await?;
        Ok(())
    }

    /// The service worker gets this from the push service.
    pub async fn push(&self, message: &Value) -> Result<()> {
        let cdp = self.driver.cdp();
        cdp.send_raw("ServiceWorker.enable", json!({})).await?;
        // The only one of its profile.
        let message = json!({
            "origin": self.base, "registrationId": "0", "data": message.to_string(),
        });
        cdp.send_raw("ServiceWorker.deliverPushMessage", message).await?;
        Ok(())
    }

    /// Nobody looks at it any more, until [`Browser::unhide`].
    pub async fn hide(&self) -> Result<()> {
        self.driver.minimize_window().await?;
        self.looks("hidden").await
    }

    /// Somebody looks at it again.
    pub async fn unhide(&self) -> Result<()> {
        self.driver.maximize_window().await?;
        self.looks("visible").await
    }

    async fn looks(&self, state: &str) -> Result<()> {
        wait_for(&format!("the page to be {state}"), async || {
            let is = self.script("return document.visibilityState").await?;
            Ok((is == state).then_some(()))
        })
        .await
    }

    /// Excuses everything that fails because nobody answers.
    pub fn expect_lost_network(&self) {
        self.console.expect_lost_network();
    }

    /// Excuses every refusal of a call for what it asks: whoever taps at random asks anything.
    pub fn expect_any_refusal(&self) {
        self.console.expect_any_refusal();
    }

    /// Calls the REST interface from inside the page, with the page's own session.
    /// Answers status and body.
    pub async fn fetch(
        &self,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> Result<(u64, Value)> {
        let script = "const [method, path, body, done] = arguments;
            const init = { method, headers: body ? { 'content-type': 'application/json' } : {} };
            if (body) init.body = JSON.stringify(body);
            fetch(path, init).then(async (answer) => {
                const text = await answer.text();
                done([answer.status, text ? JSON.parse(text) : null]);
            }, (error) => done([0, String(error)]));";
        let arguments = vec![json!(method), json!(path), body.unwrap_or_default()];
        let answer = self.ask(script, arguments).await?;
        let status = answer[0].as_u64().context("a status")?;
        ensure!(status != 0, "{method} {path}: {}", answer[1]);
        Ok((status, answer[1].clone()))
    }

    /// Reads a stream of events from inside the page up to the event with this id; its
    /// text.
    pub async fn read_stream(&self, path: &str, last_id: &str) -> Result<String> {
        let script = "const [path, lastId, done] = arguments;
            const last = new RegExp(`^id: ?${lastId}$`, 'm');
            const stop = new AbortController();
            (async () => {
                const answer = await fetch(path, { signal: stop.signal });
                const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
                let text = '';
                while (!last.test(text) || !text.endsWith('\\n\\n')) {
                    const { value, done: ended } = await reader.read();
                    if (ended) break;
                    text += value;
                }
                stop.abort();
                done(text);
            })().catch(() => done(null));";
        let text = self.ask(script, vec![json!(path), json!(last_id)]).await?;
        Ok(text.as_str().with_context(|| format!("{path} told nothing"))?.to_owned())
    }

    /// The calls of the REST interface that this page has made since it was loaded.
    pub async fn calls(&self) -> Result<Vec<String>> {
        let script = "return performance.getEntriesByType('resource')
            .map((entry) => new URL(entry.name).pathname + new URL(entry.name).search)
            .filter((path) => path.startsWith('/api/'));";
        let calls = self.script(script).await?;
        Ok(serde_json::from_value(calls)?)
    }
}
