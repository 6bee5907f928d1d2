//! Nothing that appears under a finger takes anything of the gesture that brought it.
//!
//! A double tap, or a key that is held, would otherwise go through a question that
//! nobody has read, such as the last look before paying. What has just appeared is
//! [`settling`](settle): no gesture that begins then does anything in it. A held Enter is one
//! Enter, wherever it is, and Escape is for the sheet that has the focus.

use std::cell::Cell;

use wasm_bindgen::{JsCast as _, closure::Closure};
use web_sys::{Element, Event, KeyboardEvent};

use crate::{
    browser,
    tasks::{self, Scope},
};

/// Longer than between the two taps of a double tap, on a busy phone too; shorter than it takes to
/// read.
const SETTLE_MS: u32 = 600;
const SETTLING: &str = "data-settling";

thread_local! {
    /// Did the gesture under way begin in something that was settling?
    static TOO_EARLY: Cell<bool> = const { Cell::new(false) };
}

/// Looks at every gesture before anybody else does, for as long as the page lives.
pub(crate) fn start() {
    let watch = Closure::<dyn Fn(Event)>::new(|event: Event| {
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        let is = |selector| {
            let found = target.as_ref().and_then(|one| one.closest(selector).ok().flatten());
            found.is_some()
        };
        let settling = is("[data-settling]");
        let refused = if event.type_() == "click" {
            settling | TOO_EARLY.replace(false)
        } else {
            TOO_EARLY.set(settling);
            event.dyn_ref::<KeyboardEvent>().is_some_and(|key| match &*key.key() {
                "Enter" => (settling || key.repeat()) && !is("textarea"),
                // While the focus is between two sheets nobody could keep the browser from closing
                // the one that is left, with all that is written in it.
                "Escape" => !is("dialog") && browser::find("dialog[open]").is_some(),
                _ => false,
            })
        };
        if refused {
            event.prevent_default();
            event.stop_immediate_propagation();
        }
    });
    if let Some(window) = browser::window() {
        for name in ["pointerdown", "keydown", "click"] {
            let listener = watch.as_ref().unchecked_ref();
            window.add_event_listener_with_callback_and_bool(name, listener, true).ok();
        }
    }
    watch.forget();
}

/// Lets nothing in `element` be pressed until it can have been seen.
pub(crate) fn settle(element: &Element, scope: Scope) {
    element.set_attribute(SETTLING, "").ok();
    let element = element.clone();
    scope.spawn(async move {
        tasks::sleep_ms(SETTLE_MS).await;
        element.remove_attribute(SETTLING).ok();
    });
}
