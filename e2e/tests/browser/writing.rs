//! Nothing that was typed is lost: a line stands in the chat at once and goes out in its
//! order, once; what does not get out, and what is half written, stays (R-PEOPLE-3,
//! R-WEB-3).

use crate::steps::enter;
use anyhow::{Context as _, Result, ensure};
use hongbao_e2e::{Browser, Form, Loss, Person, Stage, play, wait_for};
use thirtyfour::Key;

async fn type_in(browser: &Browser, words: &str) -> Result<()> {
    browser.find("message-input").await?.send_keys(words).await?;
    Ok(())
}

pub(crate) async fn field_holds(browser: &Browser, words: &str) -> Result<()> {
    wait_for(&format!("{words:?} in the field"), async || {
        let held = browser.find("message-input").await?.prop("value").await?.unwrap_or_default();
        ensure!(held == words, "it holds {held:?}");
        Ok(Some(()))
    })
    .await
}

/// What people said, the oldest first, by the server's word.
async fn said(person: &Person, group: &str) -> Result<Vec<String>> {
    let log = person.log(group).await?;
    Ok(log.iter().filter_map(|one| one["text"].as_str().map(str::to_owned)).collect())
}

async fn chat(stage: &Stage) -> Result<(Person, String, Browser)> {
    let mei = stage.guest("Mei").await?;
    let tom = stage.guest("Tom").await?;
    let group = mei.make_group("Family", &[&tom]).await?;
    let browser = enter(stage, Form::Phone, &mei, &format!("/g/{group}")).await?;
    browser.find("log").await?;
    Ok((mei, group, browser))
}

/// Shift+Enter begins a new line; Enter sends all of them as one.
#[test]
pub(crate) fn a_message_may_have_many_lines() -> Result<()> {
    play("writing-lines", async |stage: &Stage| {
        let (mei, group, browser) = chat(stage).await?;
        type_in(&browser, "One").await?;
        browser.find("message-input").await?.send_keys(Key::Shift + Key::Enter).await?;
        type_in(&browser, "Two").await?;
        field_holds(&browser, "One\nTwo").await?;
        browser.press(Key::Enter).await?;
        field_holds(&browser, "").await?;
        browser.says_css(".said .bubble", 1, "One\nTwo").await?;
        let lines = wait_for("the message", async || {
            Ok(Some(said(&mei, &group).await?).filter(|lines| !lines.is_empty()))
        })
        .await?;
        ensure!(lines == ["One\nTwo"], "{lines:?}");
        Ok(())
    })
}

#[test]
pub(crate) fn lines_stand_at_once_and_go_out_in_order() -> Result<()> {
    play("writing", async |stage: &Stage| {
        let (mei, group, browser) = chat(stage).await?;
        browser.hold_calls().await?;
        for (number, words) in ["One", "Two", "Three"].into_iter().enumerate() {
            type_in(&browser, words).await?;
            browser.press(Key::Enter).await?;
            field_holds(&browser, "").await?;
            let all = browser.count("unsent", number + 1).await?;
            let last = all.last().context("the line")?;
            ensure!(last.text().await?.contains(words), "it reads as it was written");
            ensure!(last.attr("data-state").await?.as_deref() == Some("going"), "on its way");
        }
        type_in(&browser, "half a sen").await?;
        browser.release_calls().await?;
        browser.gone("unsent").await?;
        field_holds(&browser, "half a sen").await?;
        let lines = said(&mei, &group).await?;
        ensure!(lines == ["One", "Two", "Three"], "{lines:?}");
        for (place, words) in ["One", "Two", "Three"].into_iter().enumerate() {
            browser.says_css(".said .bubble", place + 1, words).await?;
        }

        // Whoever leaves finds the line said, and the half sentence where it was.
        browser.hold_calls().await?;
        browser.fill("message-input", "Four").await?;
        browser.press(Key::Enter).await?;
        type_in(&browser, "half a sen").await?;
        browser.walk_to("/wallet").await?;
        browser.find("wallet").await?;
        browser.release_calls().await?;
        browser.walk_to(&format!("/g/{group}")).await?;
        browser.says_css(".said .bubble", 4, "Four").await?;
        browser.gone("unsent").await?;
        field_holds(&browser, "half a sen").await?;
        browser.reload().await?;
        field_holds(&browser, "half a sen").await?;

        // A draft belongs to its group and to whoever wrote it.
        let other = mei.make_group("Friends", &[]).await?;
        browser.walk_to(&format!("/g/{other}")).await?;
        field_holds(&browser, "").await?;
        let tom = stage.guest("Tim").await?;
        tom.join(&mei.invite(&group).await?).await?;
        browser.become_person(&tom).await?;
        browser.goto(&format!("/g/{group}")).await?;
        field_holds(&browser, "").await
    })
}

#[test]
pub(crate) fn a_line_that_did_not_get_out_is_tried_again_or_discarded() -> Result<()> {
    play("unsent", async |stage: &Stage| {
        let (mei, group, browser) = chat(stage).await?;
        let mut lines = Vec::new();
        for (loss, words) in
            [(Loss::Request, "Lost on the way"), (Loss::Answer, "Lost on the way back")]
        {
            browser.lose("/messages", loss).await?;
            browser.fill("message-input", words).await?;
            browser.press(Key::Enter).await?;
            browser.lost().await?;
            // Where the stream has told it, it stands there already.
            if loss == Loss::Request {
                browser.has("unsent", "data-state", "failed").await?;
            }
            browser.lose_nothing().await?;
            if let Some(retry) = browser.all("unsent-retry").await?.first() {
                retry.click().await.ok();
            }
            browser.gone("unsent").await?;
            lines.push(words.to_owned());
            browser.says_css(".said .bubble", lines.len(), words).await?;
        }
        ensure!(said(&mei, &group).await? == lines, "each once");

        // Two that wait for the network, in their order, also after a reload.
        browser.lose("/messages", Loss::Request).await?;
        for words in ["First", "Second"] {
            browser.fill("message-input", words).await?;
            browser.press(Key::Enter).await?;
        }
        browser.count("unsent-retry", 2).await?;
        browser.reload().await?;
        browser.count("unsent-retry", 2).await?;
        browser.click("unsent-retry").await?;
        browser.gone("unsent").await?;
        lines.extend(["First".to_owned(), "Second".to_owned()]);
        ensure!(said(&mei, &group).await? == lines, "in their order");

        browser.lose("/messages", Loss::Request).await?;
        browser.fill("message-input", "Never mind").await?;
        browser.press(Key::Enter).await?;
        browser.click("unsent-discard").await?;
        browser.gone("unsent").await?;
        browser.reload().await?;
        browser.says_css(".said .bubble", 4, "Second").await?;
        browser.gone("unsent").await?;
        ensure!(said(&mei, &group).await? == lines, "what was discarded is not said");
        Ok(())
    })
}
