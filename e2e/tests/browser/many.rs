//! Somebody in many groups: those that they have pinned stand first, and the others are found by
//! their name (R-WEB-1).

use crate::steps::enter;
use anyhow::{Context as _, Result, ensure};
use hongbao_e2e::{
    Browser, Form, Person, Stage, assert_accessible, assert_contrast, assert_fits, play, wait_for,
};
use serde_json::json;
use std::cell::RefCell;
use thirtyfour::Key;

/// Waits until the list shows these groups in this order.
async fn listed(browser: &Browser, names: &[&str]) -> Result<()> {
    wait_for(&format!("the groups {names:?}"), async || {
        let script =
            "return [...document.querySelectorAll('.group-name')].map((name) => name.textContent)";
        let shown = browser.script(script).await?;
        ensure!(shown == json!(names), "they are {shown}");
        Ok(Some(()))
    })
    .await
}

/// The place of a group's pin, whether or not it shows.
async fn place_of_pin(browser: &Browser, group: &str) -> Result<(f64, f64)> {
    let script = format!(
        "const row = [...document.querySelectorAll(\"[data-testid='group-item']\")]
            .find((row) => row.querySelector('.group-name').textContent === '{group}');
        const box = row.querySelector(\"[data-testid='pin']\").getBoundingClientRect();
        return [box.x + box.width / 2, box.y + box.height / 2];"
    );
    serde_json::from_value(browser.script(&script).await?).context("a place")
}

/// Waits until the field above the list holds this.
async fn holds(browser: &Browser, text: &str) -> Result<()> {
    wait_for("the field to hold what it should", async || {
        let held = browser.script("return document.querySelector('.group-search input').value");
        Ok((held.await? == json!(text)).then_some(()))
    })
    .await
}

/// Groups in which somebody has said something, the last one first in the list.
async fn groups(mei: &Person, ann: &Person, names: &[&str]) -> Result<Vec<String>> {
    let mut ids = Vec::new();
    for name in names {
        let id = mei.make_group(name, &[ann]).await?;
        ann.say(&id, "Hello").await?;
        ids.push(id);
    }
    Ok(ids)
}

#[test]
fn pinned_groups_stand_first() -> Result<()> {
    play("many-pins", async |stage: &Stage| {
        let mei = stage.guest("Mei").await?;
        let ann = stage.guest("Ann").await?;
        let ids = groups(&mei, &ann, &["First", "Second", "Third"]).await?;
        let browser = enter(stage, Form::Desktop, &mei, "/").await?;
        listed(&browser, &["Third", "Second", "First"]).await?;
        ensure!(
            browser.all("pin").await?.is_empty(),
            "nothing is pinned, and nothing is pointed at"
        );

        // By the keyboard: the pin comes after its group.
        browser.script("document.querySelectorAll('.group-row a')[2].focus()").await?;
        browser.press(Key::Tab).await?;
        browser.has("pin", "aria-label", "Pin First to the top").await?;
        browser.has("pin", "aria-pressed", "false").await?;
        browser.press(" ").await?;
        listed(&browser, &["First", "Third", "Second"]).await?;
        browser.has("pin", "aria-pressed", "true").await?;
        // Its row has moved, and the focus with it.
        wait_for("the focus on the pin", async || {
            let on = browser.script("return document.activeElement?.ariaLabel").await?;
            Ok((on == "Pin First to the top").then_some(()))
        })
        .await?;
        // What is said elsewhere stays below.
        ann.say(&ids[1], "News").await?;
        listed(&browser, &["First", "Second", "Third"]).await?;

        // By the mouse, which opens no chat.
        let (x, y) = place_of_pin(&browser, "Third").await?;
        browser.click_at(x, y).await?;
        listed(&browser, &["Third", "First", "Second"]).await?;
        ann.say(&ids[0], "News").await?;
        listed(&browser, &["First", "Third", "Second"]).await?;
        ensure!(browser.path().await? == "/", "a pin opened something");

        // From elsewhere, and on the group's own page.
        mei.put(&format!("/groups/{}/pin", ids[0]), json!({"pinned": false})).await?;
        listed(&browser, &["Third", "First", "Second"]).await?;
        browser.goto(&format!("/g/{}/info", ids[2])).await?;
        browser.has("group-pin", "aria-checked", "true").await?;
        browser.click("group-pin").await?;
        browser.has("group-pin", "aria-checked", "false").await?;
        listed(&browser, &["First", "Second", "Third"]).await?;
        browser.click("group-pin").await?;
        listed(&browser, &["Third", "First", "Second"]).await?;
        browser.reload().await?;
        browser.has("group-pin", "aria-checked", "true").await?;

        // A thumb that comes too near to a pin opens the chat.
        let phone = enter(stage, Form::Phone, &mei, "/").await?;
        listed(&phone, &["Third", "First", "Second"]).await?;
        phone.count("pin", 1).await?;
        let (x, y) = place_of_pin(&phone, "Third").await?;
        phone.tap_at(x, y).await?;
        phone.find("chat").await?;
        ensure!(mei.get("/groups").await?[0]["pinned"] == true, "the thumb took the pin out");

        // One that cannot be set says so.
        stage.kill_server();
        browser.script("document.querySelectorAll('.group-pin')[1].click()").await?;
        browser.find("toast").await?;
        listed(&browser, &["Third", "First", "Second"]).await?;
        stage.start_server()
    })
}

const NAMES: [&str; 8] = [
    "Neighbours",
    "FAMILY",
    "一家人",
    "Ｆamily trips",
    "恭喜发财大吉大利恭喜发财大吉大利恭喜发财大吉大利恭喜发财大吉",
    "WWWWWWWWWWWWWWWWWWWWWWWWWWWWWW",
    "同事",
    "大学同学",
];

#[test]
fn groups_are_found_by_name() -> Result<()> {
    play("many-search", async |stage: &Stage| {
        let mei = stage.guest("Mei").await?;
        let ann = stage.guest("Ann").await?;
        groups(&mei, &ann, &NAMES[..7]).await?;
        let browser = enter(stage, Form::Desktop, &mei, "/").await?;
        browser.count("group-item", 7).await?;
        browser.gone("groups-search").await?;
        groups(&mei, &ann, &NAMES[7..]).await?;
        browser.find("groups-search").await?;
        browser.has("groups-search", "aria-label", "Search chats").await?;

        for (wanted, found) in [
            ("family", &["Ｆamily trips", "FAMILY"][..]),
            ("ｆＡＭ", &["Ｆamily trips", "FAMILY"]),
            (" 同 ", &["大学同学", "同事"]),
            ("一家", &["一家人"]),
        ] {
            browser.fill("groups-search", wanted).await?;
            listed(&browser, found).await?;
        }
        browser.says("groups-found", "1 chat found").await?;
        browser.fill("groups-search", "nobody").await?;
        listed(&browser, &[]).await?;
        browser.says("groups-found", "No chat has that name").await?;
        browser.press(Key::Escape).await?;
        browser.count("group-item", 8).await?;
        // It is silent, and stays for those who listen.
        let found = browser
            .script("return document.querySelector(\"[data-testid='groups-found']\").textContent")
            .await?;
        ensure!(found == "", "{found}");
        holds(&browser, "").await?;

        // What an input method is still making is not looked for.
        browser.script("document.querySelector('.group-search input').focus()").await?;
        browser.compose("tong").await?;
        browser.count("group-item", 8).await?;
        browser.insert("同").await?;
        listed(&browser, &["大学同学", "同事"]).await?;

        // A chat is opened from what was found, and what was looked for is not kept.
        browser.click_css("[data-testid='group-item'] a").await?;
        browser.find("chat").await?;
        browser.reload().await?;
        browser.count("group-item", 8).await?;
        holds(&browser, "").await
    })
}

#[test]
fn a_long_list_fits() -> Result<()> {
    play("many-looks", async |stage: &Stage| {
        let mei = stage.guest("Mei").await?;
        let ann = stage.guest("Ann").await?;
        let ids = groups(&mei, &ann, &NAMES).await?;
        for id in &ids[3..6] {
            mei.put(&format!("/groups/{id}/pin"), json!({"pinned": true})).await?;
        }
        mei.put(&format!("/groups/{}/mute", ids[5]), json!({"muted": true})).await?;
        let faults = RefCell::new(Vec::new());
        let both = [("zh-CN", "light"), ("en", "dark")];
        for (form, place, dresses) in [
            (Form::Phone, "phone", &both[..]),
            (Form::Desktop, "desktop", &both),
            (Form::Narrow, "narrow", &both[1..]),
            (Form::LargeText, "letters", &both[..1]),
        ] {
            let browser = enter(stage, form, &mei, "/").await?;
            for (language, theme) in dresses {
                browser.dress(language, theme).await?;
                let note = async |screen: &str| -> Result<()> {
                    browser.at_rest().await?;
                    let name = format!("many-{place}-{}-{theme}-{screen}", &language[..2]);
                    stage.picture(&browser, &name).await?;
                    let mut found = vec![
                        assert_fits(&browser, &name).await,
                        assert_accessible(&browser, &name).await,
                    ];
                    let other = if *theme == "dark" { "light" } else { "dark" };
                    browser.set_theme(other).await?;
                    found.push(assert_contrast(&browser, &name).await);
                    let found = found.into_iter().filter_map(Result::err);
                    faults.borrow_mut().extend(found.map(|fault| fault.to_string()));
                    browser.set_theme(theme).await
                };
                browser.goto(&format!("/g/{}/info", ids[4])).await?;
                browser.find("group-pin").await?;
                note("group").await?;
                browser.goto("/").await?;
                browser.count("group-item", 8).await?;
                note("list").await?;
                browser.fill("groups-search", "大").await?;
                browser.count("group-item", 2).await?;
                note("found").await?;
                browser.fill("groups-search", "nobody").await?;
                browser.gone("group-item").await?;
                note("none").await?;
            }
        }
        let faults = faults.into_inner();
        ensure!(faults.is_empty(), "{}", faults.join("\n"));
        Ok(())
    })
}
