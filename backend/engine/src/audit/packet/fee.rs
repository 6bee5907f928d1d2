//! What the house takes for a packet (R-API-4).

use super::{Check, Law};
use hongbao_domain::store::{
    ledger::{Account, TransferKind},
    orders::StoredState,
};

impl Check<'_> {
    /// The fee that was paid for, from the sender, once; back only with what was given up.
    pub(super) fn fee(&mut self) {
        let payment = self.evidence.payment.as_ref();
        let fee = payment.map_or(0, |payment| payment.record.fee_fen.get());
        let sender = payment.map(|payment| Account::Wallet(payment.record.sender_id));
        let (mut taken, mut returned) = (0_u64, 0_u64);
        for line in &self.evidence.fees {
            let transfer = &line.transfer;
            let (sum, whose) = match transfer.kind {
                TransferKind::FeeRefund => (&mut returned, transfer.credit),
                _ => (&mut taken, transfer.debit),
            };
            *sum = sum.saturating_add(transfer.amount.get());
            // Where nothing was paid, the sums speak.
            self.require(sender.is_none_or(|sender| sender == whose), Law::FeeIsTaken, || {
                format!("{} is of {whose}", transfer.key)
            });
        }
        self.require(taken == fee, Law::FeeIsTaken, || {
            format!("its fee is {fee}, and {taken} were taken")
        });
        let packet = self.evidence.packet.as_ref();
        let given_up = packet.is_some_and(|packet| packet.progress.state == StoredState::GivenUp);
        let due = if given_up { fee } else { 0 };
        if returned == 0 && due > 0 && !self.at_rest {
            let unrefunded = &mut self.found.unrefunded;
            unrefunded.count = 1;
            unrefunded.fen = unrefunded.fen.saturating_add(due);
        } else {
            self.require(returned == due, Law::FeeIsTaken, || {
                format!("{returned} of its fee went back instead of {due}")
            });
        }
    }
}
