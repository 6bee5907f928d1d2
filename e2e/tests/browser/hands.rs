//! One browser in the hands of two people: no page acts as anybody but whom it shows, and
//! nobody finds what another has left (R-PEOPLE-5, R-SEND-2).

use crate::steps::{come_in, enter};
use anyhow::{Result, ensure};
use hongbao_e2e::{Browser, Form, Loss, Person, Stage, play};
use thirtyfour::Key;

const START_FEN: i64 = 10_000;

async fn world(stage: &Stage) -> Result<(Person, Person, String, Browser)> {
    let mei = stage.guest("Mei").await?;
    let tom = stage.guest("Tom").await?;
    for person in [&mei, &tom] {
        person.top_up(START_FEN).await?;
    }
    let group = mei.make_group("Family", &[&tom]).await?;
    let browser = enter(stage, Form::Phone, &mei, &format!("/g/{group}")).await?;
    browser.find("log").await?;
    Ok((mei, tom, group, browser))
}

async fn fill_in(browser: &Browser) -> Result<()> {
    browser.click("send-open").await?;
    browser.fill("send-amount", "5").await?;
    browser.fill("send-shares", "1").await?;
    browser.click("send-submit").await?;
    browser.find("send-confirm").await?;
    browser.settled().await
}

/// The page has been loaded anew, for whoever is signed in.
async fn is_of(browser: &Browser, name: &str) -> Result<()> {
    browser.says("toast", "Somebody else is signed in").await?;
    browser.walk_to("/me").await?;
    browser.says("me-name", name).await
}

/// Signing in elsewhere was not heard of: the server refuses.
#[test]
fn nobody_pays_from_anothers_wallet() -> Result<()> {
    play("hands", async |stage: &Stage| {
        let (mei, tom, group, browser) = world(stage).await?;
        browser.expect_refusal("/api/v1/", 409);
        fill_in(&browser).await?;
        browser.hand_over(&tom).await?;
        // Another call may have told already, and the page be on its way.
        if let Some(button) = browser.all("send-confirm").await?.first() {
            button.click().await.ok();
        }
        is_of(&browser, "Tom").await?;

        browser.become_person(&mei).await?;
        browser.goto(&format!("/g/{group}")).await?;
        browser.fill("message-input", "From Mei").await?;
        browser.hand_over(&tom).await?;
        browser.press(Key::Enter).await.ok();
        is_of(&browser, "Tom").await?;

        for person in [&mei, &tom] {
            ensure!(person.balance().await? == START_FEN, "{} has paid", person.name());
        }
        for entry in mei.log(&group).await? {
            let kind = entry["type"].as_str().unwrap_or_default();
            ensure!(!["packet", "text"].contains(&kind), "{entry}");
        }
        Ok(())
    })
}

/// The other tab hears at once.
#[test]
pub(crate) fn tabs_hear_of_each_other() -> Result<()> {
    play("tabs", async |stage: &Stage| {
        let (_, _, group, browser) = world(stage).await?;
        browser.expect_refusal("/api/v1/", 404);
        browser.expect_refusal("/api/v1/", 401);
        let first = browser.window().await?;
        browser.new_window("/me").await?;
        browser.click("sign-out").await?;
        browser.click("question-yes").await?;
        browser.find("guest-name").await?;
        let second = browser.window().await?;
        browser.switch_to(&first).await?;
        browser.find("guest-name").await?;
        browser.switch_to(&second).await?;
        come_in(&browser, "Ann").await?;
        browser.says("me-name", "Ann").await?;
        browser.switch_to(&first).await?;
        browser.at_path("the chat", |path| path == format!("/g/{group}")).await?;
        browser.says_anywhere("This chat isn't open to you").await?;
        browser.walk_to("/me").await?;
        browser.says("me-name", "Ann").await
    })
}

/// What one has left in this browser is not another's.
#[test]
fn what_is_kept_is_kept_for_its_owner() -> Result<()> {
    play("kept", async |stage: &Stage| {
        let (mei, tom, group, browser) = world(stage).await?;
        browser.expect_refusal("/api/v1/packets/", 404);
        let chat = format!("/g/{group}");
        browser.fill("message-input", "Only for m").await?;
        fill_in(&browser).await?;
        browser.lose("/pay", Loss::RequestForGood).await?;
        browser.click("send-confirm").await?;
        browser.lost().await?;
        for (person, theirs) in [(&tom, false), (&mei, true)] {
            browser.become_person(person).await?;
            browser.goto(&chat).await?;
            browser.find("log").await?;
            if theirs {
                browser.says("pending-payment", "5.00").await?;
            } else {
                browser.gone("pending-payment").await?;
            }
            let held = browser.find("message-input").await?.prop("value").await?;
            ensure!(held.as_deref() == Some(if theirs { "Only for m" } else { "" }), "{held:?}");
        }
        let asked = browser.calls().await?;
        ensure!(!asked.iter().any(|call| call.ends_with("/pay")), "nothing pays by itself");
        Ok(())
    })
}
