//! A payment whose end this browser never saw, for instance because of a reload.

use hongbao_shared::GroupId;
use leptos::{html, prelude::*};

use crate::{
    api::{self, Paid},
    attempt::Attempt,
    components::{Fault, effect, live, press, words},
    gesture,
    i18n::{lang, lang_now, tr},
    state::{
        payments::{self, Pending},
        session, toast,
    },
    tasks::Scope,
};

/// Looks whether the packet is there; if not, offers to finish or to leave it. Never
/// pays by itself: the person may have changed their mind.
#[component]
pub(super) fn PendingNotice(group: GroupId) -> impl IntoView {
    let scope = Scope::new();
    let shown = RwSignal::new(None::<Pending>);
    let attempt = Attempt::new();
    if let Some(pending) = payments::pending().filter(|pending| pending.group_id == group) {
        scope.spawn(async move {
            if api::packet(pending.order_no).await.is_ok() {
                payments::settle();
                toast::show(lang_now().sent());
            } else {
                shown.set(Some(pending));
            }
        });
    }
    let finish = move |_| {
        let Some(pending) = shown.get_untracked() else { return };
        attempt.run(async move {
            let answer = api::pay(pending.order_no, pending.client_seed).await;
            if answer.as_ref().err().is_none_or(|problem| !problem.is_passing()) {
                payments::settle();
            }
            let paid = answer?;
            shown.set(None);
            toast::show(match paid {
                Paid::Landed => lang_now().sent(),
                Paid::Landing => lang_now().landing_slow(),
            });
            session::refresh_balance().await;
            Ok(())
        });
    };
    let place = NodeRef::<html::Div>::new();
    effect(move || {
        if let Some(place) = place.get() {
            gesture::settle(&place, scope);
        }
    });
    let leave = move |_| {
        payments::settle();
        shown.set(None);
        toast::show(lang_now().pay_left());
    };
    live(move || {
        shown.get().map(|pending| {
            view! {
                <div class="notice pending" role="status" data-testid="pending-payment" node_ref=place>
                    <p>
                        <strong>{words(move || lang().pending_of(pending.total_fen, pending.fee_fen))}</strong>
                        " "
                        {tr!(pay_still_open)}
                    </p>
                    <Fault failure=attempt.failure/>
                    <span class="pending-actions">
                        <button
                            type="button"
                            class="button primary"
                            data-testid="pending-finish"
                            disabled=attempt.busy
                            on:click=press(finish)
                        >
                            {tr!(pay_again)}
                        </button>
                        <button type="button" class="button" data-testid="pending-leave" on:click=press(leave)>{tr!(pay_leave)}</button>
                    </span>
                </div>
            }
            .into_any()
        })
    })
}
