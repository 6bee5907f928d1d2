//! Oneself: name and picture, account, sessions, settings, the way out.

mod profile;
mod sessions;
mod settings;

use leptos::prelude::*;

use crate::{
    api::Failure,
    art::Icon,
    components::{Avatar, Fault, Link, Pic, Sheet, live, memo, press, words},
    i18n::{Lang, text, tr},
    pages::{CredentialsForm, Purpose},
    route::Route,
    state::session,
    tasks::Scope,
};

use profile::ProfileForm;
use sessions::Sessions;
use settings::Settings;

/// What lies over the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Over {
    Nothing,
    Profile,
    Account,
    Password,
    SignOut,
}

#[component]
pub(crate) fn MePage() -> impl IntoView {
    let scope = Scope::new();
    let failure = RwSignal::new(None::<Failure>);
    let over = RwSignal::new(Over::Nothing);
    let close = Callback::new(move |()| over.set(Over::Nothing));
    let user = memo(|| session::me().map(|me| me.user));
    let is_guest = memo(|| session::me().is_some_and(|me| me.is_guest));
    let leave = Callback::new(move |()| {
        scope.spawn(async move {
            if let Err(problem) = session::sign_out().await {
                failure.set(Some(problem));
                over.set(Over::Nothing);
            }
        });
    });
    let ask = move |_| {
        if is_guest.get_untracked() { over.set(Over::SignOut) } else { leave.run(()) }
    };
    view! {
        <div class="page" data-testid="me">
            <header class="bar"><h1 class="bar-title">{tr!(me_title)}</h1></header>
            <div class="page-body">
                {live(move || user.get().map(|user| view! {
                    <section class="panel me-card">
                        <Avatar name=user.avatar/>
                        <div>
                            <p class="me-name" data-testid="me-name">{user.name}</p>
                            {live(move || is_guest.get().then(|| view! { <p class="badge">{tr!(guest_badge)}</p> }.into_any()))}
                        </div>
                        <button
                            type="button"
                            class="icon-button"
                            data-testid="profile-edit"
                            aria-label=tr!(profile_edit)
                            on:click=press(move |_| over.set(Over::Profile))
                        >
                            <Pic icon=Icon::Pen/>
                        </button>
                    </section>
                }.into_any()))}
                {live(move || Some(if is_guest.get() {
                    view! {
                        <section class="notice guest-note">
                            <p>{tr!(guest_note)}</p>
                            <button
                                type="button"
                                class="button primary"
                                data-testid="make-account"
                                on:click=press(move |_| over.set(Over::Account))
                            >
                                {tr!(make_account)}
                            </button>
                        </section>
                    }.into_any()
                } else {
                    view! {
                        <section class="panel">
                            <h2>{tr!(account)}</h2>
                            <p class="muted" data-testid="login-name">
                                {words(|| session::me().and_then(|me| me.login_name).unwrap_or_default())}
                            </p>
                            <button
                                type="button"
                                class="setting"
                                data-testid="change-password"
                                on:click=press(move |_| over.set(Over::Password))
                            >
                                <span>{tr!(change_password)}</span>
                                <span class="muted"><Pic icon=Icon::Next/></span>
                            </button>
                        </section>
                    }.into_any()
                }))}
                <Sessions/>
                <Settings/>
                <ToOps/>
                <Fault failure=failure/>
                <button type="button" class="button danger" data-testid="sign-out" on:click=press(ask)>
                    {tr!(sign_out)}
                </button>
            </div>
        </div>
        {live(move || Some(match over.get() {
            Over::Nothing => ().into_any(),
            Over::Profile => view! { <ProfileForm on_close=close/> }.into_any(),
            Over::Account => view! { <Ask purpose=Purpose::Upgrade on_close=close/> }.into_any(),
            Over::Password => view! { <Ask purpose=Purpose::ChangePassword on_close=close/> }.into_any(),
            Over::SignOut => view! { <SignOut leave on_close=close/> }.into_any(),
        }))}
    }
}

/// The way to the operations page, for those whom it is for.
#[component]
fn ToOps() -> impl IntoView {
    let is_admin = memo(|| session::me().is_some_and(|me| me.is_admin));
    live(move || {
        is_admin.get().then(|| {
            view! {
                    <section class="panel" data-testid="to-ops">
                        <Link to=Route::Ops>
                            <span class="setting">
                                <span>{tr!(ops_title)}</span>
                                <span class="muted"><Pic icon=Icon::Next/></span>
                            </span>
                        </Link>
                    </section>
            }
            .into_any()
        })
    })
}

/// The form for an account or a password, and what it means.
#[component]
fn Ask(purpose: Purpose, on_close: Callback<()>) -> impl IntoView {
    let is_change = purpose == Purpose::ChangePassword;
    let title = if is_change { Lang::change_password } else { Lang::make_account };
    let lead = if is_change { Lang::change_password_lead } else { Lang::make_account_lead };
    view! {
        <Sheet title on_close>
            <p class="muted">{text(lead)}</p>
            <CredentialsForm purpose on_done=on_close/>
        </Sheet>
    }
}

/// A guest who leaves cannot come back, so they are asked.
#[component]
fn SignOut(leave: Callback<()>, on_close: Callback<()>) -> impl IntoView {
    view! {
        <Sheet title=Lang::sign_out on_close>
            <p>{tr!(sign_out_sure)}</p>
            <button
                type="button"
                class="button danger"
                data-testid="question-yes"
                on:click=press(move |_| leave.run(()))
            >
                {tr!(sign_out_anyway)}
            </button>
            <button type="button" class="button" data-testid="question-no" on:click=press(move |_| on_close.run(()))>
                {tr!(cancel)}
            </button>
        </Sheet>
    }
}
