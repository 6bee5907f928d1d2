//! Inviting friends: by link, by the system's share sheet, and by a picture that phones scan.

mod qr;

use futures::future::FutureExt as _;
use hongbao_shared::{GroupId, api::groups::Invitation};
use leptos::{html, prelude::*};

use crate::{
    api::{self, Failure},
    browser,
    components::{Fault, Sheet, flag, live, press, words},
    i18n::{Lang, lang, lang_now, tr},
    lazy::{Coming, at_once, loaded, parts},
    state::toast,
    tasks::Scope,
};

use qr::QrPicture;

parts! {
    more: load, fn fetched(id: GroupId, on_close: Callback<()>) {
        view! { <InviteSheet id on_close/> }
    }
}

/// Fetches what [`sheet`] shows: before the sheet opens, so that it opens whole.
pub(super) fn fetch() -> Coming<()> {
    loaded(load())
}

/// The sheet that invites. Nothing, should it not have been fetched.
pub(super) fn sheet(id: GroupId, on_close: Callback<()>) -> AnyView {
    at_once(fetched(id, on_close).boxed_local())
}

#[component]
fn InviteSheet(id: GroupId, on_close: Callback<()>) -> impl IntoView {
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
            {live(move || link().map(|link| view! { <QrPicture link/> }.into_any()))}
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
            {browser::can_share().then(|| view! {
                <button
                    type="button"
                    class="button"
                    data-testid="invite-share"
                    disabled=flag(move || link().is_none())
                    on:click=press(move |_| {
                        if let Some(link) = link() {
                            scope.spawn(async move { browser::share(&link).await });
                        }
                    })
                >
                    {tr!(invite_share)}
                </button>
            })}
            {live(move || by_hand.get().then(|| view! { <p class="muted" role="status">{tr!(copy_by_hand)}</p> }.into_any()))}
        </Sheet>
    }
}
