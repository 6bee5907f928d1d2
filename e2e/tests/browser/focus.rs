//! Whoever goes by keyboard or by ear is where they were when a sheet has gone, and at the
//! next step when one has been taken (R-WEB-5).

use crate::steps::enter;
use anyhow::{Result, ensure};
use hongbao_e2e::{Browser, Form, Sent, Stage, play, play_with, wait_for};
use std::collections::BTreeSet;
use thirtyfour::Key;

pub(crate) async fn focus_is_on(browser: &Browser, id: &str) -> Result<()> {
    wait_for(&format!("the focus on {id}"), async || {
        let script = "const at = document.activeElement; return at.dataset.testid ?? at.tagName;";
        let at = browser.script(script).await?;
        ensure!(at == id, "it is on {at}");
        Ok(Some(()))
    })
    .await
}

#[test]
pub(crate) fn the_focus_comes_back_from_every_sheet() -> Result<()> {
    play("focus", async |stage: &Stage| {
        let mei = stage.guest("Mei").await?;
        let tom = stage.guest("Tom").await?;
        mei.top_up(10_000).await?;
        let group = mei.make_group("Family", &[&tom]).await?;
        let sent = Sent { kind: "lucky", total_fen: 500, shares: 2, greeting: "", recipient: None };
        mei.send(&group, sent).await?;
        let browser = enter(stage, Form::Desktop, &mei, &format!("/g/{group}")).await?;
        browser.find("packet-card").await?;

        browser.click("invite").await?;
        browser.find("invite-link").await?;
        browser.press(Key::Escape).await?;
        focus_is_on(&browser, "invite").await?;

        browser.click("send-open").await?;
        browser.fill("send-amount", "5").await?;
        browser.fill("send-shares", "1").await?;
        browser.click("send-submit").await?;
        focus_is_on(&browser, "send-confirm").await?;
        browser.press(Key::Escape).await?;
        focus_is_on(&browser, "send-submit").await?;
        browser.press(Key::Escape).await?;
        browser.click("question-yes").await?;
        focus_is_on(&browser, "send-open").await?;

        browser.click("packet-card").await?;
        focus_is_on(&browser, "envelope-open").await?;
        browser.click("envelope-open").await?;
        browser.find("envelope-amount").await?;
        focus_is_on(&browser, "envelope-details").await?;
        browser.click("envelope-close").await?;
        focus_is_on(&browser, "packet-card").await
    })
}

/// Whoever is refused at the last step is at the sentence that says why, and it says so of no
/// other packet.
#[test]
fn the_focus_goes_to_a_refused_payment() -> Result<()> {
    let settings = [("HONGBAO_TREASURY_SEND_MAX_PER_DAY_FEN", "400")];
    play_with("focus-refused", &settings, async |stage: &Stage| {
        let mei = stage.guest("Mei").await?;
        mei.top_up(10_000).await?;
        let group = mei.make_group("Family", &[]).await?;
        let browser = enter(stage, Form::Phone, &mei, &format!("/g/{group}")).await?;
        browser.click("send-open").await?;
        browser.fill("send-amount", "5").await?;
        browser.fill("send-shares", "1").await?;
        browser.click("send-submit").await?;
        browser.expect_refusal("/api/v1/packets", 409);
        browser.click("send-confirm").await?;
        browser.says("error-sentence", "today's cap").await?;
        focus_is_on(&browser, "error-sentence").await?;

        browser.press(Key::Escape).await?;
        browser.gone("send-confirm").await?;
        browser.fill("send-amount", "3").await?;
        browser.click("send-submit").await?;
        browser.says("send-confirm", "Pay ¥3.00").await?;
        ensure!(browser.all("error-sentence").await?.is_empty(), "nobody has refused this one");
        focus_is_on(&browser, "send-confirm").await?;
        browser.click("send-confirm").await?;
        browser.gone("send-confirm").await?;
        mei.holds(9_700).await
    })
}

/// Where the middle of what has the focus is shown: itself, or the picture of a field that is
/// not drawn. Else what lies over it.
const SHOWN: &str = "
    const it = document.activeElement, box = it.getBoundingClientRect();
    const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
    const at = it.dataset.testid ?? it.getAttribute('aria-label') ?? it.outerHTML.slice(0, 80);
    const own = top && (it.contains(top) || it.closest('label')?.contains(top));
    return [at, own ? '' : (top?.outerHTML.slice(0, 80) ?? 'the edge of the window')];";

/// What has the focus is seen: neither head nor foot of a sheet lies over it, whichever way one
/// goes through it.
#[test]
fn nothing_lies_over_the_focus() -> Result<()> {
    play("focus-seen", async |stage: &Stage| {
        let mei = stage.guest("Mei").await?;
        mei.top_up(10_000).await?;
        let group = mei.make_group("Family", &[]).await?;
        for form in [Form::Phone, Form::Desktop] {
            let browser = enter(stage, form, &mei, &format!("/g/{group}")).await?;
            browser.click("send-open").await?;
            browser.fill("send-amount", "88.88").await?;
            browser.fill("send-shares", "8").await?;
            browser.click("send-range").await?;
            browser.find_css(".sample").await?;
            let mut seen = BTreeSet::new();
            for back in [false, true] {
                // More steps than the sheet has stops, so that each is met both ways.
                for _ in 0..30 {
                    let step = if back { Key::Shift + Key::Tab } else { Key::Tab.into() };
                    browser.press(step).await?;
                    browser.at_rest().await?;
                    let found = browser.script(SHOWN).await?;
                    ensure!(found[1] == "", "{form:?}: over {} lies {}", found[0], found[1]);
                    seen.insert(found[0].to_string());
                }
            }
            ensure!(seen.len() > 8, "only {seen:?}");
        }
        Ok(())
    })
}
