//! Light or dark: as the system says, unless the person has chosen.

use std::sync::LazyLock;

use leptos::prelude::{ArcRwSignal, Get as _, GetUntracked as _, Set as _};

use crate::browser;

const KEY: &str = "hongbao.theme";

/// Was dark chosen, or light? The style sheet follows the system by itself.
static CHOSEN: LazyLock<ArcRwSignal<Option<bool>>> = LazyLock::new(|| {
    ArcRwSignal::new(match browser::stored(KEY).as_deref() {
        Some("dark") => Some(true),
        Some("light") => Some(false),
        _ => None,
    })
});

fn shows_dark(chosen: Option<bool>) -> bool {
    chosen.unwrap_or_else(|| browser::media_matches("(prefers-color-scheme: dark)"))
}

pub(crate) fn chosen() -> Option<bool> {
    CHOSEN.get()
}

pub(crate) fn is_dark() -> bool {
    shows_dark(CHOSEN.get())
}

/// Applies what was chosen earlier.
pub(crate) fn start() {
    apply(CHOSEN.get_untracked());
}

fn apply(chosen: Option<bool>) {
    // What is neither follows the system.
    browser::set_root_attribute("data-theme", name(chosen).unwrap_or_default());
}

fn name(chosen: Option<bool>) -> Option<&'static str> {
    chosen.map(|dark| if dark { "dark" } else { "light" })
}

fn choose(chosen: Option<bool>) {
    browser::keep(KEY, name(chosen));
    apply(chosen);
    CHOSEN.set(chosen);
}

/// The other of the two.
pub(crate) fn toggle() {
    choose(Some(!shows_dark(CHOSEN.get_untracked())));
}

/// The next of the three.
pub(crate) fn next() {
    choose(match CHOSEN.get_untracked() {
        None => Some(true),
        Some(true) => Some(false),
        Some(false) => None,
    });
}
