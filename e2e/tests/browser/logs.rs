//! What a chat shows, beside what the server's log holds.

use anyhow::{Context as _, Result, ensure};
use hongbao_e2e::{Browser, Person, wait_for};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// An entry as a reader sees it: the id, and of a packet its state and its progress.
pub(crate) type Line = (i64, Option<String>, Option<String>);

/// Every row that is drawn, in the order of the page.
const DRAWN: &str = "
    return [...document.querySelectorAll('.log-row')].map((row) => {
        const card = row.querySelector('[data-testid=packet-card]');
        const progress = row.querySelector('[data-testid=packet-progress]');
        return [Number(row.dataset.id), card && card.dataset.state,
            progress && (progress.querySelector('[aria-hidden]') ?? progress).textContent];
    });";

/// The rows that are drawn now. Each is there once, the oldest first.
pub(crate) async fn drawn(browser: &Browser) -> Result<Vec<Line>> {
    let lines: Vec<Line> = serde_json::from_value(browser.script(DRAWN).await?)?;
    let ordered = lines.windows(2).all(|pair| pair[0].0 < pair[1].0);
    ensure!(ordered, "twice or out of order: {lines:?}");
    Ok(lines)
}

/// What the log holds for this person. Of those who opened a packet the newest stands for all.
async fn held(person: &Person, group: &str) -> Result<Vec<Line>> {
    let log = person.log(group).await?;
    let opened = |at: usize| {
        let entry = log.get(at).filter(|entry| entry["type"] == "opened")?;
        entry["order_no"].as_str()
    };
    let newest: BTreeMap<&str, usize> =
        (0..log.len()).filter_map(|at| Some((opened(at)?, at))).collect();
    let is_drawn = |at: &usize| opened(*at).is_none_or(|packet| newest.get(packet) == Some(at));
    (0..log.len()).filter(is_drawn).map(|at| line(&log[at])).collect()
}

fn line(message: &Value) -> Result<Line> {
    let id = message["id"].as_str().context("an id")?.parse()?;
    let packet = &message["packet"];
    let state = packet["state"].as_str().map(str::to_owned);
    let progress = &packet["progress"];
    let several = progress["shares"].as_i64().is_some_and(|shares| shares > 1);
    let progress = several.then(|| format!("{}/{}", progress["claimed"], progress["shares"]));
    Ok((id, state, progress))
}

/// Waits until the newest rows on the screen are the newest of the log, which may still go
/// on: lines come into it a moment after what they tell of. Gives that log.
pub(crate) async fn follows_to_the_end(
    browser: &Browser,
    person: &Person,
    group: &str,
) -> Result<Vec<Line>> {
    wait_for("the end of the log on the screen", async || {
        let log = held(person, group).await?;
        is_the_end(&drawn(browser).await?, &log)?;
        Ok(Some(log))
    })
    .await
}

fn is_the_end(drawn: &[Line], log: &[Line]) -> Result<()> {
    let end = log.len().checked_sub(drawn.len()).and_then(|from| log.get(from..));
    ensure!(!drawn.is_empty(), "nothing is drawn");
    if let Some(end) = end {
        let odd = drawn.iter().zip(end).find(|(drawn, held)| drawn != held);
        ensure!(odd.is_none(), "the screen and the log differ: {odd:?}");
    }
    ensure!(end.is_some(), "{} rows of {} entries", drawn.len(), log.len());
    Ok(())
}

/// Scrolls up to the beginning; all that was drawn on the way is the whole log.
pub(crate) async fn shows_all(browser: &Browser, log: &[Line]) -> Result<()> {
    let mut seen = BTreeMap::new();
    let first = log.first().context("an entry")?.0;
    wait_for("the beginning of the log", async || {
        let drawn = drawn(browser).await?;
        let begins = drawn.first().is_some_and(|line| line.0 == first);
        seen.extend(drawn.into_iter().map(|line| (line.0, line)));
        if !begins {
            scroll_up(browser).await?;
        }
        Ok(begins.then_some(()))
    })
    .await?;
    let seen: Vec<Line> = seen.into_values().collect();
    let odd = seen.iter().zip(log).find(|(seen, held)| seen != held);
    ensure!(seen == log, "{} rows of {} entries, {odd:?}", seen.len(), log.len());
    Ok(())
}

/// Moves the log by most of a screen towards its beginning, as a reader does.
pub(crate) async fn scroll_up(browser: &Browser) -> Result<()> {
    let script = "const log = document.querySelector('.log');
        log.scrollTop -= Math.max(log.clientHeight - 100, 100);";
    browser.script(script).await.map(|_| ())
}

/// Says as many things, `together` at a time; the words are numbers from `from` on.
pub(crate) async fn chatter(
    person: &Person,
    group: &str,
    from: usize,
    count: usize,
    together: usize,
) -> Result<()> {
    use futures::{StreamExt as _, TryStreamExt as _};
    futures::stream::iter(from..from + count)
        .map(|number| async move { person.say(group, &format!("Number {number}")).await })
        .buffer_unordered(together)
        .try_collect::<Vec<()>>()
        .await
        .map(|_| ())
}

/// How much work a page has done since it was loaded: calls, and bytes of their answers.
pub(crate) async fn work(browser: &Browser) -> Result<(i64, i64)> {
    let script = "const calls = performance.getEntriesByType('resource')
            .filter((entry) => new URL(entry.name).pathname.startsWith('/api/'));
        return [calls.length, calls.reduce((sum, call) => sum + call.decodedBodySize, 0)];";
    let done = browser.script(script).await?;
    ensure!(done != json!(null), "no work");
    Ok(serde_json::from_value(done)?)
}
