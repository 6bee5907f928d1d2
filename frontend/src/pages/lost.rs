//! Nothing at this address.

use leptos::prelude::*;

use crate::{
    art::Scene,
    components::{Empty, Link},
    i18n::{Lang, tr},
    route::Route,
};

#[component]
pub(crate) fn LostPage() -> impl IntoView {
    view! {
        <main class="page-alone">
            <h1 class="sr-only">{tr!(not_found_title)}</h1>
            <Empty
                scene=Scene::Lost
                title=Lang::not_found_title
                lead=Lang::not_found_lead
            >
                <span class="button-link primary"><Link to=Route::Home>{tr!(to_groups)}</Link></span>
            </Empty>
        </main>
    }
}
