//! Lines of the books.

use super::{Account, Leg, TransferKind};
use hongbao_shared::{Fen, OrderNo, Timestamp};

/// One line of the books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// What makes it repeatable; unique.
    pub key: String,
    /// Why.
    pub kind: TransferKind,
    /// From where.
    pub debit: Account,
    /// To where.
    pub credit: Account,
    /// How much; never zero.
    pub amount: Fen,
    /// What the debited account held right after, in fen.
    pub debit_balance: i64,
    /// What the credited account held right after, in fen.
    pub credit_balance: i64,
    /// Of which packet.
    pub order_no: Option<OrderNo>,
    /// When.
    pub at: Timestamp,
}

/// A line of the books with its place in them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Its place: grows with every transfer that touches the same account.
    pub id: i64,
    /// The line.
    pub transfer: Transfer,
}

impl Recorded {
    /// What it did to one of its two accounts.
    pub fn leg(&self, account: Account) -> Leg {
        let Transfer { debit, debit_balance, credit_balance, amount, kind, .. } = &self.transfer;
        let amount = amount.signed();
        let (change, balance) =
            if *debit == account { (-amount, *debit_balance) } else { (amount, *credit_balance) };
        let is_credit = *kind == TransferKind::Credit && self.transfer.credit == account;
        Leg { account, id: self.id, change, balance, is_credit }
    }
}
