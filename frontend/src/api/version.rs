//! Whether the server has another app by now than the one that this page runs: then parts of
//! this one are gone, and answers may say what it does not know.

use std::sync::LazyLock;

use leptos::prelude::{ArcRwSignal, Get as _, GetUntracked as _, Set as _};

use super::exchange::exchange;
use crate::browser;

/// How the script is called that starts an app; each version has one of its own.
const LOADER: &str = "/assets/loader-";
/// What is not to be lost: an overlay, words on their way, a field that has been filled in.
const BUSY: &str =
    "dialog[open], [data-testid=unsent], :is(input, textarea):not(:placeholder-shown)";

static OLD: LazyLock<ArcRwSignal<bool>> = LazyLock::new(|| ArcRwSignal::new(false));

/// Is this page one of another version, as far as is known?
pub(crate) fn is_old() -> bool {
    OLD.get()
}

/// The same, without following changes.
pub(crate) fn is_old_now() -> bool {
    OLD.get_untracked()
}

/// The script that has started this page.
fn mine() -> String {
    browser::find("script[src^='/assets/loader-']")
        .and_then(|script| script.get_attribute("src"))
        .unwrap_or_default()
}

/// Asks the server which app its page starts.
pub(crate) async fn look() {
    let Some((answer, page)) = exchange("GET", "/", None).await else { return };
    // Whoever else answers on the way here says nothing about it.
    if answer.ok() && page.contains(LOADER) {
        let old = !page.contains(&mine());
        if is_old_now() != old {
            OLD.set(old);
        }
    }
}

/// A part did not come. If the reason is another version, the page is loaded anew, where that
/// loses nothing: once for each version, for an old page may come again.
pub(crate) async fn part_failed() {
    look().await;
    if is_old_now() && browser::find(BUSY).is_none() && browser::is_first(&mine()) {
        browser::reload();
    }
}
