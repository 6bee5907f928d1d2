//! Screens whose code is fetched when they are opened.

use crate::steps::enter;
use anyhow::{Result, ensure};
use hongbao_e2e::{Browser, Form, Stage, play};

/// The modules that this page has fetched.
async fn modules(browser: &Browser) -> Result<usize> {
    let script = "return performance.getEntriesByType('resource').filter(one => one.name.endsWith('.wasm')).length";
    Ok(browser.script(script).await?.as_u64().unwrap_or_default().try_into()?)
}

/// A first visit fetches the main module alone; what a screen needs comes with the screen, once.
#[test]
fn a_screens_code_comes_with_the_screen() -> Result<()> {
    play("parts", async |stage: &Stage| {
        let mei = stage.guest("Mei").await?;
        let group = mei.make_group("Family", &[]).await?;
        let browser = enter(stage, Form::Phone, &mei, &format!("/g/{group}")).await?;
        browser.find("chat").await?;
        ensure!(modules(&browser).await? == 1, "the chat needs no more than the main module");
        browser.walk_to("/wallet").await?;
        browser.find("wallet-balance").await?;
        let with_wallet = modules(&browser).await?;
        ensure!(with_wallet > 1, "the wallet is in the main module");
        browser.back().await?;
        browser.find("chat").await?;
        browser.walk_to("/wallet").await?;
        browser.find("wallet-balance").await?;
        ensure!(modules(&browser).await? == with_wallet, "it was fetched again");
        Ok(())
    })
}

/// A screen whose code does not come says so, and comes when it is asked for again.
#[test]
fn a_screen_that_does_not_come_can_be_asked_for_again() -> Result<()> {
    play("parts-lost", async |stage: &Stage| {
        let mei = stage.guest("Mei").await?;
        let browser = enter(stage, Form::Phone, &mei, "/").await?;
        browser.find("new-group").await?;
        browser.set_offline(true).await?;
        browser.walk_to("/wallet").await?;
        browser.find("part-retry").await?;
        browser.set_offline(false).await?;
        browser.click("part-retry").await?;
        browser.find("wallet-balance").await?;
        browser.is_alive().await
    })
}
