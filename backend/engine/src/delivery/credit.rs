use super::{Deliver, Delivered, describe, read, untold::Untold};
use crate::{
    ledger::{CreditClaim, CreditOutcome, Ledger},
    packets::CreditEvent,
};
use async_trait::async_trait;
use hongbao_domain::{
    Refusal,
    store::{orders::OrderStore, outbox::OutboxRow},
};
use hongbao_shared::OrderNo;
use std::{collections::BTreeMap, sync::Arc};

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
    /// What cannot be credited so far; or what became of the row already.
    untold: Result<Untold<CreditEvent>, Delivered>,
    /// The claims, each with the event that asks for it.
    claims: Vec<(CreditEvent, CreditClaim)>,
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
                Err(refusal) => return parts.into_iter().map(|part| part.fail(&refusal)).collect(),
            }
        };
        let mut outcomes = outcomes.into_iter();
        parts.into_iter().map(|part| part.settle(&mut outcomes)).collect()
    }
}

impl CreditClaims {
    async fn read(&self, row: &OutboxRow) -> Part {
        let events: Vec<CreditEvent> = match read(row) {
            Ok(events) => events,
            Err(unreadable) => return Part { untold: Err(unreadable), claims: Vec::new() },
        };
        let (mut untold, mut claims) = (Untold::new(), Vec::new());
        let mut packets: BTreeMap<OrderNo, Vec<CreditEvent>> = BTreeMap::new();
        for event in events {
            packets.entry(event.order_no).or_default().push(event);
        }
        for (order_no, events) in packets {
            let Err(refusal) = self.add(order_no, &events, &mut claims).await else { continue };
            if !refusal.is_final() {
                let again = Delivered::Again(format!("{order_no}: {}", describe(&refusal)));
                return Part { untold: Err(again), claims: Vec::new() };
            }
            // A claim that cannot be read holds up none of its neighbours.
            for single in events.into_iter().flat_map(CreditEvent::singles) {
                if let Err(refusal) = self.add(order_no, &[single], &mut claims).await {
                    untold.note(single, order_no, &refusal);
                }
            }
        }
        Part { untold: Ok(untold), claims }
    }

    /// The claims that these events of a packet name, read at once.
    async fn add(
        &self,
        order_no: OrderNo,
        events: &[CreditEvent],
        claims: &mut Vec<(CreditEvent, CreditClaim)>,
    ) -> Result<(), Refusal> {
        let from = events.iter().map(|event| event.from).min().unwrap_or_default();
        let end = events.iter().map(CreditEvent::end).max().unwrap_or_default();
        let rows = self.store.claims(order_no, from, end.saturating_sub(from)).await?;
        claims.extend(rows.iter().filter_map(|row| {
            let event = events.iter().find(|event| event.names(row))?;
            let claim = CreditClaim {
                order_no,
                seq: row.seq,
                user_id: row.user_id,
                amount: row.amount_fen,
            };
            Some((*event, claim))
        }));
        Ok(())
    }
}

impl Part {
    /// Takes this part's outcomes off the front of `outcomes`.
    fn settle(self, outcomes: &mut impl Iterator<Item = CreditOutcome>) -> Delivered {
        let mut untold = match self.untold {
            Ok(untold) => untold,
            Err(delivered) => return delivered,
        };
        for ((event, claim), outcome) in self.claims.into_iter().zip(outcomes) {
            if let CreditOutcome::Refused(reason) = outcome {
                // The one bad claim stays, alone; it blocks nothing else.
                let reason = format!("share {}: {reason}", claim.seq);
                untold.never(event.single(claim.seq), claim.order_no, &reason);
            }
        }
        untold.outcome()
    }

    /// The ledger took none of the round.
    fn fail(self, refusal: &Refusal) -> Delivered {
        let mut untold = match self.untold {
            Err(delivered) => return delivered,
            Ok(_) if !refusal.is_final() => return Delivered::Again(describe(refusal)),
            Ok(untold) => untold,
        };
        for (event, claim) in self.claims {
            untold.note(event.single(claim.seq), claim.order_no, refusal);
        }
        untold.outcome()
    }
}

impl std::fmt::Debug for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Part").field("claims", &self.claims.len()).finish_non_exhaustive()
    }
}
