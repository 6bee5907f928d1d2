//! A stream of events that is there whenever somebody looks: connects, connects again,
//! and lets go while the page is hidden.
//!
//! The browser would reconnect by itself, but not after a refusal, and it cannot tell a
//! refusal from a lost network. So every connection is used once; the next one begins
//! where the listener says that it is.

use std::sync::LazyLock;

use futures::{
    StreamExt as _,
    channel::mpsc,
    future::{self, Either, LocalBoxFuture},
};
use hongbao_shared::api::live;
use leptos::prelude::{ArcRwSignal, Get as _, GetUntracked as _, Set as _, Update as _};
use wasm_bindgen::{JsCast as _, closure::Closure};
use web_sys::{Event, EventSource, MessageEvent};

use super::{groups, notify};
use crate::{
    api::Failure,
    browser::{self, Lock},
    tasks,
};

/// The pause before the first new try; each later one is twice as long.
const PAUSE_MS: u32 = 500;
const PAUSE_MS_MAX: u32 = 15_000;
/// A connection that is back within this was never missed.
const CALM_MS: u32 = 1_500;
/// The events of a page that is left, perhaps to be shown again as it was, and of a
/// machine without a network: nothing comes any more, and no browser says so of a stream.
const ENDINGS: [&str; 2] = ["pagehide", "offline"];
/// How often a quiet stream looks around.
const TICK_MS: u32 = 500;
/// A page hidden for this long lets go, unless it is to tell of packets: browsers allow six connections per host, and
/// a stream takes one for each tab.
const HIDDEN_MS_MAX: u32 = 10_000;
/// How often a hidden page that let go counts what is unread, for its title.
const COUNT_MS: u32 = 30_000;
/// Windows of one browser that hold a stream. A browser keeps six connections to a host for
/// all of them: with as many streams no further window would get as far as its first byte.
const STREAMS_MAX: u32 = 4;
/// A window beyond them asks this often for what is new.
const ASK_MS: u32 = 2_000;
/// The server's first beat comes at once; if it does not get here, something on the way gathers
/// what it should pass on.
const FIRST_MS_MAX: f64 = 10_000.0;
/// Two beats are lost: so is the connection, though nobody has said so.
const SILENT_MS_MAX: f64 = 40_000.0;
/// For so long a window asks for news that another one of the same person has put aside.
const ASIDE_MS: f64 = 60_000.0;
/// Events that wait to be heard. More at once than this is as good as a lost
/// connection: the next one begins where the listener is.
const WAITING_MAX: usize = 1_024;

/// One event of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct News {
    /// One of the names in [`live`].
    pub(crate) name: String,
    /// The entry of the log up to which the reader now knows everything.
    pub(crate) id: Option<i64>,
    pub(crate) data: String,
}

/// Who listens, and to what.
pub(crate) trait Listener {
    /// The path of the stream, from where the listener is now.
    fn path(&self) -> String;
    /// Takes an event in. A failure ends the stream for good.
    fn hear(&self, news: News) -> Result<(), Failure>;
    /// The stream is open.
    fn opened(&self) {}
    /// Is called now and then while the stream is open.
    fn tick(&self) {}
    /// Asks the server in another way, after a connection was refused: that tells an
    /// ended session and a lost group from a lost network.
    fn check(&self) -> LocalBoxFuture<'static, Result<(), Failure>>;
}

static LOST: LazyLock<ArcRwSignal<bool>> = LazyLock::new(|| ArcRwSignal::new(false));
/// Counts the times that the connection came or went, so that a notice about one time
/// never speaks about the next.
static TURNS: LazyLock<ArcRwSignal<u32>> = LazyLock::new(|| ArcRwSignal::new(0));

/// Has the connection been away long enough to say so?
pub(crate) fn is_lost() -> bool {
    LOST.get()
}

fn came() {
    TURNS.update(|turns| *turns = turns.wrapping_add(1));
    if LOST.get_untracked() {
        LOST.set(false);
    }
}

fn went() {
    TURNS.update(|turns| *turns = turns.wrapping_add(1));
    let mine = TURNS.get_untracked();
    tasks::detach(async move {
        tasks::sleep_ms(CALM_MS).await;
        if TURNS.get_untracked() == mine && !LOST.get_untracked() {
            LOST.set(true);
        }
    });
}

/// Ends what is said about a connection that nobody wants any more.
struct Wanted;

impl Drop for Wanted {
    fn drop(&mut self) {
        came();
    }
}

/// Follows the stream until the server refuses it for good.
pub(crate) async fn follow(listener: impl Listener) -> Failure {
    let listener: &dyn Listener = &listener;
    let _wanted = Wanted;
    let mut pause_ms = PAUSE_MS;
    let mut aside_until = 0.0;
    // Has it gone without having come again? Not to be told by the pause: calls may get through
    // in between, where a stream does not, and then be lost as well.
    let mut is_away = false;
    loop {
        until_seen().await;
        let turn = if js_sys::Date::now() < aside_until { None } else { turn().await };
        let Some(turn) = turn else {
            let answer = listener.check().await;
            is_away = answer.is_err();
            match answer {
                Ok(()) => came(),
                Err(failure) if failure.is_passing() => went(),
                Err(failure) => return failure,
            }
            listener.opened();
            listener.tick();
            tasks::sleep_ms(tasks::spread(ASK_MS)).await;
            continue;
        };
        let mut was_open = false;
        let end = hold(listener, turn, &mut was_open).await;
        is_away &= !was_open;
        match end {
            End::LetGo => continue,
            End::Aside => {
                aside_until = js_sys::Date::now() + ASIDE_MS;
                continue;
            }
            End::Refused(failure) => return failure,
            End::Lost => {}
        }
        if !is_away {
            is_away = true;
            went();
        }
        if was_open {
            pause_ms = PAUSE_MS;
        } else {
            match listener.check().await {
                Err(failure) if !failure.is_passing() => return failure,
                Err(_) => {}
                // Calls get through, where a stream does not.
                Ok(()) => {
                    came();
                    is_away = false;
                    listener.opened();
                    listener.tick();
                }
            }
        }
        tasks::sleep_ms(tasks::spread(pause_ms)).await;
        pause_ms = pause_ms.saturating_mul(2).min(PAUSE_MS_MAX);
    }
}

/// One of the few streams of this browser, if one is free.
async fn turn() -> Option<Lock> {
    for number in 0..STREAMS_MAX {
        let lock = browser::lock(&format!("hongbao.stream.{number}")).await;
        if lock.is_some() {
            return lock;
        }
    }
    None
}

/// Does anybody look, or want to be told while they do not?
fn is_wanted() -> bool {
    browser::is_visible() || notify::is_on_now()
}

async fn until_seen() {
    let mut hidden_ms = 0_u32;
    while !is_wanted() {
        tasks::sleep_ms(TICK_MS).await;
        hidden_ms = hidden_ms.saturating_add(TICK_MS);
        if hidden_ms >= COUNT_MS {
            hidden_ms = 0;
            groups::refresh().await.ok();
        }
    }
}

enum End {
    /// The page is hidden.
    LetGo,
    /// The same person has too many.
    Aside,
    Lost,
    Refused(Failure),
}

async fn hold(listener: &dyn Listener, turn: Lock, was_open: &mut bool) -> End {
    let Some(mut connection) = Connection::open(&listener.path(), turn) else { return End::Lost };
    let mut hidden_since = None;
    let mut heard_at = js_sys::Date::now();
    loop {
        let next = connection.next().await;
        let now = js_sys::Date::now();
        match next {
            Next::News(news) => {
                heard_at = now;
                if !*was_open {
                    *was_open = true;
                    came();
                    listener.opened();
                }
                if news.name == live::REPLACED {
                    return End::Aside;
                }
                if let Err(failure) = listener.hear(news) {
                    return End::Refused(failure);
                }
            }
            Next::Lost => return End::Lost,
            Next::Quiet => {
                let silent_max = if *was_open { SILENT_MS_MAX } else { FIRST_MS_MAX };
                if now - heard_at > silent_max {
                    return End::Lost;
                }
                listener.tick();
            }
        }
        if is_wanted() {
            hidden_since = None;
        } else {
            let since = *hidden_since.get_or_insert(now);
            if now - since >= f64::from(HIDDEN_MS_MAX) {
                return End::LetGo;
            }
        }
    }
}

enum Next {
    News(News),
    Lost,
    /// Nothing for a while.
    Quiet,
}

/// One connection; closed when it is dropped.
struct Connection {
    source: EventSource,
    heard: mpsc::Receiver<Next>,
    listener: Closure<dyn FnMut(Event)>,
}

impl Connection {
    fn open(path: &str, turn: Lock) -> Option<Self> {
        let mut turn = Some(turn);
        let (mut tell, heard) = mpsc::channel(WAITING_MAX);
        let source = EventSource::new(&format!("/api/v1{path}")).ok()?;
        let here = source.clone();
        let listener = Closure::<dyn FnMut(Event)>::new(move |event: Event| {
            // A page that the browser keeps for the way back stands still, and would
            // keep one of its few connections with it.
            if ENDINGS.contains(&event.type_().as_str()) {
                here.close();
                drop(turn.take());
            }
            if tell.try_send(read(&event)).is_err() {
                tell.disconnect();
            }
        });
        let names = [
            live::MESSAGE,
            live::PACKET,
            live::GROUPS,
            live::RESET,
            live::GONE,
            live::REPLACED,
            live::BEAT,
        ];
        for name in ["error"].into_iter().chain(names) {
            let function = listener.as_ref().unchecked_ref();
            source.add_event_listener_with_callback(name, function).ok()?;
        }
        let function = listener.as_ref().unchecked_ref();
        for name in ENDINGS {
            browser::window()?.add_event_listener_with_callback(name, function).ok()?;
        }
        Some(Self { source, heard, listener })
    }

    async fn next(&mut self) -> Next {
        let quiet = Box::pin(tasks::sleep_ms(TICK_MS));
        match future::select(self.heard.next(), quiet).await {
            Either::Left((next, _)) => next.unwrap_or(Next::Lost),
            Either::Right(_) => Next::Quiet,
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.source.close();
        if let Some(window) = browser::window() {
            let function = self.listener.as_ref().unchecked_ref();
            for name in ENDINGS {
                // Fails only where it was never added.
                window.remove_event_listener_with_callback(name, function).ok();
            }
        }
    }
}

fn read(event: &Event) -> Next {
    let name = event.type_();
    match (name.as_str(), event.dyn_ref::<MessageEvent>()) {
        (_, Some(event)) => Next::News(News {
            name,
            id: event.last_event_id().parse().ok(),
            data: event.data().as_string().unwrap_or_default(),
        }),
        _ => Next::Lost,
    }
}
