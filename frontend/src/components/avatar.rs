//! Faces of people and groups.

use hongbao_shared::api::accounts::Profile;
use leptos::prelude::*;

use crate::art;

/// A person's picture. The name always stands beside it, so it says nothing itself.
#[component]
pub(crate) fn Avatar(#[prop(into)] name: String) -> impl IntoView {
    view! { <span class="avatar" aria-hidden="true" inner_html=art::avatar(&name)></span> }
}

/// A group's picture: its first members, up to nine.
#[component]
pub(crate) fn GroupFace(faces: Vec<Profile>) -> impl IntoView {
    let columns = if faces.len() > 4 { "3" } else { "2" };
    let columns = if faces.len() == 1 { "1" } else { columns };
    let faces: String = faces.iter().take(9).map(|face| art::avatar(&face.avatar)).collect();
    view! {
        <span class="group-face" aria-hidden="true" data-columns=columns inner_html=faces></span>
    }
}
