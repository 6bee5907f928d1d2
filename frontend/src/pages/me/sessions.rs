//! Where one is signed in.

use hongbao_shared::api::accounts::SessionInfo;
use leptos::prelude::*;

use crate::{
    api::{self, Failure},
    components::{Fault, press, spoken, words},
    components::{live, memo},
    i18n::{lang, lang_now, tr},
    state::toast,
    tasks::Scope,
};

#[component]
pub(super) fn Sessions() -> impl IntoView {
    let scope = Scope::new();
    let list = RwSignal::new(None::<Vec<SessionInfo>>);
    let failure = RwSignal::new(None::<Failure>);
    let load = move || {
        scope.spawn(async move {
            match api::sessions().await {
                Ok(answer) => {
                    failure.set(None);
                    list.set(Some(answer));
                }
                Err(problem) => failure.set(Some(problem)),
            }
        });
    };
    load();
    let end = Callback::new(move |id: String| {
        scope.spawn(async move {
            match api::end_session(&id).await {
                Ok(()) => toast::show(lang_now().session_ended()),
                Err(problem) => {
                    failure.set(Some(problem));
                    return;
                }
            }
            load();
        });
    });
    let end_others = move |_| {
        scope.spawn(async move {
            match api::end_other_sessions().await {
                Ok(()) => toast::show(lang_now().sessions_ended()),
                Err(problem) => {
                    failure.set(Some(problem));
                    return;
                }
            }
            load();
        });
    };
    let several = memo(move || list.with(|list| list.as_ref().is_some_and(|list| list.len() > 2)));
    view! {
        <section class="panel">
            <h2>{tr!(sessions)}</h2>
            {live(move || list.with(Option::is_none).then(|| view! { <p class="muted" role="status">{tr!(loading)}</p> }.into_any()))}
            <ul class="sessions">
                {live(move || list.get().map(|list| {
                    let rows = list.into_iter().map(|session| view! { <Row session end/> });
                    rows.collect_view().into_any()
                }))}
            </ul>
            {live(move || several.get().then(|| view! {
                <button type="button" class="button" data-testid="sessions-end-others" on:click=press(end_others)>
                    {tr!(sessions_end_others)}
                </button>
            }.into_any()))}
            <Fault failure=failure/>
            {live(move || failure.get().is_some().then(|| view! {
                <button type="button" class="button" on:click=press(move |_| load())>{tr!(retry)}</button>
            }.into_any()))}
        </section>
    }
}

#[component]
fn Row(session: SessionInfo, end: Callback<String>) -> impl IntoView {
    let SessionInfo { id, agent, created_at, seen_at, is_current } = session;
    let agent = short_agent(&agent);
    let named = agent.clone();
    let name = move || {
        if agent.is_empty() { lang().session_unnamed().to_owned() } else { agent.clone() }
    };
    view! {
        <li class="session" data-testid="session" data-current=if is_current { "true" } else { "false" }>
            <div class="session-words">
                <span class="session-name"><span class="clip">{name}</span></span>
                <span class="muted small">
                    {words(move || {
                        let seen = (!is_current).then(|| lang().moment(seen_at));
                        lang().session_times(seen.as_deref(), &lang().moment(created_at))
                    })}
                </span>
            </div>
            {if is_current {
                view! { <span class="badge">{tr!(session_here)}</span> }.into_any()
            } else {
                view! {
                    <button
                        type="button"
                        class="button"
                        data-testid="session-end"
                        aria-label=spoken(move || lang().session_end_of(&named))
                        on:click=press(move |_| end.run(id.clone()))
                    >
                        {tr!(session_end)}
                    </button>
                }.into_any()
            }}
        </li>
    }
}

/// What a person recognises in the name that a browser gives itself: the browser and
/// the system. What nobody knows stays as it is.
fn short_agent(agent: &str) -> String {
    let first = |names: &[(&str, &'static str)]| {
        names.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name)
    };
    // In this order: most of them call themselves by each other's names.
    let browser = first(&[
        ("MicroMessenger", "WeChat"),
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ]);
    let system = first(&[
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("Mac OS X", "Mac"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} · {system}"),
        _ => agent.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::short_agent;
    use wasm_bindgen_test::wasm_bindgen_test;

    #[wasm_bindgen_test]
    fn browsers_are_told_by_name() {
        let chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) \
                      Chrome/140.0.0.0 Safari/537.36";
        assert_eq!(short_agent(chrome), "Chrome · Linux");
        let iphone = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1 \
                      Version/19.0 Mobile Safari/604.1";
        assert_eq!(short_agent(iphone), "Safari · iPhone");
        assert_eq!(short_agent("curl/8.5.0"), "curl/8.5.0");
        assert_eq!(short_agent(""), "");
    }
}
