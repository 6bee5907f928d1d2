//! The one real path: two people, a group, a lucky packet, the crown and the proof.
//! Its pictures are those that the README shows.

use crate::steps::{card_is, close_envelope, come_in, fen, pay, yuan};
use anyhow::{Context as _, Result, ensure};
use hongbao_e2e::{Browser, Form, Stage, play, wait_for};
use serde_json::json;
use thirtyfour::{By, Key};

const TOTAL_FEN: i64 = 8_888;
const TOP_UP_FEN: i64 = 20_000;

/// R-WEB-1 to R-WEB-4, R-SEND-1, R-SEND-2, R-OPEN-1, R-OPEN-2, R-SPLIT-5, R-FAIR-6.
#[test]
pub(crate) fn two_people_share_a_lucky_packet() -> Result<()> {
    play("story", async |stage: &Stage| {
        let mei = stage.browser(Form::Phone).await?;
        let link = found_a_group(stage, &mei).await?;
        let tom = stage.browser(Form::Desktop).await?;
        tom.goto(&link).await?;
        come_in(&tom, "Tom").await?;
        tom.find("chat").await?;
        say(&mei, "Welcome! Are you lucky tonight?", 1).await?;
        say(&tom, "Happy New Year, everyone!", 2).await?;

        top_up(&mei).await?;
        let order_no = send(stage, &mei).await?;
        card_is(&tom, &order_no, "open").await?;
        stage.picture(&tom, "chat-desktop").await?;

        let first = open(stage, &mei, Some("phone")).await?;
        mei.click("envelope-details").await?;
        mei.find("details").await?;
        let second = open(stage, &tom, None).await?;
        ensure!(first + second == TOTAL_FEN, "{first} + {second} should be {TOTAL_FEN}");
        ensure!(first > 0 && second > 0, "no share is empty (R-SPLIT-1)");

        close_envelope(&tom).await?;
        card_is(&tom, &order_no, "opened").await?;
        tom.click("theme-switch").await?;
        stage.picture(&tom, "chat-desktop-dark").await?;
        tom.goto(&format!("/packets/{order_no}")).await?;

        for browser in [&mei, &tom] {
            check_details(browser, first.max(second)).await?;
        }
        stage.picture(&mei, "details-phone").await?;
        stage.picture(&tom, "details-desktop-dark").await?;
        for browser in [&mei, &tom] {
            check_fairness(browser).await?;
        }
        let verdict = mei.find("fairness-result").await?;
        verdict.scroll_into_view().await?;
        stage.picture(&mei, "fairness-phone").await?;

        check_wallet(&mei, TOP_UP_FEN - TOTAL_FEN + first, first).await?;
        stage.picture(&mei, "wallet-phone").await?;
        check_wallet(&tom, second, second).await?;

        mei.goto("/me").await?;
        mei.click("setting-language").await?;
        mei.click("setting-theme").await?;
        mei.find_css("html[lang='zh-CN'][data-theme='dark']").await?;
        let chat = format!("/g/{}", link_group(&tom, &order_no).await?);
        mei.goto(&chat).await?;
        card_is(&mei, &order_no, "opened").await?;
        stage.picture(&mei, "chat-phone-dark").await
    })
}

/// The group that a packet was posted to.
async fn link_group(browser: &Browser, order_no: &str) -> Result<String> {
    let (_, packet) = browser.fetch("GET", &format!("/api/v1/packets/{order_no}"), None).await?;
    Ok(packet["group_id"].as_str().context("a group")?.to_owned())
}

async fn found_a_group(stage: &Stage, browser: &Browser) -> Result<String> {
    browser.goto("/").await?;
    browser.find("guest-name").await?;
    stage.picture(browser, "sign-in-phone").await?;
    come_in(browser, "Mei").await?;
    browser.click("new-group").await?;
    browser.fill("group-name", "Family").await?;
    browser.click("group-create").await?;
    browser.find("chat").await?;
    browser.click("invite").await?;
    let link = wait_for("the invitation's link", async || {
        browser.find("invite-link").await?.prop("value").await.map_err(Into::into)
    })
    .await?;
    ensure!(link.starts_with(stage.url()), "{link} should be absolute");
    browser.press(Key::Escape).await?;
    browser.gone("invite-link").await?;
    Ok(link)
}

/// Says something, and reads it as the `place`th message.
async fn say(browser: &Browser, words: &str, place: usize) -> Result<()> {
    browser.fill("message-input", words).await?;
    browser.press(Key::Enter).await?;
    browser.says_css(".said .bubble", place, words).await
}

async fn top_up(browser: &Browser) -> Result<()> {
    // On a phone the tabs stand on the list of groups.
    browser.click_css(".bar-back a").await?;
    browser.click_css("[data-testid='nav-wallet'] a").await?;
    browser.says("wallet-balance", "¥0.00").await?;
    browser.fill("top-up-amount", "200").await?;
    browser.click("top-up-submit").await?;
    browser.says("wallet-balance", &yuan(TOP_UP_FEN)).await?;
    browser.says("toast", &yuan(TOP_UP_FEN)).await?;
    browser.count("wallet-entry", 1).await?;
    browser.click_css("[data-testid='nav-groups'] a").await?;
    browser.click_css("[data-testid='group-item'] a").await?;
    browser.find("chat").await.map(|_| ())
}

async fn send(stage: &Stage, browser: &Browser) -> Result<String> {
    browser.click("send-open").await?;
    // One types at once, or takes what is offered.
    browser.find_css("[data-testid='send-amount']:focus").await?;
    browser.click_css("[data-testid='send-offer']:last-child").await?;
    wait_for("the amount that was picked", async || {
        let total = browser.find_css(".send-total").await?.text().await?;
        Ok((total == "¥66.66").then_some(()))
    })
    .await?;
    browser.fill("send-amount", "88.88").await?;
    browser.fill("send-shares", "2").await?;
    browser.fill("send-greeting", "May every wish come true").await?;
    // The preview comes from the same code as the split: either share of two can hold all but
    // the fen that the other needs (R-WEB-2).
    browser.says("send-range", "¥0.01 to ¥88.87 each, ¥44.44 on average").await?;
    browser.gone("send-reroll").await?;
    browser.click("send-range").await?;
    let before = browser.find("send-preview").await?.inner_html().await?;
    browser.click("send-reroll").await?;
    wait_for("another preview", async || {
        let now = browser.find("send-preview").await?.inner_html().await?;
        Ok((now != before).then_some(()))
    })
    .await?;
    browser.at_rest().await?;
    stage.picture(browser, "send-phone").await?;
    browser.click("send-submit").await?;
    browser.says("send-confirm-amount", "¥88.88").await?;
    browser.at_rest().await?;
    stage.picture(browser, "confirm-phone").await?;
    browser.press(Key::Escape).await?;
    browser.gone("send-confirm-sheet").await?;
    pay(browser).await?;
    browser.says("toast", "sent").await?;
    let card = browser.find("packet-card").await?;
    let order_no = card.attr("data-order-no").await?.context("a number")?;
    browser.gone("toast").await?;
    stage.picture(browser, "chat-phone").await?;
    Ok(order_no)
}

async fn open(stage: &Stage, browser: &Browser, pictures: Option<&str>) -> Result<i64> {
    browser.click("packet-card").await?;
    browser.find("envelope-open").await?;
    if let Some(form) = pictures {
        browser.at_rest().await?;
        stage.picture(browser, &format!("envelope-{form}")).await?;
    }
    browser.click("envelope-open").await?;
    let amount = browser.text("envelope-amount").await?;
    if let Some(form) = pictures {
        browser.at_rest().await?;
        stage.picture(browser, &format!("opened-{form}")).await?;
    }
    fen(&amount)
}

async fn check_details(browser: &Browser, best_fen: i64) -> Result<()> {
    let rows = browser.count("claim-row", 2).await?;
    browser.find("crown").await?;
    let (mut sum_fen, mut crowns) = (0, 0);
    for row in rows {
        let amount_fen = fen(&row.find(By::Css(".claim-amount")).await?.text().await?)?;
        sum_fen += amount_fen;
        let crowned = !row.find_all(By::Css("[data-testid='crown']")).await?.is_empty();
        let best = row.attr("data-best-luck").await?.as_deref() == Some("true");
        ensure!(crowned == best, "the crown stands where the best luck is");
        if crowned {
            crowns += 1;
            ensure!(amount_fen == best_fen, "{amount_fen} is not the largest share");
        }
    }
    ensure!(crowns == 1, "one crown, not {crowns}");
    ensure!(sum_fen == TOTAL_FEN, "the shares add up to {sum_fen}");
    Ok(())
}

async fn check_fairness(browser: &Browser) -> Result<()> {
    browser.click("fairness-check").await?;
    browser.has("fairness-result", "data-ok", "true").await?;
    for share in browser.count("fairness-share", 2).await? {
        ensure!(share.attr("data-ok").await?.as_deref() == Some("true"), "a share that differs");
    }
    Ok(())
}

async fn check_wallet(browser: &Browser, balance_fen: i64, share_fen: i64) -> Result<()> {
    // Crediting follows opening by a moment (R-MONEY-2).
    wait_for("the share to be credited", async || {
        let (_, wallet) = browser.fetch("GET", "/api/v1/wallet", None).await?;
        Ok((wallet["balance_fen"] == json!(balance_fen)).then_some(()))
    })
    .await?;
    browser.goto("/wallet").await?;
    browser.says("wallet-balance", &yuan(balance_fen)).await?;
    browser.says("wallet-entry", &format!("+{}", yuan(share_fen))).await
}
