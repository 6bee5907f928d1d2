//! How far reconciliation has come (R-MONEY-3). It is kept with the ledger, the database that
//! is restored to the latest moment: restored to an earlier one, it sees again what came since.

use hongbao_shared::{OrderNo, Timestamp};

/// What earlier reconciliations have seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reconciled {
    /// Packets that had ended before; `None` before the first time.
    pub since: Option<Timestamp>,
    /// Payments up to this transfer.
    pub transfer_id: i64,
    /// What was not over, or not as it should be, and is looked at once more.
    pub again: Vec<OrderNo>,
}
