//! What was paid for, whether it has landed or not (R-SEND-2).

use super::{Check, Law};
use hongbao_domain::{
    record::Payment,
    store::{
        ledger::{Account, TransferKind},
        orders::PacketRow,
    },
};
use hongbao_shared::Fen;

impl Check<'_> {
    /// The sender paid for exactly this packet.
    pub(super) fn payment(&mut self, packet: &PacketRow) {
        match &self.evidence.payment {
            None => self.require(false, Law::PacketIsPaid, || "was never paid".to_owned()),
            Some(payment) => {
                let differs = differences(packet, payment);
                self.require(differs.is_empty(), Law::PacketIsPaid, || {
                    format!("packet and payment differ in {}", differs.join(", "))
                });
            }
        }
    }

    /// No packet: its escrow holds all of its payment, and something will make it land.
    pub(super) fn not_landed(&mut self) {
        let claims = &self.evidence.claims;
        if let Some(claim) = claims.first() {
            self.require(false, Law::ClaimHasPacket, || {
                format!("has a claim {} by {}, but no packet", claim.seq, claim.user_id)
            });
        }
        let held = self.evidence.escrow.balance;
        let expected = if let Some(payment) = &self.evidence.payment {
            let record = &payment.record;
            self.awaits_landing(record.total_fen);
            self.paid_by(Account::Wallet(record.sender_id), record.total_fen);
            record.total_fen.signed()
        } else {
            let paid = self.moved(TransferKind::Pay);
            self.require(paid == 0 && held == 0, Law::PaymentIsStored, || {
                format!("{paid} were paid, its escrow holds {held}, and no payment is stored")
            });
            held
        };
        let (credits, refunds) =
            (self.moved(TransferKind::Credit), self.moved(TransferKind::Refund));
        self.require(refunds == 0, Law::RefundIsDue, || {
            format!("{refunds} went back without a tombstone")
        });
        self.require(credits == 0, Law::CreditHasClaim, || {
            format!("{credits} were credited, and it has not landed")
        });
        self.require(held == expected, Law::EscrowHoldsRest, || {
            format!("its escrow holds {held} instead of {expected}, and it has not landed")
        });
    }

    fn awaits_landing(&mut self, total: Fen) {
        let is_awaited = self.evidence.is_awaited;
        if is_awaited && !self.at_rest {
            self.found.landing.add(total);
        } else {
            let what = if is_awaited { "has not landed" } else { "never lands" };
            self.require(false, Law::PaymentLands, || {
                format!("{} was paid and {what}", total.get())
            });
        }
    }

    /// One transfer of the total, from the sender.
    pub(super) fn paid_by(&mut self, sender: Account, total: Fen) {
        let transfers = self.evidence.transfers.iter().map(|line| &line.transfer);
        for transfer in transfers.filter(|transfer| transfer.kind == TransferKind::Pay) {
            self.require(transfer.debit == sender, Law::PacketIsPaid, || {
                format!("was paid by {}", transfer.debit)
            });
        }
        let paid = self.moved(TransferKind::Pay);
        self.require(paid == total.get(), Law::PacketIsPaid, || {
            format!("holds {}, but {paid} were paid", total.get())
        });
    }
}

/// In what a packet is not what was paid for.
fn differences(packet: &PacketRow, payment: &Payment) -> Vec<&'static str> {
    let record = &payment.record;
    [
        ("sender", packet.sender_id == record.sender_id),
        ("group", packet.group_id == record.group_id),
        ("recipient", packet.recipient_id == record.recipient_id),
        ("kind", packet.kind == record.kind),
        ("total", packet.total_fen == record.total_fen),
        ("shares", packet.shares == record.shares),
        ("most of a share", packet.max_share_fen == record.max_share_fen),
        ("sealed server seed", packet.sealed_server_seed == record.sealed_server_seed),
        ("commitment", packet.commitment == record.commitment),
        ("client seed", packet.client_seed.bytes() == payment.client_seed),
        ("time of the pre-order", packet.created_at == record.created_at),
    ]
    .into_iter()
    .filter_map(|(what, same)| (!same).then_some(what))
    .collect()
}
