//! `/join/{code}`: into a group by invitation, in one go also for newcomers.

use leptos::prelude::*;

use crate::{
    api::{self, Failure},
    app::Switches,
    art::Scene,
    components::{Empty, Fault, Link},
    i18n::{lang, tr},
    pages::GuestForm,
    route::{self, Route},
    state::{
        groups,
        session::{self, Session},
    },
    tasks::Scope,
};

#[component]
pub(crate) fn JoinPage(code: String) -> impl IntoView {
    let scope = Scope::new();
    let failure = RwSignal::new(None::<Failure>);
    let here = Memo::new(|_| match session::session() {
        Session::SignedIn(_) => Some(true),
        Session::SignedOut { .. } => Some(false),
        Session::Unknown | Session::Failed(_) => None,
    });
    let join = move || {
        let code = code.clone();
        failure.set(None);
        scope.spawn(async move {
            match api::join(code).await {
                Ok(group) => {
                    groups::refresh().await;
                    route::go_instead(Route::Chat(group.id));
                }
                Err(problem) => failure.set(Some(problem)),
            }
        });
    };
    let retry = join.clone();
    Effect::new(move |_| {
        if here.get() == Some(true) {
            join();
        }
    });
    Effect::new(move |_| {
        if let Session::Failed(problem) = session::session() {
            failure.set(Some(problem));
        }
    });
    let retry = Callback::new(move |()| match session::session() {
        Session::SignedIn(_) => retry(),
        _ => session::retry(),
    });
    view! {
        <main class="welcome">
            <div class="welcome-switches"><Switches/></div>
            {move || match (here.get(), failure.get()) {
                (Some(false), _) => view! { <Newcomer/> }.into_any(),
                (_, Some(problem)) => view! { <Refused failure=problem retry/> }.into_any(),
                _ => view! { <p class="splash" role="status">{tr!(joining)}</p> }.into_any(),
            }}
        </main>
    }
}

#[component]
fn Newcomer() -> impl IntoView {
    view! {
        <section class="welcome-card">
            <h1 class="welcome-title">{tr!(invited)}</h1>
            <p class="muted">{tr!(invited_lead)}</p>
            <GuestForm/>
        </section>
    }
}

#[component]
fn Refused(failure: Failure, retry: Callback<()>) -> impl IntoView {
    let passing = failure.is_passing();
    let failure = RwSignal::new(Some(failure));
    view! {
        <Empty scene=Scene::Lost title=Signal::derive(|| lang().join_failed().to_owned())>
            <Fault failure=failure/>
            {passing.then(|| view! {
                <button class="button primary" on:click=move |_| retry.run(())>{tr!(retry)}</button>
            })}
            <span class="button-link"><Link to=Route::Home>{tr!(to_groups)}</Link></span>
        </Empty>
    }
}
