//! The audit of every packet there is: what does not fit side by side is looked at by itself.

use super::{
    Audited, Law, PAGE, Report, Stage, Subject, arrival,
    look::look,
    packet::Checked,
    walk::{Named, Visit, Walk},
    watch::tell,
};
use async_trait::async_trait;
use hongbao_domain::store::{StoreError, orders::PacketRow};
use hongbao_shared::OrderNo;

pub(super) async fn audit(audited: &Audited<'_>, report: &mut Report) -> Result<(), StoreError> {
    let expected = audited.ledger.transfers_about().await?;
    let auditor = Auditor { audited, expected, report: &mut *report };
    let mut walk = Walk::begin(*audited, PAGE, false, auditor).await?;
    for (site, shard) in audited.orders.keys() {
        walk.shard(*site, *shard).await?;
    }
    for (place, what) in walk.end().await? {
        let place = Subject::Place(place.to_owned());
        report.violations.note(Law::StoredDataIsReadable, place, what);
    }
    Ok(())
}

struct Auditor<'a> {
    audited: &'a Audited<'a>,
    /// About how many transfers there are.
    expected: u64,
    report: &'a mut Report,
}

impl Auditor<'_> {
    async fn found(&mut self, order_no: OrderNo, checked: Checked) -> Result<(), StoreError> {
        let violations = &mut self.report.violations;
        arrival::check(self.audited, order_no, &checked, violations).await?;
        checked.into_report(self.report);
        Ok(())
    }
}

#[async_trait]
impl Visit for Auditor<'_> {
    async fn packet(
        &mut self,
        packet: PacketRow,
        judged: Option<Checked>,
    ) -> Result<(), StoreError> {
        let order_no = packet.order_no;
        let holds = judged.filter(|checked| checked.violations.is_empty());
        let checked = match holds {
            Some(checked) => checked,
            None => look(self.audited, order_no).await?,
        };
        self.found(order_no, checked).await
    }

    async fn stray(&mut self, order_no: OrderNo, _: Named) -> Result<(), StoreError> {
        let checked = look(self.audited, order_no).await?;
        self.found(order_no, checked).await
    }

    fn note(&mut self, law: Law, subject: Subject, what: String) {
        if law == Law::PacketInPlace {
            self.report.counts.packets = self.report.counts.packets.saturating_add(1);
        }
        self.report.violations.note(law, subject, what);
    }

    fn passed(&mut self, payments: u64, escrows: u64) {
        let counts = &mut self.report.counts;
        counts.payments = counts.payments.saturating_add(payments);
        counts.accounts = counts.accounts.saturating_add(escrows);
    }

    fn page_done(&mut self) {
        let counts = self.report.counts;
        let done = counts.claims.saturating_add(counts.payments);
        tell(self.audited, self.report, Stage::Packets, done, Some(self.expected));
    }
}
