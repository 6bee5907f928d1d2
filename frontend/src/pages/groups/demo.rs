//! A group with demo members: the way in for somebody who is alone (R-WEB-6).

use leptos::prelude::*;

use crate::{
    api::{self, Failure},
    attempt::Attempt,
    components::{Fault, press, words},
    i18n::{lang, lang_now, tr},
    route::{self, Route},
    state::groups,
};

/// Makes the group, or finds it again, and goes there in place of the present screen.
pub(in crate::pages) async fn enter_demo() -> Result<(), Failure> {
    let group = api::demo(lang_now().on_the_wire()).await?;
    route::go_instead(Route::Chat(group.id));
    Ok(())
}

#[component]
pub(in crate::pages) fn DemoButton() -> impl IntoView {
    let attempt = Attempt::new();
    let busy = attempt.busy;
    let start = move |_| {
        attempt.run(async {
            let group = api::demo(lang_now().on_the_wire()).await?;
            groups::news();
            route::go(Route::Chat(group.id));
            Ok(())
        });
    };
    view! {
        <button
            type="button"
            class="button primary"
            data-testid="demo-start"
            disabled=busy
            on:click=press(start)
        >
            {words(move || if busy.get() { lang().demo_starting() } else { lang().demo_start() })}
        </button>
        <p class="muted small">{tr!(demo_lead)}</p>
        <Fault failure=attempt.failure/>
    }
}
