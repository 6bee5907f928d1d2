//! The chat at a glance: what one person says at once stands together, addresses lead
//! somewhere, and no line is too long to read.

use crate::steps::{enter, pay};
use anyhow::{Context as _, Result, ensure};
use hongbao_e2e::{Form, Stage, play, wait_for};

/// As high as eight short lines of one person may be on a phone, in CSS pixels.
const EIGHT_LINES_PX: f64 = 330.0;
/// As wide as lines are on a screen of any width.
const COLUMN_PX: f64 = 760.0;

#[test]
fn what_one_person_says_at_once_stands_together() -> Result<()> {
    play("runs", async |stage: &Stage| {
        let mei = stage.guest("Mei").await?;
        let tom = stage.guest("Tom").await?;
        let group = mei.make_group("Family", &[&tom]).await?;
        for number in 1..=8 {
            tom.say(&group, &format!("Line {number}")).await?;
        }
        mei.say(&group, "See https://example.com/a?b=1. And 看http://example.org/很好").await?;
        let chat = format!("/g/{group}");
        let browser = enter(stage, Form::Phone, &mei, &chat).await?;
        browser.says("log", "看http").await?;
        let look = "const said = [...document.querySelectorAll('.log-row:has(.bubble)')]
                .filter((row) => row.innerText.includes('Line'));
            const seen = (at) => said.filter((row) => {
                const part = row.querySelector(at);
                const box = part.getBoundingClientRect();
                return part.checkVisibility({ visibilityProperty: true }) && box.width > 1;
            }).length;
            const first = said[0].querySelector('.said').getBoundingClientRect();
            const height = said[7].getBoundingClientRect().bottom - first.top;
            return [said.length, seen('.avatar'), seen('.said-name'), height];";
        let [rows, faces, names, height]: [f64; 4] =
            serde_json::from_value(browser.script(look).await?)?;
        ensure!((rows, faces, names) == (8.0, 1.0, 1.0), "{rows}: {faces} faces, {names} names");
        ensure!(height <= EIGHT_LINES_PX, "eight lines are {height} px high");

        // R-WEB-1: each says when it was, to eyes and ears alike, and copying leaves that out.
        let times = "return [...document.querySelectorAll('.log .bubble')].map((bubble) =>
            /^\"\\d\\d:\\d\\d\"$/.test(getComputedStyle(bubble, '::after').content)
            && !/\\d\\d:\\d\\d/.test(bubble.innerText));";
        let times = browser.script(times).await?;
        ensure!(times == serde_json::json!(vec![true; 9]), "{times}");

        let links = "return [...document.querySelectorAll('.bubble a')]
            .map((link) => [link.href, link.target, link.rel]);";
        let links = browser.script(links).await?;
        let link = |href| serde_json::json!([href, "_blank", "noopener noreferrer"]);
        let wanted = [link("https://example.com/a?b=1"), link("http://example.org/")];
        ensure!(links == serde_json::json!(wanted), "{links}");

        let wide = enter(stage, Form::Desktop, &mei, &chat).await?;
        wide.says("log", "Line 8").await?;
        let width = wide.script("return document.querySelector('.log-rows').clientWidth").await?;
        ensure!(width.as_f64().context("a width")? <= COLUMN_PX, "lines are {width} px wide");
        Ok(())
    })
}

/// R-WEB-1: in a chat that is left open over midnight, what was said by the clock alone is said with
/// its day.
#[test]
fn what_was_today_becomes_yesterday() -> Result<()> {
    play("midnight", async |stage: &Stage| {
        let mei = stage.guest("Mei").await?;
        let group = mei.make_group("Family", &[]).await?;
        mei.say(&group, "Good night").await?;
        let browser = enter(stage, Form::Phone, &mei, &format!("/g/{group}")).await?;
        browser.says("log", "Good night").await?;
        let read = "return document.querySelector('.log-time').innerText";
        let clock = browser.script(read).await?;
        let clock = clock.as_str().context("a time")?;
        ensure!(clock.len() == "20:15".len(), "{clock:?} is not of today");
        let tomorrow = "const Today = Date;
            const now = () => Today.now() + 86_400_000;
            window.Date = class extends Today {
                constructor(...parts) { super(...(parts.length ? parts : [now()])); }
                static now() { return now(); }
            };";
        browser.script(tomorrow).await?;
        wait_for("the day to be said", async || {
            let said = browser.script(read).await?;
            let said = said.as_str().context("a time")?;
            Ok((said.len() > clock.len() && said.ends_with(clock)).then_some(()))
        })
        .await
    })
}

/// What one tab learns of the wallet, the other one shows.
#[test]
fn tabs_share_the_balance() -> Result<()> {
    play("tabs-balance", async |stage: &Stage| {
        let mei = stage.guest("Mei").await?;
        mei.top_up(10_000).await?;
        let group = mei.make_group("Family", &[]).await?;
        let browser = enter(stage, Form::Desktop, &mei, "/wallet").await?;
        browser.says("wallet-balance", "¥100.00").await?;
        let wallet = browser.window().await?;
        browser.new_window(&format!("/g/{group}")).await?;
        browser.click("send-open").await?;
        browser.fill("send-amount", "5").await?;
        browser.fill("send-shares", "1").await?;
        pay(&browser).await?;
        browser.switch_to(&wallet).await?;
        browser.says("wallet-balance", "¥95.00").await
    })
}

/// So it is where no stream gets through, and calls do until they are lost, too.
#[test]
pub(crate) fn what_is_lost_after_the_stream_is_said_as_well() -> Result<()> {
    play("calls-lost", async |stage: &Stage| {
        let mei = stage.guest("Mei").await?;
        let browser = enter(stage, Form::Phone, &mei, "/wallet").await?;
        browser.expect_refusal("/no-stream", 404);
        browser.find("wallet").await?;
        let refuse = "const Stream = EventSource;
            window.refused = 0;
            window.EventSource = function () {
                window.refused += 1;
                return new Stream('/api/v1/no-stream');
            };";
        browser.script(refuse).await?;
        browser.set_offline(true).await?;
        browser.find("link-lost").await?;
        browser.set_offline(false).await?;
        browser.gone("link-lost").await?;
        // On a page of its own: between two tries of this one it may be half a minute by now.
        browser.before_each_page(refuse).await?;
        browser.reload().await?;
        wait_for("a stream to be refused once more", async || {
            let refused = browser.script("return window.refused").await?.as_u64();
            Ok((refused >= Some(2)).then_some(()))
        })
        .await?;
        browser.set_offline(true).await?;
        browser.find("link-lost").await?;
        browser.set_offline(false).await
    })
}

/// That the connection is lost is said on every screen, also by a machine that has no
/// network any more while nothing tells its stream.
#[test]
pub(crate) fn a_lost_connection_is_said_on_every_screen() -> Result<()> {
    play("link-lost", async |stage: &Stage| {
        let mei = stage.guest("Mei").await?;
        let group = mei.make_group("Family", &[]).await?;
        let browser = enter(stage, Form::Phone, &mei, "/wallet").await?;
        let chat = format!("/g/{group}");
        for path in ["/wallet", "/me", &chat, "/"] {
            browser.walk_to(path).await?;
            browser.gone("link-lost").await?;
            browser.set_offline(true).await?;
            browser.find("link-lost").await.with_context(|| path.to_owned())?;
            browser.set_offline(false).await?;
        }
        browser.gone("link-lost").await
    })
}
