//! The last look before money moves.

use hongbao_shared::{Fen, GroupId, Kind, api::groups::Group};
use leptos::prelude::*;
use wasm_bindgen::JsCast as _;
use web_sys::HtmlElement;

use super::{Form, Payment, Step, step_words};
use crate::{
    browser,
    components::{Cover, Fault, Sheet, effect, flag, live, memo, press, words},
    i18n::{Lang, joined_by_dot, lang, tr},
    money::yuan,
    state::session,
};

/// The amount, what it is, from where it comes, and the button that pays. Stays until
/// the payment has an answer.
#[component]
pub(super) fn Confirm(
    group_id: GroupId,
    form: Form,
    payment: Payment,
    group: RwSignal<Option<Group>>,
    on_close: Callback<()>,
) -> impl IntoView {
    let total = memo(move || form.total_fen().and_then(Fen::from_signed).unwrap_or_default());
    let fee = memo(move || payment.fee().unwrap_or_else(|| form.fee()));
    let cost = move || total.get().checked_add(fee.get()).unwrap_or_default();
    let balance = memo(|| session::me().and_then(|me| me.balance_fen));
    let what = move || {
        let kind = match form.kind.get() {
            Kind::Lucky => lang().kind_lucky(),
            Kind::Equal => lang().kind_equal(),
            Kind::Exclusive => lang().kind_exclusive(),
        };
        match form.recipient_id() {
            Some(id) => group.with(|group| {
                let members = group.as_ref().map_or(&[][..], |group| &group.members);
                let recipient = members.iter().find(|member| member.id == id);
                recipient.map_or_else(|| kind.to_owned(), |one| lang().packet_for(&one.name))
            }),
            None => joined_by_dot(kind, &lang().shares_of(form.share_count().unwrap_or(1))),
        }
    };
    let greeting = move || {
        let greeting = form.greeting.get();
        let greeting = greeting.trim();
        if greeting.is_empty() { lang().default_greeting().to_owned() } else { greeting.to_owned() }
    };
    let pay = move |_| {
        untrack(|| {
            if payment.can_repeat() {
                payment.repeat();
            } else if !payment.is_busy()
                && let Some(order) = form.order(group_id)
            {
                payment.start(order, fee.get());
            }
        });
    };
    // Refused before anything was paid: the sentence about the money.
    let unpaid = move || payment.step.get() == Step::Idle && payment.failure.get().is_some();
    // The button is off while it pays, and browsers take the focus from what is off.
    effect(move || {
        let next = if payment.failure.with(Option::is_some) {
            "dialog[open] .fault[tabindex]"
        } else if payment.is_fee_changed() {
            "[data-testid=send-confirm]"
        } else {
            return;
        };
        request_animation_frame(move || {
            let next = browser::find(next);
            if let Some(next) = next.and_then(|next| next.dyn_into::<HtmlElement>().ok()) {
                next.focus().ok();
            }
        });
    });
    view! {
        <Sheet title=Lang::confirm_title on_close>
            <div class="confirm" data-testid="send-confirm-sheet">
                <span class="confirm-cover"><Cover name=form.cover.get_untracked()/></span>
                <p class="confirm-amount money" data-testid="send-confirm-amount">
                    {words(move || yuan(total.get()))}
                </p>
                <p class="confirm-what">{words(what)}</p>
                <p class="muted small">{words(move || form.too_many_shares(group).unwrap_or_default())}</p>
                <p class="muted">{words(greeting)}</p>
                {live(move || (!fee.get().is_zero()).then(|| view! {
                    <p class="confirm-fee" data-testid="send-confirm-fee">
                        <span class="muted">{tr!(fee)}</span>
                        <span class="money">{words(move || yuan(fee.get()))}</span>
                        <span class="muted small">{tr!(fee_kept)}</span>
                    </p>
                }.into_any()))}
                <p class="confirm-from">
                    <span class="muted">{tr!(pay_from)}</span>
                    <span>{tr!(wallet_title)}" · "<span class="money muted">{words(move || balance.get().map(|fen| lang().balance_after(fen)).unwrap_or_default())}</span></span>
                </p>
            </div>
            <Fault failure=payment.failure/>
            <p class="muted small" role="status">
                {words(move || {
                    if payment.is_fee_changed() {
                        return lang().fee_changed();
                    }
                    let step = step_words(lang(), payment.step.get());
                    step.or_else(|| unpaid().then(|| lang().pay_nothing_moved())).unwrap_or_default()
                })}
            </p>
            <button
                type="button"
                class="button primary large"
                autofocus
                data-testid="send-confirm"
                disabled=flag(move || payment.is_busy())
                on:click=press(pay)
            >
                {words(move || match payment.step.get() {
                    Step::Paying => lang().paying().to_owned(),
                    Step::Landing => lang().landing().to_owned(),
                    Step::Unsure => lang().pay_again().to_owned(),
                    Step::Idle => lang().pay_amount(cost()),
                })}
            </button>
        </Sheet>
    }
}
