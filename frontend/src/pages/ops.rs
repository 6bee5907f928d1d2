//! `/ops`: what the node measures, what is degraded, and what administrators can do about it.

mod chart;
mod letters;
mod reconciling;
mod switches;
mod turn;

use hongbao_shared::{
    ErrorCode,
    api::{
        control::{ControlState, Degradation},
        history::{History, HistoryWindow},
    },
};
use leptos::prelude::*;

use crate::{
    api::{self, Failure},
    art::Icon,
    components::{Fault, Link, Pic, flag, live, memo, press, words},
    i18n::{Lang, lang, ops, tr},
    pages::ops::{letters::Letters, reconciling::Reconciling, switches::SwitchList},
    route::Route,
    state::session,
    tasks::{Scope, sleep_ms, spread},
};

use chart::Charts;

/// As often as the node takes a sample.
const LOOK_EVERY_MS: u32 = 5_000;

/// How long until somebody who is no administrator is asked about again.
const LOOK_AGAIN_MS: u32 = 5_000;

/// What the page knows; each part is asked for anew while it is shown.
#[derive(Clone, Copy)]
struct Ops {
    window: RwSignal<HistoryWindow>,
    history: RwSignal<Option<History>>,
    control: RwSignal<Option<ControlState>>,
    failure: RwSignal<Option<Failure>>,
}

impl Ops {
    fn start() -> Self {
        let this = Self {
            window: RwSignal::new(HistoryWindow::Quarter),
            history: RwSignal::new(None),
            control: RwSignal::new(None),
            failure: RwSignal::new(None),
        };
        Scope::new().spawn(async move {
            loop {
                this.look().await;
                sleep_ms(LOOK_EVERY_MS).await;
            }
        });
        this
    }

    async fn look(self) {
        let window = self.window.get_untracked();
        let (history, control) = futures::join!(api::history(window), api::control());
        self.failure.set(history.as_ref().err().or(control.as_ref().err()).cloned());
        // What is there stays when the line is down. An answer for another time is too late.
        if let Ok(history) = history
            && history.window == self.window.get_untracked()
        {
            self.history.set(Some(history));
        }
        if let Ok(control) = control {
            self.control.set(Some(control));
        }
    }
}

#[component]
pub(crate) fn OpsPage() -> impl IntoView {
    let is_admin = memo(|| session::me().is_some_and(|me| me.is_admin));
    view! {
        <div class="page ops" data-testid="ops">
            <header class="bar">
                <span class="icon-button page-back">
                    <Link to=Route::Me><Pic icon=Icon::Back/><span class="sr-only">{tr!(back)}</span></Link>
                </span>
                <h1 class="bar-title">{tr!(ops_title)}</h1>
                <span class="bar-note">{tr!(ops_node)}</span>
            </header>
            {live(move || Some(if is_admin.get() {
                view! { <Everything/> }.into_any()
            } else {
                view! { <Stranger/> }.into_any()
            }))}
        </div>
    }
}

/// For whom the page is not; who becomes an administrator meanwhile need not load it again.
#[component]
fn Stranger() -> impl IntoView {
    Scope::new().spawn(async {
        loop {
            sleep_ms(spread(LOOK_AGAIN_MS)).await;
            if let Ok(Some(me)) = api::me().await
                && me.is_admin
            {
                session::set_me(me);
            }
        }
    });
    refused()
}

fn refused() -> AnyView {
    view! { <p class="page-body" role="status" data-testid="ops-refused">{tr!(ops_only)}</p> }
        .into_any()
}

#[component]
fn Everything() -> impl IntoView {
    let ops = Ops::start();
    let scope = Scope::new();
    let choose = Callback::new(move |window| {
        ops.window.set(window);
        ops.history.set(None);
        scope.spawn(ops.look());
    });
    // One sentence in place of one from each part, which would wait for ever.
    let is_refused = memo(move || {
        let code = ops.failure.with(|failure| failure.as_ref().and_then(Failure::code));
        code == Some(ErrorCode::Forbidden)
    });
    live(move || {
        if is_refused.get() {
            return Some(refused());
        }
        Some(view! {
            <div class="page-body">
                <Fault failure=ops.failure/>
                <Board control=ops.control/>
                <div class="segments" role="group" aria-label=tr!(ops_window)>
                    {[
                        (HistoryWindow::Quarter, Lang::ops_quarter as fn(Lang) -> &'static str, "quarter"),
                        (HistoryWindow::Day, Lang::ops_day, "day"),
                        (HistoryWindow::Week, Lang::ops_week, "week"),
                    ].map(|(window, name, id)| view! {
                        <button
                            type="button"
                            class="segment ops-window"
                            data-testid=format!("ops-{id}")
                            aria-pressed=move || if ops.window.get() == window { "true" } else { "false" }
                            class:on=flag(move || ops.window.get() == window)
                            on:click=press(move |_| choose.run(window))
                        >
                            {words(move || name(lang()))}
                        </button>
                    }).collect_view()}
                </div>
                <Charts history=ops.history/>
                <SwitchList control=ops.control/>
                <Letters/>
                <Reconciling/>
            </div>
        }
        .into_any())
    })
}

#[component]
fn Board(control: RwSignal<Option<ControlState>>) -> impl IntoView {
    let degraded = memo(move || control.with(|it| it.as_ref().map(|it| it.degraded.clone())));
    view! {
        <section class="panel" data-testid="ops-board">
            <h2>{tr!(ops_board)}</h2>
            {live(move || Some(match degraded.get() {
                None => view! { <p class="muted" role="status">{tr!(loading)}</p> }.into_any(),
                Some(list) if list.is_empty() => view! {
                    <p class="ops-well"><Pic icon=Icon::Check/>{tr!(ops_well)}</p>
                }.into_any(),
                Some(list) => {
                    let rows = list.into_iter().map(degradation);
                    view! { <ul class="ops-rows">{rows.collect_view()}</ul> }.into_any()
                }
            }))}
        </section>
    }
}

fn degradation(one: Degradation) -> AnyView {
    let Degradation { name, place, since } = one;
    let code = name.clone();
    view! {
        <li class="ops-row bad" data-testid="ops-degraded" data-name=code>
            <span class="ops-mark" aria-hidden="true"></span>
            <span class="ops-words">
                <span>{words(move || ops::rung(lang(), &name).to_owned())}</span>
                <span class="muted small">{words(move || lang().ops_since(&lang().moment(since)))}</span>
            </span>
            {(!place.is_empty()).then(|| view! { <span class="badge">{place}</span> })}
        </li>
    }
    .into_any()
}
