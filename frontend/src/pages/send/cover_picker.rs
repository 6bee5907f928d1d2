//! Choosing one of the covers.

use hongbao_shared::draft::COVERS;
use leptos::prelude::*;

use crate::{
    components::{Cover, flag, words},
    i18n::{Lang, lang, tr},
};

fn cover_name(lang: Lang, cover: &str) -> &'static str {
    match cover {
        "lantern" => lang.cover_lantern(),
        "blossom" => lang.cover_blossom(),
        "dragon" => lang.cover_dragon(),
        _ => lang.cover_classic(),
    }
}

#[component]
pub(super) fn CoverPicker(cover: RwSignal<&'static str>) -> impl IntoView {
    view! {
        <p class="covers-title" aria-hidden="true">{tr!(cover)}</p>
        <div class="covers" role="radiogroup" aria-label=tr!(cover)>
            {COVERS
                .iter()
                .map(|&one| {
                    view! {
                        <label class="cover-option" data-testid="send-cover" data-cover=one>
                            <input
                                type="radio"
                                name="cover"
                                value=one
                                prop:checked=flag(move || cover.get() == one)
                                on:change=move |_| cover.set(one)
                            />
                            <Cover name=one/>
                            <span class="cover-name">{words(move || cover_name(lang(), one))}</span>
                        </label>
                    }
                })
                .collect_view()}
        </div>
    }
}
