//! The app where it is installed, and where there is no network (R-WEB-8).

use crate::steps::{enter, is_kept};
use anyhow::{Result, ensure};
use hongbao_e2e::{Browser, Form, Stage, play};
use serde_json::json;

/// Somebody at home, whose browser keeps what the first screen needs.
async fn at_home(stage: &Stage) -> Result<Browser> {
    let mei = stage.guest("Mei").await?;
    let browser = enter(stage, Form::Phone, &mei, "/").await?;
    browser.find("new-group").await?;
    is_kept(&browser).await?;
    Ok(browser)
}

/// Without network and server the app opens, says so in its own words, and goes on by itself when
/// they are back.
#[test]
pub(crate) fn it_opens_without_a_network() -> Result<()> {
    play("installed", async |stage: &Stage| {
        let browser = at_home(stage).await?;
        browser.set_offline(true).await?;
        stage.kill_server();
        for path in ["/", "/wallet"] {
            browser.goto(path).await?;
            browser.says_anywhere("Can't reach the server").await?;
        }
        stage.picture(&browser, "without-a-network").await?;
        stage.start_server()?;
        browser.set_offline(false).await?;
        browser.find("wallet-balance").await?;
        // With a network, the page is the server's.
        browser.goto("/").await?;
        browser.find("new-group").await?;
        browser.is_alive().await
    })
}

/// Whoever is nobody, as the server has told once it was back, is not asked about with each new
/// network: what they fill in meanwhile stays.
#[test]
fn nobody_is_asked_about_once() -> Result<()> {
    play("installed-nobody", async |stage: &Stage| {
        let browser = stage.browser(Form::Phone).await?;
        browser.goto("/").await?;
        browser.find("guest-name").await?;
        is_kept(&browser).await?;
        browser.set_offline(true).await?;
        browser.goto("/").await?;
        browser.says_anywhere("Can't reach the server").await?;
        browser.set_offline(false).await?;
        browser.find("guest-name").await?;
        browser.hold_calls().await?;
        browser.script("dispatchEvent(new Event('online'))").await?;
        let asked = browser.script("return window.heldCalls").await?;
        ensure!(asked == json!(0), "{asked} calls");
        Ok(())
    })
}

/// Whatever the browser asks of an app before it offers to install it is there.
#[test]
fn it_can_be_installed() -> Result<()> {
    play("installable", async |stage: &Stage| {
        let browser = at_home(stage).await?;
        let hindrances = browser.hindrances_to_install().await?;
        ensure!(hindrances.is_empty(), "{hindrances:?}");
        // Each picture is as large as the manifest says.
        let script = "return fetch('/manifest.webmanifest').then((answer) => answer.json()).then(({ icons }) =>
            Promise.all(icons.map(({ src, sizes }) => new Promise((resolve) => {
                const picture = new Image();
                picture.onload = () => resolve(
                    sizes === 'any' || sizes === `${picture.naturalWidth}x${picture.naturalHeight}`);
                picture.onerror = () => resolve(false);
                picture.src = src;
            }))))";
        let fits = browser.script(script).await?;
        ensure!(fits == json!([true, true, true, true]), "{fits}");
        Ok(())
    })
}
