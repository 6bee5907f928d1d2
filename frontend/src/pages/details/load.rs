//! Reading a packet's details and all of its claims.

use hongbao_shared::{
    Fen, OrderNo,
    api::packets::{Claim, Opener, PacketDetails, PacketState},
};
use leptos::prelude::{GetUntracked as _, RwSignal, Set as _, Update as _, With as _, untrack};

use crate::{
    api::{self, Failure},
    browser,
    tasks::{self, Scope},
};

/// How often an open packet is looked at again.
const POLL_MS: u32 = 2_000;

/// What is known about the packet.
#[derive(Clone, Copy)]
pub(super) struct Loaded {
    order_no: OrderNo,
    pub(super) details: RwSignal<Option<PacketDetails>>,
    /// The claims behind the first page, as far as they were read.
    further: RwSignal<Vec<Claim>>,
    cursor: RwSignal<Option<String>>,
    pub(super) refused: RwSignal<Option<Failure>>,
    pub(super) failure: RwSignal<Option<Failure>>,
    pub(super) busy: RwSignal<bool>,
    scope: Scope,
}

impl Loaded {
    /// Reads the packet, and again while it is open.
    pub(super) fn start(order_no: OrderNo) -> Self {
        let loaded = Self {
            order_no,
            details: RwSignal::new(None),
            further: RwSignal::new(Vec::new()),
            cursor: RwSignal::new(None),
            refused: RwSignal::new(None),
            failure: RwSignal::new(None),
            busy: RwSignal::new(false),
            scope: Scope::new(),
        };
        loaded.scope.spawn(loaded.follow());
        loaded
    }

    async fn follow(self) {
        loop {
            if browser::is_visible() {
                match api::packet(self.order_no).await {
                    Ok(details) => {
                        let over = details.state != PacketState::Open;
                        self.take(details);
                        if over {
                            return;
                        }
                    }
                    Err(failure) if failure.is_passing() => self.set_failure(Some(failure)),
                    Err(failure) => {
                        self.refused.set(Some(failure));
                        return;
                    }
                }
            }
            tasks::sleep_ms(POLL_MS).await;
        }
    }

    fn take(self, details: PacketDetails) {
        self.set_failure(None);
        if self.details.get_untracked().as_ref() == Some(&details) {
            return;
        }
        // Pages read already stay right: claims are only ever added at the end.
        if self.further.get_untracked().is_empty() {
            self.cursor.set(details.claims_cursor.clone());
        }
        self.details.set(Some(details));
    }

    fn set_failure(self, failure: Option<Failure>) {
        if self.failure.get_untracked() != failure {
            self.failure.set(failure);
        }
    }

    /// All claims read so far, in the order of opening.
    pub(super) fn claims(self) -> Vec<Claim> {
        let mut claims = self.details.with(|details| {
            details.as_ref().and_then(|details| details.claims.clone()).unwrap_or_default()
        });
        self.further.with(|further| claims.extend(further.iter().cloned()));
        claims
    }

    /// What there is to show of those who opened: before one's own share without amounts.
    pub(super) fn rows(self) -> Vec<(Opener, Option<Fen>, bool)> {
        let openers = self.details.with(|details| details.as_ref().and_then(|d| d.openers.clone()));
        let hidden = openers.into_iter().flatten().map(|opener| (opener, None, false));
        let shown = self.claims().into_iter().map(
            |Claim { seq, user, amount_fen, opened_at, best_luck }| {
                (Opener { seq, user, opened_at }, Some(amount_fen), best_luck)
            },
        );
        hidden.chain(shown).collect()
    }

    pub(super) fn has_more(self) -> bool {
        self.cursor.with(Option::is_some)
    }

    /// Reads one more page.
    pub(super) fn more(self) {
        if self.busy.get_untracked() {
            return;
        }
        self.busy.set(true);
        self.scope.spawn(async move {
            let answer = self.next_page().await;
            self.set_failure(answer.err());
            self.busy.set(false);
        });
    }

    async fn next_page(self) -> Result<(), Failure> {
        let Some(cursor) = self.cursor.get_untracked() else { return Ok(()) };
        let page = api::claims(self.order_no, &cursor).await?;
        // Another reading may have brought the same page meanwhile.
        if self.cursor.get_untracked().as_ref() != Some(&cursor) {
            return Ok(());
        }
        self.cursor.set(page.next_cursor);
        self.further.update(|further| further.extend(page.items));
        Ok(())
    }

    /// Reads everything there is and hands it to `done`.
    pub(super) fn whole(self, done: impl Fn(Result<PacketDetails, Failure>) + 'static) {
        self.scope.spawn(async move {
            while self.cursor.get_untracked().is_some() {
                if let Err(failure) = self.next_page().await {
                    done(Err(failure));
                    return;
                }
            }
            if let Some(mut details) = self.details.get_untracked() {
                details.claims = Some(untrack(|| self.claims()));
                done(Ok(details));
            }
        });
    }
}
