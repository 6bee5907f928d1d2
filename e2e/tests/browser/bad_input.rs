//! Whatever is typed: a sentence that helps, and nothing is sent (R-SEND-1, R-WEB-2).

use crate::steps::come_in;
use anyhow::{Context as _, Result, ensure};
use hongbao_e2e::{Browser, Form, Stage, play};
use serde_json::json;
use thirtyfour::Key;

/// Kind, amount, shares, and what the sentence must name.
const BAD: [(&str, &str, &str, &str); 17] = [
    ("lucky", "0", "2", "¥0.01"),
    ("lucky", "0.00", "2", "¥0.01"),
    ("lucky", "-5", "2", "¥0.01"),
    ("lucky", "0.001", "2", "¥0.01 is the smallest"),
    ("lucky", "1.005", "2", "¥0.01 is the smallest"),
    ("lucky", "abc", "2", "number"),
    ("lucky", "1,5,5", "2", "number"),
    ("lucky", "1e3", "2", "number"),
    ("lucky", "20000.01", "100", "¥20,000.00"),
    ("lucky", "99999999999999999999", "100", "¥20,000.00"),
    // The most that one share holds.
    ("lucky", "400.01", "2", "¥200.00"),
    ("lucky", "5", "101", "1 to 100"),
    ("lucky", "5", "0", "1 to 100"),
    ("lucky", "5", "2.5", "1 to 100"),
    ("lucky", "5", "two", "1 to 100"),
    // More shares than fen.
    ("lucky", "0.05", "6", "¥0.01"),
    ("equal", "200.01", "2", "¥200.00"),
];

#[test]
fn bad_input_gets_a_sentence_and_sends_nothing() -> Result<()> {
    play("bad-input", async |stage: &Stage| {
        let mei = stage.guest("Mei").await?;
        mei.top_up(1_000_000).await?;
        let group = mei.make_group("Family", &[]).await?;
        let browser = stage.calm_browser(Form::Phone).await?;
        browser.become_person(&mei).await?;
        browser.goto(&format!("/g/{group}")).await?;
        browser.click("send-open").await?;

        for (kind, amount, shares, part) in BAD {
            let context = || format!("{kind}, amount {amount}, shares {shares}");
            browser.click(&format!("send-kind-{kind}")).await?;
            browser.fill("send-amount", amount).await?;
            browser.fill("send-shares", shares).await?;
            browser.says("send-error", part).await.with_context(context)?;
            refuses_to_send(&browser).await.with_context(context)?;
        }
        // It stands in view, below the field that it is about, which is marked.
        for (amount, shares, field) in [("0", "2", "send-amount"), ("5", "101", "send-shares")] {
            browser.fill("send-amount", amount).await?;
            browser.fill("send-shares", shares).await?;
            browser.has(field, "aria-invalid", "true").await?;
            let script = format!(
                "const fault = document.querySelector('.field-fault');
                 const field = fault.previousElementSibling.querySelector('input').dataset.testid;
                 const foot = document.querySelector('.send-foot').getBoundingClientRect();
                 return field === '{field}' && fault.getBoundingClientRect().bottom <= foot.top;"
            );
            ensure!(browser.script(&script).await? == true, "the fault of {field}");
        }
        // The fault goes away with its cause.
        browser.click("send-kind-lucky").await?;
        for amount in ["8,88", "8.88元", "1 000", "1,000.00", "0.06"] {
            browser.fill("send-amount", amount).await?;
            browser.fill("send-shares", "6").await?;
            browser.gone("send-error").await?;
            browser.fill("send-shares", "0").await?;
            browser.find("send-error").await?;
        }
        browser.fill("send-shares", "6").await?;
        browser.gone("send-error").await?;
        // More shares than people are allowed, with open eyes: here and at the last look.
        let comes_back = "1 person is in this group: 5 shares will come back unless more join.";
        browser.says("send-too-many", comes_back).await?;
        browser.click("send-submit").await?;
        browser.says("send-confirm-sheet", comes_back).await?;
        browser.press(Key::Escape).await?;
        browser.gone("send-confirm").await?;
        browser.fill("send-shares", "1").await?;
        browser.gone("send-too-many").await?;
        browser.fill("send-shares", "6").await?;
        let greeting = "a".repeat(26);
        browser.fill("send-greeting", &greeting).await?;
        browser.says("send-error", "25").await?;
        refuses_to_send(&browser).await?;
        browser.fill("send-greeting", "").await?;
        browser.gone("send-error").await?;

        // Nobody else is in the group: a packet for one has no one to go to.
        browser.click("send-kind-exclusive").await?;
        browser.find_css(".fault").await?;
        refuses_to_send(&browser).await?;

        // Too little money: it is said, and topping up is a tap away.
        browser.click("send-kind-lucky").await?;
        browser.fill("send-amount", "10000.01").await?;
        browser.fill("send-shares", "100").await?;
        let short = browser.find_css(".send-short").await?.text().await?;
        ensure!(short.contains("¥0.01"), "“{short}” should say what is missing");
        browser.find("send-top-up").await?;
        refuses_to_send(&browser).await?;
        // More than a packet may hold: more money would not help.
        browser.fill("send-amount", "20000.01").await?;
        browser.find("send-error").await?;
        browser.gone("send-top-up").await?;

        let sent = browser.calls().await?;
        ensure!(!sent.iter().any(|path| path.starts_with("/api/v1/packets")), "{sent:?}");
        let log = mei.get(&format!("/groups/{group}/messages")).await?.to_string();
        ensure!(!log.contains("packet"), "{log}");
        let wallet = mei.get("/wallet").await?;
        ensure!(wallet["balance_fen"] == json!(1_000_000), "{wallet}");
        Ok(())
    })
}

/// Tries both ways of submitting; whether anything was sent is seen at the end.
async fn refuses_to_send(browser: &Browser) -> Result<()> {
    let submit = browser.find("send-submit").await?;
    if submit.is_enabled().await? {
        submit.click().await?;
    }
    // A key can submit a form whose button is off.
    browser.find("send-amount").await?.send_keys(Key::Enter).await?;
    ensure!(browser.all("send-confirm").await?.is_empty(), "asks for the payment");
    browser.find("send-submit").await.map(|_| ())
}

/// The other fields, and in Chinese too.
#[test]
fn names_and_amounts_are_checked_where_they_are_typed() -> Result<()> {
    play("bad-fields", async |stage: &Stage| {
        let browser = stage.calm_browser(Form::Phone).await?;
        browser.goto("/").await?;
        browser.fill("guest-name", &"n".repeat(21)).await?;
        browser.says("error-sentence", "20").await?;
        browser.find("guest-name").await?.send_keys(Key::Enter).await?;
        browser.fill("guest-name", "   ").await?;
        browser.find("guest-name").await?.send_keys(Key::Enter).await?;
        browser.says("error-sentence", "visible").await?;
        let calls = browser.calls().await?;
        ensure!(!calls.iter().any(|path| path.contains("session/guest")), "{calls:?}");

        come_in(&browser, "Mei").await?;
        browser.click("new-group").await?;
        browser.fill("group-name", &"g".repeat(31)).await?;
        browser.says("error-sentence", "30").await?;
        browser.press(Key::Escape).await?;
        browser.click("question-yes").await?;
        browser.gone("group-name").await?;

        browser.click_css("[data-testid='nav-wallet'] a").await?;
        for (amount, part) in
            [("0", "¥0.01"), ("10000.01", "¥10,000.00"), ("0.001", "smallest"), ("x", "number")]
        {
            browser.fill("top-up-amount", amount).await?;
            browser.says("error-sentence", part).await?;
            ensure!(!browser.find("top-up-submit").await?.is_enabled().await?, "{amount}");
        }
        browser.store("hongbao.lang", "zh-CN").await?;
        browser.reload().await?;
        browser.fill("top-up-amount", "0.001").await?;
        browser.says("error-sentence", "最小的金额是 ¥0.01").await?;
        browser.says("wallet-balance", "¥0.00").await
    })
}
