//! Every screen fits a phone, in both languages and both themes, with the longest names,
//! greetings and amounts there can be (R-WEB-5).

use crate::steps::tap;
use anyhow::{Context as _, Result};
use hongbao_e2e::{Browser, Form, Person, Sent, Stage, assert_fits, play};
use thirtyfour::Key;

/// The widest letter, as long as a name can be (`name_chars_max`).
const WIDE_NAME: &str = "WWWWWWWWWWWWWWWWWWWW";
/// As long as a group's name can be, in the other script.
const WIDE_GROUP: &str = "恭喜发财大吉大利恭喜发财大吉大利恭喜发财大吉大利恭喜发财大吉";
const WIDE_GREETING: &str = "WWWWWWWWWWWWWWWWWWWWWWWWW";

struct World {
    mei: Person,
    tom: Person,
    group: String,
    open: String,
    finished: String,
    for_one: String,
}

async fn world(stage: &Stage) -> Result<World> {
    let mei = stage.guest(WIDE_NAME).await?;
    let tom = stage.guest(&WIDE_NAME.replace('W', "M")).await?;
    // The most that one top-up brings, nearly twice.
    mei.top_up(1_000_000).await?;
    mei.top_up(999_999).await?;
    let group = mei.make_group(WIDE_GROUP, &[&tom]).await?;
    let sent = |kind, total_fen, shares| Sent {
        kind,
        total_fen,
        shares,
        greeting: WIDE_GREETING,
        recipient: None,
    };
    let finished = mei.send(&group, sent("equal", 40_000, 2)).await?;
    tom.open(&finished).await?;
    mei.open(&finished).await?;
    let for_one = Sent { recipient: Some(&tom), ..sent("exclusive", 20_000, 1) };
    let for_one = mei.send(&group, for_one).await?;
    let open = mei.send(&group, sent("lucky", 1_800_000, 100)).await?;
    mei.open(&open).await?;
    tom.say(&group, &"W".repeat(300)).await?;
    tom.say(&group, &"恭喜".repeat(60)).await?;
    Ok(World { mei, tom, group, open, finished, for_one })
}

#[test]
fn every_screen_fits_a_phone() -> Result<()> {
    play("layout", async |stage: &Stage| {
        let world = world(stage).await?;
        let browser = stage.calm_browser(Form::Phone).await?;
        browser.expect_refusal("/api/v1/invitations/", 404);
        browser.goto("/").await?;
        for (language, theme) in
            [("en", "light"), ("en", "dark"), ("zh-CN", "light"), ("zh-CN", "dark")]
        {
            browser.store("hongbao.lang", language).await?;
            browser.store("hongbao.theme", theme).await?;
            let look = format!("{language} {theme}");
            newcomer(&browser).await.with_context(|| look.clone())?;
            browser.become_person(&world.tom).await?;
            recipient(&browser, &world).await.with_context(|| look.clone())?;
            browser.become_person(&world.mei).await?;
            member(&browser, &world).await.with_context(|| look.clone())?;
            in_both_ways(&browser, language, theme).await.with_context(|| look.clone())?;
            browser.leave().await?;
        }
        Ok(())
    })
}

async fn newcomer(browser: &Browser) -> Result<()> {
    browser.goto("/").await?;
    browser.find("guest-name").await?;
    assert_fits(browser, "welcome").await?;
    browser.goto("/join/somebody-invites-you").await?;
    browser.find("guest-name").await?;
    assert_fits(browser, "invitation").await
}

/// Who has not opened what the others have.
async fn recipient(browser: &Browser, world: &World) -> Result<()> {
    browser.goto(&format!("/g/{}", world.group)).await?;
    browser.count("packet-card", 3).await?;
    tap(browser, &world.open).await?;
    browser.find("envelope-open").await?;
    assert_fits(browser, "sealed envelope").await?;
    browser.goto(&format!("/packets/{}", world.open)).await?;
    browser.find("details").await?;
    assert_fits(browser, "details without amounts").await
}

async fn member(browser: &Browser, world: &World) -> Result<()> {
    browser.goto("/").await?;
    browser.find("group-item").await?;
    assert_fits(browser, "groups").await?;
    browser.click("new-group").await?;
    browser.fill("group-name", &"W".repeat(31)).await?;
    browser.find("error-sentence").await?;
    assert_fits(browser, "new group").await?;

    browser.goto(&format!("/g/{}", world.group)).await?;
    browser.count("packet-card", 3).await?;
    assert_fits(browser, "chat").await?;
    browser.click("invite").await?;
    browser.find("invite-link").await?;
    assert_fits(browser, "invitation sheet").await?;
    browser.press(Key::Escape).await?;
    browser.gone("invite-link").await?;
    for (order_no, what) in [(&world.finished, "opened"), (&world.for_one, "not for you")] {
        tap(browser, order_no).await?;
        browser.find("envelope-sentence").await?;
        assert_fits(browser, what).await?;
        browser.click("envelope-close").await?;
        browser.gone("envelope").await?;
    }
    send_sheet(browser).await?;

    browser.goto(&format!("/packets/{}", world.open)).await?;
    browser.find("claim-row").await?;
    assert_fits(browser, "details of an open packet").await?;
    browser.goto(&format!("/packets/{}", world.finished)).await?;
    browser.click("fairness-check").await?;
    browser.find("fairness-result").await?;
    assert_fits(browser, "details and fairness").await?;

    for (path, sign) in [("/wallet", "wallet-entry"), ("/me", "sign-out")] {
        browser.goto(path).await?;
        browser.find(sign).await?;
        assert_fits(browser, path).await?;
    }
    for path in ["/nowhere", "/join/no-such-code", "/packets/none"] {
        browser.goto(path).await?;
        browser.find_css(".button-link").await?;
        assert_fits(browser, path).await?;
    }
    Ok(())
}

async fn send_sheet(browser: &Browser) -> Result<()> {
    browser.click("send-open").await?;
    assert_fits(browser, "empty send sheet").await?;
    browser.fill("send-amount", "20000").await?;
    browser.fill("send-shares", "100").await?;
    browser.fill("send-greeting", WIDE_GREETING).await?;
    browser.find_css(".sample").await?;
    browser.find("send-top-up").await?;
    assert_fits(browser, "full send sheet").await?;
    browser.click("send-kind-exclusive").await?;
    browser.find("send-recipient").await?;
    browser.find("send-error").await?;
    assert_fits(browser, "send sheet for one").await
}

/// The switches work where they stand, and are remembered.
async fn in_both_ways(browser: &Browser, language: &str, theme: &str) -> Result<()> {
    browser.goto("/").await?;
    let tag = format!("html[lang='{language}'][data-theme='{theme}']");
    browser.find_css(&tag).await?;
    browser.click("lang-switch").await?;
    browser.click("theme-switch").await?;
    let other_language = if language == "en" { "zh-CN" } else { "en" };
    let other_theme = if theme == "dark" { "light" } else { "dark" };
    let tag = format!("html[lang='{other_language}'][data-theme='{other_theme}']");
    browser.find_css(&tag).await?;
    browser.reload().await?;
    browser.find_css(&tag).await.map(|_| ())
}
