//! While a packet is open, whoever has not opened it learns no amount: not from the
//! screen, not from what stands behind it, not from any call (R-OPEN-5).

use crate::steps::{close_envelope, open, tap, yuan};
use anyhow::{Context as _, Result, bail, ensure};
use hongbao_e2e::{Browser, Form, Sent, Stage, play};
use serde_json::Value;

/// A total whose digits come up nowhere else.
const TOTAL_FEN: i64 = 7_753;

#[test]
fn no_amount_is_seen_before_opening() -> Result<()> {
    play("secrecy", async |stage: &Stage| {
        let mei = stage.guest("Mei").await?;
        let tom = stage.guest("Tom").await?;
        let ann = stage.guest("Ann").await?;
        mei.top_up(10_000).await?;
        let group = mei.make_group("Family", &[&tom, &ann]).await?;
        let lucky = Sent {
            kind: "lucky",
            total_fen: TOTAL_FEN,
            shares: 2,
            greeting: "Luck",
            recipient: None,
        };
        let order_no = mei.send(&group, lucky).await?;
        let taken_fen = tom.open(&order_no).await?;
        let secrets = [TOTAL_FEN, taken_fen, TOTAL_FEN - taken_fen];

        let browser = stage.calm_browser(Form::Phone).await?;
        browser.become_person(&ann).await?;
        browser.goto(&format!("/g/{group}")).await?;
        browser.find("packet-card").await?;
        shows_no_amount(&browser, &secrets).await.context("in the chat")?;
        tap(&browser, &order_no).await?;
        browser.find("envelope-open").await?;
        shows_no_amount(&browser, &secrets).await.context("in the envelope")?;
        close_envelope(&browser).await?;
        calls_tell_no_amount(&browser, &secrets).await.context("what the chat asked for")?;

        browser.goto(&format!("/packets/{order_no}")).await?;
        browser.find("details").await?;
        shows_no_amount(&browser, &secrets).await.context("in the details")?;
        ensure!(browser.all("claim-row").await?.is_empty(), "claims are shown");
        ensure!(browser.all("fairness-check").await?.is_empty(), "a proof before the end");
        calls_tell_no_amount(&browser, &secrets).await.context("what the details asked for")?;
        for path in other_calls(&group, &order_no) {
            let (status, answer) = browser.fetch("GET", &path, None).await?;
            if status >= 400 {
                browser.expect_refusal(&path, u16::try_from(status)?);
            }
            tells_no_amount(&answer, &secrets).with_context(|| path)?;
        }
        let told = stream(&browser, &group).await?;
        ensure!(told.iter().any(|event| event.to_string().contains(&order_no)), "{told:?}");
        for event in &told {
            tells_no_amount(event, &secrets).context("the stream")?;
        }
        let grab = format!("/api/v1/packets/{order_no}/grab");
        let (_, grabbed) = browser.fetch("POST", &grab, Some(serde_json::json!({}))).await?;
        tells_no_amount(&grabbed, &secrets).context("the grab")?;

        // And then it is told.
        browser.goto(&format!("/g/{group}")).await?;
        let mine_fen = open(&browser, &order_no).await?;
        ensure!(mine_fen == TOTAL_FEN - taken_fen, "{mine_fen}");
        browser.click("envelope-details").await?;
        browser.count("claim-row", 2).await?;
        browser.says("claim-row", &yuan(taken_fen)).await?;
        // That these checks can find something at all.
        ensure!(shows_no_amount(&browser, &secrets).await.is_err(), "amounts are not noticed");
        ensure!(calls_tell_no_amount(&browser, &secrets).await.is_err(), "amounts are not noticed");
        Ok(())
    })
}

/// Everything else that a member could ask for.
fn other_calls(group: &str, order_no: &str) -> Vec<String> {
    [
        "/me",
        "/groups",
        "/wallet",
        "/wallet/entries",
        "/lists/received",
        "/lists/sent",
        &format!("/groups/{group}"),
        &format!("/groups/{group}/messages"),
        &format!("/packets/{order_no}"),
        &format!("/packets/{order_no}/claims"),
    ]
    .map(|path| format!("/api/v1{path}"))
    .to_vec()
}

/// Everything that the group's stream tells from its beginning on.
async fn stream(browser: &Browser, group: &str) -> Result<Vec<Value>> {
    let log = browser.fetch("GET", &format!("/api/v1/groups/{group}/messages"), None).await?.1;
    let newest = log["items"][0]["id"].as_str().context("a newest entry")?;
    let path = format!("/api/v1/groups/{group}/events?after=0");
    let text = browser.read_stream(&path, newest).await?;
    let events = text.lines().filter_map(|line| line.strip_prefix("data:"));
    events.map(|data| serde_json::from_str(data.trim()).context("an event")).collect()
}

async fn shows_no_amount(browser: &Browser, secrets: &[i64]) -> Result<()> {
    // Attributes and what is hidden count too: it is on the page.
    let page = browser.source().await?;
    for secret in secrets {
        for written in [yuan(*secret), yuan(*secret).replace('¥', ""), format!("\"{secret}\"")] {
            ensure!(!page.contains(&written), "{written} is on the page");
        }
    }
    let text = browser.script("return document.querySelector('main').innerText").await?;
    let text = text.as_str().context("a text")?;
    ensure!(!text.contains('¥'), "an amount is on the screen: {text}");
    Ok(())
}

/// Asks again for everything that the page has read since it was loaded.
async fn calls_tell_no_amount(browser: &Browser, secrets: &[i64]) -> Result<()> {
    let mut calls = browser.calls().await?;
    ensure!(!calls.is_empty(), "the page asked for nothing");
    // A stream has no end; what it tells is read on its own.
    let is_read = |path: &String| {
        !["/grab", "/read"].iter().any(|end| path.ends_with(end)) && !path.contains("/events")
    };
    calls.retain(is_read);
    calls.sort();
    calls.dedup();
    for path in calls {
        let (_, answer) = browser.fetch("GET", &path, None).await?;
        tells_no_amount(&answer, secrets).with_context(|| path)?;
    }
    Ok(())
}

/// Limits and one's own balance may be told; nothing else in fen, and no seed.
fn tells_no_amount(answer: &Value, secrets: &[i64]) -> Result<()> {
    match answer {
        Value::Object(fields) => {
            for (name, value) in fields {
                let own = name == "balance_fen" || *value == serde_json::json!(0);
                let limit = name.starts_with("max_") || own;
                ensure!(limit || !name.ends_with("_fen"), "{name} is told: {value}");
                ensure!(name != "server_seed", "the server's seed is told");
                tells_no_amount(value, secrets)?;
            }
        }
        Value::Array(items) => {
            for item in items {
                tells_no_amount(item, secrets)?;
            }
        }
        Value::Number(number) => {
            if number.as_i64().is_some_and(|number| secrets.contains(&number)) {
                bail!("{number} is told");
            }
        }
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
    Ok(())
}
