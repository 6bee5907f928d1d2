//! Sheets: from below on a phone, in the middle of a desktop.
//!
//! They are native modal dialogs, so the browser itself keeps the focus inside,
//! makes the rest inert and closes on Escape.

use leptos::{html, prelude::*};
use wasm_bindgen::JsCast as _;

use crate::{
    art::Icon,
    browser,
    components::{Pic, effect, press},
    gesture,
    i18n::{Lang, text, tr},
    tasks::{self, Scope},
};

/// Shows `dialog` as modal as soon as it is on the page, and gives the focus back to
/// where it was when the calling component goes.
pub(crate) fn modal(dialog: NodeRef<html::Dialog>) {
    let before = send_wrapper(browser::focused());
    let scope = Scope::new();
    effect(move || {
        if let Some(dialog) = dialog.get() {
            // Fails only if it is open already.
            dialog.show_modal().ok();
            gesture::settle(&dialog, scope);
        }
    });
    on_cleanup(move || {
        if let Some(element) = before.take() {
            tasks::detach(async move {
                // The dialog is still open, and holds the focus inside until it is gone.
                tasks::sleep_ms(0).await;
                element.focus().ok();
            });
        }
    });
}

/// DOM objects live on one thread, which is all the threads that there are.
fn send_wrapper<T>(value: T) -> leptos::__reexports::send_wrapper::SendWrapper<T> {
    leptos::__reexports::send_wrapper::SendWrapper::new(value)
}

/// A sheet with a title and a button to close it. `on_close` must take it away.
#[component]
pub(crate) fn Sheet(
    title: fn(Lang) -> &'static str,
    on_close: Callback<()>,
    children: Children,
) -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    modal(dialog);
    let on_backdrop = move |event: leptos::ev::MouseEvent| {
        // The backdrop belongs to the dialog element; what lies inside is in its body.
        let on_dialog = event.target().is_some_and(|target| {
            target.dyn_ref::<web_sys::Element>().is_some_and(|e| e.tag_name() == "DIALOG")
        });
        if on_dialog {
            on_close.run(());
        }
    };
    view! {
        <dialog
            class="sheet"
            node_ref=dialog
            aria-label=text(title)
            on:click=press(on_backdrop)
            on:cancel=move |event: leptos::ev::Event| {
                event.prevent_default();
                on_close.run(());
            }
            on:close=move |_| on_close.run(())
        >
            <div class="sheet-body">
                <header class="sheet-head">
                    <h2>{text(title)}</h2>
                    <button
                        type="button"
                        class="icon-button"
                        aria-label=tr!(close)
                        on:click=press(move |_| on_close.run(()))
                    >
                        <Pic icon=Icon::Close/>
                    </button>
                </header>
                {children()}
            </div>
        </dialog>
    }
}
