//! A group's chat: the log, the composer, the ways to invite and to send.

mod card;
mod composer;
mod invite;
mod log;
mod pending;

use hongbao_shared::{
    GroupId,
    api::groups::{Group, MessageBody},
};
use leptos::prelude::*;

use crate::{
    api::{self, Failure},
    art::{Icon, Scene},
    components::{
        Empty, Fault, Link, Pic,
        envelope::{Envelope, Tapped},
    },
    i18n::{lang, tr},
    pages::send::SendSheet,
    route::Route,
    state::feed::{Feed, Link},
    tasks::Scope,
};

use composer::Composer;
use invite::InviteSheet;
use log::LogView;
use pending::PendingNotice;

/// What lies over the chat.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Over {
    Nothing,
    Invite,
    Send,
    Envelope(Tapped),
}

/// A group that is not there for this person.
#[component]
fn Gone(failure: Failure) -> impl IntoView {
    let failure = RwSignal::new(Some(failure));
    view! {
        <Empty scene=Scene::Lost title=Signal::derive(|| lang().group_gone().to_owned())>
            <Fault failure=failure/>
            <span class="button-link primary"><Link to=Route::Home>{tr!(to_groups)}</Link></span>
        </Empty>
    }
}

/// `/g/{id}`. Another group is another chat: it starts anew.
#[component]
pub(crate) fn ChatPage(id: GroupId) -> impl IntoView {
    let scope = Scope::new();
    let feed = Feed::follow(id);
    let group = RwSignal::new(None::<Group>);
    let over = RwSignal::new(Over::Nothing);
    let close = Callback::new(move |()| over.set(Over::Nothing));

    // Members change when somebody joins; the log says when.
    let joins = Memo::new(move |_| {
        feed.messages()
            .with(|messages| messages.iter().filter(|m| m.body == MessageBody::Joined).count())
    });
    Effect::new(move |_| {
        // `get`, not `track`: a memo that nobody has read follows nothing yet.
        joins.get();
        scope.spawn(async move {
            if let Ok(answer) = api::group(id).await {
                group.set(Some(answer));
            }
        });
    });

    let refused = Memo::new(move |_| match feed.link() {
        Link::Refused(failure) => Some(failure),
        _ => None,
    });
    move || match refused.get() {
        Some(failure) => view! { <Gone failure/> }.into_any(),
        None => view! {
            <section class="chat" data-testid="chat">
                <ChatBar group over/>
                <PendingNotice group=id feed/>
                <LinkNotice feed/>
                <LogView feed on_tap=Callback::new(move |tapped| over.set(Over::Envelope(tapped)))>
                    <Invitation over/>
                </LogView>
                <Composer group=id feed on_packet=Callback::new(move |()| over.set(Over::Send))/>
            </section>
            {move || match over.get() {
                Over::Nothing => ().into_any(),
                Over::Invite => view! { <InviteSheet group on_close=close/> }.into_any(),
                Over::Send => {
                    view! {
                        <SendSheet
                            group_id=id
                            group
                            on_close=close
                            on_sent=Callback::new(move |()| {
                                over.set(Over::Nothing);
                                feed.refresh();
                            })
                        />
                    }
                    .into_any()
                }
                Over::Envelope(tapped) => {
                    let on_state = Callback::new(move |(order_no, state)| {
                        feed.set_card(order_no, state);
                    });
                    view! { <Envelope tapped on_close=close on_state/> }.into_any()
                }
            }}
        }
        .into_any(),
    }
}

#[component]
fn ChatBar(group: RwSignal<Option<Group>>, over: RwSignal<Over>) -> impl IntoView {
    let name = move || group.with(|group| group.as_ref().map(|group| group.name.clone()));
    let count = move || group.with(|group| group.as_ref().map(|group| group.members.len()));
    view! {
        <header class="bar">
            <span class="bar-back icon-button">
                <Link to=Route::Home><Pic icon=Icon::Back/><span class="sr-only">{tr!(back)}</span></Link>
            </span>
            <h1 class="bar-title clip">{name}</h1>
            <span class="bar-note">{move || count().map(|n| lang().members(n))}</span>
            <button
                type="button"
                class="icon-button"
                data-testid="invite"
                aria-label=tr!(invite)
                on:click=move |_| over.set(Over::Invite)
            >
                <Pic icon=Icon::Invite/>
            </button>
        </header>
    }
}

/// Says so while the connection is lost.
#[component]
fn LinkNotice(feed: Feed) -> impl IntoView {
    let lost = Memo::new(move |_| feed.link() == Link::Lost);
    view! {
        <div role="status">
            {move || lost.get().then(|| view! {
                <p class="link-lost" data-testid="error-sentence">{tr!(connection_lost)}</p>
            })}
        </div>
    }
}

/// What a chat without a word says.
#[component]
fn Invitation(over: RwSignal<Over>) -> impl IntoView {
    view! {
        <Empty
            scene=Scene::Quiet
            title=Signal::derive(|| lang().chat_empty().to_owned())
            lead=Signal::derive(|| lang().chat_empty_lead().to_owned())
        >
            <button type="button" class="button primary" on:click=move |_| over.set(Over::Invite)>
                {tr!(invite)}
            </button>
            <button type="button" class="button" on:click=move |_| over.set(Over::Send)>
                {tr!(send_packet)}
            </button>
        </Empty>
    }
}
