//! Every screen fits a phone, in both languages, with the longest names, greetings and
//! amounts there can be (R-WEB-5).

use crate::{
    walk::walk,
    world::{Words, world},
};
use anyhow::{Context as _, Result};
use hongbao_e2e::{Form, Stage, assert_fits, play_with};

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
};

#[test]
fn every_screen_fits_a_phone() -> Result<()> {
    play_with("layout", &[("HONGBAO_LIMITS_PACKET_LIFETIME_S", "1")], async |stage: &Stage| {
        let world = world(stage, WIDE).await?;
        let browser = stage.calm_browser(Form::Phone).await?;
        browser.expect_refusal("/api/v1/invitations/", 404);
        browser.expect_refusal("/api/v1/groups/999999999", 404);
        browser.goto("/").await?;
        for language in ["en", "zh-CN"] {
            browser.dress(language, "light").await?;
            let fits = async |name: &'static str| {
                browser.at_rest().await?;
                assert_fits(&browser, name).await
            };
            walk(&browser, &world, &fits).await.with_context(|| language.to_owned())?;
        }
        Ok(())
    })
}

/// The switches work where they stand, and are remembered.
#[test]
fn language_and_theme_are_a_tap_away() -> Result<()> {
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
