//! One sentence at the bottom, for a moment.

use leptos::prelude::*;

use crate::{components::live, state::toast};

/// Always on the page, so that a screen reader listens before anything is said.
#[component]
pub(crate) fn Toast() -> impl IntoView {
    view! {
        <div class="toast-place" role="status" aria-live="polite">
            {live(|| toast::current().map(|text| {
                view! { <p class="toast" data-testid="toast">{text}</p> }.into_any()
            }))}
        </div>
    }
}
