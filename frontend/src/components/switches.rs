//! What stands on every screen's edge.

use leptos::prelude::*;

use crate::{
    art::Icon,
    components::{Pic, live, press},
    i18n::{self, lang, tr},
    state::{notify, theme},
};

/// Language and theme.
#[component]
pub(crate) fn Switches() -> impl IntoView {
    let theme_label =
        move || if theme::is_dark() { lang().theme_to_light() } else { lang().theme_to_dark() };
    view! {
        <span class="switches">
            <button
                type="button"
                class="icon-button"
                data-testid="lang-switch"
                aria-label=tr!(lang_switch)
                on:click=press(|_| { i18n::toggle(); notify::begin(); })
            >
                <span class="lang-mark">{tr!(lang_short)}</span>
            </button>
            <button
                type="button"
                class="icon-button"
                data-testid="theme-switch"
                aria-label=theme_label
                on:click=press(|_| theme::toggle())
            >
                {live(|| {
                    let icon = if theme::is_dark() { Icon::Sun } else { Icon::Moon };
                    Some(view! { <Pic icon=icon/> }.into_any())
                })}
            </button>
        </span>
    }
}
