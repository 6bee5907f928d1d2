//! What appears under a finger takes nothing of the gesture that brought it: nobody pays
//! or opens what they have not seen (R-SEND-2, R-WEB-2).

use crate::steps::{card_is, enter};
use anyhow::{Result, ensure};
use hongbao_e2e::{Browser, Form, Sent, Stage, play};
use std::time::Duration;
use thirtyfour::Key;

const START_FEN: i64 = 10_000;
/// Two taps of one hand, by what lies between them.
const GAPS_MS: [u64; 4] = [60, 150, 250, 350];

/// Nothing was ordered, let alone paid.
async fn ordered_nothing(browser: &Browser) -> Result<()> {
    let calls = browser.calls().await?;
    let ordered = calls.iter().any(|call| call.starts_with("/api/v1/packets"));
    ensure!(!ordered, "{calls:?}");
    Ok(())
}

#[test]
fn two_taps_and_a_held_key_do_not_pay() -> Result<()> {
    play("unseen", async |stage: &Stage| {
        let mei = stage.guest("Mei").await?;
        let tom = stage.guest("Tom").await?;
        mei.top_up(START_FEN).await?;
        let group = mei.make_group("Family", &[&tom]).await?;
        for form in [Form::Phone, Form::Desktop] {
            let browser = enter(stage, form, &mei, &format!("/g/{group}")).await?;
            browser.click("send-open").await?;
            browser.fill("send-amount", "5").await?;
            browser.fill("send-shares", "1").await?;
            for gap_ms in GAPS_MS {
                browser.tap_twice("send-submit", Duration::from_millis(gap_ms)).await?;
                seen_only(&browser).await?;
            }
            // As often as a keyboard does in two seconds.
            browser.fill("send-shares", "1").await?;
            browser.hold_enter(60).await?;
            seen_only(&browser).await?;
            ensure!(mei.balance().await? == START_FEN, "no money has moved");
        }
        // Once it was seen, one tap pays.
        let browser = enter(stage, Form::Phone, &mei, &format!("/g/{group}")).await?;
        browser.click("send-open").await?;
        browser.fill("send-amount", "5").await?;
        browser.fill("send-shares", "1").await?;
        crate::steps::pay(&browser).await?;
        mei.holds(START_FEN - 500).await
    })
}

/// The last look before paying is there, and nothing was asked of the server.
async fn seen_only(browser: &Browser) -> Result<()> {
    browser.find("send-confirm").await?;
    browser.at_rest().await?;
    ordered_nothing(browser).await?;
    browser.press(Key::Escape).await?;
    browser.gone("send-confirm").await
}

#[test]
fn two_taps_on_a_card_open_nothing() -> Result<()> {
    play("unopened", async |stage: &Stage| {
        let mei = stage.guest("Mei").await?;
        let tom = stage.guest("Tom").await?;
        mei.top_up(START_FEN).await?;
        let group = mei.make_group("Family", &[&tom]).await?;
        let sent = Sent { kind: "lucky", total_fen: 500, shares: 1, greeting: "", recipient: None };
        let order_no = mei.send(&group, sent).await?;
        let browser = enter(stage, Form::Phone, &tom, &format!("/g/{group}")).await?;
        for gap_ms in GAPS_MS {
            browser.tap_twice("packet-card", Duration::from_millis(gap_ms)).await?;
            browser.has("envelope", "data-stage", "sealed").await?;
            browser.click("envelope-close").await?;
            browser.gone("envelope").await?;
        }
        card_is(&browser, &order_no, "open").await
    })
}
