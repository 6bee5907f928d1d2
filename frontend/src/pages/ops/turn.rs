//! Turning a switch: the new value, and what it will do, before it is done.

use hongbao_shared::{
    Fen,
    api::control::{ChangeSwitches, ControlState, CreditMode, Switch, Switches},
};
use leptos::prelude::*;

use crate::{
    api,
    attempt::Attempt,
    components::{Fault, Sheet, field_fault, flag, live, memo, press, submits, words},
    i18n::{Lang, lang, ops, tr},
};

/// The sites that weights are for.
const SITES: [&str; 2] = ["S", "N"];
const WEIGHT_MAX: u32 = 100;

#[component]
pub(super) fn TurnSheet(
    switch: Switch,
    state: ControlState,
    on_close: Callback<()>,
    on_done: Callback<ControlState>,
) -> impl IntoView {
    let attempt = Attempt::new();
    let busy = attempt.busy;
    let before = state.switches.clone();
    let change = RwSignal::new(Some(ChangeSwitches::default()));
    let after = memo({
        let before = before.clone();
        // Nothing for what is no number; what it says now for what changes nothing.
        move || change.get().map(|change| before.changed(&change))
    });
    let is_new = move || after.with(|it| it.as_ref().is_some_and(|(_, names)| !names.is_empty()));
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let Some(change) = untrack(|| change.get().filter(|_| is_new())) else {
            return;
        };
        // Whatever somebody else has turned meanwhile is looked at first.
        let change = ChangeSwitches { version: Some(state.version), ..change };
        attempt.run(async move {
            on_done.run(api::turn(&change).await?);
            Ok(())
        });
    };
    let shown = before.clone();
    view! {
        <Sheet title=Lang::ops_switches on_close>
            <form class="form" data-testid="turn" on:submit=submits(submit)>
                <h3>{words(move || ops::switch(lang(), switch).to_owned())}</h3>
                {field(switch, &before, change)}
                {field_fault("turn-fault", move || {
                    change.with(Option::is_none).then(|| lang().ops_not_a_number().to_owned())
                })}
                <p class="ops-turn">
                    {words(move || ops::says(lang(), &shown, switch))}
                    " → "
                    <strong data-testid="turn-to">{words(move || after.get().map_or_else(
                        || "…".to_owned(),
                        |(after, _)| ops::says(lang(), &after, switch),
                    ))}</strong>
                </p>
                <p class="notice" data-testid="turn-will" aria-live="polite">
                    {words(move || match after.get() {
                        Some((after, names)) if !names.is_empty() => will(lang(), switch, &after),
                        _ => lang().ops_same(),
                    })}
                </p>
                <Fault failure=attempt.failure/>
                <button
                    type="submit"
                    class="button primary large"
                    data-testid="turn-do"
                    disabled=flag(move || !is_new() || busy.get())
                >
                    {tr!(ops_confirm)}
                </button>
                <button type="button" class="button" on:click=press(move |_| on_close.run(()))>{tr!(cancel)}</button>
            </form>
        </Sheet>
    }
}

type Change = RwSignal<Option<ChangeSwitches>>;

fn put(change: Change, edit: impl FnOnce(&mut ChangeSwitches)) {
    let mut next = ChangeSwitches::default();
    edit(&mut next);
    change.set(Some(next));
}

/// What the new value is given by.
fn field(switch: Switch, now: &Switches, change: Change) -> AnyView {
    match switch {
        Switch::PacketsOn => toggle(now.packets_on, change, |to, on| to.packets_on = Some(on)),
        Switch::TwoScreenLists => {
            toggle(now.two_screen_lists, change, |to, on| to.two_screen_lists = Some(on))
        }
        Switch::CreditMode => modes(now.credit_mode, change),
        Switch::SiteWeights => weights(now, change),
        Switch::LargeShareFen => {
            number(now.large_share_fen.get(), Lang::ops_in_fen, change, |to, value| {
                to.large_share_fen = Fen::new(value);
            })
        }
        Switch::LookupsMax => {
            number(now.lookups_max.into(), Lang::ops_new_value, change, |to, value| {
                to.lookups_max = Some(small(value));
            })
        }
        Switch::SendsPerUserPerMinute => number(
            now.sends_per_user_per_minute.into(),
            Lang::ops_zero_is_none,
            change,
            |to, value| to.sends_per_user_per_minute = Some(small(value)),
        ),
        Switch::SendsPerSecond => {
            number(now.sends_per_second.into(), Lang::ops_zero_is_none, change, |to, value| {
                to.sends_per_second = Some(small(value));
            })
        }
    }
}

/// The server refuses what is too large, and says so.
fn small(value: u64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

type Choice = (fn(Lang) -> &'static str, &'static str, bool, Box<dyn Fn(&mut ChangeSwitches)>);

fn choices(choices: Vec<Choice>, change: Change) -> AnyView {
    let rows = choices.into_iter().map(|(name, id, is_now, edit)| {
        view! {
            <label class="segment">
                <input
                    type="radio"
                    name="turn-value"
                    data-testid=format!("turn-{id}")
                    checked=is_now
                    on:change=move |_| put(change, |to| edit(to))
                />
                {words(move || name(lang()))}
            </label>
        }
    });
    view! { <fieldset class="segments ops-choices">{rows.collect_view()}</fieldset> }.into_any()
}

fn toggle(now: bool, change: Change, edit: fn(&mut ChangeSwitches, bool)) -> AnyView {
    let choice =
        |name, id, on| -> Choice { (name, id, now == on, Box::new(move |to| edit(to, on))) };
    choices(vec![choice(Lang::ops_on, "on", true), choice(Lang::ops_off, "off", false)], change)
}

fn modes(now: CreditMode, change: Change) -> AnyView {
    let choice = |name, id, mode| -> Choice {
        (name, id, now == mode, Box::new(move |to| to.credit_mode = Some(mode)))
    };
    let modes = vec![
        choice(Lang::mode_split, "split", CreditMode::Split),
        choice(Lang::mode_queue, "queue", CreditMode::Queue),
        choice(Lang::mode_deferred, "deferred", CreditMode::Deferred),
    ];
    choices(modes, change)
}

fn number(
    now: u64,
    label: fn(Lang) -> &'static str,
    change: Change,
    edit: fn(&mut ChangeSwitches, u64),
) -> AnyView {
    let typed = move |event| match event_target_value(&event).trim().parse() {
        Ok(value) => put(change, |to| edit(to, value)),
        Err(_) => change.set(None),
    };
    view! {
        <label class="field">
            <span class="field-label">{words(move || label(lang()))}</span>
            <span class="field-box">
                <input inputmode="numeric" data-testid="turn-number" value=now.to_string() on:input=typed/>
            </span>
        </label>
    }
    .into_any()
}

/// A slider for each site; what counts is how they stand to each other.
fn weights(now: &Switches, change: Change) -> AnyView {
    let now = now.site_weights.clone();
    let of = |site: &str| now.get(site).copied().unwrap_or_default();
    let values = SITES.map(|site| (site, RwSignal::new(of(site))));
    let sliders = values.map(|(site, value)| {
        let slid = move |event| {
            if let Ok(weight) = event_target_value(&event).parse() {
                value.set(weight);
                let all = values.map(|(site, value)| (site.to_owned(), value.get_untracked()));
                put(change, |to| to.site_weights = Some(all.into_iter().collect()));
            }
        };
        view! {
            <label class="ops-weight">
                <span>{site}</span>
                <input
                    type="range"
                    min="0"
                    max=WEIGHT_MAX.to_string()
                    data-testid=format!("weight-{site}")
                    prop:value=value.get_untracked().to_string()
                    on:input=slid
                />
                <output>{live(move || Some(value.get().to_string().into_any()))}</output>
            </label>
        }
    });
    view! { <div class="ops-weights">{sliders.collect_view()}</div> }.into_any()
}

/// What it will do, before it is done.
fn will(lang: Lang, switch: Switch, after: &Switches) -> &'static str {
    match switch {
        Switch::SiteWeights => lang.will_site_weights(),
        Switch::CreditMode => match after.credit_mode {
            CreditMode::Split => lang.will_split(),
            CreditMode::Queue => lang.will_queue(),
            CreditMode::Deferred => lang.will_deferred(),
        },
        Switch::LargeShareFen => lang.will_large_share_fen(),
        Switch::TwoScreenLists if after.two_screen_lists => lang.will_two_screens(),
        Switch::TwoScreenLists => lang.will_all_screens(),
        Switch::LookupsMax => lang.will_lookups_max(),
        Switch::PacketsOn if after.packets_on => lang.will_on(),
        Switch::PacketsOn => lang.will_off(),
        Switch::SendsPerUserPerMinute | Switch::SendsPerSecond => lang.will_sends(),
    }
}
