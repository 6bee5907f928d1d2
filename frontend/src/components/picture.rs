//! Icons and covers from [`crate::art`].

use leptos::prelude::*;

use crate::art;

/// An icon, in the colour of the text around it. Says nothing to a screen reader:
/// what it stands in has a label.
#[component]
pub(crate) fn Pic(icon: art::Icon) -> impl IntoView {
    view! { <span class="pic" inner_html=art::icon(icon)></span> }
}

/// A cover, as large as its place.
#[component]
pub(crate) fn Cover(#[prop(into)] name: String) -> impl IntoView {
    let class = format!("cover {}", art::ground(&name));
    view! { <span class=class aria-hidden="true" inner_html=art::cover(&name)></span> }
}
