//! An installation that counts in points: no yuan and no decimals are left (R-API-4).

use crate::{
    screens::ENGLISH,
    walk::walk,
    world::{Words, world},
};
use anyhow::{Result, ensure};
use hongbao_e2e::{Form, Stage, play_with};
use std::cell::Cell;

const POINTS: [(&str, &str); 7] = [
    ("HONGBAO_UNIT_NAME_ZH", "积分"),
    ("HONGBAO_UNIT_NAME_EN", "point"),
    ("HONGBAO_UNIT_PLURAL_EN", "points"),
    ("HONGBAO_UNIT_SYMBOL", "pts"),
    ("HONGBAO_UNIT_SYMBOL_BEHIND", "true"),
    ("HONGBAO_UNIT_DECIMALS", "0"),
    ("HONGBAO_LIMITS_PACKET_LIFETIME_S", "1"),
];
/// Everything on the screen, what fields hold and hint at, and what is only read out.
const ALL_TEXT: &str = "
    const said = [...document.querySelectorAll('*')].flatMap(one =>
        [one.value, one.placeholder, one.title, one.getAttribute('aria-label')]);
    return [document.title, document.body.innerText, ...said].filter(Boolean).join('\\n');";

/// Has it an amount with decimals in it?
fn has_decimals(text: &str) -> bool {
    let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    text.match_indices('.').any(|(at, _)| {
        digit(text[..at].chars().next_back()) && digit(text[at + 1..].chars().next())
    })
}

#[test]
fn no_yuan_is_left_where_points_are_counted() -> Result<()> {
    let words = Words { typed: ["8888", "2000000"], ..ENGLISH };
    play_with("unit", &POINTS, async |stage: &Stage| {
        let world = world(stage, words).await?;
        let browser = stage.calm_browser(Form::Phone).await?;
        browser.expect_refusal("/api/v1/invitations/", 404);
        browser.expect_refusal("/api/v1/groups/999999999", 404);
        let seen = Cell::new(0);
        for language in ["en", "zh-CN"] {
            browser.goto("/").await?;
            browser.dress(language, "light").await?;
            let see = async |screen: &'static str| {
                browser.at_rest().await?;
                let text = browser.script(ALL_TEXT).await?;
                // Where the server is stands in the links of invitations.
                let text = text.as_str().unwrap_or_default().replace("127.0.0.1", "");
                ensure!(!text.contains(['¥', '￥']), "{language} {screen} has yuan: {text}");
                ensure!(!has_decimals(&text), "{language} {screen} has decimals: {text}");
                seen.set(seen.get() + text.matches(" pts").count());
                Ok(())
            };
            walk(&browser, &world, &see).await?;
        }
        ensure!(seen.get() > 100, "{} amounts in points", seen.get());
        let unit = world.mei.get("/unit").await?;
        ensure!(unit["name_zh"] == "积分" && unit["decimals"] == 0, "{unit}");
        Ok(())
    })
}
