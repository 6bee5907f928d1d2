//! Screens whose code is fetched when they are opened.

use crate::steps::enter;
use anyhow::{Result, ensure};
use hongbao_e2e::{Browser, Form, Loss, Sent, Stage, play};

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

/// Whoever waits for an answer that does not come is told why, and can go on elsewhere (R-WEB-9).
#[test]
fn waiting_is_no_dead_end() -> Result<()> {
    play("waiting", async |stage: &Stage| {
        let (mei, bo) = (stage.guest("Mei").await?, stage.guest("Bo").await?);
        mei.top_up(1_000).await?;
        let group = mei.make_group("Family", &[&bo]).await?;
        let packet = mei
            .send(
                &group,
                Sent { kind: "lucky", total_fen: 1_000, shares: 2, greeting: "", recipient: None },
            )
            .await?;
        let elsewhere = bo.make_group("Work", &[]).await?;
        let code = bo.invite(&elsewhere).await?;
        let (packet, group) = (format!("/packets/{packet}"), format!("/groups/{group}"));
        let invitation = format!("/invitations/{code}");
        let screens = [
            (&packet, packet.clone()),
            (&group, format!("{}/info", group.replace("groups", "g"))),
            (&invitation, format!("/join/{code}")),
        ];
        let browser = enter(stage, Form::Phone, &mei, "/").await?;
        browser.find("new-group").await?;
        for (call, screen) in &screens {
            browser.lose(call, Loss::RequestForGood).await?;
            browser.walk_to(screen).await?;
            browser.lost().await?;
            browser.click("waiting-home").await?;
            browser.find("new-group").await?;
            browser.lose_nothing().await?;
        }
        // What failed in passing is asked for again by itself.
        let chat = group.replace("groups", "g");
        browser.lose(&group, Loss::Request).await?;
        browser.walk_to(&format!("{chat}/info")).await?;
        browser.says("error-sentence", "Can't reach the server").await?;
        browser.lose_nothing().await?;
        browser.find("group-page").await?;
        browser.walk_to("/").await?;
        browser.lose(&group, Loss::Request).await?;
        browser.walk_to(&chat).await?;
        browser.lost().await?;
        browser.lose_nothing().await?;
        browser.says_css(".chat .bar-title", 1, "Family").await?;
        // The code of the screen is there by now; what it shows is not.
        browser.set_offline(true).await?;
        browser.walk_to(&packet).await?;
        browser.says("error-sentence", "Can't reach the server").await?;
        browser.find("waiting-home").await?;
        stage.picture(&browser, "waiting-for-a-packet").await?;
        browser.set_offline(false).await?;
        browser.find("details").await?;
        browser.is_alive().await
    })
}
