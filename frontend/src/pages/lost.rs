//! Nothing at this address.

use leptos::prelude::*;
use leptos_router::components::A;

use crate::{
    art::Scene,
    components::Empty,
    i18n::{lang, tr},
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
                <span class="button-link primary"><A href="/">{tr!(to_groups)}</A></span>
            </Empty>
        </main>
    }
}
