//! A group with demo members: the way in for somebody who is alone (R-WEB-6).

use leptos::prelude::*;

use crate::{
    api::{self, Failure},
    components::{Fault, words},
    i18n::{lang, lang_now, tr},
    route::{self, Route},
    state::groups,
    tasks::Scope,
};

/// Makes the group, or finds it again, and goes there in place of the present screen.
pub(in crate::pages) async fn enter_demo() -> Result<(), Failure> {
    let group = api::demo(lang_now().on_the_wire()).await?;
    route::go_instead(Route::Chat(group.id));
    Ok(())
}

#[component]
pub(in crate::pages) fn DemoButton() -> impl IntoView {
    let scope = Scope::new();
    let busy = RwSignal::new(false);
    let failure = RwSignal::new(None::<Failure>);
    let start = move |_| {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        failure.set(None);
        scope.spawn(async move {
            match api::demo(lang_now().on_the_wire()).await {
                Ok(group) => {
                    groups::news();
                    busy.set(false);
                    route::go(Route::Chat(group.id));
                }
                Err(problem) => {
                    failure.set(Some(problem));
                    busy.set(false);
                }
            }
        });
    };
    view! {
        <button
            type="button"
            class="button primary"
            data-testid="demo-start"
            disabled=busy
            on:click=start
        >
            {words(move || if busy.get() { lang().demo_starting() } else { lang().demo_start() })}
        </button>
        <p class="muted small">{tr!(demo_lead)}</p>
        <Fault failure=failure/>
    }
}
