//! One packet by itself.

use super::{
    Audited, LOOKS_MAX, evidence,
    packet::{self, Checked},
};
use hongbao_domain::store::StoreError;
use hongbao_shared::OrderNo;

/// Looks at one packet by itself. Beside a running server, what looks wrong may only have
/// moved between two reads. It is wrong if two looks in a row find the same, at a packet
/// that stood still.
pub(crate) async fn look(audited: &Audited<'_>, order_no: OrderNo) -> Result<Checked, StoreError> {
    let mut before: Option<Checked> = None;
    for _ in 0..LOOKS_MAX {
        let mut checked = Checked::default();
        let read = evidence::gather(audited, order_no).await;
        if let Some(evidence) = checked.violations.unless_corrupt(order_no, read)? {
            checked = packet::judge(evidence, audited.sealer, audited.at_rest);
        }
        let same = before.as_ref().is_some_and(|before| {
            before.packet == checked.packet
                && before.violations.listed() == checked.violations.listed()
        });
        if checked.violations.is_empty() || audited.at_rest || same {
            return Ok(checked);
        }
        before = Some(checked);
    }
    Ok(before.unwrap_or_default())
}
