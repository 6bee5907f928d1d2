//! What somebody chooses for this browser.

use leptos::prelude::*;

use crate::{
    components::{press, words},
    i18n::{self, lang, tr},
    state::{notify, theme},
};

#[component]
pub(super) fn Settings() -> impl IntoView {
    view! {
        <section class="panel">
            <h2>{tr!(settings)}</h2>
            <button type="button" class="setting" data-testid="setting-language" on:click=press(|_| i18n::toggle())>
                <span>{tr!(language)}</span><span class="muted">{tr!(language_now)}</span>
            </button>
            {notify::is_possible().then(|| view! {
                <button type="button" class="setting" data-testid="setting-notify" on:click=press(|_| notify::toggle())>
                    <span>{tr!(notify)}</span>
                    <span class="muted">
                        {words(|| if notify::is_on() { lang().notify_on() } else { lang().notify_off() })}
                    </span>
                </button>
            })}
            <button type="button" class="setting" data-testid="setting-theme" on:click=press(|_| theme::toggle())>
                <span>{tr!(theme)}</span>
                <span class="muted">
                    {words(move || if theme::is_dark() { lang().theme_dark() } else { lang().theme_light() })}
                </span>
            </button>
        </section>
    }
}
