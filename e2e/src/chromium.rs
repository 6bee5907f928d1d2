//! The capabilities of a Chromium, which does what tests ask for by the `DevTools` protocol.

use crate::engine::{Form, text};
use anyhow::Result;
use serde_json::{Value, json};
use std::{env, path::Path};
use thirtyfour::{
    ChromeCapabilities, ChromiumLikeCapabilities as _, DesiredCapabilities, LoggingPrefsLogLevel,
};

const FLAGS: [&str; 11] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    // Shared memory is tiny in containers.
    "--disable-dev-shm-usage",
    // Pictures must not depend on the machine's language.
    "--lang=en-US",
    "--accept-lang=en-US",
];

/// A fresh browser: nobody is signed in, nothing is stored, every word of the console
/// is kept. `calm` asks for less motion, which tests that do not look at it are
/// quicker with.
pub(crate) fn capabilities(form: Form, profile: &Path, calm: bool) -> Result<ChromeCapabilities> {
    let mut capabilities = DesiredCapabilities::chrome();
    for flag in FLAGS {
        capabilities.add_arg(flag)?;
    }
    if form.is_touched() {
        // As on a phone: they lie over the page and are gone at rest.
        capabilities.add_arg("--hide-scrollbars")?;
    }
    if calm {
        capabilities.add_arg("--force-prefers-reduced-motion")?;
    }
    capabilities.add_arg(&format!("--user-data-dir={}", text(profile)?))?;
    if let Some(program) = env::var_os("CHROMIUM") {
        capabilities.set_binary(text(&program)?)?;
    }
    if form == Form::LargeText {
        let letters = json!({"webkit.webprefs.default_font_size": 32});
        capabilities.add_experimental_option("prefs", letters)?;
    }
    capabilities
        .add_experimental_option("mobileEmulation", json!({"deviceMetrics": metrics(form)}))?;
    capabilities.set_browser_log_level(LoggingPrefsLogLevel::All)?;
    Ok(capabilities)
}

fn metrics(form: Form) -> Value {
    let (width, height) = form.size();
    let hand = form.is_touched();
    // Pixel ratio 1 keeps the pictures of the documentation small.
    json!({"width": width, "height": height, "pixelRatio": 1, "touch": hand, "mobile": hand})
}
