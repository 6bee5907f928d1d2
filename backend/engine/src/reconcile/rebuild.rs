//! Packets of a shard that was restored to an earlier moment than the ledger (R-STORE-6).
//!
//! A packet lands before anybody is told of it, a claim is committed before its credit and
//! its line in a list, an end before its refund. So whatever the books and the lists say of
//! a packet has happened, even if its shard knows nothing of it any more. It is made again
//! from what they say, in one transaction, before a share that is somebody's already is
//! given to somebody else. What contradicts itself, or the packet's seed, is left alone.

use super::{
    PAGE, Run,
    heard::{Heard, HeardClaim, Plan, Unclear},
    report::Repair,
};
use crate::{
    audit::{Checked, Law},
    packets::{Event, landing},
};
use hongbao_domain::{
    record::Payment,
    store::{
        StoreError,
        ledger::{TransferKind, credit_seq, fee_refund_key},
        lists::Listed,
        orders::{Append, ClaimRow, Landed, LaneBatch, OrderStore, PacketRow, StoredState},
    },
};
use hongbao_shared::{Fen, OrderNo};

/// What became of a packet of which more is known than its shard knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rebuilt {
    /// Nobody knows more.
    Nothing,
    /// What was missing is there again, or would be; or it has moved meanwhile.
    Again,
    /// Somebody has to look at it.
    Left,
}

impl Run<'_> {
    /// Has the shard lost claims of an open packet, or its end?
    pub(super) async fn has_lost(&mut self, checked: &Checked) -> Result<bool, StoreError> {
        let Some(packet) = checked.packet.as_ref().filter(|row| row.progress.state.is_open())
        else {
            return Ok(false);
        };
        let violations = checked.violations.listed();
        let is_older = |law| matches!(law, Law::CreditHasClaim | Law::RefundIsDue);
        if !violations.is_empty() {
            return Ok(violations.iter().all(|violation| is_older(violation.law)));
        }
        if self.report.lists_are_unread {
            return Ok(false);
        }
        let lists = &self.of.stores.lists;
        match lists.listed_shares(packet.order_no, packet.progress.claimed, 1).await {
            Ok(lines) => Ok(!lines.is_empty()),
            // They say so where they are compared.
            Err(_) => Ok(false),
        }
    }

    /// Makes again what the shard has lost of a packet: claims and the end of one that it
    /// `holds`, or all of it.
    pub(super) async fn rebuild(
        &mut self,
        store: &dyn OrderStore,
        order_no: OrderNo,
        holds: Option<&PacketRow>,
    ) -> Result<Rebuilt, StoreError> {
        if self.report.lists_are_unread {
            return Ok(Rebuilt::Left);
        }
        let Some(payment) = self.audited.ledger.payment(order_no).await? else {
            return Ok(Rebuilt::Nothing);
        };
        let held = match holds {
            Some(packet) => store.claims(order_no, 0, packet.progress.claimed).await?,
            None => Vec::new(),
        };
        let listed = match self.of.stores.lists.listed(order_no).await {
            Ok(listed) => listed,
            // Without them, a share could be taken for nobody's.
            Err(error @ (StoreError::Unavailable(_) | StoreError::Unknown(_))) => {
                self.report.lists_are_unread = true;
                self.report.unread.push(format!("lists: {error}"));
                return Ok(Rebuilt::Left);
            }
            Err(error) => return Err(error),
        };
        let heard = self.hear(order_no, listed).await?;
        let lifetime = self.of.lifetime;
        let plan = heard.and_then(|heard| {
            heard.plan(&payment, holds.map(|row| (row, &held[..])), lifetime, &self.of.sealer)
        });
        match plan {
            Ok(None) => Ok(Rebuilt::Nothing),
            Ok(Some(plan)) => self.make(store, &payment, holds.is_none(), plan).await,
            Err((law, what)) => {
                self.again.insert(order_no);
                self.report.leave(law.name(), order_no, what);
                Ok(Rebuilt::Left)
            }
        }
    }

    async fn hear(
        &self,
        order_no: OrderNo,
        listed: Listed,
    ) -> Result<Result<Heard, Unclear>, StoreError> {
        // It goes to a wallet from the house, and so is no transfer of the escrow.
        let fee_back = vec![fee_refund_key(order_no)];
        let fee_back = self.audited.ledger.transfers_by_key(fee_back).await?;
        let mut heard = Heard {
            sent_at: listed.sent.map(|line| line.at),
            fee_is_back: fee_back.iter().any(Option::is_some),
            ..Heard::default()
        };
        for line in listed.received {
            let (seq, user_id, amount_fen) = (line.seq, line.user_id, line.amount_fen);
            let claim = ClaimRow { seq, user_id, amount_fen, opened_at: line.at };
            heard.claims.insert(seq, HeardClaim { claim, is_timed: true });
        }
        let mut after = 0;
        loop {
            let page = self.audited.ledger.transfers_of(order_no, after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(Ok(heard)) };
            after = last.id;
            for line in page {
                let transfer = line.transfer;
                match transfer.kind {
                    TransferKind::Refund => heard.refund = Some((transfer.amount, transfer.at)),
                    TransferKind::Credit => {
                        let (Some(seq), Some(user_id)) =
                            (credit_seq(&transfer.key), transfer.credit.owner())
                        else {
                            let what = format!("{} credits no share of it", transfer.key);
                            return Ok(Err((Law::TransferFits, what)));
                        };
                        let (amount_fen, opened_at) = (transfer.amount, transfer.at);
                        let claim = ClaimRow { seq, user_id, amount_fen, opened_at };
                        if let Err(unclear) = heard.credit(claim) {
                            return Ok(Err(unclear));
                        }
                    }
                    TransferKind::TopUp
                    | TransferKind::Pay
                    | TransferKind::Fee
                    | TransferKind::FeeRefund => {}
                }
            }
        }
    }

    async fn make(
        &mut self,
        store: &dyn OrderStore,
        payment: &Payment,
        lands: bool,
        plan: Plan,
    ) -> Result<Rebuilt, StoreError> {
        let Plan { packet, lost, after, gap } = plan;
        let (order_no, before) = (packet.order_no, packet.progress);
        self.again.insert(order_no);
        if self.may_mend() {
            let is_seen = before.state != StoredState::GivenUp;
            let card = is_seen.then(|| Event::card(payment, packet.landed_at));
            let told: Vec<_> = card.into_iter().collect();
            let batch = LaneBatch {
                // Its line is written with the others that are missing.
                landings: lands.then(|| landing(packet.clone(), &told)).into_iter().collect(),
                appends: (after != before)
                    .then(|| Append {
                        order_no,
                        believed: before.claimed,
                        claims: lost.clone(),
                        after,
                        announcements: Vec::new(),
                    })
                    .into_iter()
                    .collect(),
                at: Some(self.of.clock.now()),
                // What is made again happened long ago.
                within: None,
                ..LaneBatch::default()
            };
            match store.commit(batch).await {
                Ok(outcome) if outcome.landings.contains(&Landed::DayRefused) => {
                    let what =
                        "its day is not free in its shard, and cold storage does not have it";
                    self.report.leave(Law::PaymentLands.name(), order_no, what.to_owned());
                    return Ok(Rebuilt::Left);
                }
                Ok(outcome)
                    if outcome.landings.iter().all(|landed| *landed == Landed::New)
                        && outcome.appends.iter().all(|held| *held) => {}
                // Somebody works on it: what was missing was merely late.
                Ok(_) => return Ok(Rebuilt::Again),
                Err(StoreError::Constraint { name }) => {
                    let what = format!("what is known of it cannot be written: {name}");
                    self.report.leave(Law::CreditHasClaim.name(), order_no, what);
                    return Ok(Rebuilt::Left);
                }
                Err(error) => return Err(error),
            }
        }
        if lands {
            self.report.mend(Repair::Packet, order_no, None, payment.record.total_fen);
        }
        for claim in lost {
            self.report.mend(Repair::Claim, order_no, Some(claim.seq), claim.amount_fen);
        }
        if after.state == StoredState::Expired {
            self.report.mend(Repair::End, order_no, None, Fen::ZERO);
        }
        if let Some(what) = gap {
            self.report.leave(Law::ClaimsAreDense.name(), order_no, what);
        }
        Ok(Rebuilt::Again)
    }
}
