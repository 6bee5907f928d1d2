//! chromedriver, and the capabilities of a browser.

use crate::process::Process;
use anyhow::{Context as _, Result};
use serde_json::json;
use std::{env, ffi::OsString, path::Path, process::Command};
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

/// The screen that a browser has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// 390×844, with fingers.
    Phone,
    /// 320×640, with fingers: the narrowest phone, or a page at four times its size.
    Narrow,
    /// [`Form::Phone`] with the letters of the browser twice as large.
    LargeText,
    /// 1280×800, with a mouse.
    Desktop,
}

impl Form {
    fn metrics(self) -> serde_json::Value {
        // Pixel ratio 1 keeps the pictures of the documentation small.
        match self {
            Self::Narrow => {
                json!({"width": 320, "height": 640, "pixelRatio": 1, "touch": true, "mobile": true})
            }
            Self::Phone | Self::LargeText => {
                json!({"width": 390, "height": 844, "pixelRatio": 1, "touch": true, "mobile": true})
            }
            Self::Desktop => {
                json!({"width": 1280, "height": 800, "pixelRatio": 1, "touch": false, "mobile": false})
            }
        }
    }
}

/// A chromedriver of one test. Browsers die with it: it starts them so that the kernel
/// kills them once it is gone.
#[derive(Debug)]
pub(crate) struct Driver {
    url: String,
    _process: Process,
}

impl Driver {
    pub(crate) fn start() -> Result<Self> {
        let program = env::var_os("CHROMEDRIVER").unwrap_or_else(|| "chromedriver".into());
        let mut command = Command::new(program);
        command.arg("--port=0");
        let (process, port) = Process::start(command, |line| {
            let port = line.split_once("started successfully on port ")?.1;
            port.trim_end_matches('.').parse::<u16>().ok()
        })?;
        Ok(Self { url: format!("http://127.0.0.1:{port}"), _process: process })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

/// A fresh browser: nobody is signed in, nothing is stored, every word of the console
/// is kept. `calm` asks for less motion, which tests that do not look at it are
/// quicker with.
pub(crate) fn capabilities(form: Form, profile: &Path, calm: bool) -> Result<ChromeCapabilities> {
    let mut capabilities = DesiredCapabilities::chrome();
    for flag in FLAGS {
        capabilities.add_arg(flag)?;
    }
    if form != Form::Desktop {
        // As on a phone: they lie over the page and are gone at rest.
        capabilities.add_arg("--hide-scrollbars")?;
    }
    if calm {
        capabilities.add_arg("--force-prefers-reduced-motion")?;
    }
    let profile = profile.to_str().context("the temporary folder's name is text")?;
    capabilities.add_arg(&format!("--user-data-dir={profile}"))?;
    if let Some(program) = env::var_os("CHROMIUM").map(OsString::into_string) {
        let program = program.ok().context("CHROMIUM is text")?;
        capabilities.set_binary(&program)?;
    }
    if form == Form::LargeText {
        let letters = json!({"webkit.webprefs.default_font_size": 32});
        capabilities.add_experimental_option("prefs", letters)?;
    }
    capabilities
        .add_experimental_option("mobileEmulation", json!({"deviceMetrics": form.metrics()}))?;
    capabilities.set_browser_log_level(LoggingPrefsLogLevel::All)?;
    Ok(capabilities)
}
