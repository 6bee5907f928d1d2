//! Coming in: a name is enough; an account if one wants.

use hongbao_shared::{ErrorCode, api::accounts::Credentials, text};
use leptos::prelude::*;

use crate::{
    api::{self, Failure},
    app::Switches,
    art::{Scene, scene},
    components::live,
    components::{Fault, words},
    i18n::{Lang, lang, tr},
    pages::groups::enter_demo,
    route,
    state::session,
    tasks::Scope,
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
            <button type="button" class="link-button" data-testid=test_id on:click=move |_| way.set(to)>
                {move || label(lang())}
            </button>
        }
    };
    move || {
        let way = way.get();
        view! {
            {match way {
                Way::Guest => view! { <NameForm newcomer/> }.into_any(),
                Way::SignIn => view! { <AccountForm create=false/> }.into_any(),
                Way::Create => view! { <AccountForm create=true/> }.into_any(),
            }}
            <div class="welcome-ways">
                {(way != Way::Guest).then(|| other(Way::Guest, "way-guest", Lang::as_guest))}
                {(way != Way::SignIn).then(|| other(Way::SignIn, "way-sign-in", Lang::have_account))}
                {(way != Way::Create).then(|| other(Way::Create, "way-create", Lang::no_account))}
            </div>
        }
    }
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
    let scope = Scope::new();
    let name = RwSignal::new(String::new());
    let busy = RwSignal::new(false);
    let failure = RwSignal::new(None::<Failure>);
    let fault = move || name_fault(&name.get());
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() || untrack(fault).is_some() {
            return;
        }
        if name.get_untracked().trim().is_empty() {
            let code = ErrorCode::NameInvalid;
            failure.set(Some(Failure::Refused { code, retry_after_s: None }));
            return;
        }
        busy.set(true);
        failure.set(None);
        scope.spawn(async move {
            match api::sign_in_as_guest(name.get_untracked().trim().to_owned()).await {
                Ok(signed_in) => {
                    // Before the session begins here: then this form goes, and what it
                    // does with it. Without a demo group there is still the list.
                    if newcomer && route::is_home() && session::limits_now().demo {
                        enter_demo().await.ok();
                    }
                    session::begin(signed_in, true).await;
                }
                Err(problem) => {
                    failure.set(Some(problem));
                    busy.set(false);
                }
            }
        });
    };
    view! {
        <form class="form" on:submit=submit>
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
            {live(move || fault().map(|fault| view! { <p class="fault" role="alert" data-testid="error-sentence">{fault}</p> }.into_any()))}
            <Fault failure=failure/>
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

#[component]
fn AccountForm(create: bool) -> impl IntoView {
    let scope = Scope::new();
    let name = RwSignal::new(String::new());
    let password = RwSignal::new(String::new());
    let busy = RwSignal::new(false);
    let failure = RwSignal::new(None::<Failure>);
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        failure.set(None);
        let credentials = Credentials {
            name: name.get_untracked().trim().to_owned(),
            password: password.get_untracked(),
        };
        scope.spawn(async move {
            let answer = if create {
                api::create_account(&credentials).await
            } else {
                api::sign_in(&credentials).await
            };
            match answer {
                Ok(signed_in) => session::begin(signed_in, false).await,
                Err(problem) => {
                    failure.set(Some(problem));
                    busy.set(false);
                }
            }
        });
    };
    let label = move || if create { lang().create_account() } else { lang().sign_in() };
    view! {
        <form class="form" on:submit=submit>
            <label class="field">
                <span class="field-label">{tr!(account_name)}</span>
                <span class="field-box">
                    <input autocomplete="username" data-testid="account-name" bind:value=name/>
                </span>
            </label>
            <label class="field">
                <span class="field-label">{tr!(password)}</span>
                <span class="field-box">
                    <input
                        type="password"
                        autocomplete=if create { "new-password" } else { "current-password" }
                        placeholder=move || if create { lang().password_hint(session::limits().password_chars_min) } else { String::new() }
                        data-testid="account-password"
                        bind:value=password
                    />
                </span>
            </label>
            <Fault failure=failure/>
            <button class="button primary large" data-testid="account-submit" disabled=busy>
                {words(move || if busy.get() { lang().entering() } else { label() })}
            </button>
        </form>
    }
}
