//! The shares that were opened.

use hongbao_shared::api::packets::Claim;
use leptos::prelude::*;

use super::load::Loaded;
use crate::{
    art::Icon,
    components::{Avatar, Fault, More, Name, Pic, live, rows, words},
    i18n::{lang, tr},
    money::yuan,
    state::session,
};

#[component]
pub(super) fn ClaimList(loaded: Loaded) -> impl IntoView {
    let claims = Memo::new(move |_| loaded.claims());
    view! {
        {live(move || claims.with(Vec::is_empty).then(|| view! { <p class="muted">{tr!(nobody_yet)}</p> }.into_any()))}
        <ol class="claims">
            {rows(
                move || claims.get(),
                |claim| (claim.seq.into(), claim.best_luck.into()),
                |claim| view! { <Row claim/> }.into_any(),
            )}
        </ol>
        <Fault failure=loaded.failure/>
        {live(move || loaded.has_more().then(|| view! {
            <More busy=loaded.busy on_more=Callback::new(move |()| loaded.more())/>
        }.into_any()))}
    }
}

#[component]
fn Row(claim: Claim) -> impl IntoView {
    let mine = session::is_me(claim.user.id);
    view! {
        <li
            class="claim"
            data-testid="claim-row"
            data-best-luck=if claim.best_luck { "true" } else { "false" }
        >
            <Avatar name=claim.user.avatar.clone()/>
            <span class="claim-words">
                <span class="claim-name">
                    <Name of=claim.user.clone()/>
                    {mine.then(|| view! { <span class="badge">{tr!(you)}</span> })}
                </span>
                <span class="claim-when money">{words(move || lang().clock_s(claim.opened_at))}</span>
            </span>
            <span class="claim-money">
                <span class="claim-amount money">{yuan(claim.amount_fen)}</span>
                {claim.best_luck.then(|| view! {
                    <span class="crown" data-testid="crown">
                        <Pic icon=Icon::Crown/>
                        {tr!(best_luck)}
                    </span>
                })}
            </span>
        </li>
    }
}
