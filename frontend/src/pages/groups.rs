//! The list of one's groups, and making or joining one.

mod demo;
mod forms;

use hongbao_shared::{
    GroupId,
    api::groups::{GroupSummary, MessageBody, UNREAD_MAX},
};
use leptos::{either::EitherOf3, prelude::*};

use crate::{
    api::Failure,
    art::{Icon, Scene},
    components::{Empty, Fault, GroupFace, Link, LinkNotice, Pic, Sheet},
    i18n::{lang, tr},
    route::{self, Route},
    state::{groups, session},
    tasks::Scope,
};

pub(super) use demo::{DemoButton, enter_demo};
use forms::{JoinForm, NewGroupForm};

/// As much of the list as decides what the pane shows; a new message must not build
/// it anew.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Shown {
    Loading,
    Failed(Failure),
    List(Vec<GroupId>),
}

/// The list: the whole screen on a phone, the left pane on a desktop.
#[component]
pub(crate) fn GroupsPane() -> impl IntoView {
    let adding = RwSignal::new(false);
    let shown = Memo::new(|_| match groups::groups() {
        None => Shown::Loading,
        Some(Err(failure)) => Shown::Failed(failure),
        Some(Ok(list)) => Shown::List(list.iter().map(|group| group.id).collect()),
    });
    let ids = Memo::new(move |_| match shown.get() {
        Shown::List(ids) => ids,
        _ => Vec::new(),
    });
    // What the pane is about; the order of the rows is the list's own matter.
    let kind = Memo::new(move |_| match shown.get() {
        Shown::List(ids) => Shown::List(ids.into_iter().take(0).collect()),
        other => other,
    });
    let none = Memo::new(move |_| ids.with(Vec::is_empty));
    let close = Callback::new(move |()| adding.set(false));
    let in_chat = Memo::new(|_| matches!(route::current(), Route::Chat(_)));
    view! {
        <section class="groups" aria-label=tr!(groups_title)>
            <header class="bar">
                <h1 class="bar-title">{tr!(groups_title)}</h1>
                <button
                    type="button"
                    class="icon-button"
                    data-testid="new-group"
                    aria-label=tr!(new_group)
                    on:click=move |_| adding.set(true)
                >
                    <Pic icon=Icon::Plus/>
                </button>
            </header>
            {move || (!in_chat.get()).then(|| view! { <LinkNotice/> })}
            {move || match kind.get() {
                Shown::Loading => EitherOf3::A(view! { <Ghosts/> }),
                Shown::Failed(failure) => EitherOf3::B(view! { <ListFailed failure/> }),
                Shown::List(_) => EitherOf3::C(view! {
                    {move || none.get().then(|| view! { <NoGroups adding/> })}
                    <ul class="group-list">
                        <For
                            each=move || ids.get()
                            key=|id| *id
                            children=|id| view! { <li><Row id/></li> }
                        />
                    </ul>
                }),
            }}
        </section>
        {move || adding.get().then(|| view! {
            <Sheet title=Signal::derive(|| lang().new_group().to_owned()) on_close=close>
                <NewGroupForm on_done=close/>
                <hr/>
                <JoinForm on_done=close/>
            </Sheet>
        })}
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
        <Empty scene=Scene::Away title=Signal::derive(|| lang().groups_failed().to_owned())>
            <Fault failure=failure/>
            <button
                class="button primary"
                on:click=move |_| scope.spawn(async { groups::refresh().await.ok(); })
            >
                {tr!(retry)}
            </button>
        </Empty>
    }
}

#[component]
fn NoGroups(adding: RwSignal<bool>) -> impl IntoView {
    let demo = Memo::new(|_| session::limits().demo);
    view! {
        <Empty
            scene=Scene::Quiet
            title=Signal::derive(|| lang().no_groups().to_owned())
            lead=Signal::derive(|| lang().no_groups_lead().to_owned())
        >
            {move || demo.get().then(|| view! { <DemoButton/> })}
            <button class="button" class:primary=move || !demo.get() on:click=move |_| adding.set(true)>
                {tr!(new_group)}
            </button>
        </Empty>
    }
}

#[component]
fn Row(id: GroupId) -> impl IntoView {
    let group = Memo::new(move |_| groups::summary(id));
    let faces = Memo::new(move |_| group.with(|group| group.as_ref().map(|g| g.faces.clone())));
    let name = move || group.with(|group| group.as_ref().map(|g| g.name.clone()));
    let at = move || {
        let at = group.with(|group| Some(group.as_ref()?.last_message.as_ref()?.at));
        at.map(|at| lang().moment(at))
    };
    let is_demo = Memo::new(move |_| group.with(|g| g.as_ref().is_some_and(|g| g.is_demo)));
    let muted = Memo::new(move |_| group.with(|g| g.as_ref().is_some_and(|g| g.muted)));
    let unread = Memo::new(move |_| group.with(|g| g.as_ref().map_or(0, |g| g.unread)));
    view! {
        <span class="group-row" data-testid="group-item">
            <Link to=Route::Chat(id)>
                {move || view! { <GroupFace faces=faces.get().unwrap_or_default()/> }}
                <span class="group-words">
                    <span class="group-line">
                        <span class="group-name clip">{name}</span>
                        {move || is_demo.get().then(|| view! { <span class="badge demo">{tr!(demo_mark)}</span> })}
                        <span class="group-time">{at}</span>
                    </span>
                    <span class="group-line">
                        <span class="group-last clip">{move || group.with(|group| last_words(group.as_ref()))}</span>
                        {move || muted.get().then(|| view! {
                            <span class="group-muted"><Pic icon=Icon::Muted/><span class="sr-only">{tr!(muted_mark)}</span></span>
                        })}
                        {move || {
                            let unread = unread.get();
                            (unread > 0).then(|| unread_mark(unread, muted.get()))
                        }}
                    </span>
                </span>
            </Link>
        </span>
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
            <span class="sr-only">{move || lang().unread(&number)}</span>
        </span>
    }
    .into_any()
}

fn last_words(group: Option<&GroupSummary>) -> String {
    let lang = lang();
    let Some(message) = group.and_then(|group| group.last_message.as_ref()) else {
        return lang.nothing_said().to_owned();
    };
    let name = &message.user.name;
    match &message.body {
        MessageBody::Text { text } => lang.said(name, text),
        MessageBody::Packet { packet } => {
            let greeting =
                if packet.greeting.is_empty() { lang.default_greeting() } else { &packet.greeting };
            lang.said(name, &format!("{} {greeting}", lang.last_packet()))
        }
        _ => lang.system_line(message).unwrap_or_default(),
    }
}

/// What the right pane shows while no group is chosen.
#[component]
pub(crate) fn HomePage() -> impl IntoView {
    view! {
        <Empty
            scene=Scene::Quiet
            title=Signal::derive(|| lang().pick_chat().to_owned())
            lead=Signal::derive(|| lang().pick_chat_lead().to_owned())
        />
    }
}
