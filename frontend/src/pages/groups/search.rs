//! Finding a group by its name, for those who are in many.

use hongbao_shared::GroupId;
use leptos::{
    ev::{Event, KeyboardEvent},
    prelude::*,
};
use wasm_bindgen::JsCast as _;
use web_sys::InputEvent;

use crate::{
    components::words,
    i18n::{lang, tr},
    state::groups,
};

/// Fewer are seen at a glance.
const SENSIBLE_FROM: usize = 8;
const ESCAPE: u32 = 27;

/// Are there so many groups that one looks for one?
pub(super) fn is_sensible() -> bool {
    groups::count() >= SENSIBLE_FROM
}

/// The field above the list. What is wanted lives as long as the list is on the page.
#[component]
pub(super) fn Search(wanted: RwSignal<String>, ids: Memo<Vec<GroupId>>) -> impl IntoView {
    let take = move |event: Event| wanted.set(event_target_value(&event));
    let on_input = Box::new(move |event: Event| {
        // What an input method is still making is looked for if it is there: phones make every word
        // like that, and nothing is called "jia".
        let is_made = !event.unchecked_ref::<InputEvent>().is_composing();
        if is_made || !untrack(|| groups::ids(&event_target_value(&event))).is_empty() {
            take(event);
        }
    }) as Box<dyn FnMut(Event)>;
    let on_key = Box::new(move |event: KeyboardEvent| {
        // What takes back an input method's word has another number; one on a full screen would
        // leave it.
        if event.key_code() == ESCAPE && wanted.with_untracked(|wanted| !wanted.is_empty()) {
            event.prevent_default();
            wanted.set(String::new());
        }
    }) as Box<dyn FnMut(KeyboardEvent)>;
    view! {
        <div class="group-search" role="search">
            <span class="field-box">
                <input
                    type="search"
                    autocomplete="off"
                    enterkeyhint="search"
                    aria-label=tr!(groups_search)
                    placeholder=tr!(groups_search)
                    data-testid="groups-search"
                    prop:value=wanted
                    on:input=on_input
                    on:compositionend=move |event| take(event.into())
                    on:keydown=on_key
                />
            </span>
            <p role="status" data-testid="groups-found">
                {words(move || {
                    let is_blank = wanted.with(|wanted| wanted.trim().is_empty());
                    if is_blank { String::new() } else { lang().groups_found(ids.with(Vec::len)) }
                })}
            </p>
        </div>
    }
}
