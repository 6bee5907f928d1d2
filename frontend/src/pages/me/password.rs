//! A new password.

use hongbao_shared::api::accounts::PasswordChange;
use leptos::prelude::*;

use crate::{
    api::{self, Failure},
    components::{Fault, Sheet},
    i18n::{Lang, lang, lang_now, tr},
    state::{session, toast},
    tasks::Scope,
};

#[component]
pub(super) fn PasswordForm(on_close: Callback<()>) -> impl IntoView {
    let scope = Scope::new();
    let current = RwSignal::new(String::new());
    let new = RwSignal::new(String::new());
    let busy = RwSignal::new(false);
    let failure = RwSignal::new(None::<Failure>);
    let name = untrack(session::me).map(|me| me.user.name).unwrap_or_default();
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        failure.set(None);
        let change = PasswordChange { current: current.get_untracked(), new: new.get_untracked() };
        scope.spawn(async move {
            match api::change_password(&change).await {
                Ok(()) => {
                    toast::show(lang_now().password_changed());
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
        <Sheet title=Lang::change_password on_close>
            <p class="muted">{tr!(change_password_lead)}</p>
            <form class="form" on:submit=submit>
                // For password managers, which ask whose password it is.
                <input type="text" autocomplete="username" hidden readonly prop:value=name/>
                <label class="field">
                    <span class="field-label">{tr!(password_now)}</span>
                    <span class="field-box">
                        <input type="password" autocomplete="current-password" data-testid="password-current" bind:value=current/>
                    </span>
                </label>
                <label class="field">
                    <span class="field-label">{tr!(password_new)}</span>
                    <span class="field-box">
                        <input
                            type="password"
                            autocomplete="new-password"
                            placeholder=move || lang().password_hint(session::limits().password_chars_min)
                            data-testid="password-new"
                            bind:value=new
                        />
                    </span>
                </label>
                <Fault failure=failure/>
                <button class="button primary large" data-testid="password-submit" disabled=busy>
                    {tr!(change_password)}
                </button>
            </form>
        </Sheet>
    }
}
