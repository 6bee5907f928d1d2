//! Oneself: name, settings, the way out.

use leptos::prelude::*;

use crate::{
    api::Failure,
    components::{Avatar, Fault, Sheet},
    i18n::{self, lang, tr},
    state::{session, theme},
    tasks::Scope,
};

#[component]
pub(crate) fn MePage() -> impl IntoView {
    let scope = Scope::new();
    let failure = RwSignal::new(None::<Failure>);
    let asking = RwSignal::new(false);
    let user = Memo::new(|_| session::me().map(|me| (me.user, me.is_guest)));
    let leave = move || {
        scope.spawn(async move {
            if let Err(problem) = session::sign_out().await {
                failure.set(Some(problem));
            }
        });
    };
    let ask = move |_| {
        if user.get_untracked().is_some_and(|(_, is_guest)| is_guest) {
            asking.set(true);
        } else {
            leave();
        }
    };
    let theme_name =
        move || if theme::is_dark() { lang().theme_dark() } else { lang().theme_light() };
    view! {
        <div class="page">
            <header class="bar"><h1 class="bar-title">{tr!(me_title)}</h1></header>
            <div class="page-body">
                {move || user.get().map(|(user, is_guest)| view! {
                    <section class="panel me-card">
                        <Avatar name=user.avatar/>
                        <div>
                            <p class="me-name">{user.name}</p>
                            {is_guest.then(|| view! { <p class="badge">{tr!(guest_badge)}</p> })}
                        </div>
                    </section>
                    {is_guest.then(|| view! { <p class="notice">{tr!(guest_note)}</p> })}
                })}
                <section class="panel">
                    <h2>{tr!(settings)}</h2>
                    <button type="button" class="setting" on:click=|_| i18n::toggle()>
                        <span>{tr!(language)}</span><span class="muted">{tr!(language_now)}</span>
                    </button>
                    <button type="button" class="setting" on:click=|_| theme::toggle()>
                        <span>{tr!(theme)}</span><span class="muted">{theme_name}</span>
                    </button>
                </section>
                <Fault failure=failure/>
                <button type="button" class="button danger" data-testid="sign-out" on:click=ask>
                    {tr!(sign_out)}
                </button>
            </div>
        </div>
        {move || asking.get().then(|| view! {
            <Sheet
                title=Signal::derive(|| lang().sign_out().to_owned())
                on_close=Callback::new(move |()| asking.set(false))
            >
                <p>{tr!(sign_out_sure)}</p>
                <button type="button" class="button danger" on:click=move |_| leave()>
                    {tr!(sign_out_anyway)}
                </button>
                <button type="button" class="button" on:click=move |_| asking.set(false)>
                    {tr!(cancel)}
                </button>
            </Sheet>
        })}
    }
}
