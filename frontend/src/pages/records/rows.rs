//! The lines of the lists.

use hongbao_shared::{
    Kind,
    api::{
        Known,
        lists::{ReceivedItem, SentItem},
        packets::PacketState,
    },
};
use leptos::prelude::*;

use super::load::Item;
use crate::{
    art::Icon,
    components::{Link, Name, Pic, words},
    i18n::{Lang, joined_by_dot, lang, tr},
    money::yuan,
    route::Route,
};

#[component]
pub(super) fn Line(item: Item) -> impl IntoView {
    match item {
        Item::Received(item) => received(item),
        Item::Sent(item) => sent(item),
    }
}

fn kind(lang: Lang, kind: Known<Kind>) -> &'static str {
    match kind.get() {
        Some(Kind::Lucky) => lang.kind_lucky(),
        Some(Kind::Equal) => lang.kind_equal(),
        Some(Kind::Exclusive) => lang.kind_exclusive(),
        None => lang.needs_newer(),
    }
}

fn received(item: ReceivedItem) -> AnyView {
    view! {
        <li class="entry" data-testid="record-row">
            <Link to=Route::Packet(item.order_no)>
                <span class="entry-words">
                    <span class="entry-why entry-person"><Name of=item.sender/></span>
                    <span class="entry-when">
                        {words(move || joined_by_dot(kind(lang(), item.kind), &lang().moment(item.at)))}
                    </span>
                </span>
                <span class="entry-money">
                    <span class="entry-amount money income">{yuan(item.amount_fen)}</span>
                    {item.best_luck.then(|| view! {
                        <span class="crown"><Pic icon=Icon::Crown/>{tr!(best_luck)}</span>
                    })}
                </span>
            </Link>
        </li>
    }
    .into_any()
}

fn sent(item: SentItem) -> AnyView {
    let state = move || {
        let lang = lang();
        let known = item.progress.and_then(|progress| Some((progress, progress.state.get()?)));
        let Some((progress, state)) = known else { return lang.state_unknown().to_owned() };
        let counted = lang.progress(progress.claimed, item.shares);
        match state {
            _ if item.shares == 1 => lang.stands(state).to_owned(),
            PacketState::Open => counted,
            PacketState::Finished => lang.card_finished().to_owned(),
            PacketState::Expired => joined_by_dot(lang.card_expired(), &counted),
        }
    };
    view! {
        <li class="entry" data-testid="record-row">
            <Link to=Route::Packet(item.order_no)>
                <span class="entry-words">
                    <span class="entry-why">{words(move || kind(lang(), item.kind))}</span>
                    <span class="entry-when">{words(move || lang().moment(item.at))}</span>
                </span>
                <span class="entry-money">
                    <span class="entry-amount money">{yuan(item.total_fen)}</span>
                    <span class="entry-after">{words(state)}</span>
                </span>
            </Link>
        </li>
    }
    .into_any()
}
