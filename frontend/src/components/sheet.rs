//! Sheets: from below on a phone, in the middle of a desktop.
//!
//! They are native modal dialogs, so the browser itself keeps the focus inside and makes
//! the rest inert.

use leptos::{html, prelude::*};
use wasm_bindgen::JsCast as _;

use crate::{
    art::Icon,
    browser,
    components::{Pic, effect, live, press},
    gesture,
    i18n::{Lang, text, tr},
    overlay,
    tasks::{self, Scope},
};

/// Shows `dialog` as modal as soon as it is on the page, and gives the focus back to
/// where it was when the calling component goes. Until then it has an entry in history;
/// `leave` takes it away, or asks.
pub(crate) fn modal(dialog: NodeRef<html::Dialog>, leave: Callback<()>) {
    overlay::open(leave);
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

/// A sheet with a title and a button to close it. `on_close` must take it away. What was
/// filled in is not thrown away unasked.
#[component]
pub(crate) fn Sheet(
    title: fn(Lang) -> &'static str,
    on_close: Callback<()>,
    children: Children,
) -> AnyView {
    let dialog = NodeRef::<html::Dialog>::new();
    let filled = StoredValue::new(false);
    let asking = RwSignal::new(false);
    let leave = Callback::new(move |()| {
        if filled.get_value() {
            asking.set(true);
        } else {
            on_close.run(());
        }
    });
    modal(dialog, leave);
    let element =
        |event: &web_sys::Event| -> Option<web_sys::Element> { event.target()?.dyn_into().ok() };
    let on_backdrop = move |event: leptos::ev::MouseEvent| {
        // The backdrop belongs to the dialog element; what lies inside is in its body.
        if element(&event).is_some_and(|element| element.tag_name() == "DIALOG") {
            leave.run(());
        }
    };
    view! {
        <dialog
            class="sheet"
            node_ref=dialog
            aria-label=text(title)
            on:click=press(on_backdrop)
            on:input=move |event: leptos::ev::Event| {
                // Choices are made again in a moment; words are not.
                if element(&event).is_some_and(|one| !one.matches("[type=radio],select").unwrap_or_default()) {
                    filled.set_value(!event_target_value(&event).is_empty());
                }
            }
            on:keydown=move |event: leptos::ev::KeyboardEvent| {
                // Browsers close on the second press, whatever a page says to `cancel`.
                if event.key() == "Escape" {
                    event.prevent_default();
                    if !event.repeat() {
                        leave.run(());
                    }
                }
            }
            on:cancel=move |event: leptos::ev::Event| {
                event.prevent_default();
                leave.run(());
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
                        data-testid="sheet-close"
                        on:click=press(move |_| leave.run(()))
                    >
                        <Pic icon=Icon::Close/>
                    </button>
                </header>
                {children()}
            </div>
        </dialog>
        {live(move || asking.get().then(|| view! {
            <Sheet title=Lang::discard_title on_close=Callback::new(move |()| asking.set(false))>
                <p>{tr!(discard_sure)}</p>
                <button
                    type="button"
                    class="button danger"
                    data-testid="question-yes"
                    on:click=press(move |_| {
                        asking.set(false);
                        on_close.run(());
                    })
                >
                    {tr!(discard_yes)}
                </button>
                <button
                    type="button"
                    class="button"
                    autofocus=true
                    data-testid="question-no"
                    on:click=press(move |_| asking.set(false))
                >
                    {tr!(discard_no)}
                </button>
            </Sheet>
        }.into_any()))}
    }
    .into_any()
}
