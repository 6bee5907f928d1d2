//! Pre-order, commitment kept, seed drawn, paid.

use std::pin::pin;

use futures::future::{Either, select};
use hongbao_shared::{
    ErrorCode, Fen, GroupId,
    api::packets::{PreOrder, PreOrderRequest},
    fairness::ClientSeed,
};
use leptos::prelude::{
    Callable as _, Callback, Get as _, GetUntracked as _, RwSignal, Set as _, With as _,
};

use crate::{
    api::{self, Failure, Paid},
    browser,
    i18n::lang_now,
    state::{
        payments::{self, Pending},
        session, toast,
    },
    tasks::{self, Scope},
};

/// How long the sheet waits for a paid packet to arrive before it lets go.
const LANDING_WAIT_MS: u32 = 10_000;
const LANDING_POLL_MS: u32 = 400;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing is on its way.
    Idle,
    /// The server has been asked.
    Paying,
    /// Paid; the packet is on its way.
    Landing,
    /// Asked, but without an answer.
    Unsure,
}

/// One packet's payment. From the first try to pay on, its seed never changes, so
/// that any repetition is the same payment (R-SEND-2).
#[derive(Clone, Copy)]
pub(super) struct Payment {
    group_id: GroupId,
    pub(super) step: RwSignal<Step>,
    pub(super) failure: RwSignal<Option<Failure>>,
    /// What was ordered and not paid, because its fee is another one than was shown.
    offered: RwSignal<Option<PreOrder>>,
    pending: RwSignal<Option<Pending>>,
    on_sent: Callback<()>,
    scope: Scope,
}

impl Payment {
    pub(super) fn new(group_id: GroupId, on_sent: Callback<()>) -> Self {
        Self {
            group_id,
            step: RwSignal::new(Step::Idle),
            failure: RwSignal::new(None),
            offered: RwSignal::new(None),
            pending: RwSignal::new(None),
            on_sent,
            scope: Scope::new(),
        }
    }

    pub(super) fn is_busy(self) -> bool {
        matches!(self.step.get(), Step::Paying | Step::Landing)
    }

    /// Once something may have been paid, the form is about that packet.
    pub(super) fn locks_form(self) -> bool {
        self.step.get() != Step::Idle
    }

    pub(super) fn can_repeat(self) -> bool {
        self.step.get() == Step::Unsure
    }

    /// The fee of what has been ordered, paid or not.
    pub(super) fn fee(self) -> Option<Fen> {
        let pending = self.pending.with(|pending| pending.as_ref().map(|one| one.fee_fen));
        pending.or_else(|| self.offered.with(|offered| offered.as_ref().map(|one| one.fee_fen)))
    }

    /// Has a fee been told that is another one than was shown before?
    pub(super) fn is_fee_changed(self) -> bool {
        self.offered.with(Option::is_some)
    }

    /// Leaves what was ordered and not paid, and what was refused: the form may be about another
    /// packet now.
    pub(super) fn look_again(self) {
        self.offered.set(None);
        // One without an answer is still the same payment, and its sentence is still true.
        if self.step.get_untracked() == Step::Idle {
            self.failure.set(None);
        }
    }

    /// Pays `order` if the house takes the `shown` fee for it, which was seen, and no other
    /// (R-WEB-7, R-API-4). One that was ordered with another fee is kept, and paid by the next
    /// call: asking anew could go on for as long as nodes have different settings.
    pub(super) fn start(self, order: PreOrderRequest, shown: Fen) {
        self.failure.set(None);
        self.step.set(Step::Paying);
        self.scope.spawn(async move {
            // Without the system's randomness the sender's seed is empty, which the
            // procedure allows; the server's still decides.
            let client_seed =
                browser::random_bytes().and_then(|bytes| ClientSeed::new(bytes.to_vec()));
            let client_seed = client_seed.unwrap_or_default().to_hex();
            let total_fen = Fen::from_signed(order.total_fen).unwrap_or_default();
            let pre_order = match self.offered.get_untracked() {
                Some(offered) => Ok(offered),
                None => api::pre_order(&order).await,
            };
            match pre_order {
                Ok(pre_order) if pre_order.fee_fen != shown => {
                    // The fee of this one is known: whoever looks at it need not wait for the
                    // limits, which are for the next one.
                    self.offered.set(Some(pre_order));
                    self.step.set(Step::Idle);
                    session::load_limits().await;
                }
                Ok(pre_order) => {
                    let order_no = pre_order.order_no;
                    payments::keep_commitment(order_no, pre_order.commitment);
                    let group_id = self.group_id;
                    let fee_fen = pre_order.fee_fen;
                    let pending = Pending { order_no, group_id, total_fen, fee_fen, client_seed };
                    payments::begin(&pending);
                    self.pending.set(Some(pending));
                    self.offered.set(None);
                    self.pay().await;
                }
                Err(failure) => self.fail(failure).await,
            }
        });
    }

    /// After a lost answer.
    pub(super) fn repeat(self) {
        self.failure.set(None);
        self.step.set(Step::Paying);
        self.scope.spawn(self.pay());
    }

    async fn pay(self) {
        let Some(pending) = self.pending.get_untracked() else { return };
        match api::pay(pending.order_no, pending.client_seed.clone()).await {
            Ok(Paid::Landed) => self.finish(lang_now().sent()).await,
            Ok(Paid::Landing) => {
                payments::settle();
                self.step.set(Step::Landing);
                let lands = async {
                    while api::packet(pending.order_no).await.is_err() {
                        tasks::sleep_ms(LANDING_POLL_MS).await;
                    }
                };
                let late = tasks::sleep_ms(LANDING_WAIT_MS);
                let words = match select(pin!(lands), pin!(late)).await {
                    Either::Left(_) => lang_now().sent(),
                    Either::Right(_) => lang_now().landing_slow(),
                };
                self.finish(words).await;
            }
            Err(failure) if failure.is_passing() => {
                self.failure.set(Some(failure));
                self.step.set(Step::Unsure);
            }
            Err(failure) => {
                payments::settle();
                self.pending.set(None);
                self.fail(failure).await;
            }
        }
    }

    /// Refused for good: nothing is on its way.
    async fn fail(self, failure: Failure) {
        let poor = failure.code() == Some(ErrorCode::InsufficientBalance);
        self.failure.set(Some(failure));
        self.step.set(Step::Idle);
        if poor {
            session::refresh_balance().await;
        }
    }

    async fn finish(self, words: &'static str) {
        payments::settle();
        toast::show(words);
        session::refresh_balance().await;
        self.on_sent.run(());
    }
}
