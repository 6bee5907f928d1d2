//! What went wrong, in a sentence that helps.

use leptos::prelude::*;

use crate::{
    api::Failure,
    components::{live, words},
    i18n::lang,
    state::session,
};

/// What is wrong with the field that stands before this, which is marked for it.
pub(crate) fn field_fault(
    test_id: &'static str,
    of: impl Fn() -> Option<String> + Send + 'static,
) -> AnyView {
    live(move || {
        let view = |fault| {
            view! {
                <p class="fault field-fault" id=test_id role="alert" data-testid=test_id>{fault}</p>
            }
        };
        of().map(|fault| view(fault).into_any())
    })
}

/// The sentence for a failure, if there is one; read out when it appears, and able to take the
/// focus of what has gone.
#[component]
pub(crate) fn Fault(#[prop(into)] failure: Signal<Option<Failure>>) -> impl IntoView {
    live(move || {
        failure.get().map(|failure| {
            view! {
                <p class="fault" role="alert" tabindex="-1" data-testid="error-sentence">
                    {words(move || lang().failure(&failure, &session::limits()))}
                </p>
            }
            .into_any()
        })
    })
}
