//! The messages, the oldest first, the newest in view.

mod scroll;
mod unsent;

use hongbao_shared::{
    OrderNo, UserId,
    api::{
        accounts::Profile,
        groups::{Message, MessageBody},
    },
};
use leptos::{html, prelude::*};

use super::card::Card;
use crate::{
    art::{Icon, Scene},
    components::{
        Avatar, Empty, Link as RouteLink, Name, Pic, effect, envelope::Tapped, live, memo, press,
        rows, words,
    },
    i18n::{Lang, lang, lang_now, tr},
    route::Route,
    state::{
        LogRow,
        feed::{Feed, Link},
        outbox,
    },
    tasks::{self, Scope},
    who,
};

use scroll::Scroll;
use unsent::Unsent;

/// Rows that a chat is opened with, more than a screen of a phone, and how many come at a time
/// after them: taps are answered in between.
const FIRST_ROWS: usize = 12;
const MORE_ROWS: usize = 8;
/// Rows that are drawn when all are.
const ALL: usize = usize::MAX;

/// Draws what is further up after what is in view; how many rows, counted from the newest.
fn draw_bit_by_bit(rows: RwSignal<Vec<LogRow>>) -> RwSignal<usize> {
    let count = RwSignal::new(FIRST_ROWS);
    let scope = Scope::new();
    effect(move || {
        let (known, drawn) = (rows.with(Vec::len), count.get());
        if known > drawn {
            scope.spawn(async move {
                tasks::sleep_ms(0).await;
                count.update(|count| *count = count.saturating_add(MORE_ROWS));
            });
        } else if known > 0 && drawn != ALL {
            count.set(ALL);
        }
    });
    count
}

/// The scrolling part of a chat. The children are shown while there is no message
/// but the founder's own arrival.
#[component]
pub(super) fn LogView(feed: Feed, on_tap: Callback<Tapped>, children: ChildrenFn) -> impl IntoView {
    let place = NodeRef::<html::Div>::new();
    let drawn = feed.rows();
    let quiet = memo(move || {
        let arrival =
            |row: &LogRow| matches!(row.message.body, MessageBody::Joined | MessageBody::Created);
        drawn.with(|all| all.len() <= 1 && all.iter().all(arrival))
            && feed.link() == Link::Live
            && outbox::lines(feed.group()).is_empty()
    });
    let away = memo(move || feed.link() == Link::Away);
    let count = draw_bit_by_bit(drawn);
    // Nothing is on its way to a log whose server is away: what it says is to be read out.
    let is_drawing = memo(move || !away.get() && count.get() != ALL);
    let scroll = Scroll::keep(place, feed, count);
    view! {
        <div class="log-frame">
            <div
                class="log"
                node_ref=place
                role="log"
                aria-label=tr!(chat_label)
                tabindex="0"
                data-testid="log"
                aria-busy=move || is_drawing.get().then_some("true")
                on:scroll=move |_| scroll.on_scroll()
            >
                {live(move || feed.has_older().then(|| view! {
                    <button
                        type="button"
                        class="link-button"
                        data-testid="log-earlier"
                        aria-disabled=move || feed.is_loading_older().then_some("true")
                        on:click=press(move |_| feed.up())
                    >
                        {words(move || if feed.is_loading_older() { lang().loading() } else { lang().earlier() })}
                    </button>
                }.into_any()))}
                <div class="log-rows">
                    {rows(
                        move || drawn.with(|all| {
                            all.iter().skip(all.len().saturating_sub(count.get())).cloned().collect()
                        }),
                        |row| (row.message.id.get(), row.looks()),
                        move |row| view! { <Row feed row on_tap/> }.into_any(),
                    )}
                </div>
                <Unsent group=feed.group()/>
                {live(move || quiet.get().then(|| children()))}
                {live(move || away.get().then(|| view! {
                    <Empty
                        scene=Scene::Away
                        title=Lang::server_away
                        lead=Lang::server_away_lead
                    />
                }.into_any()))}
            </div>
            {live(move || (feed.is_behind() || scroll.is_far()).then(|| view! {
                <button
                    type="button"
                    class="to-newest"
                    data-testid="to-newest"
                    on:click=press(move |_| scroll.to_end())
                >
                    {words(move || if feed.is_behind() { lang().to_newest() } else { lang().to_end() })}
                </button>
            }.into_any()))}
        </div>
    }
}

#[component]
fn Row(feed: Feed, row: LogRow, on_tap: Callback<Tapped>) -> impl IntoView {
    let LogRow { message, time, begins_day, goes_on, first } = row;
    let id = message.id;
    // Drawn by the style sheet, so that copied words have no times between them.
    let clock = lang_now().clock(message.at);
    let time = time.map(|at| {
        let said = move || if begins_day { lang().day_and_clock(at) } else { lang().moment(at) };
        view! { <p class="log-time">{words(said)}</p> }
    });
    let body = match &message.body {
        MessageBody::Text { text } => {
            let text = linked(text);
            // Translators put nodes of theirs in place of ours, and what is live would never
            // change again (`index.html`). What people said stays as it is.
            let words = view! { <p class="bubble" data-time=clock translate="yes">{text}</p> };
            bubble(&message.user, goes_on, words.into_any())
        }
        MessageBody::Packet { packet } => {
            let (card, sender) = (packet.clone(), message.user.clone());
            let standing = memo(move || feed.card(id));
            let inside = view! { <Card card sender clock standing on_tap/> }.into_any();
            bubble(&message.user, goes_on, inside)
        }
        _ => system(message, first),
    };
    view! { <div class="log-row" class:goes-on=goes_on data-id=id.get()>{time} {body}</div> }
}

/// What somebody said, with addresses to tap. Nothing is fetched from there, and whoever
/// is led there does not tell from where.
fn linked(text: &str) -> Vec<AnyView> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("https://").into_iter().chain(rest.find("http://")).min() {
        let (before, from) = rest.split_at(start);
        // An address is of such letters alone; what ends a sentence is not its end.
        let end = from.find(|letter: char| !letter.is_ascii_graphic()).unwrap_or(from.len());
        let href = from[..end].trim_end_matches(['.', ',', ';', ':', '!', '?', ')', '"', '\'']);
        let link = view! {
            <a href=href.to_owned() target="_blank" rel="noopener noreferrer">{href.to_owned()}</a>
        };
        parts.extend([before.to_owned().into_any(), link.into_any()]);
        rest = &from[href.len()..];
    }
    parts.push(rest.to_owned().into_any());
    parts
}

/// What the chat tells by itself. What is about a packet leads to it.
fn system(message: Message, first: Option<UserId>) -> AnyView {
    let (kind, packet): (_, Option<OrderNo>) = match &message.body {
        MessageBody::Opened { order_no, .. } => ("opened", Some(*order_no)),
        MessageBody::Finished { order_no, .. } => ("finished", Some(*order_no)),
        MessageBody::Expired { order_no, .. } => ("expired", Some(*order_no)),
        MessageBody::Created => ("created", None),
        MessageBody::Joined => ("joined", None),
        MessageBody::Left => ("left", None),
        MessageBody::Removed { .. } => ("removed", None),
        MessageBody::Unknown => ("unknown", None),
        MessageBody::Text { .. } | MessageBody::Packet { .. } => return ().into_any(),
    };
    let line = move || lang().system_line(&message, first);
    let inside = match packet {
        Some(order_no) => view! {
            <RouteLink to=Route::Packet(order_no)><Pic icon=Icon::Packet/><span>{words(move || line().unwrap_or_default())}</span></RouteLink>
        }
        .into_any(),
        None => words(move || line().unwrap_or_default()),
    };
    view! { <div class="log-system" data-testid="system-line" data-type=kind>{inside}</div> }
        .into_any()
}

fn bubble(user: &Profile, goes_on: bool, inside: AnyView) -> AnyView {
    let mine = who::is_me(user.id);
    // A picture is most of a row's elements, and that of a row that goes on is not seen.
    let picture = if goes_on {
        view! { <span class="avatar"></span> }.into_any()
    } else {
        view! { <Avatar name=user.avatar.clone()/> }.into_any()
    };
    view! {
        <div class="said" class:mine=mine>
            {picture}
            <div class="said-body">
                <span class="said-name" class:sr-only=mine><Name of=user.clone()/></span>
                {inside}
            </div>
        </div>
    }
    .into_any()
}
