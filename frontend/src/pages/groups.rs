//! The list of one's groups, and making or joining one.

mod forms;

use hongbao_shared::api::groups::{GroupSummary, MessageBody};
use leptos::{either::EitherOf3, prelude::*};

use crate::{
    art::{Icon, Scene},
    components::{Empty, Fault, GroupFace, Link, Pic, Sheet},
    i18n::{lang, tr},
    route::Route,
    state::groups,
    tasks::Scope,
};

use forms::{JoinForm, NewGroupForm};

/// The list: the whole screen on a phone, the left pane on a desktop.
#[component]
pub(crate) fn GroupsPane() -> impl IntoView {
    let adding = RwSignal::new(false);
    let list = Memo::new(|_| groups::groups());
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
                    on:click=move |_| adding.set(true)
                >
                    <Pic icon=Icon::Plus/>
                </button>
            </header>
            {move || match list.get() {
                None => EitherOf3::A(view! { <Ghosts/> }),
                Some(Err(failure)) => EitherOf3::B(view! { <ListFailed failure/> }),
                Some(Ok(list)) => EitherOf3::C(view! { <List list adding/> }),
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
fn ListFailed(failure: crate::api::Failure) -> impl IntoView {
    let scope = Scope::new();
    let failure = RwSignal::new(Some(failure));
    view! {
        <Empty scene=Scene::Away title=Signal::derive(|| lang().groups_failed().to_owned())>
            <Fault failure=failure/>
            <button
                class="button primary"
                on:click=move |_| scope.spawn(async { groups::refresh().await; })
            >
                {tr!(retry)}
            </button>
        </Empty>
    }
}

#[component]
fn List(list: Vec<GroupSummary>, adding: RwSignal<bool>) -> impl IntoView {
    if list.is_empty() {
        return view! {
            <Empty
                scene=Scene::Quiet
                title=Signal::derive(|| lang().no_groups().to_owned())
                lead=Signal::derive(|| lang().no_groups_lead().to_owned())
            >
                <button class="button primary" on:click=move |_| adding.set(true)>
                    {tr!(new_group)}
                </button>
            </Empty>
        }
        .into_any();
    }
    view! {
        <ul class="group-list">
            {list.into_iter().map(|group| view! { <li><Row group/></li> }).collect_view()}
        </ul>
    }
    .into_any()
}

#[component]
fn Row(group: GroupSummary) -> impl IntoView {
    let at = group.last_message.as_ref().map(|message| message.at);
    let last = group.last_message;
    let last = move || {
        let lang = lang();
        let Some(message) = &last else { return lang.nothing_said().to_owned() };
        let name = &message.user.name;
        match &message.body {
            MessageBody::Text { text } => lang.said(name, text),
            MessageBody::Packet { packet } => {
                let greeting = if packet.greeting.is_empty() {
                    lang.default_greeting()
                } else {
                    &packet.greeting
                };
                lang.said(name, &format!("{} {greeting}", lang.last_packet()))
            }
            _ => lang.system_line(message).unwrap_or_default(),
        }
    };
    view! {
        <span class="group-row" data-testid="group-item">
            <Link to=Route::Chat(group.id)>
                <GroupFace faces=group.faces/>
                <span class="group-words">
                    <span class="group-line">
                        <span class="group-name clip">{group.name}</span>
                        <span class="group-time">{move || at.map(|at| lang().moment(at))}</span>
                    </span>
                    <span class="group-last clip">{last}</span>
                </span>
            </Link>
        </span>
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
