//! Every switch: what it says, who turned it, and what has been turned.

use hongbao_shared::api::{
    accounts::Profile,
    control::{ControlState, Switch, SwitchChange, TurnedBy},
};
use leptos::prelude::*;

use super::turn::TurnSheet;
use crate::{
    components::{live, memo, press, words},
    i18n::{lang, ops, tr},
};

#[component]
pub(super) fn SwitchList(control: RwSignal<Option<ControlState>>) -> impl IntoView {
    let turning = RwSignal::new(None::<Switch>);
    let close = Callback::new(move |()| turning.set(None));
    // A new look that says the same draws nothing anew, least of all below a finger.
    let state =
        memo(move || control.get().map(|it| (it.switches, it.turned_by, it.changes, it.people)));
    view! {
        <section class="panel" data-testid="ops-switches">
            <h2>{tr!(ops_switches)}</h2>
            {live(move || state.get().map(|(switches, turned_by, changes, people)| {
                let rows = Switch::ALL.iter().map(|switch| {
                    let switch = *switch;
                    let by = turned_by.get(switch.name()).map(|by| (name_of(&people, by), by.at));
                    let switches = switches.clone();
                    view! {
                        <li class="ops-row" data-testid="ops-switch" data-name=switch.name()>
                            <span class="ops-words">
                                <span class="ops-name">{words(move || ops::switch(lang(), switch).to_owned())}</span>
                                <span data-testid="ops-value">{words(move || ops::says(lang(), &switches, switch))}</span>
                                <span class="muted small">{words(move || by.as_ref().map_or_else(
                                    || lang().ops_never_turned().to_owned(),
                                    |(who, at)| lang().ops_turned(who, &lang().moment(*at)),
                                ))}</span>
                            </span>
                            <button type="button" class="button" on:click=press(move |_| turning.set(Some(switch)))>
                                {tr!(ops_change)}
                                <span class="sr-only">{words(move || ops::switch(lang(), switch).to_owned())}</span>
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
            let switch = turning.get()?;
            let state = control.get_untracked()?;
            let on_done = Callback::new(move |after| {
                control.set(Some(after));
                turning.set(None);
            });
            Some(view! { <TurnSheet switch state on_close=close on_done/> }.into_any())
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
    let SwitchChange { switch: name, from, to, by, .. } = one;
    let who = name_of(people, &by);
    // A version after this one may know others.
    let known = Switch::ALL.iter().find(|switch| switch.name() == name).copied();
    let called =
        move || known.map_or_else(|| name.clone(), |it| ops::switch(lang(), it).to_owned());
    view! {
        <li class="ops-row" data-testid="ops-changed">
            <span class="ops-words">
                <span class="ops-name">{words(called)}</span>
                <span class="ops-code">{format!("{from} → {to}")}</span>
                <span class="muted small">
                    {words(move || lang().ops_turned(&who, &lang().moment(by.at)))}
                </span>
            </span>
        </li>
    }
    .into_any()
}
