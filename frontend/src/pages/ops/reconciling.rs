//! What reconciliation found last, and a run now.

use hongbao_shared::api::control::{Reconciliation, ReconciliationReport};
use leptos::prelude::*;

use crate::{
    api::{self, Coming, Failure},
    components::{Fault, flag, live, press, words},
    i18n::{lang, tr},
    tasks::{Scope, sleep_ms},
};

/// While it runs, how often to ask how it stands.
const ASK_EVERY_MS: u32 = 1_000;

#[component]
pub(super) fn Reconciling() -> impl IntoView {
    let scope = Scope::new();
    let state = RwSignal::new(None::<Reconciliation>);
    let failure = RwSignal::new(None::<Failure>);
    let runs = move || state.with(|it| it.as_ref().is_none_or(|it| it.running));
    let follow = move |first: Coming<Reconciliation>| {
        scope.spawn(async move {
            let mut answer = first.await;
            loop {
                match answer {
                    Ok(now) => {
                        failure.set(None);
                        state.set(Some(now));
                    }
                    Err(problem) => {
                        let lasts = !problem.is_passing();
                        failure.set(Some(problem));
                        if lasts {
                            return;
                        }
                    }
                }
                if !runs() {
                    return;
                }
                sleep_ms(ASK_EVERY_MS).await;
                answer = api::reconciliation().await;
            }
        });
    };
    follow(api::reconciliation());
    view! {
        <section class="panel" data-testid="ops-reconciliation">
            <h2>{tr!(ops_reconciliation)}</h2>
            {live(move || state.get().map(|it| match it.last {
                None => view! { <p class="muted">{tr!(ops_never_reconciled)}</p> }.into_any(),
                Some(report) => found(report),
            }))}
            <Fault failure/>
            <button
                type="button"
                class="button"
                data-testid="ops-reconcile"
                disabled=flag(runs)
                on:click=press(move |_| {
                    failure.set(None);
                    follow(api::reconcile());
                })
            >
                {words(move || if runs() { lang().ops_reconciling() } else { lang().ops_reconcile_now() })}
            </button>
        </section>
    }
}

fn found(report: ReconciliationReport) -> AnyView {
    let ReconciliationReport {
        ended_at, is_clean, packets, left_count, mended, left, unread, ..
    } = report;
    let mended = mended.iter().fold(0_u64, |sum, kind| sum.saturating_add(kind.count));
    let troubles = left.into_iter().map(|one| format!("{} {}: {}", one.law, one.subject, one.what));
    let troubles = troubles.chain(unread).map(|text| view! { <li class="ops-code">{text}</li> });
    view! {
        <p data-testid="ops-found" data-clean=if is_clean { "true" } else { "false" }>
            <strong class:bad=!is_clean>
                {words(move || if is_clean { lang().ops_clean() } else { lang().ops_left() })}
            </strong>
        </p>
        <p class="muted small">
            {words(move || lang().ops_reconciled(&lang().moment(ended_at), packets, mended, left_count))}
        </p>
        <ul class="ops-rows">{troubles.collect_view()}</ul>
    }
    .into_any()
}
