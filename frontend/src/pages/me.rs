//! Oneself: name and picture, account, sessions, settings, the way out.

mod account;
mod password;
mod profile;
mod sessions;

use leptos::prelude::*;

use crate::{
    api::Failure,
    art::Icon,
    components::{Avatar, Fault, Pic, Sheet},
    i18n::{self, lang, tr},
    state::{session, theme},
    tasks::Scope,
};

use account::AccountForm;
use password::PasswordForm;
use profile::ProfileForm;
use sessions::Sessions;

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
    let user = Memo::new(|_| session::me().map(|me| me.user));
    let is_guest = Memo::new(|_| session::me().is_some_and(|me| me.is_guest));
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
                {move || user.get().map(|user| view! {
                    <section class="panel me-card">
                        <Avatar name=user.avatar/>
                        <div>
                            <p class="me-name" data-testid="me-name">{user.name}</p>
                            {move || is_guest.get().then(|| view! { <p class="badge">{tr!(guest_badge)}</p> })}
                        </div>
                        <button
                            type="button"
                            class="icon-button"
                            data-testid="profile-edit"
                            aria-label=tr!(profile_edit)
                            on:click=move |_| over.set(Over::Profile)
                        >
                            <Pic icon=Icon::Pen/>
                        </button>
                    </section>
                })}
                {move || if is_guest.get() {
                    view! {
                        <section class="notice guest-note">
                            <p>{tr!(guest_note)}</p>
                            <button
                                type="button"
                                class="button primary"
                                data-testid="make-account"
                                on:click=move |_| over.set(Over::Account)
                            >
                                {tr!(make_account)}
                            </button>
                        </section>
                    }.into_any()
                } else {
                    view! {
                        <section class="panel">
                            <h2>{tr!(account)}</h2>
                            <button
                                type="button"
                                class="setting"
                                data-testid="change-password"
                                on:click=move |_| over.set(Over::Password)
                            >
                                <span>{tr!(change_password)}</span>
                                <span class="muted"><Pic icon=Icon::Next/></span>
                            </button>
                        </section>
                    }.into_any()
                }}
                <Sessions/>
                <section class="panel">
                    <h2>{tr!(settings)}</h2>
                    <button type="button" class="setting" data-testid="setting-language" on:click=|_| i18n::toggle()>
                        <span>{tr!(language)}</span><span class="muted">{tr!(language_now)}</span>
                    </button>
                    <button type="button" class="setting" data-testid="setting-theme" on:click=|_| theme::toggle()>
                        <span>{tr!(theme)}</span>
                        <span class="muted">
                            {move || if theme::is_dark() { lang().theme_dark() } else { lang().theme_light() }}
                        </span>
                    </button>
                </section>
                <Fault failure=failure/>
                <button type="button" class="button danger" data-testid="sign-out" on:click=ask>
                    {tr!(sign_out)}
                </button>
            </div>
        </div>
        {move || match over.get() {
            Over::Nothing => ().into_any(),
            Over::Profile => view! { <ProfileForm on_close=close/> }.into_any(),
            Over::Account => view! { <AccountForm on_close=close/> }.into_any(),
            Over::Password => view! { <PasswordForm on_close=close/> }.into_any(),
            Over::SignOut => view! { <SignOut leave on_close=close/> }.into_any(),
        }}
    }
}

/// A guest who leaves cannot come back, so they are asked.
#[component]
fn SignOut(leave: Callback<()>, on_close: Callback<()>) -> impl IntoView {
    view! {
        <Sheet title=Signal::derive(|| lang().sign_out().to_owned()) on_close>
            <p>{tr!(sign_out_sure)}</p>
            <button
                type="button"
                class="button danger"
                data-testid="question-yes"
                on:click=move |_| leave.run(())
            >
                {tr!(sign_out_anyway)}
            </button>
            <button type="button" class="button" data-testid="question-no" on:click=move |_| on_close.run(())>
                {tr!(cancel)}
            </button>
        </Sheet>
    }
}
