//! `/packets/{order_no}`: who got what, how fast, and whether it was fair.

mod claims;
mod fairness;
mod load;

use hongbao_shared::{
    OrderNo,
    api::packets::{PacketDetails, PacketState},
};
use leptos::prelude::*;

use crate::{
    api::Failure,
    art::{Icon, Scene},
    components::{Avatar, Cover, Empty, Fault, Link, Pic, Waiting, live, words},
    i18n::{Lang, joined_by_dot, lang, tr},
    money::yuan,
    route::Route,
    who,
};

use claims::ClaimList;
use fairness::FairnessPanel;
use load::Loaded;

/// A packet that is not there for this person.
#[component]
fn Gone(failure: Failure) -> impl IntoView {
    let failure = RwSignal::new(Some(failure));
    view! {
        <h1 class="sr-only">{tr!(packet_gone)}</h1>
        <Empty scene=Scene::Lost title=Lang::packet_gone>
            <Fault failure=failure/>
            <span class="button-link primary"><Link to=Route::Home>{tr!(to_groups)}</Link></span>
        </Empty>
    }
}

/// `/packets/{order_no}`.
#[component]
pub(crate) fn DetailsPage(order_no: OrderNo) -> impl IntoView {
    let loaded = Loaded::start(order_no);
    live(move || {
        Some(match (loaded.details.get(), loaded.refused.get()) {
            (Some(details), _) => view! { <Shown details loaded/> }.into_any(),
            (None, Some(failure)) => view! { <Gone failure/> }.into_any(),
            (None, None) => view! { <Waiting failure=loaded.failure/> }.into_any(),
        })
    })
}

#[component]
fn Shown(details: PacketDetails, loaded: Loaded) -> impl IntoView {
    let back = Route::Chat(details.group_id);
    let mine = details
        .claims
        .iter()
        .flatten()
        .find(|claim| who::is_me(claim.user.id))
        .map(|claim| claim.amount_fen);
    let sender = details.sender.name.clone();
    let greeting = details.greeting.clone();
    let greeting = move || {
        if greeting.is_empty() { lang().default_greeting().to_owned() } else { greeting.clone() }
    };
    let summary = {
        let details = details.clone();
        move || summary(lang(), &details)
    };
    let refunded = details.refunded_fen;
    let expires_at = details.expires_at;
    let is_open = details.state == PacketState::Open;
    let hidden = details.claims.is_none();
    let can_open = details.recipient.as_ref().is_none_or(|recipient| who::is_me(recipient.id));
    let many = details.recipient.is_none();
    // A sender sees who opened, and what they got only once they have opened as well.
    let listed = !hidden || details.openers.is_some();
    view! {
        <article class="page details" data-testid="details">
            <header class="details-head">
                <Cover name=details.cover.clone()/>
                <span class="details-back icon-button on-red">
                    <Link to=back.clone()><Pic icon=Icon::Back/><span class="sr-only">{tr!(back)}</span></Link>
                </span>
            </header>
            <div class="details-sender">
                <Avatar name=details.sender.avatar.clone()/>
                <h1 class="details-title">{words(move || lang().packet_from(&sender))}</h1>
                {details.sender.is_demo.then(|| view! { <p class="badge demo" data-testid="demo-mark">{tr!(demo_mark)}</p> })}
                <p class="details-greeting">{words(greeting)}</p>
                {mine.map(|mine| view! { <p class="details-mine money">{yuan(mine)}</p> })}
                {mine.map(|_| view! { <p class="muted small">{tr!(into_wallet)}</p> })}
            </div>
            <div class="page-body">
                <section class="panel">
                    <p class="details-summary">{words(summary)}</p>
                    {is_open.then(|| view! {
                        <p class="muted small">{words(move || lang().ends_at(&lang().day_and_clock(expires_at)))}</p>
                    })}
                    {refunded.map(|refunded| view! { <p class="muted">{tr!(went_back, refunded)}</p> })}
                    {(hidden && can_open).then(|| view! {
                        {many.then(|| view! { <p class="muted">{tr!(amounts_hidden)}</p> })}
                        <span class="button-link primary"><Link to=back>{tr!(open_it)}</Link></span>
                    })}
                    {listed.then(|| view! { <ClaimList loaded/> })}
                </section>
                <FairnessPanel details loaded/>
            </div>
        </article>
    }
}

fn summary(lang: Lang, details: &PacketDetails) -> String {
    if let Some(recipient) = &details.recipient {
        let stands = joined_by_dot(&lang.packet_for(&recipient.name), lang.stands(details.state));
        let total = details.total_fen.map(yuan);
        return total.map_or_else(|| stands.clone(), |total| joined_by_dot(&stands, &total));
    }
    let money = details.total_fen.zip(details.claimed_fen);
    match (details.state, money, details.finished_at) {
        (PacketState::Finished, Some((total, _)), Some(finished_at)) => {
            let took = lang.duration(finished_at.millis_since(details.landed_at));
            lang.emptied_in(details.shares, total, &took)
        }
        (PacketState::Expired, ..) => lang.expired_with(details.claimed, details.shares),
        (_, Some((total, claimed)), _) => {
            let progress = lang.progress(details.claimed, details.shares);
            format!("{progress} · {}", lang.progress_money(claimed, total))
        }
        _ => lang.progress(details.claimed, details.shares),
    }
}
