//! A screen with nothing on it, which says what to do.

use leptos::prelude::*;

use crate::art;

/// A picture, a sentence, a second one, and room for buttons.
#[component]
pub(crate) fn Empty(
    scene: art::Scene,
    #[prop(into)] title: Signal<String>,
    #[prop(into, optional)] lead: Option<Signal<String>>,
    #[prop(optional)] children: Option<Children>,
) -> impl IntoView {
    view! {
        <div class="empty">
            <div inner_html=art::scene(scene)></div>
            <p class="empty-title">{title}</p>
            {lead.map(|lead| view! { <p class="empty-lead">{lead}</p> })}
            {children.map(|children| view! { <div class="empty-actions">{children()}</div> })}
        </div>
    }
}
