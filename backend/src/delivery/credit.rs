use super::{Deliver, Delivered, events, payload};
use crate::{
    ledger::{CreditClaim, CreditOutcome, Ledger},
    packets::CreditEvent,
    store::{StoreError, orders::OrderStore, outbox::OutboxRow},
};
use async_trait::async_trait;
use std::sync::Arc;

/// Credits claims to wallets (入账). The information flow wrote the claims; this is
/// the money flow (R-MONEY-2).
#[derive(Debug)]
pub struct CreditClaims {
    /// Where the claims stand.
    pub store: Arc<dyn OrderStore>,
    /// Where the money moves.
    pub ledger: Arc<Ledger>,
}

/// One row's part of a round.
struct Part {
    /// What the row asks for, or why it cannot be read.
    events: Result<Vec<CreditEvent>, Delivered>,
    /// Which event of the row each claim belongs to.
    claims: Vec<(usize, CreditClaim)>,
}

#[async_trait]
impl Deliver for CreditClaims {
    async fn deliver(&self, rows: &[OutboxRow]) -> Vec<Delivered> {
        let mut parts = Vec::with_capacity(rows.len());
        for row in rows {
            parts.push(self.read(row).await);
        }
        // One posting batch for all rows: its cost is mostly per transaction.
        let claims: Vec<_> =
            parts.iter().flat_map(|part| part.claims.iter().map(|(_, claim)| *claim)).collect();
        let outcomes = if claims.is_empty() {
            Vec::new()
        } else {
            match self.ledger.credit(claims).await {
                Ok(outcomes) => outcomes,
                Err(refusal) => {
                    let failed = |(row, part): (&OutboxRow, Part)| match part.events {
                        Err(unreadable) => unreadable,
                        Ok(_) => Delivered::from_refusal(&refusal, &row.payload),
                    };
                    return rows.iter().zip(parts).map(failed).collect();
                }
            }
        };
        let mut outcomes = outcomes.into_iter();
        parts.into_iter().map(|part| part.settle(&mut outcomes)).collect()
    }
}

impl CreditClaims {
    async fn read(&self, row: &OutboxRow) -> Part {
        let events: Vec<CreditEvent> = match events(row) {
            Ok(events) => events,
            Err(unreadable) => return Part { events: Err(unreadable), claims: Vec::new() },
        };
        let mut claims = Vec::new();
        for (at, event) in events.iter().enumerate() {
            match self.claims(event).await {
                Ok(found) => claims.extend(found.into_iter().map(|claim| (at, claim))),
                Err(error) => {
                    let again = Delivered::Again(error.to_string());
                    return Part { events: Err(again), claims: Vec::new() };
                }
            }
        }
        Part { events: Ok(events), claims }
    }

    async fn claims(&self, event: &CreditEvent) -> Result<Vec<CreditClaim>, StoreError> {
        let rows = self.store.claims(event.order_no, event.from, event.count).await?;
        let wanted = |amount| amount >= event.at_least && amount < event.below;
        let claims = rows.into_iter().filter(|row| wanted(row.amount_fen)).map(|row| CreditClaim {
            order_no: event.order_no,
            seq: row.seq,
            user_id: row.user_id,
            amount: row.amount_fen,
        });
        Ok(claims.collect())
    }
}

impl Part {
    /// Takes this part's outcomes off the front of `outcomes`.
    fn settle(self, outcomes: &mut impl Iterator<Item = CreditOutcome>) -> Delivered {
        let events = match self.events {
            Ok(events) => events,
            Err(delivered) => return delivered,
        };
        let mut left = Vec::new();
        let mut errors = Vec::new();
        for ((at, claim), outcome) in self.claims.into_iter().zip(outcomes) {
            if let CreditOutcome::Refused(reason) = outcome {
                // The one bad claim stays, alone; it blocks nothing else.
                left.push(CreditEvent { from: claim.seq, count: 1, ..events[at] });
                errors.push(format!("{} share {}: {reason:?}", claim.order_no, claim.seq));
            }
        }
        if left.is_empty() {
            Delivered::Done
        } else {
            Delivered::Never { payload: payload(&left), error: errors.join("; ") }
        }
    }
}

impl std::fmt::Debug for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Part").field("claims", &self.claims.len()).finish_non_exhaustive()
    }
}
