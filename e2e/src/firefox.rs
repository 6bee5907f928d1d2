//! A Firefox: its capabilities, and what it does by `WebDriver` `BiDi`.

use crate::{
    console::{Console, LAST_CALL, LAST_WORD},
    engine::{Form, text},
    wait::wait_for,
};
use anyhow::{Context as _, Result};
use futures::StreamExt as _;
use serde_json::{Value, json};
use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, sync::Arc};
use thirtyfour::{
    BrowserLogEntry, CapabilitiesHelper as _, DesiredCapabilities, FirefoxCapabilities, WebDriver,
    common::capabilities::firefox::FirefoxPreferences,
};

/// What the console hears of: words and errors of pages, and calls that fail.
const TOLD: [&str; 3] = ["log.entryAdded", "network.responseCompleted", "network.fetchError"];

/// Starts a Firefox that the kernel ends with its driver: geckodriver leaves it behind when it
/// is killed.
const MORTAL: &str = r#"#!/bin/sh
exec setpriv --pdeathsig KILL "${FIREFOX:-$(command -v firefox-esr || command -v firefox)}" "$@"
"#;

/// A fresh browser: nobody is signed in, nothing is stored. `calm` asks for less motion.
pub(crate) fn capabilities(form: Form, folder: &Path, calm: bool) -> Result<FirefoxCapabilities> {
    let mut capabilities = DesiredCapabilities::firefox();
    capabilities.set_headless()?;
    capabilities.enable_bidi()?;
    let program = folder.join("firefox");
    fs::write(&program, MORTAL).context("a Firefox that ends with its driver")?;
    fs::set_permissions(&program, fs::Permissions::from_mode(0o700))?;
    capabilities.set_firefox_binary(text(&program)?)?;
    let mut preferences = FirefoxPreferences::new();
    for (name, value) in [
        // Pictures must not depend on the machine's language and theme.
        ("intl.accept_languages", json!("en-US")),
        ("layout.css.prefers-color-scheme.content-override", json!(1)),
        ("ui.prefersReducedMotion", json!(u8::from(calm))),
        // Nothing but the page calls anybody.
        ("network.captive-portal-service.enabled", json!(false)),
        ("network.connectivity-service.enabled", json!(false)),
    ] {
        preferences.set(name, value)?;
    }
    if form.is_touched() {
        // A coarse pointer that cannot hover; bars that lie over the page.
        for (name, value) in [
            ("ui.primaryPointerCapabilities", 1),
            ("ui.allPointerCapabilities", 1),
            ("ui.useOverlayScrollbars", 1),
        ] {
            preferences.set(name, value)?;
        }
    }
    if form == Form::LargeText {
        for script in ["x-western", "zh-CN"] {
            preferences.set(&format!("font.size.variable.{script}"), 32)?;
        }
    }
    capabilities.set_preferences(preferences)?;
    Ok(capabilities)
}

/// Gives all windows the size that they are to have, and has the console listen.
pub(crate) async fn prepare(driver: &WebDriver, form: Form, console: Arc<Console>) -> Result<()> {
    let bidi = driver.bidi().await.context("WebDriver BiDi")?;
    let (width, height) = form.size();
    let size = json!({
        "userContexts": ["default"], "viewport": {"width": width, "height": height},
        "devicePixelRatio": 1,
    });
    bidi.send_raw("browsingContext.setViewport", size).await.context("a window's size")?;
    let mut told = bidi.subscribe_raw();
    tokio::spawn(async move {
        while let Some(event) = told.next().await {
            if let Some(entry) = entry(&event.method, &event.params) {
                console.hear(entry);
            }
        }
    });
    bidi.send_raw("session.subscribe", json!({"events": TOLD})).await.context("the console")?;
    Ok(())
}

/// Waits until the console has heard all that the page has said so far, and all that its calls were
/// refused.
pub(crate) async fn catch_up(driver: &WebDriver, console: &Console) -> Result<()> {
    // The browser's own `fetch`, should the test have put another in its place.
    let script = format!(
        "console.debug({LAST_WORD:?});
        return (window.realFetch ?? window.fetch)({LAST_CALL:?})
            .then((answer) => answer.text())
            .then(() => true, () => false);"
    );
    // Without a network, or a server, nobody answers.
    let is_answered = driver.execute(script, Vec::new()).await?.json() == &json!(true);
    wait_for("the console", async || Ok(console.has_heard_all(is_answered).then_some(()))).await
}

/// The network is gone, or back.
pub(crate) async fn set_offline(driver: &WebDriver, offline: bool) -> Result<()> {
    let conditions = if offline { json!({"type": "offline"}) } else { Value::Null };
    let conditions = json!({"networkConditions": conditions, "userContexts": ["default"]});
    driver.bidi().await?.send_raw("emulation.setNetworkConditions", conditions).await?;
    Ok(())
}

/// Runs a script in every page that is loaded from now on.
pub(crate) async fn before_each_page(driver: &WebDriver, script: &str) -> Result<()> {
    let script = json!({"functionDeclaration": format!("() => {{ {script} }}")});
    driver.bidi().await?.send_raw("script.addPreloadScript", script).await?;
    Ok(())
}

/// An event as a line of the console.
fn entry(method: &str, event: &Value) -> Option<BrowserLogEntry> {
    let url = event["request"]["url"].as_str().unwrap_or_default();
    let (level, source, message) = match method {
        "log.entryAdded" => {
            let source = if event["type"] == "console" { "console-api" } else { "javascript" };
            let at = event["stackTrace"]["callFrames"][0]["url"].as_str().unwrap_or_default();
            (event["level"].as_str()?, source, format!("{at} {}", event["text"].as_str()?))
        }
        "network.responseCompleted" => {
            let status = event["response"]["status"].as_u64().filter(|status| *status >= 400)?;
            ("error", "network", format!("{url} - status of {status}"))
        }
        "network.fetchError" => {
            let error = event["errorText"].as_str().unwrap_or_default();
            // Whoever leaves a page lets go of its calls.
            if error == "NS_BINDING_ABORTED" {
                return None;
            }
            ("error", "network", format!("{url} - {error}"))
        }
        _ => return None,
    };
    Some(BrowserLogEntry {
        level: level.to_owned(),
        message,
        timestamp: event["timestamp"].as_i64().unwrap_or_default(),
        source: Some(source.to_owned()),
    })
}
