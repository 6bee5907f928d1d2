//! The moment: tap, grab, 開, the coin turns while the server decides, the flap
//! opens, the amount counts up.

mod flow;

use hongbao_shared::{
    Fen, GroupId, Kind, OrderNo,
    api::{
        accounts::Profile,
        groups::{CardState, PacketCard},
    },
};
use leptos::{html, prelude::*};

use crate::{
    art::{Icon, Scene, ground, scene},
    components::{Avatar, CountUp, Cover, Pic, effect, live, modal, press, spoken, words},
    i18n::{Lang, lang, text, tr},
    money::yuan,
    route::{self, Route},
    state::session,
};

use flow::{Flow, Note, Stage};

/// Which packet was tapped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tapped {
    pub(crate) card: PacketCard,
    pub(crate) sender: Profile,
}

/// What the overlay learned about the packet, for the card behind it.
pub(crate) type OnState = Callback<(OrderNo, CardState)>;

/// The overlay over the chat.
#[component]
pub(crate) fn Envelope(
    group: GroupId,
    tapped: Tapped,
    on_close: Callback<()>,
    on_state: OnState,
) -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    modal(dialog, on_close);
    let Tapped { card, sender } = tapped;
    let flow = Flow::start(group, card.order_no, on_state);
    let to_details = Callback::new(move |()| {
        on_close.run(());
        route::go(Route::Packet(card.order_no));
    });
    let stage_name = move || match flow.stage.get() {
        Stage::Grabbing => "grabbing",
        Stage::Sealed { .. } => "sealed",
        Stage::Opening => "opening",
        Stage::Revealed { .. } => "revealed",
        Stage::Told(_) => "told",
        Stage::Failed(_) => "failed",
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
    let sender_name = sender.name.clone();
    // There is luck only where shares differ.
    let details = if card.kind == Kind::Lucky.into() { Lang::see_luck } else { Lang::see_details };
    let cover = card.cover.clone();
    view! {
        <dialog
            class="envelope-dialog"
            node_ref=dialog
            aria-label=tr!(envelope_label)
            data-testid="envelope"
            data-stage=stage_name
            on:cancel=move |event: leptos::ev::Event| {
                event.prevent_default();
                on_close.run(());
            }
            on:close=move |_| on_close.run(())
        >
            <div class=format!("envelope {}", ground(&cover))>
                <div class="envelope-paper">
                    {live(move || paper(flow.stage.get()))}
                </div>
                <div class="envelope-front">
                    <Cover name=cover.clone()/>
                    <div class="envelope-words">
                        <span class="envelope-sender">
                            <Avatar name=sender.avatar.clone()/>
                            <span class="clip">{words(move || lang().packet_from(&sender_name))}</span>
                            {sender.is_demo.then(|| view! { <span class="badge demo">{tr!(demo_mark)}</span> })}
                        </span>
                        <p class="envelope-greeting">{words(greeting)}</p>
                        <div aria-live="polite">{live(move || hints(flow, on_close))}</div>
                    </div>
                </div>
                <div class="envelope-flap" aria-hidden="true"></div>
                {live(move || coin(flow))}
                <div class="envelope-actions">
                    {live(move || {
                        let over = matches!(
                            flow.stage.get(),
                            Stage::Revealed { .. } | Stage::Told(_)
                        );
                        over.then(|| view! {
                            <button
                                type="button"
                                class="button gold"
                                data-testid="envelope-details"
                                // The coin had the focus, and is gone.
                                node_ref=focus_when_shown()
                                on:click=press(move |_| to_details.run(()))
                            >
                                {text(details)}
                            </button>
                        }.into_any())
                    })}
                </div>
            </div>
            <button
                type="button"
                class="envelope-close"
                aria-label=tr!(close)
                data-testid="envelope-close"
                on:click=press(move |_| on_close.run(()))
            >
                <Pic icon=Icon::Close/>
            </button>
        </dialog>
    }
}

/// The button that everything is about.
fn coin(flow: Flow) -> Option<AnyView> {
    let stage = flow.stage.get();
    let turning = matches!(stage, Stage::Opening);
    matches!(stage, Stage::Sealed { .. } | Stage::Opening).then(|| {
        view! {
            <button
                type="button"
                class="coin"
                class:turning=turning
                aria-label=spoken(move || if turning { lang().opening() } else { lang().open_button() })
                aria-disabled=turning.then_some("true")
                data-testid="envelope-open"
                on:click=press(move |_| flow.open())
                node_ref=focus_when_shown()
            >
                <span class="coin-face" lang="zh-Hant" aria-hidden="true">"開"</span>
            </button>
        }
        .into_any()
    })
}

/// A node reference that takes the focus as soon as its element is there.
fn focus_when_shown() -> NodeRef<html::Button> {
    let button = NodeRef::<html::Button>::new();
    effect(move || {
        if let Some(button) = button.get() {
            button.focus().ok();
        }
    });
    button
}

/// What lies inside the envelope.
fn paper(stage: Stage) -> Option<AnyView> {
    match stage {
        Stage::Revealed { amount_fen } => Some(
            view! {
                <p class="paper-lead">{tr!(you_got)}</p>
                <p class="paper-amount"><CountUp fen=amount_fen/></p>
                <p class="paper-note">{tr!(into_wallet)}</p>
                <p class="sr-only" role="status">
                    {words(move || format!("{} {}", lang().you_got(), yuan(amount_fen)))}
                </p>
            }
            .into_any(),
        ),
        Stage::Told(note) => Some(told(note)),
        _ => None,
    }
}

/// One of the ends that bring no money now: a picture and a sentence of its own.
fn told(note: Note) -> AnyView {
    let picture = match note {
        Note::Opened(_) => Scene::Opened,
        Note::Finished => Scene::Finished,
        Note::Expired => Scene::Expired,
        Note::NotForYou => Scene::NotForYou,
    };
    let sentence = move || match note {
        Note::Opened(_) => lang().env_opened(),
        Note::Finished => lang().env_finished(),
        Note::Expired => lang().env_expired(),
        Note::NotForYou => lang().env_not_for_you(),
    };
    let lead = move || match note {
        Note::Opened(_) => lang().into_wallet(),
        Note::Finished => lang().env_finished_lead(),
        Note::Expired => lang().env_expired_lead(),
        Note::NotForYou => lang().env_not_for_you_lead(),
    };
    let amount: Option<Fen> = match note {
        Note::Opened(amount) => amount,
        _ => None,
    };
    view! {
        <div class="paper-scene" inner_html=scene(picture)></div>
        <p class="paper-sentence" data-testid="envelope-sentence" role="status">{words(sentence)}</p>
        {amount.map(|amount| view! { <p class="paper-amount small money">{yuan(amount)}</p> })}
        <p class="paper-note">{words(lead)}</p>
    }
    .into_any()
}

/// What stands on the front below the greeting while nothing is decided.
fn hints(flow: Flow, on_close: Callback<()>) -> Option<AnyView> {
    match flow.stage.get() {
        Stage::Grabbing => Some(view! { <p class="envelope-hint">{tr!(grabbing)}</p> }.into_any()),
        Stage::Opening => flow
            .busy
            .get()
            .then(|| view! { <p class="envelope-hint">{tr!(env_busy)}</p> }.into_any()),
        Stage::Failed(failure) => {
            let unsure = failure.code().is_none();
            Some(
                view! {
                    <p class="envelope-hint" data-testid="error-sentence">
                        {words(move || {
                            if unsure {
                                lang().env_unknown().to_owned()
                            } else {
                                lang().failure(&failure, &session::limits())
                            }
                        })}
                    </p>
                    <span class="envelope-retry">
                        <button type="button" class="button gold" data-testid="envelope-retry" on:click=press(move |_| flow.retry())>
                            {tr!(retry)}
                        </button>
                        <button type="button" class="button on-red" on:click=press(move |_| on_close.run(()))>
                            {tr!(close)}
                        </button>
                    </span>
                }
                .into_any(),
            )
        }
        _ => None,
    }
}
