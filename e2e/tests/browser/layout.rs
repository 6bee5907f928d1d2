//! Every screen fits a phone, in both languages, with the longest names, greetings and
//! amounts there can be (R-WEB-5).

use crate::{
    walk::walk,
    world::{Words, world},
};
use anyhow::{Context as _, Result, ensure};
use hongbao_e2e::{Form, Sent, Stage, assert_fits, play_with};
use std::cell::RefCell;

const WIDE: Words = Words {
    // The widest letter, as long as a name can be (`name_chars_max`).
    mei: "WWWWWWWWWWWWWWWWWWWW",
    tom: "MMMMMMMMMMMMMMMMMMMM",
    ann: "恭喜发财大吉大利恭喜发财大吉大利恭喜发财",
    // As long as a group's name can be, in the other script.
    group: "恭喜发财大吉大利恭喜发财大吉大利恭喜发财大吉大利恭喜发财大吉",
    greeting: "WWWWWWWWWWWWWWWWWWWWWWWWW",
    said: [
        "WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW",
        "恭喜恭喜恭喜恭喜恭喜恭喜恭喜恭喜恭喜恭喜恭喜恭喜恭喜恭喜恭喜恭喜恭喜恭喜恭喜恭喜",
        "https://example.com/a/very/long/address/that/nobody/can/break/anywhere/at/all",
    ],
    large_fen: 1_800_000,
    typed: ["88.88", "20000"],
};

#[test]
pub(crate) fn every_screen_fits_a_phone() -> Result<()> {
    fits("layout", Form::Phone, &["en", "zh-CN"])
}

/// WCAG 2.2, 1.4.10: also at 320 px.
#[test]
fn every_screen_fits_the_narrowest_phone() -> Result<()> {
    fits("layout-narrow", Form::Narrow, &["en"])
}

/// WCAG 2.2, 1.4.4: also with letters of twice the size.
#[test]
fn every_screen_fits_with_large_letters() -> Result<()> {
    fits("layout-letters", Form::LargeText, &["en"])
}

fn fits(name: &'static str, form: Form, languages: &[&str]) -> Result<()> {
    play_with(name, &[("HONGBAO_LIMITS_PACKET_LIFETIME_S", "1")], async |stage: &Stage| {
        let world = world(stage, WIDE).await?;
        let browser = stage.calm_browser(form).await?;
        browser.expect_refusal("/api/v1/invitations/", 404);
        browser.expect_refusal("/api/v1/groups/999999999", 404);
        browser.goto("/").await?;
        for &language in languages {
            browser.dress(language, "light").await?;
            // All of them at once: each costs a whole walk.
            let faults = RefCell::new(Vec::new());
            let fits = async |name: &'static str| {
                browser.at_rest().await?;
                let found = assert_fits(&browser, name).await;
                faults.borrow_mut().extend(found.err().map(|fault| fault.to_string()));
                Ok(())
            };
            let walked = walk(&browser, &world, &fits).await;
            let faults = faults.into_inner();
            ensure!(faults.is_empty(), "{language}: {}\n{walked:?}", faults.join("\n"));
            walked.with_context(|| language.to_owned())?;
        }
        Ok(())
    })
}

/// A sentence about an error stands above what there is to do about it.
#[test]
fn error_pages_say_first_and_offer_then() -> Result<()> {
    play_with("error-pages", &[], async |stage: &Stage| {
        let browser = stage.calm_browser(Form::Desktop).await?;
        let mei = stage.guest("Mei").await?;
        let tom = stage.guest("Tom").await?;
        tom.top_up(100).await?;
        let group = tom.make_group("Others", &[]).await?;
        let sent = Sent { kind: "lucky", total_fen: 100, shares: 1, greeting: "", recipient: None };
        let packet = tom.send(&group, sent).await?;
        browser.become_person(&mei).await?;
        browser.expect_refusal("/api/v1/", 404);
        let packet = format!("/packets/{packet}");
        for path in ["/g/999999999", &packet, "/join/no-such-code"] {
            browser.goto(path).await?;
            browser.find_css(".empty .button-link").await?;
            let below = "const box = (at) => document.querySelector('.empty ' + at)
                    .getBoundingClientRect();
                return box('.button-link').top >= box('.fault').bottom;";
            ensure!(browser.script(below).await? == true, "{path}: side by side");
        }
        Ok(())
    })
}

/// Where WebAssembly is switched off, as on a phone in lockdown, the page does not load
/// for ever.
#[test]
fn a_browser_that_cannot_run_the_app_says_so() -> Result<()> {
    play_with("unable", &[], async |stage: &Stage| {
        let browser = stage.calm_browser(Form::Phone).await?;
        browser.before_each_page("delete globalThis.WebAssembly").await?;
        browser.goto("/").await?;
        browser.says_anywhere("WebAssembly turned off").await?;
        browser.says_anywhere("关掉了 WebAssembly").await?;
        assert_fits(&browser, "the page that says so").await
    })
}

/// The page of the REST interface has long words of code, which wrap (R-API-1).
#[test]
fn the_page_of_the_rest_interface_fits_a_phone() -> Result<()> {
    play_with("api-docs", &[], async |stage: &Stage| {
        let browser = stage.calm_browser(Form::Phone).await?;
        browser.goto("/api/docs").await?;
        browser.find_css("#operations details").await?;
        let open = "document.querySelectorAll('details').forEach((one) => { one.open = true; });
            return document.querySelectorAll('link[rel=icon]').length;";
        ensure!(browser.script(open).await? == 1, "it has no icon");
        assert_fits(&browser, "the page of the REST interface").await
    })
}

/// The switches work where they stand, and are remembered.
#[test]
pub(crate) fn language_and_theme_are_a_tap_away() -> Result<()> {
    play_with("switches", &[], async |stage: &Stage| {
        let browser = stage.calm_browser(Form::Phone).await?;
        browser.goto("/").await?;
        browser.dress("en", "light").await?;
        browser.reload().await?;
        for (language, theme) in [("zh-CN", "dark"), ("en", "light")] {
            browser.click("lang-switch").await?;
            browser.click("theme-switch").await?;
            let tag = format!("html[lang='{language}'][data-theme='{theme}']");
            browser.find_css(&tag).await?;
            browser.reload().await?;
            browser.find_css(&tag).await?;
        }
        Ok(())
    })
}
