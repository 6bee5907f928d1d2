//! Every screen on a phone and on a desktop, in both languages and both themes: it fits,
//! and it bars nobody (R-WEB-5). The pictures of `docs/GALLERY.md` are made here.

use crate::{
    walk::walk,
    world::{Words, world},
};
use anyhow::{Context as _, Result};
use hongbao_e2e::{Form, Stage, assert_accessible, assert_contrast, assert_fits, play_with};
use std::cell::RefCell;

const CHINESE: Words = Words {
    mei: "小梅",
    tom: "阿唐",
    ann: "安安",
    group: "一家人",
    greeting: "愿你岁岁平安，事事顺心",
    said: ["大家新年好！", "阿唐手气也太好了吧", "奶奶的红包呢？快发快发"],
    large_fen: 88_800,
    typed: ["88.88", "20000"],
};
pub(crate) const ENGLISH: Words = Words {
    mei: "Mei",
    tom: "Tom",
    ann: "Ann",
    group: "Family",
    greeting: "May every wish come true",
    said: ["Happy New Year, everyone!", "Tom, how are you always this lucky?", "One more, please"],
    large_fen: 88_800,
    typed: ["88.88", "20000"],
};

/// The screens of the gallery.
const PHONE: [&str; 22] = [
    "welcome",
    "invitation",
    "groups-empty",
    "groups",
    "chat-empty",
    "chat",
    "invite",
    "group",
    "send",
    "send-confirm",
    "envelope-sealed",
    "envelope-revealed",
    "envelope-finished",
    "details-open",
    "details-finished",
    "details-fairness",
    "wallet",
    "records-received",
    "me-guest",
    "make-account",
    "profile",
    "lost",
];
const DESKTOP: [&str; 6] =
    ["chat", "send", "envelope-revealed", "details-finished", "wallet", "records-sent"];

/// Walks, in the theme in which the pictures are; each screen is looked at in the other
/// theme too.
fn look(
    name: &'static str,
    form: Form,
    language: &'static str,
    theme: &'static str,
    words: Words,
) -> Result<()> {
    play_with(name, &[("HONGBAO_LIMITS_PACKET_LIFETIME_S", "1")], async |stage: &Stage| {
        let world = world(stage, words).await?;
        let browser = stage.calm_browser(form).await?;
        browser.expect_refusal("/api/v1/invitations/", 404);
        browser.expect_refusal("/api/v1/groups/999999999", 404);
        browser.goto("/").await?;
        browser.dress(language, theme).await?;
        let (pictures, prefix) = match form {
            Form::Desktop => (&DESKTOP[..], "desktop"),
            _ => (&PHONE[..], "phone"),
        };
        let other = if theme == "dark" { "light" } else { "dark" };
        let faults = RefCell::new(Vec::new());
        let see = async |screen: &'static str| {
            browser.at_rest().await?;
            if pictures.contains(&screen) {
                let file = format!("{prefix}-{}-{screen}", &language[..2]);
                stage.picture(&browser, &file).await?;
            }
            let note = |look: &str, found: Result<()>| {
                faults.borrow_mut().extend(found.err().map(|fault| format!("{look} {fault}")));
            };
            note(theme, assert_fits(&browser, screen).await);
            note(theme, assert_accessible(&browser, screen).await);
            browser.set_theme(other).await?;
            note(other, assert_contrast(&browser, screen).await);
            browser.set_theme(theme).await
        };
        let walked = walk(&browser, &world, &see).await;
        // All of them at once: each costs a whole walk.
        let faults = faults.into_inner();
        anyhow::ensure!(faults.is_empty(), "{}\n{walked:?}", faults.join("\n"));
        walked.context(name)
    })
}

#[test]
pub(crate) fn phone_in_chinese() -> Result<()> {
    look("screens-phone-zh", Form::Phone, "zh-CN", "light", CHINESE)
}

#[test]
fn phone_in_english() -> Result<()> {
    look("screens-phone-en", Form::Phone, "en", "dark", ENGLISH)
}

#[test]
pub(crate) fn desktop_in_english() -> Result<()> {
    look("screens-desktop-en", Form::Desktop, "en", "light", ENGLISH)
}

#[test]
fn desktop_in_chinese() -> Result<()> {
    look("screens-desktop-zh", Form::Desktop, "zh-CN", "dark", CHINESE)
}
