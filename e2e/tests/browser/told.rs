//! Packets that are told while nobody looks at the app (R-WEB-8), by the real service worker.

use crate::steps::is_kept;
use anyhow::{Result, ensure};
use hongbao_e2e::{Browser, Form, Person, Sent, Stage, play, wait_for};
use serde_json::{Value, json};

/// What a machine without a push service lacks: it subscribes, and the person gives leave or not.
const SYSTEM: &str = "
    Notification.requestPermission = async () => window.leave ?? 'granted';
    Object.defineProperty(Notification, 'permission', { get: () => window.leave ?? 'granted' });";

async fn send(person: &Person, group: &str, greeting: &str) -> Result<()> {
    let sent = Sent { kind: "lucky", total_fen: 888, shares: 2, greeting, recipient: None };
    person.send(group, sent).await.map(|_| ())
}

/// What the system shows: title, body, where it leads, whether it is silent.
async fn shown(browser: &Browser) -> Result<Vec<Value>> {
    let script = "const done = arguments[0];
        navigator.serviceWorker.ready
            .then((there) => there.getNotifications())
            .then((all) => all.filter(({ title }) => title !== 'Probe'))
            .then((all) => done(all.map(({ title, body, data, silent }) => [title, body, data, silent])));";
    Ok(browser.ask(script, Vec::new()).await?.as_array().cloned().unwrap_or_default())
}

async fn shows(browser: &Browser, count: usize) -> Result<Vec<Value>> {
    wait_for(&format!("{count} notifications"), async || {
        let all = shown(browser).await?;
        Ok((all.len() == count).then_some(all))
    })
    .await
}

/// Nobody looks any more, and the worker, which the browser tells a moment later, knows it.
async fn away(browser: &Browser) -> Result<()> {
    browser.hide().await?;
    let probe = json!({"title": "Probe", "body": "", "path": "/", "tag": "probe"});
    wait_for("the worker to know", async || {
        browser.push(&probe).await?;
        let closes = "const done = arguments[0];
            navigator.serviceWorker.ready
                .then((there) => there.getNotifications({ tag: 'probe' }))
                .then((all) => { all.forEach((one) => one.close()); done(all.length); });";
        Ok((browser.ask(closes, Vec::new()).await? != json!(0)).then_some(()))
    })
    .await
}

/// Somebody with two groups, one of them muted, and who sends into them.
async fn friends(stage: &Stage) -> Result<(Person, Person, String, String)> {
    let (mei, tom) = (stage.guest("Mei").await?, stage.guest("Tom").await?);
    tom.top_up(10_000).await?;
    mei.top_up(10_000).await?;
    let family = mei.make_group("Family", &[&tom]).await?;
    let quiet = mei.make_group("Quiet", &[&tom]).await?;
    mei.put(&format!("/groups/{quiet}/mute"), json!({"muted": true})).await?;
    Ok((mei, tom, family, quiet))
}

/// In whose browser it is on.
async fn alerted(stage: &Stage, person: &Person) -> Result<Browser> {
    let browser = stage.calm_browser(Form::Phone).await?;
    browser.before_each_page(SYSTEM).await?;
    browser.allow_notifications().await?;
    browser.become_person(person).await?;
    browser.goto("/me").await?;
    is_kept(&browser).await?;
    browser.click("setting-notify").await?;
    browser.says("setting-notify", "On").await?;
    Ok(browser)
}

#[test]
fn packets_are_told_by_choice() -> Result<()> {
    play("told", async |stage: &Stage| {
        let (mei, tom, family, quiet) = friends(stage).await?;
        let browser = stage.calm_browser(Form::Phone).await?;
        browser.before_each_page(SYSTEM).await?;
        browser.allow_notifications().await?;
        browser.become_person(&mei).await?;
        browser.goto("/me").await?;
        is_kept(&browser).await?;
        // Whoever says no to the browser is told how it stands.
        browser.script("window.leave = 'denied'").await?;
        browser.says("setting-notify", "Off").await?;
        browser.count("setting-sound", 0).await?;
        browser.click("setting-notify").await?;
        browser.says_anywhere("Your browser blocks notifications").await?;
        browser.script("window.leave = 'granted'").await?;
        browser.click("setting-notify").await?;
        browser.says("setting-notify", "On").await?;
        browser.says("setting-sound", "On").await?;
        stage.picture(&browser, "told").await?;

        // It is kept, and nothing is told while somebody looks.
        browser.goto("/").await?;
        browser.count("group-item", 2).await?;
        send(&tom, &family, "Seen").await?;
        browser.says_anywhere("Seen").await?;
        ensure!(shown(&browser).await?.is_empty(), "told while it is looked at");

        // Away: the packet of a friend, in a group that is not muted; no text, nothing of one's own.
        away(&browser).await?;
        for (person, group, greeting) in [(&mei, &family, "Mine"), (&tom, &quiet, "Hush")] {
            send(person, group, greeting).await?;
            browser.says_anywhere(greeting).await?;
        }
        tom.say(&family, "Good morning").await?;
        browser.says_anywhere("Good morning").await?;
        send(&tom, &family, "Happy new year").await?;
        let all = shows(&browser, 1).await?;
        let told =
            json!(["Family", "Tom: [Red packet] Happy new year", format!("/g/{family}"), false]);
        ensure!(all[0] == told, "{all:?}");

        // A tap on it leads to the chat, where it is told likewise.
        browser.unhide().await?;
        browser.goto("/me").await?;
        browser.says("setting-notify", "On").await?;
        let tap = format!(
            "navigator.serviceWorker.dispatchEvent(new MessageEvent('message', {{ data: '/g/{family}' }}))"
        );
        browser.script(&tap).await?;
        browser.says("log", "Good morning").await?;
        away(&browser).await?;
        send(&tom, &family, "Again").await?;
        shows(&browser, 2).await?;
        browser.unhide().await?;

        browser.goto("/me").await?;
        browser.click("setting-notify").await?;
        browser.says("setting-notify", "Off").await?;
        browser.count("setting-sound", 0).await?;
        browser.is_alive().await
    })
}

/// What the push service brings is shown where nobody looks, once however it came, and as loud as is
/// chosen.
#[test]
fn pushes_are_shown() -> Result<()> {
    play("pushed", async |stage: &Stage| {
        let (mei, tom, family, _) = friends(stage).await?;
        let browser = alerted(stage, &mei).await?;
        let push = async |body: &str, tag: &str| {
            let message = json!({"title": "Family", "body": body, "path": format!("/g/{family}"), "tag": tag});
            browser.push(&message).await
        };
        away(&browser).await?;
        // Again, until the worker has heard that nobody looks.
        let all = wait_for("a notification", async || {
            push("Tom: away", "away").await?;
            let all = shown(&browser).await?;
            Ok((!all.is_empty()).then_some(all))
        })
        .await?;
        let told = json!(["Family", "Tom: away", format!("/g/{family}"), false]);
        ensure!(all[0] == told, "{all:?}");
        // Somebody looks: it stays quiet, and nothing is left over, also of what stood there.
        browser.unhide().await?;
        wait_for("nothing to be left over", async || {
            push("Tom: seen", "away").await?;
            Ok(shown(&browser).await?.is_empty().then_some(()))
        })
        .await?;
        away(&browser).await?;
        // A page that is open has told it, and so does the push service.
        let sent =
            Sent { kind: "lucky", total_fen: 888, shares: 2, greeting: "Twice", recipient: None };
        let order_no = tom.send(&family, sent).await?;
        shows(&browser, 1).await?;
        push("Tom: [Red packet] Twice", &order_no).await?;
        push("Tom: last", "last").await?;
        let all = shows(&browser, 2).await?;
        ensure!(
            all.iter().filter(|one| one[1] == "Tom: [Red packet] Twice").count() == 1,
            "{all:?}"
        );
        browser.unhide().await?;

        // As loud as is chosen, also after a visit to another page.
        let night = "const hour = new Date().getHours(); return hour >= 22 || hour < 8";
        for (says, is_silent) in
            [("Quiet 22:00–8:00", Value::Null), ("Off", json!(true)), ("On", json!(false))]
        {
            browser.click("setting-sound").await?;
            browser.says("setting-sound", says).await?;
            wait_for("the worker to hear of it", async || {
                let kept = "const done = arguments[0];
                    caches.match('/sound').then((kept) => kept.text()).then(done)";
                let kept = browser.ask(kept, Vec::new()).await?;
                let expected = match says {
                    "Off" => "off",
                    "On" => "on",
                    _ => "night",
                };
                Ok((kept == expected).then_some(()))
            })
            .await?;
            away(&browser).await?;
            let before = browser.script(night).await?;
            // Again, until the worker has heard that nobody looks.
            let all = wait_for(says, async || {
                push(says, says).await?;
                let all = shown(&browser).await?;
                Ok(all.into_iter().find(|one| one[1] == says))
            })
            .await?;
            let after = browser.script(night).await?;
            let fits = if is_silent.is_null() {
                all[3] == before || all[3] == after
            } else {
                all[3] == is_silent
            };
            ensure!(fits, "{all}");
            browser.unhide().await?;
        }
        browser.is_alive().await
    })
}

/// Who signs out leaves nothing of theirs behind, and whoever comes next has their own choice.
#[test]
fn what_was_told_goes_with_whoever_it_was_told() -> Result<()> {
    play("told-to", async |stage: &Stage| {
        let (mei, tom, family, _) = friends(stage).await?;
        let browser = alerted(stage, &mei).await?;
        away(&browser).await?;
        send(&tom, &family, "Happy new year").await?;
        shows(&browser, 1).await?;
        browser.unhide().await?;
        browser.click("sign-out").await?;
        browser.click("question-yes").await?;
        browser.find("guest-name").await?;
        shows(&browser, 0).await?;
        browser.become_person(&tom).await?;
        browser.goto("/me").await?;
        browser.says("setting-notify", "Off").await?;
        browser.is_alive().await
    })
}

/// The worker has the push service tell it for whoever is signed in: its own code against the real
/// server, beside a push service that is not there.
#[test]
fn browsers_subscribe() -> Result<()> {
    play("subscribed", async |stage: &Stage| {
        let (mei, ..) = friends(stage).await?;
        let browser = alerted(stage, &mei).await?;
        let worker = reqwest::get(format!("{}/worker.js", stage.url())).await?.text().await?;
        let choose = async |on: bool, person: &str| -> Result<Value> {
            let script = format!(
                "const done = arguments[0];
                const heard = {{}};
                const addEventListener = (name, hears) => {{ heard[name] = hears; }};
                const calls = [];
                const fetch = async (path, init) => {{
                    const answer = await window.fetch(path, init);
                    calls.push([init?.method ?? 'GET', path, answer.status]);
                    return answer;
                }};
                const registration = {{ pushManager: {{
                    getSubscription: async () => ({{ unsubscribe: async () => calls.push(['unsubscribe']) }}),
                    subscribe: async ({{ userVisibleOnly, applicationServerKey }}) => {{
                        const key = atob(applicationServerKey.replaceAll('-', '+').replaceAll('_', '/'));
                        calls.push(['subscribe', userVisibleOnly, key.length, key.charCodeAt(0)]);
                        const pair = await crypto.subtle.generateKey(
                            {{ name: 'ECDH', namedCurve: 'P-256' }}, true, ['deriveBits']);
                        const raw = await crypto.subtle.exportKey('raw', pair.publicKey);
                        const text = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes)))
                            .replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
                        const keys = {{ p256dh: text(raw), auth: text(new Uint8Array(16)) }};
                        return {{ toJSON: () => ({{ endpoint: 'https://fcm.googleapis.com/fcm/send/mei', keys }}) }};
                    }},
                }} }};
                {{ {worker} }}
                const data = {{ what: 'choose', on: {on}, sound: 'on', person: '{person}', language: 'zh' }};
                heard.message({{ data, waitUntil: (work) => work.then(() => done(calls)) }});"
            );
            browser.ask(&script, Vec::new()).await
        };
        let calls = choose(true, mei.id()).await?;
        let expected = json!([
            ["GET", "/api/v1/push", 200],
            ["subscribe", true, 65, 4],
            ["PUT", "/api/v1/session/push", 204],
        ]);
        ensure!(calls == expected, "{calls}");
        let calls = choose(false, mei.id()).await?;
        ensure!(
            calls == json!([["unsubscribe"], ["DELETE", "/api/v1/session/push", 204]]),
            "{calls}"
        );
        // Whoever is signed in by now is not told what was chosen for somebody else.
        browser.expect_any_refusal();
        let calls = choose(true, "7").await?;
        ensure!(calls[2] == json!(["PUT", "/api/v1/session/push", 409]), "{calls}");
        browser.is_alive().await
    })
}
