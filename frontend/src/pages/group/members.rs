//! The members of a group.

use hongbao_shared::api::groups::Group;
use leptos::prelude::*;

use super::Over;
use crate::{
    art::Icon,
    components::{Avatar, Name, Pic, press, spoken, words},
    i18n::{lang, tr},
    who,
};

/// The earliest first, the owner marked. The owner may remove others.
#[component]
pub(super) fn Members(group: Group, over: RwSignal<Over>) -> impl IntoView {
    let Group { owner_id, members, .. } = group;
    let owned = who::is_me(owner_id);
    let count = members.len();
    view! {
        <section class="panel">
            <h2>{words(move || lang().members(count))}</h2>
            <button
                type="button"
                class="button"
                data-testid="invite"
                on:click=press(move |_| over.set(Over::Invite))
            >
                <Pic icon=Icon::Invite/>
                {tr!(invite)}
            </button>
            <ul class="people">
                {members.into_iter().map(|member| {
                    let mine = who::is_me(member.id);
                    let is_owner = member.id == owner_id;
                    let name = member.name.clone();
                    let removed = member.clone();
                    view! {
                        <li class="person" data-testid="member">
                            <Avatar name=member.avatar.clone()/>
                            <span class="person-name"><Name of=member/></span>
                            {is_owner.then(|| view! { <span class="badge owner" data-testid="owner-mark">{tr!(owner_mark)}</span> })}
                            {mine.then(|| view! { <span class="badge">{tr!(you)}</span> })}
                            {(owned && !mine).then(|| view! {
                                <button
                                    type="button"
                                    class="icon-button"
                                    data-testid="member-remove"
                                    aria-label=spoken(move || lang().member_remove_of(&name))
                                    on:click=press(move |_| over.set(Over::Remove(removed.clone())))
                                >
                                    <Pic icon=Icon::Close/>
                                </button>
                            })}
                        </li>
                    }
                }).collect_view()}
            </ul>
        </section>
    }
}
