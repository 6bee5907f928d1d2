//! Inviting friends.

use hongbao_shared::{GroupId, api::groups::Invitation};
use leptos::{html, prelude::*};

use crate::{
    api::{self, Failure},
    browser,
    components::{Fault, Sheet, flag, live, press, words},
    i18n::{Lang, lang, lang_now, tr},
    state::toast,
    tasks::Scope,
};

#[component]
pub(in crate::pages) fn InviteSheet(id: GroupId, on_close: Callback<()>) -> impl IntoView {
    let scope = Scope::new();
    let invitation = RwSignal::new(None::<Invitation>);
    let failure = RwSignal::new(None::<Failure>);
    let by_hand = RwSignal::new(false);
    let copied = RwSignal::new(false);
    let field = NodeRef::<html::Input>::new();
    let ask = move || {
        failure.set(None);
        scope.spawn(async move {
            match api::invite(id).await {
                Ok(answer) => invitation.set(Some(answer)),
                Err(problem) => failure.set(Some(problem)),
            }
        });
    };
    ask();
    let link = move || {
        invitation.with(|invitation| {
            invitation
                .as_ref()
                .map(|invitation| format!("{}/join/{}", browser::origin(), invitation.code))
        })
    };
    let copy = move |_| {
        let Some(link) = link() else { return };
        if let Some(field) = field.get_untracked() {
            field.select();
        }
        scope.spawn(async move {
            let done = browser::copy(&link).await;
            by_hand.set(!done);
            copied.set(done);
            if done {
                toast::show(lang_now().copied());
            }
        });
    };
    view! {
        <Sheet title=Lang::invite_title on_close>
            <p class="muted">{tr!(invite_lead)}</p>
            <Fault failure=failure/>
            {live(move || failure.get().is_some().then(|| view! {
                <button type="button" class="button" on:click=press(move |_| ask())>{tr!(retry)}</button>
            }.into_any()))}
            {live(move || link().map(|link| view! {
                <label class="field">
                    <span class="field-label">{tr!(invite_link)}</span>
                    <span class="field-box">
                        <input readonly data-testid="invite-link" node_ref=field prop:value=link/>
                    </span>
                </label>
            }.into_any()))}
            {live(move || invitation.with(|invitation| {
                let at = invitation.as_ref()?.expires_at;
                Some(view! {
                    <p class="muted small">
                        {words(move || lang().invitation_until(&lang().day_and_clock(at)))}
                    </p>
                }.into_any())
            }))}
            <button
                type="button"
                class="button primary"
                data-testid="invite-copy"
                disabled=flag(move || link().is_none())
                on:click=press(copy)
            >
                {words(move || if copied.get() { lang().copied() } else { lang().copy() })}
            </button>
            {live(move || by_hand.get().then(|| view! { <p class="muted" role="status">{tr!(copy_by_hand)}</p> }.into_any()))}
        </Sheet>
    }
}
