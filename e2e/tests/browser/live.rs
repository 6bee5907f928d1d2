//! A chat that is alive: what happens is on every screen, without reloading, whatever
//! becomes of the connection (R-WEB-1, R-SEND-2).

use crate::{
    logs::{drawn, follows_to_the_end, shows_all},
    steps::{card_is, enter},
};
use anyhow::{Context as _, Result, ensure};
use futures::{StreamExt as _, TryStreamExt as _, future};
use hongbao_e2e::{Browser, Form, Person, Sent, Stage, play, wait_for};
use serde_json::json;
use thirtyfour::Key;

const PACKETS: usize = 200;
const CUTS: usize = 20;

const LUCKY: Sent<'_> =
    Sent { kind: "lucky", total_fen: 900, shares: 3, greeting: "", recipient: None };

/// The lines of one kind that the chat tells by itself, as they read.
async fn told(browser: &Browser, kind: &str) -> Result<Vec<String>> {
    let script = format!(
        "return [...document.querySelectorAll(
            '[data-testid=system-line][data-type={kind}]')].map((line) => line.innerText)"
    );
    Ok(serde_json::from_value(browser.script(&script).await?)?)
}

#[test]
pub(crate) fn what_happens_is_on_every_screen() -> Result<()> {
    play("live", async |stage: &Stage| {
        let mei = stage.guest("Mei").await?;
        let tom = stage.guest("Tom").await?;
        let ann = stage.guest("Ann").await?;
        mei.top_up(10_000).await?;
        let group = mei.make_group("Family", &[&tom]).await?;
        let chat = format!("/g/{group}");
        let (at_mei, at_tom) = future::try_join(
            enter(stage, Form::Desktop, &mei, &chat),
            enter(stage, Form::Desktop, &tom, &chat),
        )
        .await?;
        at_tom.find("chat").await?;
        ann.join(&mei.invite(&group).await?).await?;
        for browser in [&at_mei, &at_tom] {
            browser.says("system-line", "Ann joined").await?;
            browser.says("chat", "3 members").await?;
        }
        let at_ann = enter(stage, Form::Desktop, &ann, &chat).await?;
        at_ann.find("chat").await?;

        at_mei.fill("message-input", "Who is lucky?").await?;
        at_mei.press(Key::Enter).await?;
        at_tom.says("log", "Who is lucky?").await?;
        let order_no = mei.send(&group, LUCKY).await?;
        for browser in [&at_mei, &at_tom, &at_ann] {
            card_is(browser, &order_no, "open").await?;
            browser.says("packet-progress", "0/3").await?;
        }
        tom.open(&order_no).await?;
        at_mei.says("packet-progress", "1/3").await?;
        at_mei.says("system-line", "Tom opened your packet").await?;
        at_tom.says("system-line", "You opened Mei's packet").await?;
        card_is(&at_tom, &order_no, "opened").await?;
        at_ann.says("packet-progress", "1/3").await?;
        ann.open(&order_no).await?;
        mei.open(&order_no).await?;
        for browser in [&at_mei, &at_tom, &at_ann] {
            browser.says("system-line", "Best luck").await?;
            browser.says("packet-progress", "3/3").await?;
        }
        // An opening is told to the two whom it is about (R-OPEN-5).
        let own = told(&at_ann, "opened").await?;
        ensure!(own == ["You opened Mei's packet"], "Ann reads {own:?}");
        let own = told(&at_tom, "opened").await?;
        ensure!(own == ["You opened Mei's packet"], "Tom reads {own:?}");
        follows_to_the_end(&at_ann, &ann, &group).await?;

        unread(&at_tom, &mei, &group).await
    })
}

/// Badges come while another screen is shown, and go when the chat is read.
async fn unread(browser: &Browser, sender: &Person, group: &str) -> Result<()> {
    browser.click_css("[data-testid='nav-wallet'] a").await?;
    browser.find("wallet").await?;
    for words in ["One", "Two", "Three"] {
        sender.say(group, words).await?;
    }
    browser.has("unread", "data-count", "3").await?;
    browser.says("group-item", "Mei: Three").await?;
    let titled = async |number: &str| {
        wait_for(&format!("{number:?} in the title"), async || {
            let title = browser.script("return document.title").await?;
            Ok(title.as_str().is_some_and(|title| title.starts_with(number)).then_some(()))
        })
        .await
    };
    titled("(3)").await?;
    browser.click_css("[data-testid='group-item'] a").await?;
    browser.says("log", "Three").await?;
    browser.gone("unread").await?;
    titled("Hongbao").await?;
    // Read is read, also for another window.
    browser.goto("/").await?;
    browser.find("group-item").await?;
    browser.gone("unread").await
}

/// R-WEB-1: a connection that is cut again and again loses nothing and tells nothing
/// twice.
#[test]
fn a_storm_of_packets_survives_every_cut() -> Result<()> {
    play("storm", async |stage: &Stage| {
        let mut people = Vec::new();
        for name in ["Mei", "Tom", "Ann", "Bob"] {
            people.push(stage.guest(name).await?);
        }
        let mei = &people[0];
        let others: Vec<&Person> = people[1..].iter().collect();
        let group = mei.make_group("Family", &others).await?;
        for person in &people {
            person.top_up(1_000_000).await?;
        }
        let chat = format!("/g/{group}");
        let calm = enter(stage, Form::Desktop, mei, &chat).await?;
        let cut = enter(stage, Form::Desktop, others[0], &chat).await?;
        cut.find("log").await?;
        calm.find("log").await?;

        let storm = futures::stream::iter(0..PACKETS)
            .map(|number| send_and_open(&people, &group, number))
            .buffer_unordered(4)
            .try_collect::<Vec<()>>();
        let cuts = async {
            for number in 0..CUTS {
                cut.set_offline(true).await?;
                // A different part of the storm is missed each time.
                let count = drawn(&cut).await?.len();
                let words = json!({"text": format!("Cut {number} at {count}")});
                let said = mei.post(&format!("/groups/{group}/messages"), words).await?;
                let said: i64 = said["id"].as_str().context("an id")?.parse()?;
                cut.set_offline(false).await?;
                // The log may have gone on beyond it by then.
                wait_for("the news after a cut", async || {
                    let newest = drawn(&cut).await?.last().map_or(0, |line| line.0);
                    Ok((newest >= said).then_some(()))
                })
                .await?;
            }
            Ok(())
        };
        future::try_join(storm, cuts).await?;
        for (browser, person) in [(&calm, mei), (&cut, others[0])] {
            let log = follows_to_the_end(browser, person, &group).await.context("the end")?;
            let cards = log.iter().filter(|line| line.1.is_some()).count();
            ensure!(cards == PACKETS, "{cards} packets in the log");
            shows_all(browser, &log).await.context("all of it")?;
        }
        Ok(())
    })
}

/// One packet of two shares, opened by one or two of the others.
async fn send_and_open(people: &[Person], group: &str, number: usize) -> Result<()> {
    let person = |offset: usize| &people[(number + offset) % people.len()];
    let order_no = person(0).send(group, Sent { total_fen: 200, shares: 2, ..LUCKY }).await?;
    person(1).open(&order_no).await?;
    if number.is_multiple_of(2) {
        person(2).open(&order_no).await?;
    }
    Ok(())
}

/// Two windows of one person, and a server that is killed under them.
#[test]
pub(crate) fn two_windows_and_a_server_that_dies() -> Result<()> {
    play("windows", async |stage: &Stage| {
        let mei = stage.guest("Mei").await?;
        let tom = stage.guest("Tom").await?;
        mei.top_up(10_000).await?;
        let group = mei.make_group("Family", &[&tom]).await?;
        let chat = format!("/g/{group}");
        let browser = enter(stage, Form::Desktop, &mei, &chat).await?;
        browser.find("log").await?;
        let first = browser.window().await?;
        let second = browser.new_window(&chat).await?;
        browser.fill("message-input", "From the second window").await?;
        browser.press(Key::Enter).await?;
        browser.switch_to(&first).await?;
        browser.says("log", "From the second window").await?;
        let order_no = mei.send(&group, LUCKY).await?;
        card_is(&browser, &order_no, "open").await?;

        stage.kill_server();
        browser.find("link-lost").await?;
        browser.fill("message-input", "Into the void").await?;
        browser.press(Key::Enter).await?;
        browser.says("error-sentence", "Can't reach the server").await?;
        stage.start_server()?;
        browser.gone("link-lost").await?;
        tom.open(&order_no).await?;
        tom.say(&group, "Back again").await?;
        // What was written stands in the chat, goes out by itself, and is said once.
        browser.gone("unsent").await?;
        browser.says("log", "Into the void").await?;
        // The line stands in the chat before the log holds it, and that somebody opened comes
        // into the log a moment after they did.
        for window in [&first, &second] {
            browser.switch_to(window).await?;
            browser.says("system-line", "Tom opened your packet").await?;
            follows_to_the_end(&browser, &mei, &group).await?;
        }
        Ok(())
    })
}

/// A browser has six connections to a host for all of its windows, and each would hold one for
/// its stream: the seventh, which cannot even ask for its page, lives as the others do.
#[test]
fn a_seventh_window_lives_as_the_first_does() -> Result<()> {
    play("seventh", async |stage: &Stage| {
        let mei = stage.guest("Mei").await?;
        let tom = stage.guest("Tom").await?;
        let group = mei.make_group("Family", &[&tom]).await?;
        let chat = format!("/g/{group}");
        let browser = enter(stage, Form::Desktop, &mei, &chat).await?;
        browser.find("log").await?;
        let mut windows = vec![browser.window().await?];
        for _ in 1..7 {
            windows.push(browser.new_window(&chat).await?);
            browser.says("system-line", "Tom joined").await?;
        }
        tom.say(&group, "To all of you").await?;
        for window in &windows {
            browser.switch_to(window).await?;
            browser.says("log", "To all of you").await?;
        }
        // Its owner writes there too.
        browser.fill("message-input", "From the seventh").await?;
        browser.press(Key::Enter).await?;
        browser.switch_to(&windows[0]).await?;
        browser.says("log", "From the seventh").await?;
        Ok(())
    })
}

/// R-WEB-1: what was read on one device is read on the other, which asks nobody.
#[test]
fn what_is_read_on_the_phone_is_read_on_the_desktop() -> Result<()> {
    play("read", async |stage: &Stage| {
        let mei = stage.guest("Mei").await?;
        let tom = stage.guest("Tom").await?;
        let group = mei.make_group("Family", &[&tom]).await?;
        let desktop = enter(stage, Form::Desktop, &tom, "/wallet").await?;
        desktop.find("wallet").await?;
        // One alone: of a second the desktop might hear after it was read.
        mei.say(&group, "One").await?;
        desktop.has("unread", "data-count", "1").await?;
        let phone = enter(stage, Form::Phone, &tom, &format!("/g/{group}")).await?;
        phone.says("log", "One").await?;
        desktop.gone("unread").await
    })
}
