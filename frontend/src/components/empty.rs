//! A screen with nothing on it, which says what to do.

use leptos::prelude::*;

use crate::{
    art,
    i18n::{Lang, text},
};

/// A picture, a sentence, a second one, and room for buttons.
#[component]
pub(crate) fn Empty(
    scene: art::Scene,
    title: fn(Lang) -> &'static str,
    #[prop(optional)] lead: Option<fn(Lang) -> &'static str>,
    #[prop(optional)] children: Option<Children>,
) -> impl IntoView {
    view! {
        <div class="empty">
            <div inner_html=art::scene(scene)></div>
            <p class="empty-title">{text(title)}</p>
            {lead.map(|lead| view! { <p class="empty-lead">{text(lead)}</p> })}
            {children.map(|children| view! { <div class="empty-actions">{children()}</div> })}
        </div>
    }
}
