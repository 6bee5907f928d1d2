//! A person's name.

use hongbao_shared::api::accounts::Profile;
use leptos::prelude::*;

use crate::i18n::tr;

/// The name, and the mark of a demo member (R-WEB-6): nobody shall take one for a
/// person.
#[component]
pub(crate) fn Name(of: Profile) -> impl IntoView {
    view! {
        <span class="clip">{of.name}</span>
        {of.is_demo.then(|| view! { <span class="badge demo" data-testid="demo-mark">{tr!(demo_mark)}</span> })}
    }
}
