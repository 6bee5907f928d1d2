//! What lies over a screen is left by Back alone, and by Escape and a tap beside it; the
//! screen beneath stays, and what was filled in is not thrown away unasked (R-WEB-7).

use crate::steps::{card_is, enter, pay, tap};
use anyhow::{Context as _, Result, ensure};
use hongbao_e2e::{Browser, Form, Sent, Stage, play, wait_for};
use thirtyfour::Key;

#[test]
pub(crate) fn back_leaves_the_overlay_and_not_the_screen() -> Result<()> {
    play("overlays-back", async |stage: &Stage| {
        let mei = stage.guest("Mei").await?;
        let tom = stage.guest("Tom").await?;
        mei.top_up(10_000).await?;
        let group = mei.make_group("Family", &[&tom]).await?;
        let sent = Sent { kind: "lucky", total_fen: 500, shares: 2, greeting: "", recipient: None };
        let order_no = mei.send(&group, sent).await?;
        let chat = format!("/g/{group}");
        let browser = enter(stage, Form::Phone, &mei, "/").await?;
        browser.click_css("[data-testid='group-item'] a").await?;

        browser.click("invite").await?;
        browser.find("invite-link").await?;
        browser.back().await?;
        browser.gone("invite-link").await?;
        in_chat(&browser, &chat).await?;

        // Two, one over the other, of which the lower one asks.
        browser.click("send-open").await?;
        browser.fill("send-amount", "5").await?;
        browser.fill("send-shares", "1").await?;
        browser.click("send-submit").await?;
        browser.find("send-confirm").await?;
        browser.back().await?;
        browser.gone("send-confirm").await?;
        browser.find("send-submit").await?;
        browser.back().await?;
        browser.click("question-no").await?;
        browser.gone("question-no").await?;
        holds(&browser, "send-amount", "5").await?;
        browser.back().await?;
        browser.find("question-yes").await?;
        browser.back().await?;
        browser.gone("question-yes").await?;
        holds(&browser, "send-amount", "5").await?;
        // Both go at once when it is paid, and take their entries along.
        pay(&browser).await?;
        in_chat(&browser, &chat).await?;

        tap(&browser, &order_no).await?;
        browser.find("envelope-open").await?;
        browser.back().await?;
        browser.gone("envelope").await?;
        in_chat(&browser, &chat).await?;
        tap(&browser, &order_no).await?;
        browser.click("envelope-open").await?;
        browser.click("envelope-details").await?;
        browser.find("details").await?;
        browser.back().await?;
        in_chat(&browser, &chat).await?;
        card_is(&browser, &order_no, "opened").await?;
        // A page that is loaded again has no overlay, and no entry for one.
        browser.click("invite").await?;
        browser.find("invite-link").await?;
        browser.reload().await?;
        in_chat(&browser, &chat).await?;
        browser.gone("invite-link").await?;
        // And nothing is left over: one step to where the chat was opened.
        browser.back().await?;
        browser.at_path("the list", |path| path == "/").await?;
        browser.find("group-item").await?;
        browser.forward().await?;
        in_chat(&browser, &chat).await
    })
}

#[test]
pub(crate) fn a_filled_form_asks_before_it_goes() -> Result<()> {
    play("overlays-filled", async |stage: &Stage| {
        let mei = stage.guest("Mei").await?;
        let group = mei.make_group("Family", &[]).await?;
        let chat = format!("/g/{group}");
        let browser = enter(stage, Form::Desktop, &mei, &chat).await?;

        // Choices alone are not worth a question.
        browser.click("send-open").await?;
        browser.click("send-kind-equal").await?;
        browser.press(Key::Escape).await?;
        browser.gone("send-amount").await?;

        browser.click("send-open").await?;
        browser.fill("send-greeting", "For the best of all grandmothers").await?;
        for way in ["escape", "beside", "cross"] {
            leave(&browser, way).await?;
            browser.click("question-no").await.with_context(|| way.to_owned())?;
            browser.gone("question-no").await?;
            holds(&browser, "send-greeting", "For the best of all grandmothers").await?;
        }
        // Nor while the focus is on its way from one sheet to the other.
        for _ in 0..3 {
            browser.script("document.activeElement.blur()").await?;
            browser.press(Key::Escape).await?;
        }
        holds(&browser, "send-greeting", "For the best of all grandmothers").await?;
        browser.gone("question-no").await?;
        browser.script("document.querySelector(\"[data-testid='send-greeting']\").focus()").await?;
        // However often somebody presses Escape.
        for _ in 0..5 {
            browser.press(Key::Escape).await?;
        }
        holds(&browser, "send-greeting", "For the best of all grandmothers").await?;
        // One is lost while the focus is on its way.
        wait_for("the question", async || {
            if !browser.all("question-yes").await?.is_empty() {
                return Ok(Some(()));
            }
            browser.press(Key::Escape).await?;
            Ok(None)
        })
        .await?;
        browser.click("question-yes").await?;
        browser.gone("send-greeting").await?;
        in_chat(&browser, &chat).await?;

        // What was emptied again is gone without a word.
        browser.click("new-group").await?;
        browser.fill("group-name", "Friends").await?;
        browser.fill("group-name", "").await?;
        browser.press(Key::Escape).await?;
        browser.gone("group-name").await
    })
}

/// Whoever leaves a group by a question is led on, and Back does not lead into it.
#[test]
fn what_was_left_by_a_question_is_not_behind_one() -> Result<()> {
    play("overlays-left", async |stage: &Stage| {
        let mei = stage.guest("Mei").await?;
        let group = mei.make_group("Family", &[]).await?;
        let browser = enter(stage, Form::Phone, &mei, "/wallet").await?;
        browser.walk_to(&format!("/g/{group}/info")).await?;
        browser.click("group-leave").await?;
        browser.click("question-yes").await?;
        browser.at_path("the list", |path| path == "/").await?;
        browser.back().await?;
        browser.at_path("the wallet", |path| path == "/wallet").await?;
        browser.find("wallet").await.map(|_| ())
    })
}

async fn leave(browser: &Browser, way: &str) -> Result<()> {
    match way {
        "escape" => browser.press(Key::Escape).await,
        "beside" => {
            let tap = "document.querySelector('dialog.sheet')
                .dispatchEvent(new MouseEvent('click', { bubbles: true }))";
            browser.script(tap).await.map(|_| ())
        }
        _ => browser.click("sheet-close").await,
    }
}

async fn in_chat(browser: &Browser, chat: &str) -> Result<()> {
    browser.find("chat").await?;
    browser.at_path("the chat", |path| path == chat).await.map(|_| ())
}

async fn holds(browser: &Browser, field: &str, text: &str) -> Result<()> {
    let held = browser.find(field).await?.prop("value").await?;
    ensure!(held.as_deref() == Some(text), "{field} holds {held:?}");
    Ok(())
}
