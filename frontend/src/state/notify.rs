//! Red packets are told by the system, with its sound and its vibration, while nobody looks at the
//! app: by choice, in this browser, as long as a page of it is open (R-WEB-8). Nothing of
//! amounts is in it.

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

    #[wasm_bindgen(catch, js_namespace = ["navigator", "serviceWorker"], js_name = getRegistration)]
    fn registration() -> Result<Promise, JsValue>;

    type Registration;

    #[wasm_bindgen(method, catch, js_name = showNotification)]
    fn show(this: &Registration, title: &str, options: &Object) -> Result<Promise, JsValue>;
}

const KEY: &str = "hongbao.notify";

static ON: LazyLock<ArcRwSignal<bool>> =
    LazyLock::new(|| ArcRwSignal::new(browser::stored(KEY).is_some() && is_allowed()));

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

/// Turns it on or off; browsers ask the person for leave the first time, within a gesture.
pub(crate) fn toggle() {
    if is_on_now() {
        browser::forget(KEY);
        ON.set(false);
        return;
    }
    let asked = request_permission();
    tasks::detach(async move {
        if let Ok(asked) = asked {
            JsFuture::from(asked).await.ok();
        }
        if is_allowed() {
            browser::store(KEY, "on");
            ON.set(true);
        } else {
            toast::show(lang_now().notify_blocked());
        }
    });
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
    if let Some(worker) = worker() {
        let function = listener.as_ref().unchecked_ref();
        let target: &EventTarget = worker.unchecked_ref();
        target.add_event_listener_with_callback("message", function).ok();
    }
    // Listens for as long as the page lives.
    listener.forget();
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
    let options = Object::new();
    let body = lang_now().said_packet(&message.user.name, &packet.greeting);
    for (name, value) in [
        ("body", body),
        // Several windows tell it once.
        ("tag", packet.order_no.to_string()),
        ("icon", "/icon-192.png".to_owned()),
        ("data", Route::Chat(group.id).href()),
    ] {
        Reflect::set(&options, &name.into(), &value.into()).ok();
    }
    let title = group.name.clone();
    tasks::detach(async move {
        show(&title, &options).await.ok();
    });
}

async fn show(title: &str, options: &Object) -> Result<(), JsValue> {
    let there = JsFuture::from(registration()?).await?;
    if there.is_truthy() {
        JsFuture::from(there.unchecked_ref::<Registration>().show(title, options)?).await?;
    }
    Ok(())
}
