//! Somebody comes alone, and sees the point within a minute (R-WEB-6).

use crate::steps::{card_is, close_envelope, come_in, fen, pay, yuan};
use anyhow::{Context as _, Result, ensure};
use hongbao_e2e::{Form, Stage, play_with, wait_for};
use std::time::{Duration, Instant};

/// From the first page to the first amount.
const POINT_WITHIN: Duration = Duration::from_mins(1);

#[test]
pub(crate) fn a_stranger_sees_the_point_in_chinese() -> Result<()> {
    comes_alone("newcomer-zh", "zh-CN", "小梅", Form::Phone)
}

#[test]
pub(crate) fn a_stranger_sees_the_point_in_english() -> Result<()> {
    comes_alone("newcomer-en", "en", "Mei", Form::Desktop)
}

fn comes_alone(play_name: &'static str, language: &str, name: &str, form: Form) -> Result<()> {
    let settings = [("HONGBAO_LIMITS_DEMO", "true"), ("HONGBAO_LIMITS_WELCOME_GRANT_FEN", "20000")];
    play_with(play_name, &settings, async |stage: &Stage| {
        let browser = stage.browser(form).await?;
        browser.goto("/favicon.svg").await?;
        browser.expect_refusal("/favicon.ico", 404);
        browser.dress(language, "light").await?;
        let start = Instant::now();
        browser.goto("/").await?;
        let watch = "new MutationObserver(() => {
                if (document.querySelector('.log .empty')) window.sawNothing = true;
            }).observe(document, { childList: true, subtree: true });";
        browser.script(watch).await?;
        come_in(&browser, name).await?;
        browser.find("chat").await?;
        let card = browser.find_css("[data-testid='packet-card'][data-state='open']").await?;
        let order_no = card.attr("data-order-no").await?.context("a number")?;
        // Where others are about to speak, nothing says that one is alone.
        ensure!(browser.script("return !window.sawNothing").await? == true, "an empty group");
        stage.picture(&browser, &format!("{play_name}-chat")).await?;
        browser.click_css(&format!("[data-order-no='{order_no}']")).await?;
        browser.click("envelope-open").await?;
        let amount_fen = fen(&browser.text("envelope-amount").await?)?;
        let took = start.elapsed();
        ensure!(amount_fen > 0, "an empty share");
        ensure!(took < POINT_WITHIN, "it took {took:?}");
        browser.at_rest().await?;
        stage.picture(&browser, &format!("{play_name}-opened")).await?;
        close_envelope(&browser).await?;
        card_is(&browser, &order_no, "opened").await?;
        // Who is no human being says so.
        browser.find("demo-mark").await?;

        // And now the other way round: what the house gives pays for a packet, and they open it.
        browser.click("send-open").await?;
        browser.click_css("[data-testid='send-offer']:first-child").await?;
        browser.find_css("[data-testid='send-offer'][aria-pressed='true']:first-child").await?;
        browser.fill("send-shares", "2").await?;
        pay(&browser).await?;
        let mine = wait_for("the own packet", async || {
            let script = "return document.querySelector(
                '.said.mine [data-testid=packet-card]')?.dataset.orderNo ?? null";
            Ok(browser.script(script).await?.as_str().map(str::to_owned))
        })
        .await?;
        let card = format!("[data-order-no='{mine}']");
        browser.find_css(&format!("{card}[data-state='finished']")).await?;
        browser.find_css("[data-testid='system-line'][data-type='opened']").await?;
        browser.find_css("[data-testid='system-line'][data-type='finished']").await?;
        stage.picture(&browser, &format!("{play_name}-all-gone")).await?;
        let (_, wallet) = browser.fetch("GET", "/api/v1/wallet", None).await?;
        let left = wallet["balance_fen"].as_i64().context("a balance")?;
        ensure!(left >= 20_000 - 666, "{} is left", yuan(left));
        Ok(())
    })
}
