//! Whoever goes by keyboard or by ear is where they were when a sheet has gone, and at the
//! next step when one has been taken (R-WEB-5).

use crate::steps::enter;
use anyhow::{Result, ensure};
use hongbao_e2e::{Browser, Form, Sent, Stage, play, wait_for};
use std::collections::BTreeSet;
use thirtyfour::Key;

async fn focus_is_on(browser: &Browser, id: &str) -> Result<()> {
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
