//! Links within the app.

use crate::components::press;
use leptos::prelude::*;

use crate::route::{self, Route};

/// A real link, so that it can be copied and opened in another tab; a plain click
/// stays in the app.
#[component]
pub(crate) fn Link(to: Route, children: Children) -> impl IntoView {
    let href = to.href();
    let here = to.clone();
    let current = move || (route::current() == here).then_some("page");
    let follow = move |event: leptos::ev::MouseEvent| {
        let elsewhere =
            event.ctrl_key() || event.meta_key() || event.shift_key() || event.alt_key();
        if event.button() == 0 && !elsewhere {
            event.prevent_default();
            route::go(to.clone());
        }
    };
    view! {
        <a href=href aria-current=current on:click=press(follow)>
            {children()}
        </a>
    }
}
