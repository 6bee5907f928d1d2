//! One short sentence at a time that needs no answer.

use std::sync::LazyLock;

use leptos::prelude::{ArcRwSignal, Get as _, GetUntracked as _, Set as _, Update as _};

/// Long enough to read a sentence twice.
const SHOWN_MS: u32 = 4_000;

static TOAST: LazyLock<ArcRwSignal<Option<String>>> = LazyLock::new(|| ArcRwSignal::new(None));
static COUNT: LazyLock<ArcRwSignal<u32>> = LazyLock::new(|| ArcRwSignal::new(0));

pub(crate) fn current() -> Option<String> {
    TOAST.get()
}

pub(crate) fn show(text: impl Into<String>) {
    COUNT.update(|count| *count = count.wrapping_add(1));
    let mine = COUNT.get_untracked();
    TOAST.set(Some(text.into()));
    crate::tasks::detach(async move {
        crate::tasks::sleep_ms(SHOWN_MS).await;
        // A later sentence keeps its own time.
        if COUNT.get_untracked() == mine {
            TOAST.set(None);
        }
    });
}
