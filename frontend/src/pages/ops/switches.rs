//! Every switch: what it says, who turned it, and what has been turned.

use hongbao_shared::api::{
    accounts::Profile,
    control::{ControlState, SwitchChange, Switches, TurnedBy},
};
use leptos::prelude::*;

use super::turn::TurnSheet;
use crate::{
    components::{live, memo, press, words},
    i18n::{Lang, lang, ops, tr},
};

#[component]
pub(super) fn SwitchList(control: RwSignal<Option<ControlState>>) -> impl IntoView {
    let turning = RwSignal::new(None::<&'static str>);
    let close = Callback::new(move |()| turning.set(None));
    // A new look that says the same draws nothing anew, least of all below a finger.
    let state =
        memo(move || control.get().map(|it| (it.switches, it.turned_by, it.changes, it.people)));
    view! {
        <section class="panel" data-testid="ops-switches">
            <h2>{tr!(ops_switches)}</h2>
            {live(move || state.get().map(|(switches, turned_by, changes, people)| {
                let rows = Switches::NAMES.iter().map(|name| {
                    let by = turned_by.get(*name).map(|by| (name_of(&people, by), by.at));
                    let switches = switches.clone();
                    view! {
                        <li class="ops-row" data-testid="ops-switch" data-name=*name>
                            <span class="ops-words">
                                <span class="ops-name">{words(move || ops::switch(lang(), name).to_owned())}</span>
                                <span data-testid="ops-value">{words(move || says(lang(), &switches, name))}</span>
                                <span class="muted small">{words(move || by.as_ref().map_or_else(
                                    || lang().ops_never_turned().to_owned(),
                                    |(who, at)| lang().ops_turned(who, &lang().moment(*at)),
                                ))}</span>
                            </span>
                            <button type="button" class="button" on:click=press(move |_| turning.set(Some(name)))>
                                {tr!(ops_change)}
                                <span class="sr-only">{words(move || ops::switch(lang(), name).to_owned())}</span>
                            </button>
                        </li>
                    }
                });
                view! {
                    <ul class="ops-rows">{rows.collect_view()}</ul>
                    <details class="ops-changes">
                        <summary>{tr!(ops_changes)}</summary>
                        {if changes.is_empty() {
                            view! { <p class="muted">{tr!(ops_no_changes)}</p> }.into_any()
                        } else {
                            let rows = changes.into_iter().map(|one| change(one, &people));
                            view! { <ul class="ops-rows">{rows.collect_view()}</ul> }.into_any()
                        }}
                    </details>
                }.into_any()
            }))}
        </section>
        {live(move || {
            let name = turning.get()?;
            let state = control.get_untracked()?;
            let on_done = Callback::new(move |after| {
                control.set(Some(after));
                turning.set(None);
            });
            Some(view! { <TurnSheet name state on_close=close on_done/> }.into_any())
        })}
    }
}

/// Names are nobody's alone, so the id is told too.
fn name_of(people: &[Profile], by: &TurnedBy) -> String {
    let known = people.iter().find(|person| person.id == by.user_id);
    known
        .map_or_else(|| by.user_id.to_string(), |person| format!("{} ({})", person.name, person.id))
}

fn change(one: SwitchChange, people: &[Profile]) -> AnyView {
    let SwitchChange { switch, from, to, by, .. } = one;
    let who = name_of(people, &by);
    view! {
        <li class="ops-row" data-testid="ops-changed">
            <span class="ops-words">
                <span class="ops-name">{words(move || ops::switch(lang(), &switch).to_owned())}</span>
                <span class="ops-code">{format!("{from} → {to}")}</span>
                <span class="muted small">
                    {words(move || lang().ops_turned(&who, &lang().moment(by.at)))}
                </span>
            </span>
        </li>
    }
    .into_any()
}

/// What a switch says, in words.
pub(super) fn says(lang: Lang, switches: &Switches, name: &str) -> String {
    use hongbao_shared::api::control::CreditMode;
    let on = |is: bool| if is { lang.ops_on() } else { lang.ops_off() }.to_owned();
    let limit = |max: u32| if max == 0 { lang.ops_no_limit().to_owned() } else { max.to_string() };
    match name {
        "site_weights" => {
            let weights = switches.site_weights.iter().filter(|(_, weight)| **weight > 0);
            let weights: Vec<String> = weights.map(|(site, of)| format!("{site} {of}")).collect();
            if weights.is_empty() { lang.ops_by_receiver().to_owned() } else { weights.join(" : ") }
        }
        "credit_mode" => match switches.credit_mode {
            CreditMode::Split => lang.mode_split(),
            CreditMode::Queue => lang.mode_queue(),
            CreditMode::Deferred => lang.mode_deferred(),
        }
        .to_owned(),
        "large_share_fen" => crate::money::yuan(switches.large_share_fen),
        "two_screen_lists" => on(switches.two_screen_lists),
        "lookups_max" => switches.lookups_max.to_string(),
        "sends_per_user_per_minute" => limit(switches.sends_per_user_per_minute),
        "sends_per_second" => limit(switches.sends_per_second),
        "packets_on" => on(switches.packets_on),
        _ => String::new(),
    }
}
