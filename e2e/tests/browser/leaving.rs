//! Whoever leaves a screen leaves its work behind too: nothing that it began speaks up
//! later, and nothing breaks (R-WEB-1).

use crate::steps::{enter, tap};
use anyhow::{Context as _, Result};
use hongbao_e2e::{Browser, Form, Sent, Stage, play};

const LUCKY: Sent<'_> =
    Sent { kind: "lucky", total_fen: 600, shares: 2, greeting: "", recipient: None };
/// More pieces of work than a chat once kept track of.
const LINES: usize = 80;

/// A chat whose stream has been at work for long.
#[test]
fn a_busy_chat_can_be_left() -> Result<()> {
    play("leaving-chat", async |stage: &Stage| {
        let mei = stage.guest("Mei").await?;
        let tom = stage.guest("Tom").await?;
        let group = mei.make_group("Family", &[&tom]).await?;
        let browser = enter(stage, Form::Phone, &mei, &format!("/g/{group}")).await?;
        browser.find("log").await?;
        for line in 0..LINES {
            let words = format!("Line {line}.");
            tom.say(&group, &words).await?;
            browser.says("log", &words).await?;
        }
        browser.click_css(".bar-back a").await?;
        browser.gone("chat").await?;
        tom.say(&group, "Are you still there?").await?;
        browser.says("group-item", "Are you still there?").await?;
        browser.is_alive().await
    })
}

/// Every screen is left while what it has asked for is on its way.
#[test]
fn every_screen_can_be_left_while_it_is_busy() -> Result<()> {
    play("leaving", async |stage: &Stage| {
        let mei = stage.guest("Mei").await?;
        let tom = stage.guest("Tom").await?;
        mei.top_up(10_000).await?;
        let group = mei.make_group("Family", &[&tom]).await?;
        let over = mei.send(&group, LUCKY).await?;
        for person in [&mei, &tom] {
            person.open(&over).await?;
        }
        let open = mei.send(&group, LUCKY).await?;
        let code = tom.invite(&tom.make_group("Friends", &[]).await?).await?;
        let browser = enter(stage, Form::Phone, &mei, "/").await?;
        browser.find("group-item").await?;
        let chat = format!("/g/{group}");
        let screens = [
            chat.clone(),
            format!("{chat}/info"),
            format!("/packets/{over}"),
            format!("/packets/{open}"),
            "/wallet".to_owned(),
            "/wallet/received".to_owned(),
            "/wallet/sent".to_owned(),
            "/me".to_owned(),
            format!("/join/{code}"),
        ];
        for screen in &screens {
            browser.hold_calls().await?;
            browser.walk_to(screen).await?;
            browser.holds_calls(1).await.with_context(|| screen.clone())?;
            leave(&browser).await.with_context(|| screen.clone())?;
        }
        for act in ACTS {
            browser.walk_to(&act.path.replace("{group}", &group)).await?;
            let what = async {
                act.prepare(&browser, &open).await?;
                browser.hold_calls().await?;
                browser.click(act.button).await?;
                browser.holds_calls(1).await?;
                leave(&browser).await
            };
            what.await.with_context(|| act.button)?;
        }
        mei.settled().await
    })
}

/// Leaves the screen, and lets what it waits for come.
async fn leave(browser: &Browser) -> Result<()> {
    browser.walk_to("/").await?;
    browser.release_calls().await?;
    browser.find("new-group").await?;
    browser.is_alive().await
}

/// Something that asks the server: what is filled in, and the button.
struct Act {
    path: &'static str,
    /// Buttons that lead to it.
    way: &'static [&'static str],
    fields: &'static [(&'static str, &'static str)],
    then: &'static [&'static str],
    button: &'static str,
}

const ACT: Act = Act { path: "/g/{group}", way: &[], fields: &[], then: &[], button: "" };

const ACTS: &[Act] = &[
    Act { fields: &[("message-input", "Hello")], button: "message-send", ..ACT },
    Act {
        way: &["send-open"],
        fields: &[("send-amount", "6.66"), ("send-shares", "2")],
        then: &["send-submit"],
        button: "send-confirm",
        ..ACT
    },
    Act { button: "invite", ..ACT },
    Act { way: &["{card}"], button: "envelope-open", ..ACT },
    Act { path: "/g/{group}/info", button: "group-mute", ..ACT },
    Act { path: "/g/{group}/info", button: "group-pin", ..ACT },
    Act { path: "/wallet", fields: &[("top-up-amount", "66")], button: "top-up-submit", ..ACT },
    Act {
        path: "/me",
        way: &["profile-edit"],
        fields: &[("profile-name", "Mei Mei")],
        button: "profile-save",
        ..ACT
    },
];

impl Act {
    async fn prepare(&self, browser: &Browser, open: &str) -> Result<()> {
        for button in self.way {
            match *button {
                "{card}" => tap(browser, open).await?,
                button => browser.click(button).await?,
            }
        }
        for (field, text) in self.fields {
            browser.fill(field, text).await?;
        }
        for button in self.then {
            browser.click(button).await?;
        }
        Ok(())
    }
}
