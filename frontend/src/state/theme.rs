//! Light or dark: as the system says, until the person chooses.

use std::sync::LazyLock;

use leptos::prelude::{ArcRwSignal, Get as _, GetUntracked as _, Set as _};

use crate::browser;

const KEY: &str = "hongbao.theme";

static DARK: LazyLock<ArcRwSignal<bool>> = LazyLock::new(|| {
    ArcRwSignal::new(match browser::stored(KEY).as_deref() {
        Some("dark") => true,
        Some("light") => false,
        _ => browser::media_matches("(prefers-color-scheme: dark)"),
    })
});

pub(crate) fn is_dark() -> bool {
    DARK.get()
}

/// Applies what was chosen earlier. Without a choice the style sheet follows the
/// system by itself.
pub(crate) fn start() {
    if let Some(theme @ ("dark" | "light")) = browser::stored(KEY).as_deref() {
        browser::set_root_attribute("data-theme", theme);
    }
}

pub(crate) fn toggle() {
    let dark = !DARK.get_untracked();
    let name = if dark { "dark" } else { "light" };
    browser::store(KEY, name);
    browser::set_root_attribute("data-theme", name);
    DARK.set(dark);
}
