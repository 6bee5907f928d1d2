//! A group's chat: the log, the composer, the ways to invite and to send.

mod card;
mod composer;
mod log;
mod pending;

use hongbao_shared::{
    ErrorCode, GroupId,
    api::groups::{CardState, Group, MessageBody},
};
use leptos::prelude::*;

use crate::{
    api::{self, Failure, version},
    art::{Icon, Scene},
    components::{
        Empty, Fault, Link, Pic, effect,
        envelope::{Envelope, Tapped},
        live, memo, press, words,
    },
    i18n::{Lang, lang, lang_now, text, tr},
    pages::{invite, send},
    route::{self, Route},
    state::{
        feed::{Feed, Link},
        payments, toast,
    },
    tasks::{self, Scope},
    who,
};

use composer::Composer;
use log::LogView;
use pending::PendingNotice;

/// After one look at who is in the group, how long until the next.
const LOOK_AGAIN_MS: u32 = 4_000;

/// What lies over the chat.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Over {
    Nothing,
    Invite,
    Send,
    Envelope(Tapped),
}

/// A group that is not there for this person; `was_in` for whom it was a moment ago.
#[component]
pub(super) fn Gone(failure: Failure, #[prop(optional)] was_in: bool) -> impl IntoView {
    let is_out = was_in && failure.code() == Some(ErrorCode::GroupNotFound);
    let title = if is_out { Lang::group_no_more } else { Lang::group_gone };
    let failure = RwSignal::new(Some(failure).filter(|_| !is_out));
    // Whoever was in it did nothing that leads here: ears are told as well.
    let role = is_out.then_some("status");
    view! {
        <div class="sr-only" role=role><h1>{text(title)}</h1></div>
        <Empty scene=Scene::Lost title=title>
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
    // One's own packet is looked at like one's own words, wherever one was in the log.
    let sent = Callback::new(move |()| {
        feed.to_end();
        close.run(());
    });
    let open = Callback::new(move |sheet| open(scope, over, sheet));

    // Members change when somebody comes or goes; the log says when. One look at a time: where many
    // come at once, everybody who is there would ask for everybody each time.
    let looking = RwSignal::new(false);
    effect(move || {
        feed.roster();
        if looking.get_untracked() {
            return;
        }
        looking.set(true);
        scope.spawn(async move {
            loop {
                let seen = feed.roster_now();
                if let Ok(answer) = api::persist(move || api::group(id), |_| ()).await {
                    group.set(Some(answer));
                }
                tasks::sleep_ms(tasks::spread(LOOK_AGAIN_MS)).await;
                if feed.roster_now() == seen {
                    break;
                }
            }
            looking.set(false);
        });
    });
    reopen(id, feed, over);

    let refused = memo(move || match feed.link() {
        Link::Refused(failure) => Some(failure),
        _ => None,
    });
    let is_quiet = memo(move || group.with(|g| g.as_ref().is_some_and(|g| !g.is_demo)));
    live(move || {
        Some(match refused.get() {
        Some(failure) => {
            let was_in = feed.rows().with_untracked(|rows| !rows.is_empty());
            view! { <Gone failure was_in/> }.into_any()
        }
        None => view! {
            <section class="chat" data-testid="chat">
                <ChatBar id group open/>
                // Looks again whenever what lay over the chat has gone.
                {live(move || (over.get() == Over::Nothing).then(|| view! { <PendingNotice group=id/> }.into_any()))}
                <LogView feed on_tap=Callback::new(move |tapped| tap(tapped, over))>
                    // A demo group speaks in a moment.
                    {live(move || is_quiet.get().then(|| view! { <Invitation open/> }.into_any()))}
                </LogView>
                <Composer group=id feed on_packet=Callback::new(move |()| open.run(Over::Send))/>
            </section>
            {live(move || Some(match over.get() {
                Over::Nothing => ().into_any(),
                Over::Invite => invite::sheet(id, close),
                Over::Send => send::sheet(id, group, close, sent),
                Over::Envelope(tapped) => {
                    let on_state = Callback::new(move |(order_no, state)| {
                        feed.set_card(order_no, state);
                    });
                    view! { <Envelope group=id tapped on_close=close on_state/> }.into_any()
                }
            }))}
        }
        .into_any(),
    })
    })
}

/// Opens a sheet, once its code is there.
fn open(scope: Scope, over: RwSignal<Over>, sheet: Over) {
    scope.spawn(async move {
        let fetched = match sheet {
            Over::Invite => invite::fetch().await,
            _ => send::fetch().await,
        };
        match fetched {
            // What has been opened meanwhile stays.
            Ok(()) if over.get_untracked() == Over::Nothing => over.set(sheet),
            Ok(()) => {}
            // Of a new version the notice speaks.
            Err(_) if version::is_old_now() => {}
            Err(_) => toast::show(lang_now().server_away()),
        }
    });
}

/// What one has opened, or has sent to somebody else, is looked at; everything else is an
/// envelope.
fn tap(tapped: Tapped, over: RwSignal<Over>) {
    let recipient = tapped.card.recipient.as_ref();
    let for_another =
        who::is_me(tapped.sender.id) && recipient.is_some_and(|one| !who::is_me(one.id));
    if for_another || tapped.card.state == CardState::Opened {
        route::go(Route::Packet(tapped.card.order_no));
    } else {
        over.set(Over::Envelope(tapped));
    }
}

/// Shows an envelope again whose opening this browser has not seen the end of, for
/// instance because of a reload: it tells what became of the money.
fn reopen(id: GroupId, feed: Feed, over: RwSignal<Over>) {
    let Some(order_no) = payments::opening(id) else { return };
    let done = RwSignal::new(false);
    effect(move || {
        let empty = feed.rows().with(Vec::is_empty);
        if empty || done.get_untracked() {
            return;
        }
        done.set(true);
        payments::opened();
        if let Some(message) = feed.packet(order_no)
            && let MessageBody::Packet { packet: card } = message.body
        {
            over.set(Over::Envelope(Tapped { card, sender: message.user }));
        }
    });
}

#[component]
fn ChatBar(id: GroupId, group: RwSignal<Option<Group>>, open: Callback<Over>) -> impl IntoView {
    let name = move || group.with(|group| group.as_ref().map(|group| group.name.clone()));
    let count = move || group.with(|group| group.as_ref().map(|group| group.members.len()));
    view! {
        <header class="bar">
            <span class="bar-back icon-button">
                <Link to=Route::Home><Pic icon=Icon::Back/><span class="sr-only">{tr!(back)}</span></Link>
            </span>
            <h1 class="bar-title clip">{words(move || name().unwrap_or_default())}</h1>
            <span class="bar-note">{words(move || count().map(|n| lang().members(n)).unwrap_or_default())}</span>
            <button
                type="button"
                class="icon-button"
                data-testid="invite"
                aria-label=tr!(invite)
                on:click=press(move |_| open.run(Over::Invite))
            >
                <Pic icon=Icon::Invite/>
            </button>
            <span class="icon-button" data-testid="group-info">
                <Link to=Route::Group(id)><Pic icon=Icon::More/><span class="sr-only">{tr!(group_info)}</span></Link>
            </span>
        </header>
    }
}

/// What a chat without a word says.
#[component]
fn Invitation(open: Callback<Over>) -> impl IntoView {
    view! {
        <Empty
            scene=Scene::Quiet
            title=Lang::chat_empty
            lead=Lang::chat_empty_lead
        >
            <button type="button" class="button primary" on:click=press(move |_| open.run(Over::Invite))>
                {tr!(invite)}
            </button>
            <button type="button" class="button" on:click=press(move |_| open.run(Over::Send))>
                {tr!(send_packet)}
            </button>
        </Empty>
    }
}
