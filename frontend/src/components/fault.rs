//! What went wrong, in a sentence that helps.

use leptos::prelude::*;

use crate::{api::Failure, components::words, i18n::lang, state::session};

/// The sentence for a failure, if there is one; read out when it appears.
#[component]
pub(crate) fn Fault(#[prop(into)] failure: Signal<Option<Failure>>) -> impl IntoView {
    move || {
        failure.get().map(|failure| {
            view! {
                <p class="fault" role="alert" data-testid="error-sentence">
                    {words(move || lang().failure(&failure, &session::limits()))}
                </p>
            }
        })
    }
}
