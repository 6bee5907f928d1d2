//! The list of one's groups, and making or joining one.

mod demo;
mod forms;
mod search;

use hongbao_shared::{
    GroupId,
    api::groups::{GroupSummary, MessageBody, UNREAD_MAX},
};
use leptos::{ev::MouseEvent, prelude::*};
use wasm_bindgen::JsCast as _;
use web_sys::HtmlElement;

use crate::{
    api::{self, Failure},
    art::{Icon, Scene},
    browser,
    components::{
        Empty, Fault, GroupFace, Link, Pic, Sheet, live, memo, press, rows, spoken, words,
    },
    i18n::{Lang, lang, lang_now, tr},
    route::Route,
    state::{groups, session, toast},
    tasks::{self, Scope},
};

use search::{Search, is_sensible};

pub(super) use demo::{DemoButton, enter_demo};

/// The list: the whole screen on a phone, the left pane on a desktop.
#[component]
pub(crate) fn GroupsPane() -> impl IntoView {
    let adding = RwSignal::new(false);
    // What the pane is about; the order of the rows is the list's own matter.
    let failure = memo(|| groups::groups().and_then(Result::err));
    let is_loading = memo(|| groups::groups().is_none());
    let wanted = RwSignal::new(String::new());
    let searches = memo(is_sensible);
    let ids = memo(move || {
        let wanted = if searches.get() { wanted.get() } else { String::new() };
        groups::ids(&wanted)
    });
    let none = memo(|| groups::count() == 0);
    let close = Callback::new(move |()| adding.set(false));
    view! {
        <section class="groups" aria-label=tr!(groups_title)>
            <header class="bar">
                <h1 class="bar-title">{tr!(groups_title)}</h1>
                <button
                    type="button"
                    class="icon-button"
                    data-testid="new-group"
                    aria-label=tr!(new_group)
                    on:click=press(move |_| adding.set(true))
                >
                    <Pic icon=Icon::Plus/>
                </button>
            </header>
            {live(move || Some(match failure.get() {
                _ if is_loading.get() => view! { <Ghosts/> }.into_any(),
                Some(failure) => view! { <ListFailed failure/> }.into_any(),
                None => view! {
                    {live(move || none.get().then(|| view! { <NoGroups adding/> }.into_any()))}
                    {live(move || searches.get().then(|| view! { <Search wanted ids/> }.into_any()))}
                    <ul class="group-list">
                        {rows(
                            move || ids.get(),
                            |id| (id.get(), 0),
                            |id| view! { <li><Row id/></li> }.into_any(),
                        )}
                    </ul>
                }
                .into_any(),
            }))}
        </section>
        {live(move || adding.get().then(|| view! {
            <Sheet title=Lang::new_group on_close=close>
                {forms::new_group(close)}
            </Sheet>
        }.into_any()))}
    }
}

/// Rows without words while the first answer is on its way.
#[component]
fn Ghosts() -> impl IntoView {
    view! {
        <div class="ghosts" role="status" aria-label=tr!(loading)>
            <span></span><span></span><span></span>
        </div>
    }
}

#[component]
fn ListFailed(failure: Failure) -> impl IntoView {
    let scope = Scope::new();
    let failure = RwSignal::new(Some(failure));
    view! {
        <Empty scene=Scene::Away title=Lang::groups_failed>
            <Fault failure=failure/>
            <button
                class="button primary"
                on:click=press(move |_| scope.spawn(async { groups::refresh().await.ok(); }))
            >
                {tr!(retry)}
            </button>
        </Empty>
    }
}

#[component]
fn NoGroups(adding: RwSignal<bool>) -> impl IntoView {
    let demo = memo(|| session::limits().demo);
    view! {
        <Empty
            scene=Scene::Quiet
            title=Lang::no_groups
            lead=Lang::no_groups_lead
        >
            {live(move || demo.get().then(|| view! { <DemoButton/> }.into_any()))}
            <button class="button" class:primary=move || !demo.get() on:click=press(move |_| adding.set(true))>
                {tr!(new_group)}
            </button>
        </Empty>
    }
}

#[component]
fn Row(id: GroupId) -> impl IntoView {
    let group = memo(move || groups::summary(id));
    let name = move || group.with(|group| group.as_ref().map(|g| g.name.clone()));
    let at = move || {
        let at = group.with(|group| Some(group.as_ref()?.last_message.as_ref()?.at));
        at.map(|at| lang().moment(at))
    };
    let is_demo = memo(move || group.with(|g| g.as_ref().is_some_and(|g| g.is_demo)));
    let muted = memo(move || group.with(|g| g.as_ref().is_some_and(|g| g.muted)));
    let unread = memo(move || group.with(|g| g.as_ref().map_or(0, |g| g.unread)));
    view! {
        <span class="group-row" data-testid="group-item">
            <Link to=Route::Chat(id)>
                {live(move || group.with(|group| {
                    let faces = group.as_ref()?.faces.clone();
                    Some(view! { <GroupFace faces/> }.into_any())
                }))}
                <span class="group-words">
                    <span class="group-line">
                        <span class="group-name clip">{words(move || name().unwrap_or_default())}</span>
                        {live(move || is_demo.get().then(|| view! { <span class="badge demo">{tr!(demo_mark)}</span> }.into_any()))}
                        <span class="group-time">{words(move || at().unwrap_or_default())}</span>
                    </span>
                    <span class="group-line">
                        <span class="group-last clip">{words(move || group.with(|group| last_words(group.as_ref())))}</span>
                        {live(move || muted.get().then(|| view! {
                            <span class="group-muted"><Pic icon=Icon::Muted/><span class="sr-only">{tr!(muted_mark)}</span></span>
                        }.into_any()))}
                        {live(move || {
                            let unread = unread.get();
                            (unread > 0).then(|| unread_mark(unread, muted.get()))
                        })}
                    </span>
                </span>
            </Link>
            <Pin id group/>
        </span>
    }
}

/// Shows that a group is pinned, and pins it or not any more. Under thumbs it only shows: one that
/// wants to open the chat comes too near, and the group's own page pins.
#[component]
fn Pin(id: GroupId, group: Memo<Option<GroupSummary>>) -> impl IntoView {
    let scope = Scope::new();
    let pinned = memo(move || group.with(|group| group.as_ref().is_some_and(|g| g.pinned)));
    let label =
        move || group.with(|group| lang().pin(group.as_ref().map_or("", |group| &group.name)));
    let change = move |event: MouseEvent| {
        let wanted = !pinned.get_untracked();
        let button = event.current_target();
        scope.spawn(async move {
            match api::pin(id, wanted).await {
                Ok(()) => {
                    groups::set_pinned(id, wanted);
                    // Its row moves, and a browser takes the focus from what moves.
                    tasks::sleep_ms(0).await;
                    if let Some(button) = button.filter(|_| browser::find(":focus").is_none()) {
                        button.unchecked_ref::<HtmlElement>().focus().ok();
                    }
                }
                Err(failure) => toast::show(lang_now().failure(&failure, &session::limits_now())),
            }
        });
    };
    view! {
        <button
            type="button"
            class="group-pin"
            aria-label=spoken(label)
            aria-pressed=spoken(move || if pinned.get() { "true" } else { "false" })
            data-testid="pin"
            on:click=press(change)
        >
            <Pic icon=Icon::Pin/>
        </button>
    }
}

/// The number, or for a muted group a dot.
fn unread_mark(unread: u32, muted: bool) -> AnyView {
    let number = if unread >= UNREAD_MAX { "99+".to_owned() } else { unread.to_string() };
    let class = if muted { "unread dot" } else { "unread" };
    let seen = (!muted).then(|| number.clone());
    let count = number.clone();
    view! {
        <span class=class data-testid="unread" data-count=count>
            <span aria-hidden="true">{seen}</span>
            <span class="sr-only">{words(move || lang().unread(&number))}</span>
        </span>
    }
    .into_any()
}

fn last_words(group: Option<&GroupSummary>) -> String {
    let lang = lang();
    let Some(message) = group.and_then(|group| group.last_message.as_ref()) else {
        return lang.nothing_said().to_owned();
    };
    let name = lang.subject(&message.user);
    match &message.body {
        MessageBody::Text { text } => lang.said(name, text),
        MessageBody::Packet { packet } => lang.said_packet(name, &packet.greeting),
        _ => lang.system_line(message, None).unwrap_or_default(),
    }
}

/// What the right pane shows while no group is chosen.
#[component]
pub(crate) fn HomePage() -> impl IntoView {
    view! {
        <Empty
            scene=Scene::Quiet
            title=Lang::pick_chat
            lead=Lang::pick_chat_lead
        />
    }
}
