//! A new group, or one that a friend has invited to.

use futures::future::FutureExt as _;
use hongbao_shared::{ErrorCode, text};
use leptos::prelude::*;

use crate::{
    api,
    attempt::Attempt,
    components::{Fault, field_fault, flag, submits, words},
    i18n::{lang, tr},
    lazy::{loaded, page, parts},
    route::{self, Route},
    state::{groups, session},
};

parts! {
    found: load, fn founding(on_done: Callback<()>) {
        view! {
            <NewGroupForm on_done/>
            <hr/>
            <JoinForm on_done/>
        }
    }
}

/// Both forms, whose code is fetched when the sheet opens.
pub(super) fn new_group(on_done: Callback<()>) -> AnyView {
    page(|| loaded(load()), move || founding(on_done).boxed_local())
}

#[component]
fn NewGroupForm(on_done: Callback<()>) -> impl IntoView {
    let attempt = Attempt::new();
    let busy = attempt.busy;
    let name = RwSignal::new(String::new());
    let fault = move || {
        let limits = session::limits();
        let chars_max = usize::try_from(limits.group_name_chars_max).unwrap_or(usize::MAX);
        match name.with(|name| text::one_line(name, chars_max)) {
            Ok(_) | Err(text::TextFault::Empty) => None,
            Err(_) => Some(lang().error(ErrorCode::GroupNameInvalid, &limits)),
        }
    };
    let empty = move || name.with(|name| name.trim().is_empty());
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if untrack(empty) || untrack(fault).is_some() {
            return;
        }
        attempt.run(async move {
            let group = api::create_group(name.get_untracked().trim().to_owned()).await?;
            groups::news();
            route::go(Route::Chat(group.id));
            on_done.run(());
            Ok(())
        });
    };
    view! {
        <form class="form" on:submit=submits(submit)>
            <label class="field">
                <span class="field-label">{tr!(group_name)}</span>
                <span class="field-box">
                    <input
                        autocomplete="off"
                        autofocus
                        placeholder=tr!(group_name_hint)
                        data-testid="group-name"
                        bind:value=name
                    />
                </span>
            </label>
            {field_fault("error-sentence", fault)}
            <Fault failure=attempt.failure/>
            <button
                class="button primary"
                data-testid="group-create"
                disabled=flag(move || busy.get() || empty())
            >
                {words(move || if busy.get() { lang().creating() } else { lang().create() })}
            </button>
        </form>
    }
}

#[component]
fn JoinForm(on_done: Callback<()>) -> impl IntoView {
    let link = RwSignal::new(String::new());
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let link = link.get_untracked();
        // A whole link or the code alone: the code is what stands last.
        let code = link.trim().trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        if !code.is_empty() {
            let code = String::from(js_sys::encode_uri_component(code));
            on_done.run(());
            route::go(Route::Join(code));
        }
    };
    view! {
        <form class="form" on:submit=submits(submit)>
            <label class="field">
                <span class="field-label">{tr!(join_group)}</span>
                <span class="field-row">
                    <span class="field-box">
                        <input
                            autocomplete="off"
                            placeholder=tr!(invitation_field)
                            data-testid="join-code"
                            bind:value=link
                        />
                    </span>
                    <button class="button" data-testid="join-submit">{tr!(join)}</button>
                </span>
            </label>
        </form>
    }
}
