//! The browsers there are, their drivers, and the screens that they have.

use crate::{paths, process::Process};
use anyhow::{Context as _, Result};
use std::{ffi::OsStr, path::Path, process::Command};

/// Whose browser it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    /// With everything that tests can ask of a browser.
    Chromium,
    /// What `WebDriver` and its `BiDi` can: no pushes, no input method, no held keys.
    Firefox,
}

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
    /// Width and height in CSS pixels.
    pub(crate) fn size(self) -> (u32, u32) {
        match self {
            Self::Narrow => (320, 640),
            Self::Phone | Self::LargeText => (390, 844),
            Self::Desktop => (1280, 800),
        }
    }

    pub(crate) fn is_touched(self) -> bool {
        self != Self::Desktop
    }
}

/// The driver of one browser, which dies with it: chromedriver has the kernel see to
/// that, for geckodriver [`crate::firefox`] does.
#[derive(Debug)]
pub(crate) struct Driver {
    url: String,
    _process: Process,
}

impl Driver {
    /// `profiles` is where a driver that makes the browser's profile puts it.
    pub(crate) fn start(engine: Engine, profiles: &Path) -> Result<Self> {
        let (program, started) = match engine {
            Engine::Chromium => (paths::chromedriver(), "started successfully on port "),
            Engine::Firefox => (paths::geckodriver(), "Listening on 127.0.0.1:"),
        };
        let mut command = Command::new(program);
        command.arg("--port=0");
        if engine == Engine::Firefox {
            command.arg("--websocket-port=0").arg("--profile-root").arg(profiles);
        }
        let (process, port) = Process::start(command, move |line| {
            let port = line.split_once(started)?.1;
            port.trim_end_matches('.').parse::<u16>().ok()
        })?;
        Ok(Self { url: format!("http://127.0.0.1:{port}"), _process: process })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

/// A name of the system as drivers want it.
pub(crate) fn text(name: &(impl AsRef<OsStr> + ?Sized)) -> Result<&str> {
    let name = name.as_ref();
    name.to_str().with_context(|| format!("{} should be text", name.display()))
}
