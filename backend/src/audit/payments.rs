//! Every payment has landed, or is about to, or went back (R-SEND-2).

use super::{Audited, Law, PAGE, Report, Subject};
use crate::{
    packets::record::Payment,
    store::{
        StoreError,
        ledger::{Account, refund_key},
        orders::PacketRow,
    },
};
use std::collections::BTreeSet;

pub(super) async fn audit(audited: &Audited<'_>, report: &mut Report) -> Result<(), StoreError> {
    let mut after = None;
    loop {
        let read = audited.ledger.payments_page(after, PAGE).await;
        let place = Subject::Place("ledger payments".to_owned());
        let Some(page) = report.violations.unless_corrupt(place, read)? else { return Ok(()) };
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.record.order_no);
        // Asked before the shards are: a packet lands before its row goes.
        let orders = page.iter().map(|payment| payment.record.order_no).collect();
        let awaited: BTreeSet<_> =
            audited.ledger.awaiting_landing(orders).await?.into_iter().collect();
        for payment in page {
            report.counts.payments = report.counts.payments.saturating_add(1);
            let awaited = awaited.contains(&payment.record.order_no);
            if packet_of(audited, &payment, report).await?.is_none() {
                not_landed(audited, &payment, awaited, report).await?;
            }
        }
    }
}

async fn packet_of(
    audited: &Audited<'_>,
    payment: &Payment,
    report: &mut Report,
) -> Result<Option<PacketRow>, StoreError> {
    let order_no = payment.record.order_no;
    match audited.orders.get(&(order_no.site(), order_no.shard())) {
        Some(store) => {
            let read = store.packet(order_no).await;
            Ok(report.violations.unless_corrupt(order_no, read)?.flatten())
        }
        None => Ok(None),
    }
}

/// A payment without a packet: its escrow holds all of it, and something will make it
/// land.
pub(crate) async fn not_landed(
    audited: &Audited<'_>,
    payment: &Payment,
    awaited: bool,
    report: &mut Report,
) -> Result<(), StoreError> {
    let record = &payment.record;
    let order_no = record.order_no;
    if awaited && !audited.at_rest {
        report.counts.landing.add(record.total_fen);
    } else {
        let what = if awaited { "has not landed" } else { "never lands" };
        report.violations.note(
            Law::PaymentLands,
            order_no,
            format!("{} was paid and {what}", record.total_fen.get()),
        );
    }
    let keys = vec![format!("pay:{order_no}"), refund_key(order_no)];
    let mut found = audited.ledger.transfers_by_key(keys).await?.into_iter();
    let (paid, refunded) = (found.next().flatten(), found.next().flatten());
    let sender = Account::Wallet(record.sender_id);
    report.violations.check(
        paid.is_some_and(|paid| {
            paid.transfer.amount == record.total_fen && paid.transfer.debit == sender
        }),
        Law::PacketIsPaid,
        order_no,
        || "its payment has no transfer of its total from its sender".to_owned(),
    );
    let held = audited.ledger.account(Account::Escrow(order_no)).await?.balance;
    let moved = refunded.is_some() || held != record.total_fen.signed();
    // It may have landed and been opened meanwhile; then the shard's audit looks at it.
    if moved && packet_of(audited, payment, report).await?.is_none() {
        report.violations.check(refunded.is_none(), Law::RefundIsDue, order_no, || {
            "was refunded without a tombstone".to_owned()
        });
        report.violations.check(
            held == record.total_fen.signed(),
            Law::EscrowHoldsRest,
            order_no,
            || format!("holds {held} instead of {}, and has not landed", record.total_fen.get()),
        );
    }
    Ok(())
}
