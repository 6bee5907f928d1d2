//! What was received and sent, year by year, and where every fen went (R-LIST-1,
//! R-MONEY-1).

use crate::steps::{card_is, enter, yuan};
use anyhow::{Context as _, Result, ensure};
use futures::{StreamExt as _, TryStreamExt as _};
use hongbao_e2e::{Browser, Form, Person, Sent, Stage, play, play_with, wait_for};
use serde_json::Value;

/// Three pages of either list, two of the statement.
const PACKETS: i64 = 60;
const SHARE_FEN: i64 = 101;

#[test]
pub(crate) fn the_lists_add_up_and_have_no_end_but_the_last() -> Result<()> {
    play("records", async |stage: &Stage| {
        let mei = stage.guest("Mei").await?;
        let tom = stage.guest("Tom").await?;
        mei.top_up(100_000).await?;
        let group = mei.make_group("Family", &[&tom]).await?;
        futures::stream::iter(0..PACKETS)
            .map(|_| send_and_open(&mei, &tom, &group))
            .buffer_unordered(8)
            .try_collect::<Vec<()>>()
            .await?;
        tom.holds(PACKETS * SHARE_FEN).await?;
        let received = tom.list("received", PACKETS).await?;
        let sent = mei.list("sent", PACKETS).await?;

        let browser = enter(stage, Form::Phone, &tom, "/wallet").await?;
        browser.click_css("[data-testid='records-link'] a").await?;
        sums(&browser, &received).await?;
        scrolls_to(&browser, "record-row", PACKETS).await?;
        ensure!(browser.all("load-more").await?.is_empty(), "more than there is");
        browser.find("records-sent").await?.scroll_into_view().await?;
        browser.click_css("[data-testid='records-sent'] a").await?;
        browser.says("records-total", "¥0.00").await?;
        browser.find_css(".page .empty").await?;

        browser.become_person(&mei).await?;
        browser.goto("/wallet/sent").await?;
        sums(&browser, &sent).await?;
        scrolls_to(&browser, "record-row", PACKETS).await?;
        browser.goto("/wallet").await?;
        let left_fen = 100_000 - PACKETS * SHARE_FEN;
        browser.says("wallet-balance", &yuan(left_fen)).await?;
        // The top-up and every payment.
        scrolls_to(&browser, "wallet-entry", PACKETS + 1).await?;
        let first = "[data-testid='wallet-entry'] a";
        browser.find_css(first).await?.scroll_into_view().await?;
        browser.click_css(first).await?;
        browser.find("details").await?;
        browser.back().await?;
        browser.find("wallet-entry").await.map(|_| ())
    })
}

async fn send_and_open(mei: &Person, tom: &Person, group: &str) -> Result<()> {
    let one =
        Sent { kind: "equal", total_fen: SHARE_FEN, shares: 1, greeting: "", recipient: None };
    let order_no = mei.send(group, one).await?;
    ensure!(tom.open(&order_no).await? == SHARE_FEN, "the only share");
    Ok(())
}

/// Total, number, year and chart say what the server's list says.
async fn sums(browser: &Browser, list: &Value) -> Result<()> {
    browser.says("records-total", &yuan(PACKETS * SHARE_FEN)).await?;
    browser.says("records-count", &PACKETS.to_string()).await?;
    let year = browser.find("records-year").await?.prop("value").await?;
    ensure!(year == Some(list["year"].to_string()), "{year:?} is shown");
    let months = list["months"].as_array().context("months")?;
    let filled = months.iter().filter(|month| month["count"] != 0).count();
    let bars = browser.script("return document.querySelectorAll('.chart-bar').length").await?;
    ensure!(bars == filled, "{bars} bars for {filled} months");
    Ok(())
}

/// Scrolls down until all rows are there. They come in parts.
async fn scrolls_to(browser: &Browser, rows: &str, count: i64) -> Result<()> {
    browser.find(rows).await?;
    let first = browser.all(rows).await?.len();
    ensure!((1..usize::try_from(count)?).contains(&first), "{first} rows at once");
    wait_for(&format!("{count} of {rows}"), async || {
        let script = format!(
            "const rows = document.querySelectorAll('[data-testid={rows}]');
             rows[rows.length - 1].scrollIntoView();
             return rows.length;"
        );
        Ok((browser.script(&script).await? == count).then_some(()))
    })
    .await
}

/// A packet's day is over: the card says so, its sender and nobody else is told what
/// came back, and the money is there (R-MONEY-3).
#[test]
fn an_expired_packet_gives_back_what_was_left() -> Result<()> {
    play_with("expiry", &[("HONGBAO_LIMITS_PACKET_LIFETIME_S", "10")], async |stage: &Stage| {
        let mei = stage.guest("Mei").await?;
        let tom = stage.guest("Tom").await?;
        mei.top_up(10_000).await?;
        let group = mei.make_group("Family", &[&tom]).await?;
        let chat = format!("/g/{group}");
        let at_mei = enter(stage, Form::Desktop, &mei, &chat).await?;
        let at_tom = enter(stage, Form::Phone, &tom, &chat).await?;
        at_tom.find("chat").await?;
        let lucky =
            Sent { kind: "lucky", total_fen: 900, shares: 3, greeting: "", recipient: None };
        let order_no = mei.send(&group, lucky).await?;
        let taken_fen = tom.open(&order_no).await?;
        let back = yuan(900 - taken_fen);
        card_is(&at_mei, &order_no, "expired").await?;
        card_is(&at_tom, &order_no, "opened").await?;
        at_mei.says("system-line", &format!("{back} went back to your wallet")).await?;
        at_tom.says("system-line", "You opened Mei's packet").await?;
        let told = at_tom.source().await?;
        ensure!(!told.contains("data-type=\"expired\""), "Tom is told of the refund");
        mei.holds(10_000 - taken_fen).await?;

        at_mei.goto(&format!("/packets/{order_no}")).await?;
        at_mei.says("details", "Expired with 1 of 3 opened").await?;
        at_mei.says("details", &format!("{back} went back to the sender")).await?;
        at_mei.click("fairness-check").await?;
        at_mei.has("fairness-result", "data-ok", "true").await?;
        at_mei.goto("/wallet").await?;
        at_mei.says("wallet-balance", &yuan(10_000 - taken_fen)).await?;
        at_mei.says("wallet-entry", &format!("+{back}")).await
    })
}
