//! What could not be delivered and only somebody can move: why, and trying it again.

use hongbao_shared::api::control::{DeadLetter, DeadLetters};
use leptos::prelude::*;

use crate::{
    api::{self, Failure},
    components::{Fault, live, press, words},
    i18n::{lang, lang_now, tr},
    state::toast,
    tasks::Scope,
};

#[component]
pub(super) fn Letters() -> impl IntoView {
    let scope = Scope::new();
    let list = RwSignal::new(None::<DeadLetters>);
    let failure = RwSignal::new(None::<Failure>);
    let again = move || scope.spawn(load(list, failure));
    again();
    let retry = Callback::new(move |id: String| {
        failure.set(None);
        scope.spawn(async move {
            match api::retry_letter(&id).await {
                Ok(answer) if answer.retried => toast::show(lang_now().ops_letter_tried()),
                Ok(_) => toast::show(lang_now().ops_letter_moved()),
                Err(problem) => {
                    failure.set(Some(problem));
                    return;
                }
            }
            load(list, failure).await;
        });
    });
    view! {
        <section class="panel" data-testid="ops-letters">
            <h2>{tr!(ops_letters)}</h2>
            {live(move || Some(match list.get() {
                None => view! { <p class="muted" role="status">{tr!(loading)}</p> }.into_any(),
                Some(DeadLetters { items, silent, .. }) if items.is_empty() && silent.is_empty() => {
                    view! { <p class="muted">{tr!(ops_no_letters)}</p> }.into_any()
                }
                Some(DeadLetters { items, silent, .. }) => {
                    let rows = items.into_iter().map(|letter| row(letter, retry));
                    let silent = (!silent.is_empty()).then(|| silent.join(" "));
                    view! {
                        <ul class="ops-rows">{rows.collect_view()}</ul>
                        {silent.map(|places| view! {
                            <p class="bad" data-testid="ops-letters-silent">
                                {words(move || lang().ops_letters_silent(&places))}
                            </p>
                            <button type="button" class="button" on:click=press(move |_| again())>{tr!(retry)}</button>
                        })}
                    }
                    .into_any()
                }
            }))}
            <Fault failure/>
        </section>
    }
}

async fn load(list: RwSignal<Option<DeadLetters>>, failure: RwSignal<Option<Failure>>) {
    match api::persist(api::dead_letters, |problem| failure.set(Some(problem))).await {
        Ok(page) => {
            failure.set(None);
            list.set(Some(page));
        }
        Err(problem) => failure.set(Some(problem)),
    }
}

fn row(letter: DeadLetter, retry: Callback<String>) -> AnyView {
    let DeadLetter { id, destination, orders, attempts, error, at, .. } = letter;
    let orders: Vec<String> = orders.iter().take(3).map(ToString::to_string).collect();
    view! {
        <li class="ops-row" data-testid="ops-letter">
            <span class="ops-words">
                <span class="ops-name">{words(move || lang().ops_destination(&destination).to_owned())} " " <span class="ops-code">{orders.join(" ")}</span></span>
                <span>{error}</span>
                <span class="muted small">{words(move || lang().ops_letter(attempts, &lang().moment(at)))}</span>
            </span>
            <button type="button" class="button" on:click=press(move |_| retry.run(id.clone()))>
                {tr!(ops_retry_letter)}
            </button>
        </li>
    }
    .into_any()
}
