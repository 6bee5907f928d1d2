//! The steps from a tap to a share, and what each answer of the server means.

use hongbao_shared::{
    ErrorCode, Fen, GroupId, OrderNo,
    api::{groups::CardState, packets::GrabState},
};
use leptos::prelude::{Callable as _, GetUntracked as _, RwSignal, Set as _};

use super::OnState;
use crate::{
    api::{self, Failure},
    browser,
    state::{payments, session},
    tasks::{self, Scope},
};

/// The coin turns at least this long, so that the eye can follow.
const TURN_MS: u32 = 700;
/// How often a busy server is asked again before the person is.
const TRIES_MAX: u32 = 5;
const PAUSE_MS: u32 = 400;

/// Where the envelope is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// The grab is on its way.
    Grabbing,
    /// It may be opened, with this ticket.
    Sealed { ticket: String },
    /// The server decides.
    Opening,
    /// There it is.
    Revealed { amount_fen: Fen },
    /// It ends without a new share.
    Told(Note),
    /// No answer that decides anything; it can be tried again.
    Failed(Failure),
}

/// An end without a new share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Note {
    /// Opened before; what it held, as far as the server said.
    Opened(Option<Fen>),
    Finished,
    Expired,
    NotForYou,
}

/// One envelope's way. Every step is repeatable: opening twice gives the same share
/// (R-OPEN-2).
#[derive(Clone, Copy)]
pub(super) struct Flow {
    group_id: GroupId,
    order_no: OrderNo,
    pub(super) stage: RwSignal<Stage>,
    /// Is the server asking us to wait?
    pub(super) busy: RwSignal<bool>,
    on_state: OnState,
    scope: Scope,
}

impl Flow {
    /// Grabs at once.
    pub(super) fn start(group_id: GroupId, order_no: OrderNo, on_state: OnState) -> Self {
        let flow = Self {
            group_id,
            order_no,
            stage: RwSignal::new(Stage::Grabbing),
            busy: RwSignal::new(false),
            on_state,
            scope: Scope::new(),
        };
        flow.retry();
        flow
    }

    /// Grabs again after a failure.
    pub(super) fn retry(self) {
        self.stage.set(Stage::Grabbing);
        self.scope.spawn(async move {
            let stage = self.grab().await;
            self.enter(stage);
        });
    }

    /// The 開 button.
    pub(super) fn open(self) {
        let Stage::Sealed { ticket } = self.stage.get_untracked() else { return };
        self.stage.set(Stage::Opening);
        payments::begin_opening(self.group_id, self.order_no);
        self.scope.spawn(async move {
            let turn_ms = if browser::reduced_motion() { 0 } else { TURN_MS };
            let (stage, ()) = futures::join!(self.decide(ticket), tasks::sleep_ms(turn_ms));
            self.busy.set(false);
            self.enter(stage);
            session::refresh_balance().await;
        });
    }

    fn enter(self, stage: Stage) {
        let learned = match &stage {
            Stage::Revealed { .. } | Stage::Told(Note::Opened(_)) => Some(CardState::Opened),
            Stage::Told(Note::Finished) => Some(CardState::Finished),
            Stage::Told(Note::Expired) => Some(CardState::Expired),
            _ => None,
        };
        if let Some(learned) = learned {
            self.on_state.run((self.order_no, learned));
        }
        // After a lost answer it is still open what became of it.
        if matches!(stage, Stage::Revealed { .. } | Stage::Told(_)) {
            payments::opened();
        }
        self.stage.set(stage);
    }

    async fn grab(self) -> Stage {
        let mut tries = 0;
        loop {
            tries += 1;
            match api::grab(self.order_no).await {
                Ok(grabbed) => {
                    return match (grabbed.state, grabbed.ticket) {
                        (GrabState::CanOpen, Some(ticket)) => Stage::Sealed { ticket },
                        (GrabState::CanOpen, None) => Stage::Failed(Failure::Unreadable),
                        (GrabState::Opened, _) => Stage::Told(Note::Opened(grabbed.amount_fen)),
                        (GrabState::Finished, _) => Stage::Told(Note::Finished),
                        (GrabState::Expired, _) => Stage::Told(Note::Expired),
                        (GrabState::NotForYou, _) => Stage::Told(Note::NotForYou),
                    };
                }
                Err(failure) => {
                    if tries == TRIES_MAX || !wait_before_retry(&failure).await {
                        return Stage::Failed(failure);
                    }
                }
            }
        }
    }

    async fn decide(self, mut ticket: String) -> Stage {
        let mut tries = 0;
        loop {
            tries += 1;
            let failure = match api::open(self.order_no, ticket.clone()).await {
                Ok(opened) => return Stage::Revealed { amount_fen: opened.amount_fen },
                Err(failure) => failure,
            };
            match failure.code() {
                Some(ErrorCode::PacketFinished) => return Stage::Told(Note::Finished),
                Some(ErrorCode::PacketExpired) => return Stage::Told(Note::Expired),
                Some(ErrorCode::PacketNotForYou) => return Stage::Told(Note::NotForYou),
                // The tap came after the ticket's minute: another one is a call away.
                Some(ErrorCode::TicketExpired | ErrorCode::TicketInvalid) if tries < TRIES_MAX => {
                    match self.grab().await {
                        Stage::Sealed { ticket: fresh } => ticket = fresh,
                        other => return other,
                    }
                }
                _ if tries < TRIES_MAX && failure.is_passing() => {
                    self.busy.set(true);
                    wait_before_retry(&failure).await;
                }
                _ => return Stage::Failed(failure),
            }
        }
    }
}

/// Waits as long as the server asks; `false` at once where trying again is useless.
async fn wait_before_retry(failure: &Failure) -> bool {
    if !failure.is_passing() {
        return false;
    }
    let asked_ms = match failure {
        Failure::Refused { retry_after_s: Some(seconds), .. } => {
            // Nobody watches a coin turn for longer than this.
            seconds.saturating_mul(1000).min(3_000)
        }
        _ => 0,
    };
    tasks::sleep_ms(asked_ms.max(PAUSE_MS)).await;
    true
}
