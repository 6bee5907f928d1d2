//! Red packets are told by the system, with its sound and its vibration, while nobody looks at the
//! app: by choice of each person, in this browser (R-WEB-8). A page that is open has the service worker tell of
//! what it hears; where none is, the push service of the browser does. Nothing of amounts is in it.

use std::sync::LazyLock;

use hongbao_shared::api::groups::{GroupSummary, MessageBody};
use js_sys::{Object, Promise, Reflect};
use leptos::prelude::{ArcRwSignal, Get as _, GetUntracked as _, Set as _};
use wasm_bindgen::{JsCast as _, JsValue, closure::Closure, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;
use web_sys::{EventTarget, MessageEvent};

use super::toast;
use crate::{
    browser,
    i18n::lang_now,
    route::{self, Route},
    tasks, who,
};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch, js_namespace = Notification, js_name = requestPermission)]
    fn request_permission() -> Result<Promise, JsValue>;

    type Worker;

    #[wasm_bindgen(method, catch, js_name = postMessage)]
    fn post(this: &Worker, message: &Object) -> Result<(), JsValue>;
}

const SOUND_KEY: &str = "hongbao.sound";

/// When the system rings; as the service worker knows it.
pub(crate) const SOUNDS: [&str; 3] = ["on", "night", "off"];

static ON: LazyLock<ArcRwSignal<bool>> = LazyLock::new(|| ArcRwSignal::new(is_kept()));
static SOUND: LazyLock<ArcRwSignal<usize>> = LazyLock::new(|| ArcRwSignal::new(kept_sound()));

/// Where it is kept that somebody has it on.
fn place() -> String {
    who::place("notify")
}

fn is_kept() -> bool {
    browser::stored(&place()).is_some() && is_allowed()
}

fn kept_sound() -> usize {
    let kept = browser::stored(SOUND_KEY).unwrap_or_default();
    SOUNDS.iter().position(|sound| *sound == kept).unwrap_or_default()
}

fn property(of: &JsValue, name: &str) -> Option<JsValue> {
    Reflect::get(of, &name.into()).ok().filter(JsValue::is_truthy)
}

/// Has this browser notifications, on a page that came like this one?
pub(crate) fn is_possible() -> bool {
    property(&js_sys::global(), "Notification").is_some() && worker().is_some()
}

fn is_allowed() -> bool {
    let permission = property(&js_sys::global(), "Notification")
        .and_then(|notification| property(&notification, "permission"));
    permission.is_some_and(|permission| permission == "granted")
}

fn worker() -> Option<JsValue> {
    property(&property(&js_sys::global(), "navigator")?, "serviceWorker")
}

pub(crate) fn is_on() -> bool {
    ON.get()
}

/// The same, without following changes.
pub(crate) fn is_on_now() -> bool {
    ON.get_untracked()
}

/// Which of [`SOUNDS`] it is.
pub(crate) fn sound() -> usize {
    SOUND.get()
}

/// Turns it on or off; browsers ask the person for leave the first time, within a gesture.
pub(crate) fn toggle() {
    if is_on_now() {
        browser::forget(&place());
        ON.set(false);
        choose();
        return;
    }
    let asked = request_permission();
    tasks::detach(async move {
        if let Ok(asked) = asked {
            JsFuture::from(asked).await.ok();
        }
        if is_allowed() {
            browser::store(&place(), "on");
            ON.set(true);
            choose();
        } else {
            toast::show(lang_now().notify_blocked());
        }
    });
}

/// Takes the next of [`SOUNDS`].
pub(crate) fn next_sound() {
    let next = (SOUND.get_untracked() + 1) % SOUNDS.len();
    browser::store(SOUND_KEY, SOUNDS[next]);
    SOUND.set(next);
    choose();
}

/// Somebody is signed in: where it is on, the browser is told for them.
pub(crate) fn begin() {
    ON.set(is_kept());
    if is_on_now() {
        choose();
    }
}

/// Whoever was here has signed out: what they were told is nobody else's.
pub(crate) fn end() {
    if is_on_now() {
        say(&[("what", "end".into())]);
        ON.set(false);
    }
}

/// Tells the service worker what is chosen, and for whom.
fn choose() {
    let Some(person) = who::id() else { return };
    // As it is on the wire: `zh`, `en`.
    let language = lang_now().tag().split('-').next().unwrap_or_default();
    say(&[
        ("what", "choose".into()),
        ("on", is_on_now().into()),
        ("sound", SOUNDS[SOUND.get_untracked()].into()),
        ("person", person.to_string().into()),
        ("language", language.into()),
    ]);
}

/// Leads to the chat whose notification was tapped, unless something lies over the screen.
pub(crate) fn start() {
    let listener = Closure::<dyn Fn(MessageEvent)>::new(|event: MessageEvent| {
        if let Some(path) = event.data().as_string()
            && browser::find("dialog[open]").is_none()
        {
            route::go(Route::of(&path));
        }
    });
    // A worker of another version has heard of nothing yet.
    let newer = Closure::<dyn Fn()>::new(begin);
    if let Some(worker) = worker() {
        let target: &EventTarget = worker.unchecked_ref();
        for (name, function) in
            [("message", listener.as_ref()), ("controllerchange", newer.as_ref())]
        {
            target.add_event_listener_with_callback(name, function.unchecked_ref()).ok();
        }
    }
    // They listen for as long as the page lives.
    listener.forget();
    newer.forget();
    browser::on_stored(|key, _| {
        if key == SOUND_KEY {
            SOUND.set(kept_sound());
        } else if key == place() {
            ON.set(is_kept());
        }
    });
}

/// The newest entry of a group was not known before: is it one to be told of?
pub(crate) fn of(group: &GroupSummary) {
    if group.muted || !is_on_now() || browser::is_visible() {
        return;
    }
    let Some(message) = &group.last_message else { return };
    let MessageBody::Packet { packet } = &message.body else { return };
    // Demo members play on for as long as a page is open.
    if who::id() == Some(message.user.id) || message.user.is_demo {
        return;
    }
    if packet.recipient.as_ref().is_some_and(|recipient| !who::is_me(recipient.id)) {
        return;
    }
    let body = lang_now().said_packet(&message.user.name, &packet.greeting);
    say(&[
        ("what", "tell".into()),
        ("title", group.name.as_str().into()),
        ("body", body.into()),
        ("path", Route::Chat(group.id).href().into()),
        // Several windows, and the push service, tell it once.
        ("tag", packet.order_no.to_string().into()),
    ]);
}

/// Says something to the service worker, once it is there.
fn say(words: &[(&str, JsValue)]) {
    let Some(ready) = worker().and_then(|worker| property(&worker, "ready")) else { return };
    let message = Object::new();
    for (name, value) in words {
        Reflect::set(&message, &(*name).into(), value).ok();
    }
    tasks::detach(async move {
        let registration = JsFuture::from(Promise::from(ready)).await;
        let active = registration.ok().and_then(|there| property(&there, "active"));
        if let Some(active) = active {
            active.unchecked_ref::<Worker>().post(&message).ok();
        }
    });
}
