//! A lost connection, said calmly.

use leptos::prelude::*;

use crate::{
    components::{live, memo},
    i18n::tr,
    state::stream,
};

/// Says so while the connection has been away for a moment; nothing while all is well.
#[component]
pub(crate) fn LinkNotice() -> impl IntoView {
    let lost = memo(stream::is_lost);
    view! {
        <div role="status">
            {live(move || lost.get().then(|| view! {
                <p class="link-lost" data-testid="link-lost">{tr!(connection_lost)}</p>
            }.into_any()))}
        </div>
    }
}
