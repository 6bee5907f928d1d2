//! Totals of lists against their lines (R-LIST-1).

use super::{Audited, Law, Report, Stage, Subject, watch::tell};
use hongbao_domain::store::{StoreError, ledger::Account};

/// How many people are summed up in one statement.
const PEOPLE: u32 = 500;

pub(super) async fn audit(audited: &Audited<'_>, report: &mut Report) -> Result<(), StoreError> {
    let Some(lists) = audited.lists else { return Ok(()) };
    let mut after = None;
    let mut done = 0_u64;
    loop {
        let read = lists.totals_off(after, PEOPLE).await;
        let place = Subject::Place("totals of lists".to_owned());
        let Some(read) = report.violations.unless_corrupt(place, read)? else { return Ok(()) };
        let Some((last, off)) = read else { return Ok(()) };
        after = Some(last);
        for found in off {
            let [sent, sent_fen, received, received_fen, best] = found.more;
            // Who had the best luck can be written before the line of their share.
            let is_early = found.more[..4] == [0; 4] && best > 0;
            if is_early && !audited.at_rest {
                continue;
            }
            report.violations.note(
                Law::ListTotalsAreSums,
                Account::Wallet(found.user_id),
                format!(
                    "its totals of {} are off by {sent} sent with {sent_fen} fen, {received} \
                     received with {received_fen} fen, {best} best lucks",
                    found.year
                ),
            );
        }
        done = done.saturating_add(PEOPLE.into());
        tell(audited, report, Stage::Totals, done, None);
    }
}
