//! A lost connection or a new version, said calmly.

use leptos::prelude::*;

use crate::{
    api::version,
    browser,
    components::{live, memo, press},
    i18n::tr,
    state::stream,
};

/// Says so while the connection has been away for a moment, or the page is an old one; nothing
/// while all is well.
#[component]
pub(crate) fn LinkNotice() -> impl IntoView {
    let lost = memo(stream::is_lost);
    view! {
        <div role="status">
            {live(move || if lost.get() {
                Some(view! {
                    <p class="link-lost" data-testid="link-lost">{tr!(connection_lost)}</p>
                }.into_any())
            } else {
                version::is_old().then(|| view! {
                    <p class="link-lost" data-testid="new-version">
                        {tr!(new_version)} " "
                        <button type="button" on:click=press(|_| browser::reload())>{tr!(reload)}</button>
                    </p>
                }.into_any())
            })}
        </div>
    }
}
