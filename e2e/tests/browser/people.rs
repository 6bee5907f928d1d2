//! People: who they are, where they are signed in, and which groups they are in
//! (R-PEOPLE-1, R-PEOPLE-2).

use crate::{
    steps::{enter, profile_is},
    world::PASSWORD,
};
use anyhow::{Result, ensure};
use hongbao_e2e::{Browser, Form, Stage, play};
use serde_json::json;
use thirtyfour::Key;

#[test]
pub(crate) fn a_guest_becomes_an_account_and_keeps_everything() -> Result<()> {
    play("account", async |stage: &Stage| {
        let mei = stage.guest("Mei").await?;
        let tom = stage.guest("Tom").await?;
        mei.top_up(12_345).await?;
        let group = mei.make_group("Family", &[&tom]).await?;
        mei.say(&group, "Before").await?;
        let at_tom = enter(stage, Form::Desktop, &tom, &format!("/g/{group}")).await?;
        at_tom.says("log", "Before").await?;
        let browser = enter(stage, Form::Phone, &mei, "/me").await?;

        // R-WEB-5: whoever has chosen a theme can let the system choose again.
        for (says, theme) in [("Same as system", ""), ("Dark", "dark"), ("Light", "light")] {
            browser.says("setting-theme", says).await?;
            let kept = "return [localStorage.getItem('hongbao.theme') ?? '',
                document.documentElement.dataset.theme];";
            let kept = browser.script(kept).await?;
            ensure!(kept == json!([theme, theme]), "{says}: {kept}");
            browser.click("setting-theme").await?;
        }
        browser.says("setting-theme", "Same as system").await?;

        // Another name and another picture, which the others see.
        browser.click("profile-edit").await?;
        browser.fill("profile-name", "Meimei").await?;
        browser.click_css("[data-avatar='a05']").await?;
        browser.click("profile-save").await?;
        browser.gone("profile-name").await?;
        browser.says("me-name", "Meimei").await?;
        mei.say(&group, "After").await?;
        at_tom.says("log", "Meimei").await?;
        profile_is(&tom, &group, "Meimei", "a05").await?;

        browser.click("make-account").await?;
        browser.fill("account-name", "xm_acc_7").await?;
        browser.fill("account-password", "short").await?;
        browser.expect_refusal("/api/v1/me/account", 422);
        browser.expect_refusal("/api/v1/me/account", 400);
        browser.click("account-submit").await?;
        browser.says("error-sentence", "password").await?;
        browser.fill("account-password", PASSWORD).await?;
        browser.click("account-submit").await?;
        browser.gone("account-password").await?;
        browser.says("toast", "Sign in with this name").await?;
        browser.gone("make-account").await?;
        // R-PEOPLE-4: the name that others know is not the one to sign in with.
        browser.says("me-name", "Meimei").await?;
        profile_is(&tom, &group, "Meimei", "a05").await?;

        browser.click("sign-out").await?;
        browser.find("guest-name").await?;
        sign_in(&browser, "xm_acc_7", "wrong-password").await?;
        browser.expect_refusal("/api/v1/session", 401);
        browser.says("error-sentence", "match").await?;
        browser.fill("account-password", PASSWORD).await?;
        browser.click("account-submit").await?;
        browser.find("me").await?;
        browser.goto("/wallet").await?;
        browser.says("wallet-balance", "¥123.45").await?;
        browser.goto("/").await?;
        browser.says("group-item", "Family").await
    })
}

/// R-PEOPLE-5: what a browser has forgotten about its session, the server knows.
#[test]
fn a_cookie_alone_is_enough_to_be_known() -> Result<()> {
    play("cookie-alone", async |stage: &Stage| {
        let mei = stage.guest("Mei").await?;
        mei.top_up(12_345).await?;
        let browser = enter(stage, Form::Phone, &mei, "/wallet").await?;
        browser.says("wallet-balance", "¥123.45").await?;
        browser.script("localStorage.clear()").await?;
        browser.reload().await?;
        browser.says("wallet-balance", "¥123.45").await?;
        ensure!(browser.all("guest-name").await?.is_empty(), "it offers to be somebody else");
        Ok(())
    })
}

async fn sign_in(browser: &Browser, name: &str, password: &str) -> Result<()> {
    browser.click("way-sign-in").await?;
    browser.fill("account-name", name).await?;
    browser.fill("account-password", password).await?;
    browser.click("account-submit").await
}

#[test]
fn sessions_end_elsewhere() -> Result<()> {
    play("sessions", async |stage: &Stage| {
        let mei = stage.guest("Mei").await?;
        mei.make_account("mei", PASSWORD).await?;
        let here = enter(stage, Form::Desktop, &mei, "/me").await?;
        here.find("session").await?;
        let there = stage.calm_browser(Form::Phone).await?;
        there.expect_refusal("/api/v1/", 401);
        there.goto("/").await?;
        sign_in(&there, "mei", PASSWORD).await?;
        there.find("new-group").await?;

        // Ended from the list.
        here.reload().await?;
        for session in here.count("session", 2).await? {
            let text = session.text().await?;
            let is_here = text.contains("This device");
            ensure!(text.contains("In use now") == is_here, "{text}");
            ensure!(text.contains("Last used") != is_here, "{text}");
        }
        here.click("session-end").await?;
        here.says("toast", "ended").await?;
        here.count("session", 1).await?;
        thrown_out(&there).await?;

        // Ended by a new password, and the old one is worth nothing.
        sign_in(&there, "mei", PASSWORD).await?;
        there.find("new-group").await?;
        here.click("change-password").await?;
        here.fill("password-current", PASSWORD).await?;
        here.fill("password-new", "another-password").await?;
        here.click("password-submit").await?;
        here.gone("password-new").await?;
        here.says("toast", "changed").await?;
        thrown_out(&there).await?;
        sign_in(&there, "mei", PASSWORD).await?;
        there.says("error-sentence", "match").await?;
        there.fill("account-password", "another-password").await?;
        there.click("account-submit").await?;
        there.find("new-group").await?;
        here.find("me").await.map(|_| ())
    })
}

/// The welcome, and a sentence about the session and the money.
async fn thrown_out(browser: &Browser) -> Result<()> {
    browser.find("guest-name").await?;
    browser.says("error-sentence", "session has ended").await?;
    browser.says("error-sentence", "money").await
}

#[test]
fn members_come_and_go() -> Result<()> {
    play("members", async |stage: &Stage| {
        let mei = stage.guest("Mei").await?;
        let tom = stage.guest("Tom").await?;
        let ann = stage.guest("Ann").await?;
        let group = mei.make_group("Family", &[&tom]).await?;
        let code = mei.invite(&group).await?;
        let chat = format!("/g/{group}");
        let at_mei = enter(stage, Form::Desktop, &mei, &chat).await?;
        let at_tom = enter(stage, Form::Phone, &tom, &chat).await?;
        at_tom.find("chat").await?;

        // Looking at an invitation is not joining.
        let at_ann = enter(stage, Form::Phone, &ann, &format!("/join/{code}")).await?;
        at_ann.says("invitation", "Mei invites you").await?;
        at_ann.says("invitation", "Family").await?;
        at_ann.says("invitation", "2 members").await?;
        let members = mei.get(&format!("/groups/{group}")).await?["members"].clone();
        ensure!(members.as_array().map(Vec::len) == Some(2), "{members}");
        at_ann.click("invitation-join").await?;
        at_ann.find("chat").await?;
        at_mei.says("system-line", "Ann joined").await?;

        // Only the owner removes, and whoever is removed learns it where they are.
        at_ann.click_css("[data-testid='group-info'] a").await?;
        at_ann.count("member", 3).await?;
        ensure!(at_ann.all("member-remove").await?.is_empty(), "Ann can remove people");
        at_tom.expect_refusal(&format!("/api/v1/groups/{group}"), 404);
        at_mei.click_css("[data-testid='group-info'] a").await?;
        at_mei.count("member", 3).await?;
        at_mei.click_css("[aria-label='Remove Tom from the group']").await?;
        at_mei.says_anywhere("links that invite to this group stop working").await?;
        at_mei.click("question-yes").await?;
        at_mei.says("toast", "You can make a new invitation link").await?;
        at_mei.count("member", 2).await?;
        at_tom.says_anywhere("You are no longer in this group").await?;
        let heard = "return document.querySelector('[role=status] h1')?.textContent";
        let heard = at_tom.script(heard).await?;
        ensure!(heard == "You are no longer in this group", "ears hear {heard}");
        at_tom.click_css(".button-link a[href='/']").await?;
        at_tom.find_css(".groups .empty").await?;

        mute(&at_mei, &ann, &group).await?;

        at_ann.click("group-leave").await?;
        at_ann.click("question-no").await?;
        at_ann.gone("question-no").await?;
        at_ann.click("group-leave").await?;
        at_ann.click("question-yes").await?;
        at_ann.says("toast", "left").await?;
        at_ann.find_css(".groups .empty").await?;
        at_mei.goto(&chat).await?;
        at_mei.says("log", "You made this group").await?;
        at_mei.says("log", "You removed Tom").await?;
        at_mei.says("log", "Ann left").await?;
        at_mei.says("chat", "1 member").await?;
        // R-WEB-5: Chinese sets no spaces around names.
        at_mei.dress("zh-CN", "light").await?;
        at_mei.reload().await?;
        at_mei.says("log", "Ann离开了群聊").await?;
        at_mei.says("log", "你把Tom移出了群聊").await?;
        at_mei.fill("message-input", "再见").await?;
        at_mei.press(Key::Enter).await?;
        at_mei.says("group-item", "你：再见").await
    })
}

/// A muted group shows a dot and counts for nothing.
async fn mute(browser: &Browser, sender: &hongbao_e2e::Person, group: &str) -> Result<()> {
    browser.click("group-mute").await?;
    browser.has("group-mute", "aria-checked", "true").await?;
    browser.goto("/wallet").await?;
    sender.say(group, "Hello?").await?;
    browser.find_css(".unread.dot").await?;
    let title = browser.script("return document.title").await?;
    ensure!(title.as_str().is_some_and(|title| title.starts_with("Hongbao")), "{title}");
    Ok(())
}
