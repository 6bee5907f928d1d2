//! Nothing at this address.

use leptos::prelude::*;

use crate::{
    art::Scene,
    components::{Empty, Link},
    i18n::{lang, tr},
    route::Route,
};

#[component]
pub(crate) fn LostPage() -> impl IntoView {
    view! {
        <main class="page-alone">
            <h1 class="sr-only">{tr!(not_found_title)}</h1>
            <Empty
                scene=Scene::Lost
                title=Signal::derive(|| lang().not_found_title().to_owned())
                lead=Signal::derive(|| lang().not_found_lead().to_owned())
            >
                <span class="button-link primary"><Link to=Route::Home>{tr!(to_groups)}</Link></span>
            </Empty>
        </main>
    }
}
