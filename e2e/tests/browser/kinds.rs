//! Equal packets, packets for one, and what those hear who come too late (R-SEND-3,
//! R-OPEN-1, R-OPEN-2).

use crate::steps::{card_is, close_envelope, open, pay, tap};
use anyhow::{Context as _, Result, ensure};
use hongbao_e2e::{Browser, Form, Person, Sent, Stage, play};

#[test]
fn equal_and_exclusive_packets_go_to_whom_they_should() -> Result<()> {
    play("kinds", async |stage: &Stage| {
        let mei = stage.guest("Mei").await?;
        let tom = stage.guest("Tom").await?;
        let ann = stage.guest("Ann").await?;
        mei.top_up(10_000).await?;
        let group = mei.make_group("Family", &[&tom, &ann]).await?;
        let browser = stage.calm_browser(Form::Desktop).await?;

        enter(&browser, &mei, &group).await?;
        let for_tom = send_for_one(&browser, &tom).await?;
        let equal = send_equal(&browser).await?;

        enter(&browser, &ann, &group).await?;
        is_told(&browser, &for_tom, "somebody else").await?;
        ensure!(open(&browser, &equal).await? == 150, "an equal share");
        close_envelope(&browser).await?;
        card_is(&browser, &equal, "opened").await?;

        enter(&browser, &tom, &group).await?;
        ensure!(open(&browser, &for_tom).await? == 666, "all of it is in the one share");
        close_envelope(&browser).await?;
        ensure!(open(&browser, &equal).await? == 150, "an equal share");
        close_envelope(&browser).await?;
        // Opened is opened: a tap leads to what everybody got.
        card_is(&browser, &equal, "opened").await?;
        browser.click_css(&format!("[data-order-no='{equal}']")).await?;
        browser.find("claim-row").await?;
        ensure!(browser.all("envelope").await?.is_empty(), "nothing is opened again");

        // Nobody is luckier than others without luck (R-SPLIT-5).
        for order_no in [&equal, &for_tom] {
            browser.goto(&format!("/packets/{order_no}")).await?;
            browser.find("claim-row").await?;
            ensure!(browser.all("crown").await?.is_empty(), "a crown for an equal share");
            browser.click("fairness-check").await?;
            browser.has("fairness-result", "data-ok", "true").await?;
        }

        enter(&browser, &mei, &group).await?;
        card_is(&browser, &equal, "finished").await?;
        is_told(&browser, &equal, "all gone").await
    })
}

/// R-PEOPLE-2: whoever is a member when tapping may open; too late is too late.
#[test]
fn a_late_comer_hears_that_it_is_all_gone() -> Result<()> {
    play("late", async |stage: &Stage| {
        let mei = stage.guest("Mei").await?;
        let tom = stage.guest("Tom").await?;
        let ann = stage.guest("Ann").await?;
        mei.top_up(10_000).await?;
        let group = mei.make_group("Family", &[&tom, &ann]).await?;
        let lucky =
            Sent { kind: "lucky", total_fen: 500, shares: 1, greeting: "", recipient: None };
        let gone = mei.send(&group, lucky).await?;
        let raced = mei.send(&group, lucky).await?;
        let browser = stage.calm_browser(Form::Phone).await?;
        enter(&browser, &ann, &group).await?;
        // The envelope is open in Ann's hand while Tom takes the last share.
        tap(&browser, &raced).await?;
        browser.find("envelope-open").await?;
        tom.open(&raced).await?;
        browser.expect_refusal(&format!("/api/v1/packets/{raced}/open"), 409);
        browser.click("envelope-open").await?;
        browser.says("envelope-sentence", "all gone").await?;
        close_envelope(&browser).await?;
        card_is(&browser, &raced, "finished").await?;

        tom.open(&gone).await?;
        card_is(&browser, &gone, "finished").await?;
        is_told(&browser, &gone, "all gone").await?;
        let wallet = ann.get("/wallet").await?;
        ensure!(wallet["balance_fen"] == 0, "{wallet}");
        Ok(())
    })
}

/// Comes to the chat as somebody else.
async fn enter(browser: &Browser, person: &Person, group: &str) -> Result<()> {
    browser.become_person(person).await?;
    browser.goto(&format!("/g/{group}")).await?;
    browser.find("chat").await.map(|_| ())
}

/// Taps a packet that holds nothing for this person, and reads why.
async fn is_told(browser: &Browser, order_no: &str, part: &str) -> Result<()> {
    tap(browser, order_no).await?;
    browser.says("envelope-sentence", part).await?;
    ensure!(browser.all("envelope-open").await?.is_empty(), "nothing to open");
    close_envelope(browser).await
}

async fn send_for_one(browser: &Browser, recipient: &Person) -> Result<String> {
    browser.click("send-open").await?;
    browser.click("send-kind-exclusive").await?;
    browser.find("send-recipient").await?.send_keys(recipient.name()).await?;
    browser.fill("send-amount", "6.66").await?;
    ensure!(browser.all("send-shares").await?.is_empty(), "one share needs no field");
    browser.gone("send-preview").await?;
    submit(browser, "", recipient.name()).await
}

async fn send_equal(browser: &Browser) -> Result<String> {
    browser.click("send-open").await?;
    browser.click("send-kind-equal").await?;
    browser.fill("send-amount", "1.50").await?;
    browser.fill("send-shares", "2").await?;
    browser.gone("send-preview").await?;
    let total = browser.find_css(".send-total").await?.text().await?;
    ensure!(total == "¥3.00", "the total of two shares is {total}");
    submit(browser, "Half and half", "Half and half").await
}

/// Pays, and finds the card by its words.
async fn submit(browser: &Browser, greeting: &str, words: &str) -> Result<String> {
    if !greeting.is_empty() {
        browser.fill("send-greeting", greeting).await?;
    }
    pay(browser).await?;
    browser.says("packet-card", words).await?;
    for card in browser.all("packet-card").await? {
        if card.text().await?.contains(words) {
            return card.attr("data-order-no").await?.context("a number");
        }
    }
    anyhow::bail!("no card says {words}")
}
