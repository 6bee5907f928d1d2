//! A packet against the books, in both directions (R-MONEY-3).

use super::{super::sums::sums_are_true, Check, Law, Tally};
use hongbao_domain::store::{
    ledger::{
        Account, AccountState, Gift, Posting, Transfer, TransferKind, credit_key, credit_seq,
        fee_key, fee_refund_key, pay_key, refund_key,
    },
    orders::{ClaimRow, PacketRow, StoredState},
};
use std::collections::BTreeMap;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

impl Check<'_> {
    /// Every fen that went in is credited, refunded or still there.
    pub(super) fn money(&mut self, packet: &PacketRow) {
        self.paid_by(Account::Wallet(packet.sender_id), packet.total_fen);
        self.credits();
        self.rest(packet);
    }

    /// What all transfers of a kind moved, in fen.
    pub(super) fn moved(&self, kind: TransferKind) -> u64 {
        let transfers = self.evidence.transfers.iter().map(|line| &line.transfer);
        let of_kind = transfers.filter(|transfer| transfer.kind == kind);
        of_kind.fold(0_u64, |sum, transfer| sum.saturating_add(transfer.amount.get()))
    }

    fn credits(&mut self) {
        let transfers = self.evidence.transfers.iter().map(|line| &line.transfer);
        let credits = transfers.filter(|transfer| transfer.kind == TransferKind::Credit);
        let mut credits: BTreeMap<&str, &Transfer> =
            credits.map(|transfer| (transfer.key.as_str(), transfer)).collect();
        let order_no = self.order_no();
        for claim in &self.evidence.claims {
            match credits.remove(credit_key(order_no, claim.seq).as_str()) {
                Some(credit) => self.credit(claim, credit),
                None if self.at_rest => {
                    self.require(false, Law::ClaimIsCredited, || {
                        format!(
                            "claim {} of {} for {} is not credited",
                            claim.seq,
                            claim.amount_fen.get(),
                            claim.user_id
                        )
                    });
                }
                None => {
                    self.found.uncredited.add(claim.amount_fen);
                    self.found.missing.push(*claim);
                }
            }
        }
        for credit in credits.into_values() {
            self.require(false, Law::CreditHasClaim, || {
                format!(
                    "{} to {} as {} has no claim",
                    credit.amount.get(),
                    credit.credit,
                    credit.key
                )
            });
        }
    }

    fn credit(&mut self, claim: &ClaimRow, credit: &Transfer) {
        let same =
            credit.credit == Account::Wallet(claim.user_id) && credit.amount == claim.amount_fen;
        self.require(same, Law::CreditHasClaim, || {
            format!(
                "claim {} is {} for {}, credited were {} to {}",
                claim.seq,
                claim.amount_fen.get(),
                claim.user_id,
                credit.amount.get(),
                credit.credit
            )
        });
    }

    /// What is left of the packet: refunded, or still in its escrow.
    fn rest(&mut self, packet: &PacketRow) {
        let total = packet.total_fen.get();
        let left = total.saturating_sub(packet.progress.claimed_fen.get());
        let ended = matches!(packet.progress.state, StoredState::Expired | StoredState::GivenUp);
        let due = if ended { left } else { 0 };
        let refunded = self.moved(TransferKind::Refund);
        if refunded == 0 && due > 0 && !self.at_rest {
            self.found.unrefunded = Tally { count: 1, fen: due };
        } else {
            self.require(refunded == due, Law::RefundIsDue, || {
                format!("{refunded} went back instead of {due}")
            });
        }
        let sender = Account::Wallet(packet.sender_id);
        let transfers = self.evidence.transfers.iter().map(|line| &line.transfer);
        for refund in transfers.filter(|transfer| transfer.kind == TransferKind::Refund) {
            self.require(refund.credit == sender, Law::RefundIsDue, || {
                format!("went back to {}", refund.credit)
            });
        }
        let escrow = self.evidence.escrow.balance;
        let moved = i128::from(self.moved(TransferKind::Pay))
            - i128::from(self.moved(TransferKind::Credit))
            - i128::from(refunded);
        self.require(i128::from(escrow) == moved, Law::EscrowHoldsRest, || {
            format!("its escrow holds {escrow} instead of {moved}")
        });
        if self.at_rest {
            let open = packet.progress.state == StoredState::Open;
            let rest = if open { left } else { 0 };
            self.require(u64::try_from(escrow) == Ok(rest), Law::EscrowHoldsRest, || {
                format!("its escrow holds {escrow}, the packet {rest}")
            });
        }
    }

    /// The escrow's account against its transfers, as every other account's.
    pub(super) fn escrow(&mut self) {
        let account = Account::Escrow(self.order_no());
        let mut before = 0_i64;
        let mut summed = Some(AccountState::default());
        for line in &self.evidence.transfers {
            let leg = line.leg(account);
            let follows = before.checked_add(leg.change);
            self.found.violations.check(
                follows == Some(leg.balance),
                Law::BalancesFollow,
                account,
                || format!("transfer {} notes {} instead of {follows:?}", leg.id, leg.balance),
            );
            before = leg.balance;
            summed = summed.and_then(|sum| sum.plus(&leg));
        }
        let stated = self.evidence.escrow;
        sums_are_true(account, stated, summed, &mut self.found.violations);
        self.found.transfers = u64::try_from(self.evidence.transfers.len()).unwrap_or(u64::MAX);
    }

    pub(super) fn transfers_fit(&mut self) {
        for line in &self.evidence.transfers {
            let transfer = &line.transfer;
            self.require(fits(transfer), Law::TransferFits, || misfit(line.id, transfer));
        }
    }
}

/// Do key, kind, accounts and packet belong together?
pub(in crate::audit) fn fits(transfer: &Transfer) -> bool {
    let key = transfer.key.as_str();
    match (transfer.kind, transfer.debit, transfer.credit, transfer.order_no) {
        (TransferKind::TopUp, Account::Issuer, Account::Wallet(user), None) => {
            match Gift::of(key, user) {
                Some(Gift::Welcome | Gift::Grant) => true,
                // The configured zone's day, which no zone has a day from that of UTC.
                Some(Gift::Allowance(day)) => {
                    transfer.at.millis().div_euclid(DAY_MS).abs_diff(day) <= 1
                }
                None => key.starts_with(Posting::top_up(user, transfer.amount, "").key()),
            }
        }
        (TransferKind::Pay, Account::Wallet(_), Account::Escrow(to), Some(order_no)) => {
            to == order_no && key == pay_key(order_no)
        }
        (TransferKind::Credit, Account::Escrow(from), Account::Wallet(_), Some(order_no)) => {
            from == order_no && credit_seq(key).is_some_and(|seq| key == credit_key(order_no, seq))
        }
        (TransferKind::Refund, Account::Escrow(from), Account::Wallet(_), Some(order_no)) => {
            from == order_no && key == refund_key(order_no)
        }
        (TransferKind::Fee, Account::Wallet(_), Account::Fees, Some(order_no)) => {
            key == fee_key(order_no)
        }
        (TransferKind::FeeRefund, Account::Fees, Account::Wallet(_), Some(order_no)) => {
            key == fee_refund_key(order_no)
        }
        _ => false,
    }
}

/// What does not fit.
pub(in crate::audit) fn misfit(id: i64, transfer: &Transfer) -> String {
    let Transfer { key, kind, debit, credit, .. } = transfer;
    format!("transfer {id} with the key {key} is {} from {debit} to {credit}", kind.as_str())
}
