//! A chat of ten thousand messages is as quick as a short one: what it costs is counted,
//! not timed (R-WEB-1).

use crate::{
    logs::{chatter, drawn, work},
    steps::{enter, pay},
};
use anyhow::{Context as _, Result, ensure};
use hongbao_e2e::{Browser, Form, Person, Stage, play, wait_for};

const LONG: usize = 10_000;
const SHORT: usize = 60;
const TOGETHER: usize = 24;
/// Rows on the page at the most, whatever the log holds.
const ROWS_MAX: usize = 300;
const PAGES: usize = 8;

#[test]
fn a_long_chat_costs_what_a_short_one_costs() -> Result<()> {
    play("longchat", async |stage: &Stage| {
        let mei = stage.guest("Mei").await?;
        let tom = stage.guest("Tom").await?;
        let short = mei.make_group("Short", &[&tom]).await?;
        let long = mei.make_group("Long", &[&tom]).await?;
        chatter(&mei, &short, LONG - SHORT, SHORT, TOGETHER).await?;
        chatter(&mei, &long, 0, LONG, TOGETHER).await?;
        mei.say(&short, "The end").await?;
        mei.say(&long, "The end").await?;

        let (rows, calls, bytes) = opening(stage, &tom, &short).await?;
        let browser = enter(stage, Form::Phone, &tom, "/").await?;
        browser.find("group-item").await?;
        let (long_rows, long_calls, long_bytes) = opening(stage, &tom, &long).await?;
        ensure!(long_rows == rows, "{long_rows} rows, of a short chat {rows}");
        // A badge may be asked for once more or less.
        ensure!((long_calls - calls).abs() <= 2, "{long_calls} calls, of a short chat {calls}");
        ensure!(
            long_bytes < bytes + bytes / 4 + 2_000,
            "{long_bytes} bytes, of a short chat {bytes}"
        );

        browser.goto(&format!("/g/{long}")).await?;
        browser.says("log", "The end").await?;
        for page in 0..PAGES {
            up(&browser).await.with_context(|| format!("page {page}"))?;
        }
        // What is new is told, and a tap away; what is read stays where it is.
        let before = drawn(&browser).await?;
        mei.say(&long, "Anybody there?").await?;
        browser.find("to-newest").await?;
        let after = drawn(&browser).await?;
        ensure!(before.first() == after.first(), "the rows moved under the reader");
        browser.click("to-newest").await?;
        browser.says("log", "Anybody there?").await?;
        at_the_end(&browser).await?;
        ensure!(drawn(&browser).await?.len() <= ROWS_MAX, "too many rows");
        Ok(())
    })
}

/// What is in view is there first; the rest follows a few rows at a time, so that no tap waits
/// for all of it.
#[test]
fn a_chat_is_drawn_bit_by_bit() -> Result<()> {
    play("drawn", async |stage: &Stage| {
        let mei = stage.guest("Mei").await?;
        let group = mei.make_group("Family", &[]).await?;
        chatter(&mei, &group, 0, 40, TOGETHER).await?;
        mei.say(&group, "The end").await?;
        let browser = stage.calm_browser(Form::Phone).await?;
        let watch = "window.rowsAtOnce = 0;
            let known = new Set();
            new MutationObserver(() => {
                const rows = new Set(document.querySelectorAll('.log-row'));
                window.rowsAtOnce = Math.max(window.rowsAtOnce, rows.difference(known).size);
                known = rows;
            }).observe(document, { childList: true, subtree: true });";
        browser.before_each_page(watch).await?;
        browser.become_person(&mei).await?;
        browser.goto(&format!("/g/{group}")).await?;
        browser.find_css("[data-testid='log']:not([aria-busy])").await?;
        at_the_end(&browser).await?;
        let rows = drawn(&browser).await?.len();
        ensure!(rows > 40, "{rows} rows");
        let at_once = browser.script("return window.rowsAtOnce").await?;
        ensure!(at_once.as_u64().is_some_and(|rows| rows <= 12), "{at_once} rows at once");
        Ok(())
    })
}

/// R-WEB-1: one's own packet is looked at, wherever one was in the log.
#[test]
fn a_packet_comes_into_view_when_it_is_sent() -> Result<()> {
    play("sent-in-view", async |stage: &Stage| {
        let mei = stage.guest("Mei").await?;
        mei.top_up(10_000).await?;
        let group = mei.make_group("Family", &[]).await?;
        chatter(&mei, &group, 0, 3 * SHORT, TOGETHER).await?;
        mei.say(&group, "The end").await?;
        let browser = enter(stage, Form::Phone, &mei, &format!("/g/{group}")).await?;
        browser.says("log", "The end").await?;
        at_the_end(&browser).await?;
        up(&browser).await?;
        browser.click("send-open").await?;
        browser.fill("send-amount", "5").await?;
        browser.fill("send-shares", "1").await?;
        pay(&browser).await?;
        browser.find("packet-card").await?;
        at_the_end(&browser).await
    })
}

/// Opens a chat in a browser that knows nothing: rows, calls and bytes.
async fn opening(stage: &Stage, person: &Person, group: &str) -> Result<(usize, i64, i64)> {
    let browser = enter(stage, Form::Phone, person, &format!("/g/{group}")).await?;
    browser.says("log", "The end").await?;
    browser.find_css("[data-testid='log']:not([aria-busy])").await?;
    at_the_end(&browser).await?;
    // Reading has been told, so nothing more is on its way.
    wait_for("the reading to be told", async || {
        let told = browser.calls().await?.iter().any(|path| path.ends_with("/read"));
        Ok(told.then_some(()))
    })
    .await?;
    let (calls, bytes) = work(&browser).await?;
    Ok((drawn(&browser).await?.len(), calls, bytes))
}

async fn at_the_end(browser: &Browser) -> Result<()> {
    let script = "const log = document.querySelector('.log');
        return log.scrollHeight - log.scrollTop - log.clientHeight;";
    wait_for("the newest in view", async || {
        let below = browser.script(script).await?;
        Ok(below.as_i64().is_some_and(|below| below < 80).then_some(()))
    })
    .await
}

/// Goes up to the first row that is drawn. Earlier ones come above it, and it stays
/// where it is.
async fn up(browser: &Browser) -> Result<()> {
    // At once: a moment later earlier rows may be there that no frame has shown yet.
    let goes = "const log = document.querySelector('.log');
        const row = log.querySelector('.log-row');
        log.scrollTop = 40;
        return [Number(row.dataset.id),
            Math.round(row.getBoundingClientRect().top - log.getBoundingClientRect().top)];";
    let (first, place): (i64, i64) = serde_json::from_value(browser.script(goes).await?)?;
    let stands = format!(
        "const log = document.querySelector('.log');
         const row = log.querySelector('.log-row[data-id=\"{first}\"]');
         return row && Math.round(row.getBoundingClientRect().top - log.getBoundingClientRect().top);"
    );
    wait_for("earlier rows", async || {
        let now = drawn(browser).await?;
        Ok(now.first().is_some_and(|row| row.0 < first).then_some(()))
    })
    .await?;
    wait_for("the row to be where it was", async || {
        let now = browser.script(&stands).await?.as_i64().context("a place")?;
        ensure!((now - place).abs() <= 3, "it was at {place} px and is at {now} px");
        Ok(Some(()))
    })
    .await?;
    let rows = drawn(browser).await?.len();
    ensure!(rows <= ROWS_MAX, "{rows} rows");
    Ok(())
}
