//! A packet as a card in the flow.

use hongbao_shared::{
    Kind,
    api::{
        accounts::Profile,
        groups::{CardProgress, CardState, PacketCard},
    },
};
use leptos::prelude::*;

use crate::{
    art::ground,
    components::{Cover, envelope::Tapped, live, press, words},
    i18n::lang,
    who,
};

/// The card; a tap grabs. `clock` is when it came, `standing` how the packet stands now.
#[component]
pub(super) fn Card(
    card: PacketCard,
    sender: Profile,
    clock: String,
    standing: Memo<Option<(CardState, Option<CardProgress>)>>,
    on_tap: Callback<Tapped>,
) -> impl IntoView {
    let (first_state, first_progress) = (card.state, card.progress);
    let state = move || standing.get().map_or(first_state, |(state, _)| state);
    // One share is taken or not; the state says which.
    let progress = move || {
        let progress = standing.get().map_or(first_progress, |(_, progress)| progress);
        progress.filter(|progress| progress.shares > 1)
    };
    let state_name = move || match state() {
        CardState::Open => "open",
        CardState::Opened => "opened",
        CardState::Finished => "finished",
        CardState::Expired => "expired",
    };
    let for_another = card.recipient.as_ref().is_some_and(|one| !who::is_me(one.id));
    let state_words = move || match state() {
        CardState::Open if for_another => lang().not_opened(),
        CardState::Open => lang().card_open(),
        CardState::Finished if for_another => lang().card_opened(),
        CardState::Opened => lang().card_opened(),
        CardState::Finished => lang().card_finished(),
        CardState::Expired => lang().card_expired(),
    };
    let greeting = {
        let greeting = card.greeting.clone();
        move || {
            if greeting.is_empty() {
                lang().default_greeting().to_owned()
            } else {
                greeting.clone()
            }
        }
    };
    let kind_words = {
        let (kind, recipient) = (card.kind, card.recipient.clone());
        move || match (kind.get(), &recipient) {
            (Some(Kind::Exclusive), Some(recipient)) => lang().packet_for(&recipient.name),
            (Some(Kind::Exclusive), None) => lang().kind_exclusive().to_owned(),
            (Some(Kind::Lucky), _) => lang().kind_lucky().to_owned(),
            (Some(Kind::Equal), _) => lang().kind_equal().to_owned(),
            (None, _) => lang().needs_newer().to_owned(),
        }
    };
    let name = sender.name.clone();
    let from = move || lang().packet_from(&name);
    let order_no = card.order_no.to_string();
    let cover = card.cover.clone();
    let class = format!("packet-card {}", ground(&cover));
    view! {
        <button
            type="button"
            class=class
            data-testid="packet-card"
            data-order-no=order_no
            data-state=state_name
            on:click=press(move |_| {
                let card = PacketCard { state: untrack(state), ..card.clone() };
                on_tap.run(Tapped { card, sender: sender.clone() });
            })
        >
            <span class="sr-only">{words(from)}</span>
            <span class="packet-main">
                <span class="packet-thumb"><Cover name=cover/><span class="packet-coin"></span></span>
                <span class="packet-words">
                    <span class="packet-greeting">{words(greeting)}</span>
                    <span class="packet-state">{words(state_words)}</span>
                </span>
            </span>
            <span class="packet-foot" data-time=clock>
                <span class="clip">{words(kind_words)}</span>
                {live(move || progress().map(|now| view! {
                    <span class="packet-progress money" data-testid="packet-progress">
                        <span aria-hidden="true">{format!("{}/{}", now.claimed, now.shares)}</span>
                        <span class="sr-only">{lang().progress(now.claimed, now.shares)}</span>
                    </span>
                }.into_any()))}
            </span>
        </button>
    }
}
