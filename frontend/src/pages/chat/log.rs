//! The messages, the oldest first, the newest in view.

use hongbao_shared::{
    Timestamp,
    api::groups::{CardState, Message, MessageBody},
};
use leptos::{html, prelude::*};

use super::card::Card;
use crate::{
    components::{Avatar, envelope::Tapped},
    i18n::{lang, tr},
    state::{
        feed::{Feed, Link},
        session,
    },
};

/// Above this the time is said again.
const PAUSE_MS: i64 = 5 * 60 * 1000;
/// This close to the end counts as reading the end, in CSS pixels.
const NEAR_END_PX: i32 = 120;

/// The scrolling part of a chat. The children are shown while there is no message
/// but the founder's own arrival.
#[component]
pub(super) fn LogView(feed: Feed, on_tap: Callback<Tapped>, children: ChildrenFn) -> impl IntoView {
    let place = NodeRef::<html::Div>::new();
    let behind = RwSignal::new(false);
    let messages = feed.messages();
    let quiet = Memo::new(move |_| {
        messages.with(|all| {
            all.len() <= 1 && all.iter().all(|message| message.body == MessageBody::Joined)
        }) && feed.link() != Link::Loading
    });
    keep_in_view(place, feed, behind);
    view! {
        <div class="log-frame">
            <div
                class="log"
                node_ref=place
                role="log"
                aria-label=tr!(chat_label)
                tabindex="0"
                on:scroll=move |_| {
                    if behind.get_untracked() && place.get().is_some_and(|log| is_near_end(&log)) {
                        behind.set(false);
                    }
                }
            >
                {move || feed.has_older().then(|| view! {
                    <button type="button" class="link-button" on:click=move |_| feed.load_older()>
                        {tr!(earlier)}
                    </button>
                })}
                <For
                    each=move || rows(messages.get())
                    key=|row| (row.message.id, state_number(&row.message.body), row.time)
                    children=move |row| view! { <Row row on_tap/> }
                />
                {move || quiet.get().then(|| children())}
            </div>
            {move || behind.get().then(|| view! {
                <button
                    type="button"
                    class="to-newest"
                    on:click=move |_| {
                        if let Some(log) = place.get() {
                            log.set_scroll_top(log.scroll_height());
                        }
                        behind.set(false);
                    }
                >
                    {tr!(to_newest)}
                </button>
            })}
        </div>
    }
}

/// Follows the end while the reader is there, and keeps what they read in its place
/// when something is added above.
fn keep_in_view(place: NodeRef<html::Div>, feed: Feed, behind: RwSignal<bool>) {
    let messages = feed.messages();
    Effect::new(move |before: Option<Option<(i64, i64)>>| {
        let ends = messages.with(|all| Some((all.first()?.id.get(), all.last()?.id.get())));
        let mine = messages.with(|all| all.last().is_some_and(|last| session::is_me(last.user.id)));
        let log = place.get_untracked()?;
        let (first, last) = ends?;
        let before = before.flatten();
        // The rows that this effect is about are not on the page yet, and come with the
        // frame after the next.
        let was_near_end = is_near_end(&log);
        let from_end = log.scroll_height() - log.scroll_top();
        after_next_frame(move || match before {
            Some((first_before, last_before)) => {
                if last > last_before && (was_near_end || mine) {
                    log.set_scroll_top(log.scroll_height());
                } else if last > last_before {
                    behind.try_set(true);
                } else if first < first_before {
                    log.set_scroll_top(log.scroll_height() - from_end);
                }
            }
            None => log.set_scroll_top(log.scroll_height()),
        });
        Some((first, last))
    });
}

fn after_next_frame(run: impl FnOnce() + 'static) {
    request_animation_frame(|| request_animation_frame(run));
}

fn is_near_end(log: &web_sys::HtmlDivElement) -> bool {
    log.scroll_height() - log.scroll_top() - log.client_height() < NEAR_END_PX
}

/// A message, and the time if it is to be said before it.
#[derive(Clone, Debug)]
struct LogRow {
    message: Message,
    time: Option<Timestamp>,
}

fn rows(messages: Vec<Message>) -> Vec<LogRow> {
    let mut before: Option<Timestamp> = None;
    messages
        .into_iter()
        .map(|message| {
            let paused = before.is_none_or(|before| message.at.millis_since(before) > PAUSE_MS);
            before = Some(message.at);
            LogRow { time: paused.then_some(message.at), message }
        })
        .collect()
}

/// What makes a row another row: a packet's state changes, the rest of a message
/// never does.
fn state_number(body: &MessageBody) -> u8 {
    match body {
        MessageBody::Packet { packet } => match packet.state {
            CardState::Open => 1,
            CardState::Opened => 2,
            CardState::Finished => 3,
            CardState::Expired => 4,
        },
        _ => 0,
    }
}

#[component]
fn Row(row: LogRow, on_tap: Callback<Tapped>) -> impl IntoView {
    let LogRow { message, time } = row;
    let time = time.map(|at| {
        view! { <p class="log-time">{move || lang().moment(at)}</p> }
    });
    let user = message.user.clone();
    let body = match message.body.clone() {
        MessageBody::Text { text } => {
            bubble(&user, view! { <p class="bubble">{text}</p> }.into_any())
        }
        MessageBody::Packet { packet } => {
            let sender = user.clone();
            bubble(&user, view! { <Card card=packet sender on_tap/> }.into_any())
        }
        _ => {
            let line = move || lang().system_line(&message);
            view! { <p class="log-system">{line}</p> }.into_any()
        }
    };
    view! { {time} {body} }
}

fn bubble(user: &hongbao_shared::api::accounts::Profile, inside: AnyView) -> AnyView {
    let mine = session::is_me(user.id);
    view! {
        <div class="said" class:mine=mine>
            <Avatar name=user.avatar.clone()/>
            <div class="said-body">
                <span class="said-name" class:sr-only=mine>{user.name.clone()}</span>
                {inside}
            </div>
        </div>
    }
    .into_any()
}
