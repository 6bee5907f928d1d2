//! Topping up the demo wallet, on its own page and inside the send sheet.

use hongbao_shared::{ErrorCode, Fen, api::wallet::TopUpRequest};
use leptos::prelude::*;

use crate::{
    api,
    attempt::Attempt,
    browser,
    components::live,
    components::{Fault, field_fault, field_symbol, flag, press, submits, words},
    i18n::{lang, lang_now, tr},
    money::{Typed, digits, parse_yuan, yuan},
    state::{session, toast},
};

/// Offered with one tap.
const SUGGESTIONS_FEN: [u64; 4] = [888, 6_600, 20_000, 100_000];

/// A field and a button. The key of a try is kept until its answer is known, so that
/// a second tap after a lost answer brings the money once.
#[component]
pub(crate) fn TopUpForm(on_done: Callback<()>) -> impl IntoView {
    let attempt = Attempt::new();
    let busy = attempt.busy;
    let amount = RwSignal::new(String::new());
    let unsure = RwSignal::new(false);
    let asked = RwSignal::new(None::<TopUpRequest>);
    let hint = move || match parse_yuan(&amount.get()) {
        Typed::Unreadable => Some(lang().amount_unreadable().to_owned()),
        Typed::TooFine => Some(lang().amount_too_fine()),
        Typed::Fen(fen) => {
            let limits = session::limits();
            let fits = Fen::from_signed(fen)
                .is_some_and(|fen| !fen.is_zero() && fen <= limits.max_top_up_fen);
            (!fits).then(|| lang().error(ErrorCode::TopUpOutOfRange, &limits))
        }
        Typed::Empty => None,
    };
    let ready = move || {
        matches!(parse_yuan(&amount.get()), Typed::Fen(_)) && hint().is_none() && !busy.get()
    };
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let Typed::Fen(amount_fen) = parse_yuan(&amount.get_untracked()) else { return };
        if !untrack(ready) {
            return;
        }
        let request = asked
            .get_untracked()
            .filter(|request| request.amount_fen == amount_fen)
            .unwrap_or_else(|| TopUpRequest { amount_fen, key: browser::random_key() });
        asked.set(Some(request.clone()));
        unsure.set(false);
        attempt.run(async move {
            let answer = api::top_up(&request).await.inspect_err(|problem| {
                unsure.set(problem.is_passing() && problem.code().is_none());
            });
            if answer.as_ref().err().is_none_or(|problem| !problem.is_passing()) {
                asked.set(None);
            }
            let top_up = answer?;
            amount.set(String::new());
            session::set_balance(top_up.balance_fen);
            toast::show(lang_now().topped_up(top_up.amount_fen));
            on_done.run(());
            Ok(())
        });
    };
    view! {
        <form class="form" data-testid="top-up" on:submit=submits(submit)>
            <p class="muted">{tr!(top_up_lead)}</p>
            <label class="field">
                <span class="field-label">{tr!(top_up_amount)}</span>
                <span class="field-box">
                    {field_symbol(false)}
                    <input
                        class="money"
                        inputmode="decimal"
                        autocomplete="off"
                        placeholder=digits(Fen::ZERO)
                        data-testid="top-up-amount"
                        bind:value=amount
                    />
                    {field_symbol(true)}
                </span>
            </label>
            {field_fault("error-sentence", hint)}
            <div class="chips">
                {SUGGESTIONS_FEN
                    .map(|fen| {
                        let amount_fen = Fen::new(fen).unwrap_or_default();
                        view! {
                            <button
                                type="button"
                                class="chip money"
                                on:click=press(move |_| amount.set(digits(amount_fen)))
                            >
                                {yuan(amount_fen)}
                            </button>
                        }
                    })
                    .collect_view()}
            </div>
            <Fault failure=attempt.failure/>
            {live(move || unsure.get().then(|| view! { <p class="muted">{tr!(top_up_unknown)}</p> }.into_any()))}
            <button class="button primary" data-testid="top-up-submit" disabled=flag(move || !ready())>
                {words(move || if busy.get() { lang().topping_up() } else { lang().top_up() })}
            </button>
        </form>
    }
}
