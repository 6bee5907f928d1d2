//! The shares that were opened.

use hongbao_shared::{Fen, api::packets::Opener};
use leptos::prelude::*;

use super::load::Loaded;
use crate::{
    art::Icon,
    components::{Avatar, Fault, More, Name, Pic, live, memo, rows, words},
    i18n::{lang, tr},
    money::yuan,
    who,
};

#[component]
pub(super) fn ClaimList(loaded: Loaded) -> impl IntoView {
    let rows_of = memo(move || loaded.rows());
    // Of a packet for one it has been said already.
    let for_one =
        move || loaded.details.with(|of| of.as_ref().is_some_and(|of| of.recipient.is_some()));
    let nobody = move || rows_of.with(Vec::is_empty) && !for_one();
    view! {
        {live(move || nobody().then(|| view! { <p class="muted">{tr!(nobody_yet)}</p> }.into_any()))}
        <ol class="claims">
            {rows(
                move || rows_of.get(),
                |(opener, amount, best)| (opener.seq.into(), i64::from(amount.is_some()) + i64::from(*best)),
                |(opener, amount, best_luck)| view! { <Row opener amount best_luck/> }.into_any(),
            )}
        </ol>
        <Fault failure=loaded.failure/>
        {live(move || loaded.has_more().then(|| view! {
            <More busy=loaded.busy on_more=Callback::new(move |()| loaded.more())/>
        }.into_any()))}
    }
}

/// Who opened, what it held if that may be known, and whether it is the best luck.
#[component]
fn Row(opener: Opener, amount: Option<Fen>, best_luck: bool) -> impl IntoView {
    let mine = who::is_me(opener.user.id);
    view! {
        <li
            class="claim"
            data-testid="claim-row"
            data-best-luck=if best_luck { "true" } else { "false" }
        >
            <Avatar name=opener.user.avatar.clone()/>
            <span class="claim-words">
                <span class="claim-name">
                    <Name of=opener.user/>
                    {mine.then(|| view! { <span class="badge">{tr!(you)}</span> })}
                </span>
                <span class="claim-when money">{words(move || lang().clock_s(opener.opened_at))}</span>
            </span>
            {amount.map(|amount| view! {
                <span class="claim-money">
                    <span class="claim-amount money">{yuan(amount)}</span>
                    {best_luck.then(|| view! {
                        <span class="crown" data-testid="crown">
                            <Pic icon=Icon::Crown/>
                            {tr!(best_luck)}
                        </span>
                    })}
                </span>
            })}
        </li>
    }
}
