//! Nothing to show yet, and a way out.

use leptos::prelude::*;

use crate::{
    api::Failure,
    components::{Fault, Link},
    i18n::tr,
    route::Route,
};

/// Stands where a screen will be: why it is not there yet, if that is known, and after a few
/// seconds a way to the groups. On a phone nothing else leads anywhere.
#[component]
pub(crate) fn Waiting(#[prop(optional, into)] failure: Signal<Option<Failure>>) -> impl IntoView {
    view! {
        <div class="splash">
            <p role="status">{tr!(loading)}</p>
            <Fault failure/>
            <span class="button-link late" data-testid="waiting-home"><Link to=Route::Home>{tr!(to_groups)}</Link></span>
        </div>
    }
}
