//! What people do on several screens.

use anyhow::{Context as _, Result};
use hongbao_e2e::{Browser, Form, Person, Stage, wait_for};
use hongbao_shared::{Fen, Unit};
use serde_json::json;

/// `¥12.05` as 1205 fen.
pub(crate) fn fen(text: &str) -> Result<i64> {
    let digits = text.trim().trim_start_matches('¥').replace(['.', ','], "");
    digits.parse().with_context(|| format!("{text} is no amount"))
}

/// `¥12.05` of 1205 fen.
pub(crate) fn yuan(fen: i64) -> String {
    Fen::from_signed(fen).map(|fen| Unit::default().show(fen)).unwrap_or_default()
}

/// Comes in with a name.
pub(crate) async fn come_in(browser: &Browser, name: &str) -> Result<()> {
    browser.fill("guest-name", name).await?;
    browser.click("guest-submit").await
}

/// A browser in which somebody who came in by REST is at `path`.
pub(crate) async fn enter(
    stage: &Stage,
    form: Form,
    person: &Person,
    path: &str,
) -> Result<Browser> {
    let browser = stage.calm_browser(form).await?;
    browser.become_person(person).await?;
    browser.goto(path).await?;
    Ok(browser)
}

/// Waits until a member of the group has this name and this picture for another one.
pub(crate) async fn profile_is(
    reader: &Person,
    group: &str,
    name: &str,
    avatar: &str,
) -> Result<()> {
    wait_for(&format!("{name} with {avatar}"), async || {
        let group = reader.get(&format!("/groups/{group}")).await?;
        let members = group["members"].as_array().context("members")?;
        let found = members.iter().any(|one| one["name"] == name && one["avatar"] == avatar);
        Ok(found.then_some(()))
    })
    .await
}

/// Submits the send sheet, confirms the payment, and waits until both sheets are gone.
pub(crate) async fn pay(browser: &Browser) -> Result<()> {
    browser.click("send-submit").await?;
    browser.click("send-confirm").await?;
    browser.gone("send-confirm").await?;
    browser.gone("send-submit").await
}

/// Taps the card of a packet in the chat.
pub(crate) async fn tap(browser: &Browser, order_no: &str) -> Result<()> {
    browser.click_css(&format!("[data-order-no='{order_no}']")).await?;
    browser.find("envelope").await.map(|_| ())
}

/// Taps a card, opens it, and reads what was in it, in fen.
pub(crate) async fn open(browser: &Browser, order_no: &str) -> Result<i64> {
    tap(browser, order_no).await?;
    browser.click("envelope-open").await?;
    fen(&browser.text("envelope-amount").await?)
}

/// Waits until the card of a packet shows this state.
pub(crate) async fn card_is(browser: &Browser, order_no: &str, state: &str) -> Result<()> {
    let selector = format!("[data-order-no='{order_no}'][data-state='{state}']");
    browser.find_css(&selector).await.map(|_| ())
}

/// Leaves the envelope.
pub(crate) async fn close_envelope(browser: &Browser) -> Result<()> {
    browser.click("envelope-close").await?;
    browser.gone("envelope").await
}

/// Waits until the service worker keeps what the first screen needs.
pub(crate) async fn is_kept(browser: &Browser) -> Result<()> {
    wait_for("the service worker", async || {
        let script = "navigator.serviceWorker.ready.then(() => { window.isKept = true; });
            return window.isKept === true;";
        Ok((browser.script(script).await? == json!(true)).then_some(()))
    })
    .await
}
