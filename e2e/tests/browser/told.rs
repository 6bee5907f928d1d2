//! Packets that are told while nobody looks at the app (R-WEB-8).

use crate::steps::is_kept;
use anyhow::{Result, ensure};
use hongbao_e2e::{Browser, Form, Person, Sent, Stage, play, wait_for};
use serde_json::{Value, json};

/// The system's part: the person gives leave, nobody looks while `window.isAway`, and what would be
/// shown is kept.
const SYSTEM: &str = "
    window.told = [];
    Object.defineProperty(Notification, 'permission', { get: () => localStorage.leave ?? 'default' });
    Notification.requestPermission = async () => (localStorage.leave = window.leave ?? 'granted');
    Object.defineProperty(document, 'visibilityState', { get: () => window.isAway ? 'hidden' : 'visible' });
    ServiceWorkerRegistration.prototype.showNotification = async function (title, options) {
        window.told.push([title, options.body, options.data, options.tag]);
    };";

async fn send(person: &Person, group: &str, greeting: &str) -> Result<()> {
    let sent = Sent { kind: "lucky", total_fen: 888, shares: 2, greeting, recipient: None };
    person.send(group, sent).await.map(|_| ())
}

async fn told(browser: &Browser) -> Result<Vec<Value>> {
    Ok(browser.script("return window.told").await?.as_array().cloned().unwrap_or_default())
}

#[test]
fn packets_are_told_by_choice() -> Result<()> {
    play("told", async |stage: &Stage| {
        let (mei, tom) = (stage.guest("Mei").await?, stage.guest("Tom").await?);
        tom.top_up(10_000).await?;
        mei.top_up(10_000).await?;
        let family = mei.make_group("Family", &[&tom]).await?;
        let quiet = mei.make_group("Quiet", &[&tom]).await?;
        mei.put(&format!("/groups/{quiet}/mute"), json!({"muted": true})).await?;
        let browser = stage.calm_browser(Form::Phone).await?;
        browser.before_each_page(SYSTEM).await?;
        browser.become_person(&mei).await?;
        browser.goto("/me").await?;
        is_kept(&browser).await?;
        // Whoever says no to the browser is told how it stands.
        browser.script("window.leave = 'denied'").await?;
        browser.says("setting-notify", "Off").await?;
        browser.click("setting-notify").await?;
        browser.says_anywhere("Your browser blocks notifications").await?;
        browser.script("window.leave = 'granted'").await?;
        browser.click("setting-notify").await?;
        browser.says("setting-notify", "On").await?;
        stage.picture(&browser, "told").await?;

        // It is kept, and nothing is told while somebody looks.
        browser.goto("/").await?;
        browser.count("group-item", 2).await?;
        send(&tom, &family, "Seen").await?;
        browser.says_anywhere("Seen").await?;
        ensure!(told(&browser).await?.is_empty(), "told while it is looked at");

        // Away: the packet of a friend, in a group that is not muted; no text, nothing of one's own.
        browser.script("window.isAway = true").await?;
        for (person, group, greeting) in [(&mei, &family, "Mine"), (&tom, &quiet, "Hush")] {
            send(person, group, greeting).await?;
            browser.says_anywhere(greeting).await?;
        }
        tom.say(&family, "Good morning").await?;
        browser.says_anywhere("Good morning").await?;
        send(&tom, &family, "Happy new year").await?;
        let all = wait_for("the notification", async || {
            let all = told(&browser).await?;
            Ok((!all.is_empty()).then_some(all))
        })
        .await?;
        ensure!(all.len() == 1, "{all:?}");
        let one = &all[0];
        ensure!(one[0] == "Family" && one[2] == json!(format!("/g/{family}")), "{one}");
        let body = one[1].as_str().unwrap_or_default();
        ensure!(body == "Tom: [Red packet] Happy new year", "{body}");

        // Within a chat likewise, and a tap on it leads there.
        browser.script("window.isAway = false").await?;
        browser.goto("/me").await?;
        browser.says("setting-notify", "On").await?;
        let tap = format!(
            "navigator.serviceWorker.dispatchEvent(new MessageEvent('message', {{ data: '/g/{family}' }}))"
        );
        browser.script(&tap).await?;
        browser.says("log", "Good morning").await?;
        browser.script("window.isAway = true").await?;
        send(&tom, &family, "Again").await?;
        wait_for("the notification", async || Ok((told(&browser).await?.len() == 1).then_some(())))
            .await?;

        browser.script("window.isAway = false").await?;
        browser.goto("/me").await?;
        browser.click("setting-notify").await?;
        browser.says("setting-notify", "Off").await?;
        browser.is_alive().await
    })
}
