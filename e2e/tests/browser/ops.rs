//! The operations page: what is measured, what is degraded, and turning a switch (R-CTRL-3,
//! R-CTRL-4, R-WEB-4).

use crate::steps::enter;
use anyhow::{Result, ensure};
use hongbao_e2e::{Form, Sent, Stage, assert_accessible, assert_fits, play, wait_for};
use serde_json::json;

/// It is for administrators, and says so to others, once; whoever becomes one has it at once.
#[test]
fn it_is_for_administrators() -> Result<()> {
    play("ops-refused", async |stage: &Stage| {
        let mei = stage.guest("Mei").await?;
        let browser = enter(stage, Form::Phone, &mei, "/ops").await?;
        browser.find("ops-refused").await?;
        ensure!(browser.all("ops-charts").await?.is_empty(), "charts for everybody");
        browser.goto("/me").await?;
        browser.find("me-name").await?;
        ensure!(browser.all("to-ops").await?.is_empty(), "a way in for everybody");
        browser.goto("/ops").await?;
        browser.find("ops-refused").await?;
        stage.make_administrator(&mei)?;
        browser.find("ops-charts").await?;
        browser.find("ops-switches").await?;
        browser.gone("error-sentence").await
    })
}

/// A switch is turned after its sheet has said what will happen, and stands in the history with
/// who turned it; what that degrades stands on the board; others feel it.
#[test]
fn a_switch_is_turned_with_open_eyes() -> Result<()> {
    play("ops-switch", async |stage: &Stage| {
        let ada = stage.administrator("Ada").await?;
        let browser = enter(stage, Form::Phone, &ada, "/me").await?;
        browser.click_css("[data-testid='to-ops'] a").await?;
        browser.find("ops-switches").await?;
        browser.click_css("[data-name='packets_on'] button").await?;
        browser.settled().await?;
        let do_it = browser.find("turn-do").await?;
        ensure!(!do_it.is_enabled().await?, "nothing is changed yet");
        let before = browser.text("turn-will").await?;
        browser.click_css("label:has([data-testid='turn-off'])").await?;
        wait_for("what will happen", async || {
            Ok((browser.text("turn-will").await? != before).then_some(()))
        })
        .await?;
        let control = ada.get("/control").await?;
        ensure!(control["version"] == 0, "nothing happens before it is confirmed: {control}");
        browser.click("turn-do").await?;
        browser.gone("turn").await?;
        browser.find_css("[data-testid='ops-degraded'][data-name='packets_off']").await?;
        let control = ada.get("/control").await?;
        ensure!(control["switches"]["packets_on"] == false, "{control}");
        browser.click_css(".ops-changes summary").await?;
        browser.says("ops-changed", "true → false").await?;
        browser.says("ops-changed", ada.id()).await?;
        browser.says("ops-changed", "Ada").await?;

        // Sites are steered by sliders.
        // Not under the bar.
        browser
            .script(
                "document.querySelector('[data-name=site_weights]').scrollIntoView({ block: 'center' });
                 return true",
            )
            .await?;
        browser.click_css("[data-name='site_weights'] button").await?;
        browser.settled().await?;
        browser
            .script(
                "const slider = document.querySelector('[data-testid=weight-N]'); slider.value = 30;
                 slider.dispatchEvent(new Event('input', { bubbles: true })); return true",
            )
            .await?;
        browser.says("turn-to", "N 30").await?;
        browser.click("turn-do").await?;
        browser.gone("turn").await?;
        let control = ada.get("/control").await?;
        ensure!(control["switches"]["site_weights"]["N"] == 30, "{control}");
        Ok(())
    })
}

/// Somebody else who turned a switch meanwhile is not overruled unseen.
#[test]
fn a_switch_that_was_turned_meanwhile_is_looked_at_first() -> Result<()> {
    play("ops-race", async |stage: &Stage| {
        let ada = stage.administrator("Ada").await?;
        let browser = enter(stage, Form::Phone, &ada, "/ops").await?;
        browser.find("ops-switches").await?;
        browser.expect_refusal("/api/v1/control", 409);
        browser.click_css("[data-name='lookups_max'] button").await?;
        browser.settled().await?;
        browser.fill("turn-number", "7").await?;
        ada.put("/control", json!({"lookups_max": 9})).await?;
        browser.click("turn-do").await?;
        browser.find_css("[data-testid='turn'] [data-testid='error-sentence']").await?;
        let control = ada.get("/control").await?;
        ensure!(control["switches"]["lookups_max"] == 9, "{control}");
        Ok(())
    })
}

/// Charts show what has happened, in both windows, at both sizes, in both themes; nothing is cut
/// and nothing stands in anybody's way.
#[test]
fn charts_show_what_has_happened() -> Result<()> {
    play("ops-charts", async |stage: &Stage| {
        let ada = stage.administrator("Ada").await?;
        for (form, name, language, theme) in [
            (Form::Phone, "phone-zh-ops", "zh-CN", "light"),
            (Form::Desktop, "desktop-en-ops", "en", "dark"),
        ] {
            let browser = stage.calm_browser(form).await?;
            browser.goto("/").await?;
            browser.dress(language, theme).await?;
            browser.become_person(&ada).await?;
            browser.goto("/ops").await?;
            // Something happens between two samples.
            let group = ada.make_group("Family", &[]).await?;
            ada.top_up(if theme == "dark" { 1_000 } else { 2_000 }).await?;
            let packet =
                Sent { kind: "equal", total_fen: 100, shares: 1, greeting: "", recipient: None };
            let order_no = ada.send(&group, packet).await?;
            ada.open(&order_no).await?;
            wait_for("a chart that shows an open", async || {
                let script = "return [...document.querySelectorAll('[data-testid=ops-chart-traffic] .ops-line')]
                    .some(line => new Set((line.getAttribute('d').match(/ \\d+/g) ?? [])).size > 1)";
                Ok((browser.script(script).await? == true).then_some(()))
            })
            .await?;
            browser.find("ops-reconciliation").await?;
            browser.at_rest().await?;
            stage.picture(&browser, name).await?;
            assert_fits(&browser, "ops").await?;
            assert_accessible(&browser, "ops").await?;
            browser.click("ops-week").await?;
            browser.find("ops-no-data").await?;
        }
        Ok(())
    })
}

/// A reconciliation is started and its report read.
#[test]
fn a_reconciliation_is_started_and_read() -> Result<()> {
    play("ops-reconcile", async |stage: &Stage| {
        let ada = stage.administrator("Ada").await?;
        let browser = enter(stage, Form::Desktop, &ada, "/ops").await?;
        browser.click("ops-reconcile").await?;
        browser.has("ops-found", "data-clean", "true").await?;
        browser.find("ops-letters").await.map(|_| ())
    })
}
