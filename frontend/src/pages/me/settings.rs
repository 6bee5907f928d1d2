//! What somebody chooses for this browser.

use leptos::prelude::*;

use crate::{
    components::{live, press, words},
    i18n::{self, Lang, lang, tr},
    state::{notify, theme},
};

#[component]
pub(super) fn Settings() -> impl IntoView {
    view! {
        <section class="panel">
            <h2>{tr!(settings)}</h2>
            <button type="button" class="setting" data-testid="setting-language" on:click=press(|_| { i18n::toggle(); notify::begin(); })>
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
            {live(|| notify::is_on().then(|| view! {
                <button type="button" class="setting" data-testid="setting-sound" on:click=press(|_| notify::next_sound())>
                    <span>{tr!(sound)}</span>
                    <span class="muted">{words(|| {
                        let says = [Lang::notify_on, Lang::sound_night, Lang::notify_off];
                        says[notify::sound()](lang())
                    })}</span>
                </button>
            }.into_any()))}
            <button type="button" class="setting" data-testid="setting-theme" on:click=press(|_| theme::next())>
                <span>{tr!(theme)}</span>
                <span class="muted">
                    {words(|| match theme::chosen() {
                        None => lang().theme_system(),
                        Some(true) => lang().theme_dark(),
                        Some(false) => lang().theme_light(),
                    })}
                </span>
            </button>
        </section>
    }
}
