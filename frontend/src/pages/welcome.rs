//! Coming in: a name is enough; an account if one wants.

use hongbao_shared::{ErrorCode, text};
use leptos::prelude::*;

use crate::{
    api::{self, Failure},
    art::{Scene, scene},
    attempt::Attempt,
    components::{Fault, Switches, field_fault, live, press, submits, words},
    i18n::{Lang, lang, text as said, tr},
    pages::{Purpose, credentials::fetched_form, groups::enter_demo},
    route,
    state::session,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Guest,
    SignIn,
    Create,
}

#[component]
pub(crate) fn WelcomePage(ended: bool) -> impl IntoView {
    view! {
        <main class="welcome">
            <div class="welcome-switches"><Switches/></div>
            <section class="welcome-card">
                <div class="welcome-art" inner_html=scene(Scene::Opened)></div>
                <h1 class="welcome-title">{tr!(app_name)}</h1>
                <p class="welcome-tagline">{tr!(tagline)}</p>
                {ended.then(|| view! {
                    <p class="notice" role="status" data-testid="error-sentence">{tr!(session_over)}</p>
                })}
                <GuestForm newcomer=true/>
                <p class="welcome-promise">{tr!(promise)}</p>
            </section>
        </main>
    }
}

/// One field for a guest, or name and password. A newcomer is led into a demo group.
#[component]
pub(crate) fn GuestForm(newcomer: bool) -> impl IntoView {
    let way = RwSignal::new(Way::Guest);
    let other = move |to: Way, test_id: &'static str, label: fn(Lang) -> &'static str| {
        view! {
            <button type="button" class="link-button" data-testid=test_id on:click=press(move |_| way.set(to))>
                {said(label)}
            </button>
        }
    };
    live(move || {
        let way = way.get();
        Some(view! {
            {match way {
                Way::Guest => view! { <NameForm newcomer/> }.into_any(),
                Way::SignIn => fetched_form(Purpose::SignIn),
                Way::Create => fetched_form(Purpose::Create),
            }}
            <div class="welcome-ways">
                {(way != Way::Guest).then(|| other(Way::Guest, "way-guest", Lang::as_guest))}
                {(way != Way::SignIn).then(|| other(Way::SignIn, "way-sign-in", Lang::have_account))}
                {(way != Way::Create).then(|| other(Way::Create, "way-create", Lang::no_account))}
            </div>
        }.into_any())
    })
}

/// The sentence about a name, by the server's own rule.
pub(super) fn name_fault(name: &str) -> Option<String> {
    let limits = session::limits();
    let chars_max = usize::try_from(limits.name_chars_max).unwrap_or(usize::MAX);
    match text::one_line(name, chars_max) {
        Ok(_) | Err(text::TextFault::Empty) => None,
        Err(_) => Some(lang().error(ErrorCode::NameInvalid, &limits)),
    }
}

#[component]
fn NameForm(newcomer: bool) -> impl IntoView {
    let attempt = Attempt::new();
    let busy = attempt.busy;
    let name = RwSignal::new(String::new());
    let fault = move || name_fault(&name.get());
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if untrack(fault).is_some() {
            return;
        }
        if name.get_untracked().trim().is_empty() {
            let code = ErrorCode::NameInvalid;
            attempt.failure.set(Some(Failure::Refused { code, retry_after_s: None }));
            return;
        }
        attempt.run(async move {
            let signed_in = api::sign_in_as_guest(name.get_untracked().trim().to_owned()).await?;
            // Before the session begins here: then this form goes, and what it does with it.
            // Without a demo group there is still the list.
            if newcomer && route::is_home() && session::limits_now().demo {
                enter_demo().await.ok();
            }
            session::begin(signed_in, true).await;
            Ok(())
        });
    };
    view! {
        <form class="form" on:submit=submits(submit)>
            <label class="field">
                <span class="field-label">{tr!(your_name)}</span>
                <span class="field-box">
                    <input
                        autocomplete="nickname"
                        placeholder=tr!(your_name_hint)
                        data-testid="guest-name"
                        bind:value=name
                    />
                </span>
            </label>
            {field_fault("error-sentence", fault)}
            <Fault failure=attempt.failure/>
            <button
                class="button primary large"
                data-testid="guest-submit"
                disabled=busy
            >
                {words(move || if busy.get() { lang().entering() } else { lang().enter() })}
            </button>
        </form>
    }
}
