//! The few things that the browser is asked for directly.

use futures::channel::oneshot;
use js_sys::Promise;
use wasm_bindgen::{JsCast as _, JsValue, closure::Closure, prelude::wasm_bindgen};
use web_sys::{
    Document, Element, History, HtmlElement, Storage, StorageEvent, VisibilityState, Window,
};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = console, js_name = error)]
    pub(crate) fn log_error(message: &JsValue);

    #[wasm_bindgen(catch, js_namespace = ["navigator", "locks"], js_name = request)]
    fn request_lock(name: &str, options: &JsValue, then: &JsValue) -> Result<Promise, JsValue>;

    #[wasm_bindgen(catch, js_namespace = navigator, js_name = share)]
    fn share_sheet(data: &JsValue) -> Result<Promise, JsValue>;
}

/// Something that one window of this browser has at a time; given back when it is dropped, or
/// when the window is gone.
pub(crate) struct Lock(#[expect(dead_code, reason = "its end is what counts")] oneshot::Sender<()>);

/// Takes the lock of this name, unless another window has it. Where the browser knows no locks,
/// as on pages that came over plain HTTP from another machine, everybody gets it.
pub(crate) async fn lock(name: &str) -> Option<Lock> {
    let (say, is_mine) = oneshot::channel();
    let (lock, given_back) = oneshot::channel::<()>();
    let options = js_sys::Object::new();
    js_sys::Reflect::set(&options, &"ifAvailable".into(), &JsValue::TRUE).ok();
    let then = Closure::once_into_js(move |held: JsValue| {
        say.send(!held.is_null()).ok();
        wasm_bindgen_futures::future_to_promise(async move {
            given_back.await.ok();
            Ok(JsValue::UNDEFINED)
        })
    });
    let asked = request_lock(name, &options, &then);
    (asked.is_err() || is_mine.await.unwrap_or(true)).then_some(Lock(lock))
}

pub(crate) fn window() -> Option<Window> {
    web_sys::window()
}

pub(crate) fn document() -> Option<Document> {
    window()?.document()
}

/// The first element of the page that this selector finds.
pub(crate) fn find(selector: &str) -> Option<Element> {
    document()?.query_selector(selector).ok().flatten()
}

/// Shows one of the static panels of `index.html`.
pub(crate) fn show(id: &str) {
    if let Some(element) = document().and_then(|document| document.get_element_by_id(id)) {
        element.remove_attribute("hidden").ok();
    }
}

/// Hides one of the static panels of `index.html`.
pub(crate) fn hide(id: &str) {
    if let Some(element) = document().and_then(|document| document.get_element_by_id(id)) {
        element.set_attribute("hidden", "").ok();
    }
}

/// Sets an attribute of `<html>`, by which the style sheet chooses.
pub(crate) fn set_root_attribute(name: &str, value: &str) {
    if let Some(root) = document().and_then(|document| document.document_element()) {
        root.set_attribute(name, value).ok();
    }
}

/// A text as it is compared: whatever the case, the width and the form of its characters. Done by the
/// browser, which has the tables.
pub(crate) fn folded(text: &str) -> String {
    let text = js_sys::JsString::from(text).normalize("NFKC").to_lower_case();
    String::from(text)
}

/// Does anybody look at this page?
pub(crate) fn is_visible() -> bool {
    document().is_none_or(|document| document.visibility_state() == VisibilityState::Visible)
}

/// Does this media query hold?
pub(crate) fn media_matches(query: &str) -> bool {
    window()
        .and_then(|window| window.match_media(query).ok().flatten())
        .is_some_and(|list| list.matches())
}

/// Did the person ask their system for less motion?
pub(crate) fn reduced_motion() -> bool {
    media_matches("(prefers-reduced-motion: reduce)")
}

/// `https://host:port`, without a path.
pub(crate) fn origin() -> String {
    window().and_then(|window| window.location().origin().ok()).unwrap_or_default()
}

/// The path of the address.
pub(crate) fn path() -> String {
    window().and_then(|window| window.location().pathname().ok()).unwrap_or_default()
}

pub(crate) fn history() -> Option<History> {
    window()?.history().ok()
}

/// Calls `listener` after the browser's back and forward.
pub(crate) fn on_popstate(listener: &Closure<dyn Fn()>) {
    if let Some(window) = window() {
        let listener = listener.as_ref().unchecked_ref();
        window.add_event_listener_with_callback("popstate", listener).ok();
    }
}

/// Loads the page anew.
pub(crate) fn reload() {
    if let Some(window) = window() {
        window.location().reload().ok();
    }
}

/// Calls `listener` whenever the browser has a network again.
pub(crate) fn on_online(listener: impl Fn() + 'static) {
    let listener = Closure::<dyn Fn()>::new(listener);
    if let Some(window) = window() {
        let function = listener.as_ref().unchecked_ref();
        window.add_event_listener_with_callback("online", function).ok();
    }
    // Listens for as long as the page lives.
    listener.forget();
}

/// Calls `listener` with the place and the value that another tab has stored.
pub(crate) fn on_stored(listener: impl Fn(String, Option<String>) + 'static) {
    let listener = Closure::<dyn Fn(StorageEvent)>::new(move |event: StorageEvent| {
        listener(event.key().unwrap_or_default(), event.new_value());
    });
    if let Some(window) = window() {
        let function = listener.as_ref().unchecked_ref();
        window.add_event_listener_with_callback("storage", function).ok();
    }
    // Listens for as long as the page lives.
    listener.forget();
}

/// The languages that the person reads, the best first.
pub(crate) fn language() -> String {
    window().and_then(|window| window.navigator().language()).unwrap_or_default()
}

/// What has the focus now, to give it back later.
pub(crate) fn focused() -> Option<HtmlElement> {
    document()?.active_element()?.dyn_into().ok()
}

/// Puts `text` on the clipboard; `false` where the browser refuses.
pub(crate) async fn copy(text: &str) -> bool {
    // Browsers have no clipboard on pages that came over plain HTTP from another machine.
    let secure = js_sys::Reflect::get(&js_sys::global(), &"isSecureContext".into())
        .is_ok_and(|secure| secure.is_truthy());
    let Some(window) = window().filter(|_| secure) else {
        return false;
    };
    let written = window.navigator().clipboard().write_text(text);
    wasm_bindgen_futures::JsFuture::from(written).await.is_ok()
}

/// Does the system have a share sheet for pages?
pub(crate) fn can_share() -> bool {
    window().is_some_and(|window| {
        js_sys::Reflect::has(&window.navigator(), &"share".into()).unwrap_or_default()
    })
}

/// Opens the system's share sheet; whoever closes it again has shared nothing, and knows.
pub(crate) async fn share(url: &str) {
    let data = js_sys::Object::new();
    js_sys::Reflect::set(&data, &"url".into(), &url.into()).ok();
    if let Ok(shared) = share_sheet(&data) {
        wasm_bindgen_futures::JsFuture::from(shared).await.ok();
    }
}

fn storage() -> Option<Storage> {
    window()?.local_storage().ok().flatten()
}

/// A value kept in this browser. `None` too where storage is switched off.
pub(crate) fn stored(key: &str) -> Option<String> {
    storage()?.get_item(key).ok().flatten()
}

/// Keeps a value in this browser, as far as it allows.
pub(crate) fn store(key: &str, value: &str) {
    if let Some(storage) = storage() {
        storage.set_item(key, value).ok();
    }
}

/// Keeps a value, or forgets it.
pub(crate) fn keep(key: &str, value: Option<&str>) {
    match value {
        Some(value) => store(key, value),
        None => forget(key),
    }
}

/// Forgets a value.
pub(crate) fn forget(key: &str) {
    if let Some(storage) = storage() {
        storage.remove_item(key).ok();
    }
}

fn tab_storage() -> Option<Storage> {
    window()?.session_storage().ok().flatten()
}

/// Has this tab not been asked about this version before? Where it cannot keep that, it always has.
pub(crate) fn is_first(version: &str) -> bool {
    const KEY: &str = "hongbao.versions";
    let Some(storage) = tab_storage() else { return false };
    let before = storage.get_item(KEY).ok().flatten().unwrap_or_default();
    !before.contains(version) && storage.set_item(KEY, &format!("{before}{version}")).is_ok()
}

/// Says who uses this tab now; was it somebody else before?
pub(crate) fn tab_changes_hands(to: &str) -> bool {
    const KEY: &str = "hongbao.person";
    let Some(storage) = tab_storage() else { return false };
    let before = storage.get_item(KEY).ok().flatten();
    storage.set_item(KEY, to).ok();
    before.is_some_and(|before| before != to)
}

/// 32 bytes from the operating system.
pub(crate) fn random_bytes() -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).ok().map(|()| bytes)
}

/// A key by which a call can be repeated without doing its work twice.
pub(crate) fn random_key() -> String {
    use core::fmt::Write as _;
    let mut key = String::with_capacity(32);
    for byte in random_bytes().unwrap_or_default().iter().take(16) {
        // Writing to a String cannot fail.
        write!(key, "{byte:02x}").ok();
    }
    key
}
