//! A page of the version before beside a server of the next one: tabs stay open for days (R-WEB-9).

use crate::{steps::enter, writing::field_holds};
use anyhow::{Result, ensure};
use hongbao_e2e::{Browser, Form, Stage, play};
use serde_json::json;

/// From now on the server has other parts than this page names, as if it had been upgraded. With
/// `newer`, its page names another app as well.
async fn lose_parts(browser: &Browser, newer: bool) -> Result<()> {
    browser.expect_refusal("-gone.wasm", 404);
    let script = format!(
        "window.realFetch ??= window.fetch;
        window.fetch = async (path, init) => {{
            const url = String(path?.url ?? path);
            if (url.endsWith('.wasm')) return window.realFetch(url.replace('.wasm', '-gone.wasm'));
            const answer = await window.realFetch(path, init);
            if (!{newer} || url !== '/') return answer;
            return new Response((await answer.text()).replaceAll('/assets/loader-', '/assets/loader-new-'));
        }};"
    );
    browser.script(&script).await.map(|_| ())
}

/// Is this page still the one that has lost its parts?
async fn is_same_page(browser: &Browser) -> Result<bool> {
    Ok(browser.script("return 'realFetch' in window").await? == json!(true))
}

#[test]
fn an_old_page_becomes_a_new_one() -> Result<()> {
    play("upgraded", async |stage: &Stage| {
        let mei = stage.guest("Mei").await?;
        let group = mei.make_group("Family", &[]).await?;
        let browser = enter(stage, Form::Phone, &mei, "/").await?;
        // Without another version, it is about the connection.
        browser.find("new-group").await?;
        lose_parts(&browser, false).await?;
        browser.walk_to("/wallet").await?;
        browser.find("part-retry").await?;
        browser.says_anywhere("Can't reach the server").await?;
        browser.lose_nothing().await?;
        browser.click("part-retry").await?;
        browser.find("wallet-balance").await?;

        // Where nothing can be lost, it is loaded anew by itself.
        browser.goto("/").await?;
        browser.find("new-group").await?;
        lose_parts(&browser, true).await?;
        browser.walk_to("/wallet").await?;
        browser.find("wallet-balance").await?;
        ensure!(!is_same_page(&browser).await?, "the parts were there after all");

        // But once: if an old page comes again, it says so.
        browser.goto("/").await?;
        browser.find("new-group").await?;
        lose_parts(&browser, true).await?;
        browser.walk_to("/wallet").await?;
        browser.says("part-retry", "Reload").await?;
        browser.says_anywhere("There's a new version").await?;
        ensure!(is_same_page(&browser).await?, "it was loaded twice");
        stage.picture(&browser, "upgraded").await?;
        browser.click("part-retry").await?;
        browser.find("wallet-balance").await?;
        ensure!(!is_same_page(&browser).await?, "it was not loaded anew");

        // Never while somebody writes.
        browser.script("sessionStorage.removeItem('hongbao.versions')").await?;
        browser.goto(&format!("/g/{group}")).await?;
        browser.fill("message-input", "Half a wi").await?;
        lose_parts(&browser, true).await?;
        browser.click("send-open").await?;
        browser.says("new-version", "There's a new version").await?;
        ensure!(is_same_page(&browser).await?, "loaded anew under a hand");
        browser.click_css("[data-testid=new-version] button").await?;
        browser.gone("new-version").await?;
        field_holds(&browser, "Half a wi").await?;
        browser.click("send-open").await?;
        browser.find("send-amount").await?;
        browser.is_alive().await
    })
}

/// Makes of one text a message of a kind that no version knows yet.
const LATER: &str = r#"
    const fetchNow = window.fetch;
    window.fetch = async (path, init) => {
        const answer = await fetchNow(path, init);
        if (!/^\/api\/v1\/groups(\/\d+\/messages)?(\?|$)/.test(String(path))) return answer;
        const text = (await answer.text())
            .replaceAll('"type":"text","text":"Tea?"', '"type":"poll","question":"Tea?","votes":[1,2]');
        return new Response(text, { status: answer.status });
    };
"#;

#[test]
fn a_message_of_a_later_kind_takes_nothing_with_it() -> Result<()> {
    play("later-kind", async |stage: &Stage| {
        let (mei, tom) = (stage.guest("Mei").await?, stage.guest("Tom").await?);
        tom.make_group("Work", &[]).await?;
        let group = mei.make_group("Family", &[&tom]).await?;
        for words in ["Hello", "Tea?"] {
            mei.say(&group, words).await?;
        }
        let browser = stage.calm_browser(Form::Phone).await?;
        browser.before_each_page(LATER).await?;
        browser.become_person(&tom).await?;
        browser.goto("/").await?;
        browser.count("group-item", 2).await?;
        browser.says("group-item", "This needs a newer version").await?;
        browser.goto(&format!("/g/{group}")).await?;
        browser.says("log", "Hello").await?;
        browser.says("system-line", "This needs a newer version").await?;
        mei.say(&group, "Coffee, then").await?;
        browser.says("log", "Coffee, then").await?;
        browser.dress("zh-CN", "light").await?;
        browser.reload().await?;
        browser.says("system-line", "新版本才能显示").await?;
        browser.is_alive().await
    })
}
