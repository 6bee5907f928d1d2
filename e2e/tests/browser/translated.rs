//! A browser that translates pages puts words of its own in place of ours; money that
//! changes later is right all the same (R-WEB-3).

use crate::steps::enter;
use anyhow::{Result, ensure};
use hongbao_e2e::{Browser, Form, Stage, play};
use serde_json::json;

/// What translators do to a page: every text that may be translated is taken out, and
/// stands in an element of theirs. Answers how many.
async fn translate(browser: &Browser) -> Result<i64> {
    let script = "const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        const ours = [];
        while (texts.nextNode()) ours.push(texts.currentNode);
        let count = 0;
        for (const text of ours) {
            if (!text.data.trim() || !text.parentElement.translate) continue;
            const theirs = document.createElement('font');
            theirs.textContent = text.data;
            text.replaceWith(theirs);
            count += 1;
        }
        return count;";
    Ok(browser.script(script).await?.as_i64().unwrap_or_default())
}

#[test]
fn a_translated_page_shows_the_right_money() -> Result<()> {
    play("translated", async |stage: &Stage| {
        let mei = stage.guest("Mei").await?;
        let tom = stage.guest("Tom").await?;
        let group = mei.make_group("Family", &[&tom]).await?;
        tom.say(&group, "Happy New Year").await?;
        let browser = enter(stage, Form::Phone, &mei, "/wallet").await?;
        browser.says("wallet-balance", "¥0.00").await?;
        translate(&browser).await?;
        browser.fill("top-up-amount", "3.62").await?;
        browser.click("top-up-submit").await?;
        browser.says("wallet-balance", "¥3.62").await?;
        browser.says("wallet-entry", "3.62").await?;

        // What people say may be translated, and the chat goes on.
        browser.walk_to(&format!("/g/{group}")).await?;
        browser.says("log", "Happy New Year").await?;
        ensure!(translate(&browser).await? == 1, "the line that Tom said");
        tom.say(&group, "And good luck").await?;
        browser.says("log", "And good luck").await?;
        let spoken = browser.script("return document.documentElement.translate").await?;
        ensure!(spoken == json!(false), "the page says so");
        browser.is_alive().await
    })
}
