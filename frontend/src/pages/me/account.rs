//! A guest becomes an account, and keeps everything (R-PEOPLE-1).

use hongbao_shared::api::accounts::Credentials;
use leptos::prelude::*;

use crate::{
    api::{self, Failure},
    components::{Fault, Sheet},
    i18n::{lang, lang_now, tr},
    state::{session, toast},
    tasks::Scope,
};

#[component]
pub(super) fn AccountForm(on_close: Callback<()>) -> impl IntoView {
    let scope = Scope::new();
    let name = RwSignal::new(untrack(session::me).map(|me| me.user.name).unwrap_or_default());
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
            match api::make_account(&credentials).await {
                Ok(me) => {
                    session::set_me(me);
                    toast::show(lang_now().account_made());
                    on_close.run(());
                }
                Err(problem) => {
                    failure.set(Some(problem));
                    busy.set(false);
                }
            }
        });
    };
    view! {
        <Sheet title=Signal::derive(|| lang().make_account().to_owned()) on_close>
            <p class="muted">{tr!(make_account_lead)}</p>
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
                            autocomplete="new-password"
                            placeholder=move || lang().password_hint(session::limits().password_chars_min)
                            data-testid="account-password"
                            bind:value=password
                        />
                    </span>
                </label>
                <Fault failure=failure/>
                <button class="button primary large" data-testid="account-submit" disabled=move || busy.get()>
                    {tr!(make_account)}
                </button>
            </form>
        </Sheet>
    }
}
