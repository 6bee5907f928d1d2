use super::{Delivered, describe, payload};
use hongbao_domain::Refusal;
use hongbao_shared::OrderNo;
use serde::Serialize;

/// Reasons that an error names; a batch has a thousand claims, and one reason is often
/// everyone's.
const REASONS_MAX: usize = 20;

/// What of a row could not be told, event by event: one that can never be told stays
/// alone in the end, and blocks nothing else.
#[derive(Debug)]
pub(super) struct Untold<E> {
    left: Vec<E>,
    reasons: Vec<String>,
    passing: bool,
    unread: bool,
}

impl<E: Serialize> Untold<E> {
    pub(super) fn new() -> Self {
        Self { left: Vec::new(), reasons: Vec::new(), passing: false, unread: false }
    }

    /// A service refused an event.
    pub(super) fn note(&mut self, event: E, order_no: OrderNo, refusal: &Refusal) {
        self.passing |= !refusal.is_final();
        self.unread |= refusal.is_unread();
        self.push(event, || format!("{order_no}: {}", describe(refusal)));
    }

    /// Trying again cannot help; `reason` is about the order number.
    pub(super) fn never(&mut self, event: E, order_no: OrderNo, reason: &str) {
        self.push(event, || format!("{order_no}: {reason}"));
    }

    fn push(&mut self, event: E, reason: impl FnOnce() -> String) {
        self.left.push(event);
        if self.reasons.len() < REASONS_MAX {
            self.reasons.push(reason());
        }
    }

    /// What became of the row. What can be told later is tried again together with what
    /// cannot, which is then left alone.
    pub(super) fn outcome(self) -> Delivered {
        if self.left.is_empty() {
            return Delivered::Done;
        }
        let unnamed = self.left.len().saturating_sub(self.reasons.len());
        let mut reasons = self.reasons;
        if unnamed > 0 {
            reasons.push(format!("and {unnamed} more"));
        }
        let error = reasons.join("; ");
        let payload = payload(&self.left);
        if self.passing {
            Delivered::Rest { payload, error }
        } else if self.unread {
            Delivered::Unread { payload, error }
        } else {
            Delivered::Never { payload, error }
        }
    }
}
