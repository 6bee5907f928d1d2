//! Forth, back and again, on every page: never a dead screen, always a way on.

use crate::steps::{card_is, tap};
use anyhow::{Context as _, Result, ensure};
use hongbao_e2e::{Browser, Form, Person, Sent, Stage, play};

const LUCKY: Sent<'_> =
    Sent { kind: "lucky", total_fen: 600, shares: 2, greeting: "", recipient: None };

struct World {
    mei: Person,
    group: String,
    order_no: String,
    /// A packet of a group that Mei is not in.
    foreign: String,
}

async fn world(stage: &Stage) -> Result<World> {
    let mei = stage.guest("Mei").await?;
    let tom = stage.guest("Tom").await?;
    mei.top_up(10_000).await?;
    tom.top_up(10_000).await?;
    let group = mei.make_group("Family", &[&tom]).await?;
    let order_no = mei.send(&group, LUCKY).await?;
    let elsewhere = tom.make_group("Elsewhere", &[]).await?;
    let foreign = tom.send(&elsewhere, LUCKY).await?;
    Ok(World { mei, group, order_no, foreign })
}

/// Each page with what must be on it, whichever way one came.
fn pages(world: &World) -> Vec<(String, String)> {
    let by_id = |id: &str| format!("[data-testid='{id}']");
    let to_chats = ".button-link a[href='/']".to_owned();
    vec![
        ("/".into(), by_id("group-item")),
        (format!("/g/{}", world.group), by_id("packet-card")),
        (format!("/g/{}/info", world.group), by_id("member")),
        (format!("/packets/{}", world.order_no), by_id("details")),
        ("/wallet".into(), by_id("wallet-entry")),
        ("/wallet/received".into(), by_id("records-total")),
        ("/wallet/sent".into(), by_id("record-row")),
        ("/me".into(), by_id("sign-out")),
        // From here on there is nothing to see, but always a way out.
        ("/nowhere/at/all".into(), to_chats.clone()),
        ("/g/not-a-number".into(), to_chats.clone()),
        ("/g/999999999".into(), to_chats.clone()),
        ("/g/999999999/info".into(), to_chats.clone()),
        ("/wallet/nothing".into(), to_chats.clone()),
        ("/packets/not-a-packet".into(), to_chats.clone()),
        (format!("/packets/{}", world.foreign), to_chats.clone()),
        ("/join/no-such-code".into(), to_chats),
    ]
}

fn expect_refusals(browser: &Browser, world: &World) {
    browser.expect_refusal("/api/v1/groups/999999999", 404);
    browser.expect_refusal(&format!("/api/v1/packets/{}", world.foreign), 404);
    browser.expect_refusal("/api/v1/invitations/", 404);
}

#[test]
fn every_page_survives_reload_back_and_forward() -> Result<()> {
    play("navigation", async |stage: &Stage| {
        let world = world(stage).await?;
        let browser = stage.calm_browser(Form::Phone).await?;
        expect_refusals(&browser, &world);
        browser.become_person(&world.mei).await?;
        let pages = pages(&world);
        for (path, sign) in &pages {
            browser.goto(path).await?;
            is_there(&browser, path, sign).await.context("coming")?;
            browser.reload().await?;
            is_there(&browser, path, sign).await.context("reloading")?;
        }
        for (path, sign) in pages.iter().rev().skip(1) {
            browser.back().await?;
            is_there(&browser, path, sign).await.context("going back")?;
        }
        for (path, sign) in pages.iter().skip(1) {
            browser.forward().await?;
            is_there(&browser, path, sign).await.context("going forward")?;
        }
        // The way out works.
        browser.click_css(".button-link a[href='/']").await?;
        browser.find("group-item").await.map(|_| ())
    })
}

async fn is_there(browser: &Browser, path: &str, sign: &str) -> Result<()> {
    browser.at_path(path, |at| at == path).await?;
    browser.find_css(sign).await.with_context(|| path.to_owned())?;
    browser.is_alive().await.with_context(|| path.to_owned())
}

/// Inside the app, without loading it again: links, and the browser's own buttons.
#[test]
pub(crate) fn back_and_forward_within_the_app() -> Result<()> {
    play("within", async |stage: &Stage| {
        let world = world(stage).await?;
        let browser = stage.calm_browser(Form::Desktop).await?;
        browser.become_person(&world.mei).await?;
        browser.goto("/").await?;
        browser.click_css("[data-testid='group-item'] a").await?;
        card_is(&browser, &world.order_no, "open").await?;
        tap(&browser, &world.order_no).await?;
        // In the middle of opening: the envelope goes, the packet stays as it was.
        browser.find("envelope-open").await?;
        browser.reload().await?;
        browser.find("chat").await?;
        card_is(&browser, &world.order_no, "open").await?;
        tap(&browser, &world.order_no).await?;
        browser.click("envelope-open").await?;
        browser.find("envelope-amount").await?;
        browser.click("envelope-details").await?;
        browser.find("details").await?;
        browser.back().await?;
        card_is(&browser, &world.order_no, "opened").await?;
        ensure!(browser.all("envelope").await?.is_empty(), "the envelope is back");
        browser.forward().await?;
        browser.find("claim-row").await?;
        browser.click_css("[data-testid='nav-wallet'] a").await?;
        browser.find("wallet-entry").await?;
        browser.back().await?;
        browser.find("claim-row").await?;
        browser.back().await?;
        browser.click("send-open").await?;
        browser.find("send-amount").await?;
        // Back under an open sheet takes the sheet along.
        browser.back().await?;
        browser.gone("send-amount").await?;
        browser.forward().await?;
        browser.find("chat").await?;
        browser.is_alive().await
    })
}

#[test]
fn an_ended_session_leads_to_the_welcome_with_a_sentence() -> Result<()> {
    play("session", async |stage: &Stage| {
        let world = world(stage).await?;
        let browser = stage.calm_browser(Form::Phone).await?;
        browser.expect_refusal("/api/v1/", 401);
        browser.become_person(&world.mei).await?;
        browser.goto(&format!("/g/{}", world.group)).await?;
        browser.find("chat").await?;
        world.mei.end_session().await?;
        // The next call learns of it; what happened to the money is said.
        browser.says("error-sentence", "money").await?;
        browser.find("guest-name").await?;
        browser.gone("chat").await?;

        // So it is when the page is loaded with a session that is no more.
        browser.become_person(&world.mei).await?;
        browser.goto("/wallet").await?;
        browser.find("guest-name").await?;
        browser.says("error-sentence", "money").await?;
        // And coming in again leads on, at the same address.
        crate::steps::come_in(&browser, "Mei").await?;
        browser.find("wallet").await?;
        browser.says("wallet-balance", "¥0.00").await
    })
}
