//! The send sheet: what, for whom, how it could split, and paying for it.

mod confirm;
mod cover_picker;
mod form;
mod pay;
mod preview;

use futures::future::FutureExt as _;
use hongbao_shared::{Fen, GroupId, Kind, api::groups::Group};
use leptos::prelude::*;

use crate::{
    components::{
        Sheet, TopUpForm, field_fault, field_symbol, flag, live, memo, press, submits, words,
    },
    i18n::{Lang, lang, text, tr},
    lazy::{Coming, at_once, loaded, parts},
    money::{digits, yuan},
    state::session,
    who,
};

use confirm::Confirm;
use cover_picker::CoverPicker;
use form::{Form, Part};
use pay::{Payment, Step};
use preview::Preview;

parts! {
    more: load, fn fetched(
        group_id: GroupId,
        group: RwSignal<Option<Group>>,
        on_close: Callback<()>,
        on_sent: Callback<()>
    ) {
        view! { <SendSheet group_id group on_close on_sent/> }
    }
}

/// Fetches what [`sheet`] shows: before the sheet opens, so that it opens whole.
pub(super) fn fetch() -> Coming<()> {
    loaded(load())
}

/// The sheet that sends a packet. Nothing, should it not have been fetched.
pub(super) fn sheet(
    id: GroupId,
    group: RwSignal<Option<Group>>,
    on_close: Callback<()>,
    on_sent: Callback<()>,
) -> AnyView {
    at_once(fetched(id, group, on_close, on_sent).boxed_local())
}

#[component]
fn SendSheet(
    group_id: GroupId,
    group: RwSignal<Option<Group>>,
    on_close: Callback<()>,
    on_sent: Callback<()>,
) -> impl IntoView {
    let form = Form::new();
    let payment = Payment::new(group_id, on_sent);
    let topping_up = RwSignal::new(false);
    let balance = memo(|| session::me().and_then(|me| me.balance_fen));
    // Of what cannot be sent anyway it does not matter what it costs.
    let missing = move || {
        let total = Fen::from_signed(form.total_fen().filter(|_| form.fault().is_none())?)?;
        // Whoever's balance is not known hears from the server what is missing.
        let cost = total.checked_add(form.fee())?;
        cost.checked_sub(balance.get()?).filter(|missing| !missing.is_zero())
    };
    let ready = move || form.checked().is_ok() && missing().is_none() && !payment.is_busy();
    // A payment on its way is not to be left without its answer.
    let close = Callback::new(move |()| {
        if !untrack(|| payment.is_busy()) {
            on_close.run(());
        }
    });
    let confirming = RwSignal::new(false);
    let back = Callback::new(move |()| {
        if !untrack(|| payment.is_busy()) {
            confirming.set(false);
        }
    });
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if untrack(|| payment.can_repeat() || ready()) {
            payment.look_again();
            confirming.set(true);
        }
    };
    view! {
        <Sheet title=Lang::send_title on_close=close>
            <form class="form" on:submit=submits(submit)>
                <fieldset class="form" disabled=flag(move || payment.locks_form())>
                    <KindPicker form/>
                    <Fields form group/>
                    <Preview form/>
                    <CoverPicker cover=form.cover/>
                </fieldset>
                <div class="send-foot">
                <div class="send-sum">
                <p class="send-total money">
                    {words(move || form.total_fen().and_then(Fen::from_signed).map_or_else(|| yuan(Fen::ZERO), yuan))}
                </p>
                {live(move || {
                    let (total, fee) = (form.total_fen().and_then(Fen::from_signed)?, form.fee());
                    let sum = total.checked_add(fee).filter(|_| !fee.is_zero())?;
                    Some(view! {
                        <p class="send-balance money" data-testid="send-fee">
                            {words(move || lang().with_fee(fee, sum))}
                        </p>
                    }.into_any())
                })}
                <p class="send-balance">
                    {tr!(balance)}" "
                    <span class="money">{words(move || balance.get().map_or_else(|| "…".to_owned(), yuan))}</span>
                    {live(move || missing().map(|missing| view! {
                        <span class="send-short" role="status">{words(move || lang().short_of(missing))}</span>
                        {(!session::limits().max_top_up_fen.is_zero()).then(|| view! {
                            <button
                                type="button"
                                class="link-button"
                                data-testid="send-top-up"
                                on:click=press(move |_| topping_up.set(true))
                            >
                                {tr!(top_up_first)}
                            </button>
                        })}
                    }.into_any()))}
                </p>
                </div>
                <p class="muted small" role="status">{words(move || step_words(lang(), payment.step.get()).unwrap_or_default())}</p>
                <button
                    class="button primary large"
                    data-testid="send-submit"
                    disabled=flag(move || !(ready() || payment.can_repeat()))
                >
                    {words(move || if payment.can_repeat() { lang().pay_again() } else { lang().put_in() })}
                </button>
                </div>
            </form>
        </Sheet>
        {live(move || confirming.get().then(|| view! {
            <Confirm group_id form payment group on_close=back/>
        }.into_any()))}
        {live(move || topping_up.get().then(|| view! {
            <Sheet
                title=Lang::top_up_title
                on_close=Callback::new(move |()| topping_up.set(false))
            >
                <TopUpForm on_done=Callback::new(move |()| topping_up.set(false))/>
            </Sheet>
        }.into_any()))}
    }
}

fn step_words(lang: Lang, step: Step) -> Option<&'static str> {
    match step {
        Step::Unsure => Some(lang.pay_unknown()),
        Step::Landing => Some(lang.landing()),
        Step::Idle | Step::Paying => None,
    }
}

#[component]
fn KindPicker(form: Form) -> impl IntoView {
    let option = move |kind: Kind, test_id: &'static str, label: fn(Lang) -> &'static str| {
        view! {
            <label class="segment" data-testid=test_id>
                <input
                    type="radio"
                    name="kind"
                    prop:checked=flag(move || form.kind.get() == kind)
                    on:change=move |_| form.kind.set(kind)
                />
                <span>{text(label)}</span>
            </label>
        }
    };
    view! {
        <div class="segments" role="radiogroup" aria-label=tr!(kind_label)>
            {option(Kind::Lucky, "send-kind-lucky", Lang::kind_lucky_short)}
            {option(Kind::Equal, "send-kind-equal", Lang::kind_equal_short)}
            {option(Kind::Exclusive, "send-kind-exclusive", Lang::kind_exclusive_short)}
        </div>
    }
}

#[component]
fn Fields(form: Form, group: RwSignal<Option<Group>>) -> impl IntoView {
    let fault = memo(move || form.fault());
    let wrong = move |at: Part| fault.get().is_some_and(|(part, _)| part == at);
    let invalid = move |at: Part| move || wrong(at).then_some("true");
    let said = move |at: Part| {
        field_fault("send-error", move || {
            fault.get().filter(|(part, _)| *part == at).map(|(_, sentence)| sentence)
        })
    };
    let people = move || group.with(|group| group.as_ref().map_or(0, |group| group.members.len()));
    view! {
        {live(move || (form.kind.get() == Kind::Exclusive).then(|| view! { <Recipient form group/> }.into_any()))}
        <label class="field">
            <span class="field-label">
                {words(move || match form.kind.get() {
                    Kind::Equal => lang().amount_each(),
                    Kind::Lucky | Kind::Exclusive => lang().amount_total(),
                })}
            </span>
            <span class="field-box">
                {field_symbol(false)}
                <input
                    class="money"
                    inputmode="decimal"
                    autocomplete="off"
                    // Where the browser puts the focus when the sheet opens.
                    autofocus=true
                    placeholder=digits(Fen::ZERO)
                    data-testid="send-amount"
                    aria-describedby="send-error"
                    aria-invalid=invalid(Part::Amount)
                    bind:value=form.amount
                />
                {field_symbol(true)}
            </span>
        </label>
        {said(Part::Amount)}
        {offers(Lang::offered_amounts, "send-offer", form.amount, AMOUNTS_FEN.map(|fen| {
            let amount = Fen::new(fen).unwrap_or_default();
            let label: Say = Box::new(move || yuan(amount));
            let fills_in: Say = Box::new(move || digits(amount));
            (label, fills_in)
        }))}
        {live(move || (form.kind.get() != Kind::Exclusive).then(|| view! {
            <label class="field">
                <span class="field-label">
                    {tr!(shares)}
                    <span class="field-note">{words(move || lang().group_has(people()))}</span>
                </span>
                <span class="field-box">
                    <input
                        class="money"
                        inputmode="numeric"
                        autocomplete="off"
                        placeholder="0"
                        data-testid="send-shares"
                        aria-describedby="send-error"
                        aria-invalid=invalid(Part::Shares)
                        bind:value=form.shares
                    />
                    <span class="field-suffix" aria-hidden="true">{tr!(shares_unit)}</span>
                </span>
            </label>
            {said(Part::Shares)}
            {live(move || form.too_many_shares(group).map(|sentence| view! {
                <p class="muted small" role="status" data-testid="send-too-many">{sentence}</p>
            }.into_any()))}
        }.into_any()))}
        <label class="field">
            <span class="field-label">{tr!(greeting)}</span>
            <span class="field-box">
                <input
                    autocomplete="off"
                    placeholder=tr!(default_greeting)
                    data-testid="send-greeting"
                    aria-describedby="send-error"
                    aria-invalid=invalid(Part::Greeting)
                    bind:value=form.greeting
                />
            </span>
        </label>
        {said(Part::Greeting)}
        {offers(Lang::offered_greetings, "send-greeting-offer", form.greeting, GREETINGS.map(|greeting| {
            // What is said to everybody, and what to one.
            let fits = move || greeting(lang(), form.kind.get() == Kind::Exclusive).to_owned();
            let label: Say = Box::new(fits);
            let fills_in: Say = Box::new(fits);
            (label, fills_in)
        }))}
    }
}

/// What a button says, or fills in.
type Say = Box<dyn Fn() -> String + Send + Sync>;

/// Lucky amounts.
const AMOUNTS_FEN: [u64; 3] = [666, 888, 6_666];

/// Greetings beside the default one, to everybody or to one person.
const GREETINGS: [fn(Lang, bool) -> &'static str; 3] = [
    |lang, _| lang.greeting_new_year(),
    |lang, _| lang.greeting_birthday(),
    |lang, to_one| if to_one { lang.greeting_thanks() } else { lang.greeting_thanks_all() },
];

/// Buttons that fill in a field: what each says, and what it fills in. The one whose text
/// stands in the field is marked.
fn offers<const N: usize>(
    title: fn(Lang) -> &'static str,
    test_id: &'static str,
    field: RwSignal<String>,
    offered: [(Say, Say); N],
) -> impl IntoView {
    view! {
        <div class="chips offers" role="group" aria-label=text(title)>
            {offered
                .map(|(label, fills_in)| {
                    let fills_in = StoredValue::new(fills_in);
                    let text = move || fills_in.with_value(|fills_in| fills_in());
                    view! {
                        <button
                            type="button"
                            class="chip money"
                            data-testid=test_id
                            aria-pressed=move || if field.get() == text() { "true" } else { "false" }
                            on:click=press(move |_| field.set(untrack(text)))
                        >
                            {words(label)}
                        </button>
                    }
                })
                .collect_view()}
        </div>
    }
}

/// The other members, as a native choice: every phone has a good one.
#[component]
fn Recipient(form: Form, group: RwSignal<Option<Group>>) -> impl IntoView {
    let others = move || {
        group.with(|group| {
            let members = group.as_ref().map(|group| group.members.clone()).unwrap_or_default();
            members.into_iter().filter(|member| !who::is_me(member.id)).collect::<Vec<_>>()
        })
    };
    live(move || {
        let others = others();
        if others.is_empty() {
            return Some(view! { <p class="fault">{tr!(recipient_nobody)}</p> }.into_any());
        }
        Some(view! {
            <label class="field">
                <span class="field-label">{tr!(recipient)}</span>
                <span class="field-box">
                    <select
                        data-testid="send-recipient"
                        on:change=move |event| form.recipient.set(event_target_value(&event).parse().ok())
                    >
                        <option value="">{tr!(recipient_hint)}</option>
                        {others.into_iter().map(|member| {
                            let id = member.id;
                            view! {
                                <option
                                    value=id.to_string()
                                    selected=move || form.recipient.get_untracked() == Some(id)
                                >
                                    {member.name}
                                </option>
                            }
                        }).collect_view()}
                    </select>
                </span>
            </label>
        }
        .into_any())
    })
}
