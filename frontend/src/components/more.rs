//! The next part of a list, read as soon as its end comes into view.

use leptos::{html, prelude::*};
use wasm_bindgen::{JsCast as _, closure::Closure};
use web_sys::{IntersectionObserver, IntersectionObserverEntry};

use crate::{
    components::{effect, press},
    i18n::tr,
    tasks::Scope,
};

/// A button that presses itself when it is seen. It stays a button for the keyboard
/// and for the try after a failure.
#[component]
pub(crate) fn More(#[prop(into)] busy: Signal<bool>, on_more: Callback<()>) -> impl IntoView {
    let button = NodeRef::<html::Button>::new();
    let scope = Scope::new();
    effect(move || {
        let Some(button) = button.get() else { return };
        scope.spawn(async move {
            seen(&button).await;
            on_more.run(());
        });
    });
    view! {
        <button
            type="button"
            class="button"
            data-testid="load-more"
            node_ref=button
            disabled=busy
            on:click=press(move |_| on_more.run(()))
        >
            {tr!(load_more)}
        </button>
    }
}

/// Waits until the element is in view.
async fn seen(element: &web_sys::Element) {
    let (tell, heard) = futures::channel::oneshot::channel::<()>();
    let mut tell = Some(tell);
    let listener = Closure::<dyn FnMut(js_sys::Array)>::new(move |entries: js_sys::Array| {
        let seen = entries.iter().any(|entry| {
            entry
                .dyn_ref::<IntersectionObserverEntry>()
                .is_some_and(IntersectionObserverEntry::is_intersecting)
        });
        if seen && let Some(tell) = tell.take() {
            tell.send(()).ok();
        }
    });
    let Ok(observer) = IntersectionObserver::new(listener.as_ref().unchecked_ref()) else {
        return futures::future::pending().await;
    };
    observer.observe(element);
    let watch = Watch(observer);
    heard.await.ok();
    drop(watch);
}

/// Ends the watch also when nobody waits any more.
struct Watch(IntersectionObserver);

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.disconnect();
    }
}
