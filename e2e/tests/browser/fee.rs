//! What the house takes is seen before it is paid (R-API-4, R-WEB-7).

use crate::{
    focus::focus_is_on,
    steps::{enter, pay},
};
use anyhow::{Result, ensure};
use hongbao_e2e::{Form, Loss, Stage, play_with};
use thirtyfour::Key;

#[test]
fn a_fee_is_seen_before_it_is_paid() -> Result<()> {
    play_with("fee", &[("HONGBAO_TREASURY_FEE_BP", "100")], async |stage: &Stage| {
        let mei = stage.guest("Mei").await?;
        let tom = stage.guest("Tom").await?;
        mei.top_up(2_030).await?;
        let group = mei.make_group("Family", &[&tom]).await?;
        let browser = stage.calm_browser(Form::Phone).await?;
        browser.become_person(&mei).await?;
        browser.goto(&format!("/g/{group}")).await?;
        browser.find("chat").await?;

        browser.click("send-open").await?;
        browser.fill("send-amount", "20.20").await?;
        browser.fill("send-shares", "2").await?;
        browser.says("send-fee", "a fee of ¥0.21, ¥20.41 in all").await?;
        browser.says_css(".send-short", 1, "Your balance is ¥0.11 short").await?;
        browser.fill("send-amount", "10").await?;
        browser.says("send-fee", "a fee of ¥0.10, ¥10.10 in all").await?;

        // It rises while the sheet is open: nothing is paid that was not seen.
        stage.restart_with(&[("HONGBAO_TREASURY_FEE_BP", "200")])?;
        browser.click("send-submit").await?;
        browser.says("send-confirm-fee", "¥0.10").await?;
        browser.says("send-confirm", "Pay ¥10.10").await?;
        browser.click("send-confirm").await?;
        browser.says_anywhere("The fee has just changed").await?;
        browser.says("send-confirm-fee", "¥0.20").await?;
        browser.says("send-confirm", "Pay ¥10.20").await?;
        focus_is_on(&browser, "send-confirm").await?;
        mei.holds(2_030).await?;
        browser.click("send-confirm").await?;
        browser.gone("send-confirm").await?;
        mei.holds(1_010).await?;

        browser.goto("/wallet").await?;
        let lines = browser.count("wallet-entry", 3).await?;
        let newest = lines[0].text().await?;
        ensure!(newest.starts_with("Fee\n") && newest.contains("¥0.20"), "{newest:?}");

        // Without a fee nothing is said of one.
        stage.restart_with(&[("HONGBAO_TREASURY_FEE_BP", "0")])?;
        browser.goto(&format!("/g/{group}")).await?;
        browser.click("send-open").await?;
        browser.fill("send-amount", "1").await?;
        browser.fill("send-shares", "1").await?;
        browser.says_css(".send-total", 1, "¥1.00").await?;
        ensure!(browser.all("send-fee").await?.is_empty());
        pay(&browser).await?;
        mei.holds(910).await
    })
}

/// Whoever is asked to finish a payment is told all that it takes.
#[test]
fn a_payment_that_is_to_be_finished_says_its_fee() -> Result<()> {
    play_with("feeleft", &[("HONGBAO_TREASURY_FEE_BP", "100")], async |stage: &Stage| {
        let mei = stage.guest("Mei").await?;
        let tom = stage.guest("Tom").await?;
        mei.top_up(2_000).await?;
        let group = mei.make_group("Family", &[&tom]).await?;
        let browser = enter(stage, Form::Phone, &mei, &format!("/g/{group}")).await?;
        browser.expect_refusal("/api/v1/packets/", 404);
        browser.click("send-open").await?;
        browser.fill("send-amount", "10").await?;
        browser.fill("send-shares", "1").await?;
        browser.click("send-submit").await?;
        browser.lose("/pay", Loss::RequestForGood).await?;
        browser.click("send-confirm").await?;
        browser.lost().await?;
        browser.reload().await?;
        let said = "A packet of ¥10.00 (plus a fee of ¥0.10, ¥10.10 in all)";
        browser.says("pending-payment", said).await?;
        browser.click("pending-finish").await?;
        browser.says("toast", "Packet sent").await?;
        mei.holds(990).await
    })
}

/// While nodes have different settings, the fee of what was ordered is shown, and paid by the next
/// tap; it is not asked for again and again.
#[test]
fn a_fee_that_the_limits_do_not_tell_is_seen_and_paid() -> Result<()> {
    play_with("feenodes", &[("HONGBAO_TREASURY_FEE_BP", "100")], async |stage: &Stage| {
        let mei = stage.guest("Mei").await?;
        let tom = stage.guest("Tom").await?;
        mei.top_up(2_000).await?;
        let group = mei.make_group("Family", &[&tom]).await?;
        let browser = enter(stage, Form::Phone, &mei, &format!("/g/{group}")).await?;
        browser.find("chat").await?;
        stage.restart_with(&[("HONGBAO_TREASURY_FEE_BP", "200")])?;
        // As if another node answered what is asked of the limits.
        browser.lose("/limits", Loss::Request).await?;
        browser.click("send-open").await?;
        browser.fill("send-amount", "10").await?;
        browser.fill("send-shares", "1").await?;
        let changed = "The fee has just changed";
        for _ in 0..2 {
            browser.click("send-submit").await?;
            browser.says("send-confirm", "Pay ¥10.10").await?;
            ensure!(!browser.source().await?.contains(changed), "nothing has changed yet");
            browser.click("send-confirm").await?;
            browser.says_anywhere(changed).await?;
            browser.says("send-confirm-fee", "¥0.20").await?;
            browser.says("send-confirm", "Pay ¥10.20").await?;
            browser.press(Key::Escape).await?;
            browser.gone("send-confirm").await?;
        }
        browser.click("send-submit").await?;
        browser.click("send-confirm").await?;
        browser.says("send-confirm", "Pay ¥10.20").await?;
        mei.holds(2_000).await?;

        browser.lose("/pay", Loss::Request).await?;
        browser.click("send-confirm").await?;
        browser.says_anywhere("Trying again is safe: you never pay twice").await?;
        browser.says("send-confirm-fee", "¥0.20").await?;
        browser.lose_nothing().await?;
        browser.click("send-confirm").await?;
        browser.gone("send-confirm").await?;
        mei.holds(980).await
    })
}
