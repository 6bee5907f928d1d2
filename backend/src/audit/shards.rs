//! The packets of every order shard, and claims that belong to none.

use super::{
    Audited, LOOKS_MAX, Law, PAGE, Report, Subject,
    packet::{self, Checked},
    report::LISTED_MAX,
};
use crate::store::{
    StoreError,
    orders::{OrderStore, PacketRow},
    outbox::{Backlog, Destination},
};
use hongbao_shared::{Day, OrderNo, Shard, Site, order_no::DAYS};

pub(super) async fn audit(audited: &Audited<'_>, report: &mut Report) -> Result<(), StoreError> {
    for ((site, shard), store) in audited.orders {
        let shard = AuditedShard { audited, site: *site, shard: *shard, store: &**store };
        shard.audit(report).await?;
    }
    Ok(())
}

struct AuditedShard<'a> {
    audited: &'a Audited<'a>,
    site: Site,
    shard: Shard,
    store: &'a dyn OrderStore,
}

impl AuditedShard<'_> {
    async fn audit(&self, report: &mut Report) -> Result<(), StoreError> {
        // Packets with something on its way, as many as could be listed.
        let mut on_the_way = Vec::new();
        for day in (0..DAYS).filter_map(Day::new) {
            self.packets(day, &mut on_the_way, report).await?;
            self.stray_claims(day, report).await?;
        }
        self.will_arrive(on_the_way, report).await
    }

    fn place(&self, day: Day) -> Subject {
        Subject::Place(format!("order shard {}{} day {}", self.site, self.shard, day.get()))
    }

    async fn packets(
        &self,
        day: Day,
        on_the_way: &mut Vec<OrderNo>,
        report: &mut Report,
    ) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let read = self.store.packets_page(day, after, PAGE).await;
            let Some(page) = report.violations.unless_corrupt(self.place(day), read)? else {
                return Ok(());
            };
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.order_no);
            for packet in page {
                let order_no = packet.order_no;
                let there = (order_no.site(), order_no.shard(), order_no.day());
                let here = there == (self.site, self.shard, day);
                report.violations.check(here, Law::PacketInPlace, order_no, || {
                    format!("stands in {}", self.place(day))
                });
                let checked = check(self.audited, self.store, packet).await?;
                if checked.is_on_the_way() && on_the_way.len() < LISTED_MAX {
                    on_the_way.push(order_no);
                }
                report.counts.packets = report.counts.packets.saturating_add(1);
                report.counts.claims = report.counts.claims.saturating_add(checked.claims);
                report.counts.uncredited.append(checked.uncredited);
                report.counts.unrefunded.append(checked.unrefunded);
                report.violations.append(checked.violations);
            }
        }
    }

    /// Claims whose packet does not exist, found by skipping from packet to packet.
    async fn stray_claims(&self, day: Day, report: &mut Report) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let read = self.store.claims_page(day, after, 1).await;
            let Some(page) = report.violations.unless_corrupt(self.place(day), read)? else {
                return Ok(());
            };
            let Some((order_no, claim)) = page.into_iter().next() else { return Ok(()) };
            after = Some((order_no, u32::MAX));
            let read = self.store.packet(order_no).await;
            let Some(packet) = report.violations.unless_corrupt(order_no, read)? else { continue };
            report.violations.check(packet.is_some(), Law::ClaimHasPacket, order_no, || {
                format!("has a claim {} by {}, but no packet", claim.seq, claim.user_id)
            });
        }
    }

    /// What is on its way needs an outbox row that brings it.
    async fn will_arrive(
        &self,
        on_the_way: Vec<OrderNo>,
        report: &mut Report,
    ) -> Result<(), StoreError> {
        if self.audited.at_rest || on_the_way.is_empty() {
            return Ok(());
        }
        for order_no in on_the_way {
            let mut before: Option<PacketRow> = None;
            for _ in 0..LOOKS_MAX {
                // It may have arrived since.
                let Some(packet) = self.store.packet(order_no).await? else { break };
                let checked = check(self.audited, self.store, packet.clone()).await?;
                let (claims, refund) = (checked.uncredited, checked.unrefunded);
                let lost_claims = claims.count > 0 && self.rows(&Destination::CREDITS).await? == 0;
                let lost_refund = refund.count > 0 && self.rows(&[Destination::Refund]).await? == 0;
                if !lost_claims && !lost_refund {
                    break;
                }
                // A row goes only after what it brings has arrived, so nothing brings
                // what is missing still when the packet has stood.
                if before.as_ref() == Some(&packet) {
                    let law = if lost_claims { Law::ClaimIsCredited } else { Law::RefundIsDue };
                    let missing = if lost_claims { claims } else { refund };
                    report.violations.note(
                        law,
                        order_no,
                        format!("{} fen are on their way by nothing", missing.fen),
                    );
                    break;
                }
                before = Some(packet);
            }
        }
        Ok(())
    }

    async fn rows(&self, destinations: &[Destination]) -> Result<u64, StoreError> {
        let mut rows: u64 = 0;
        for destination in destinations {
            let Backlog { waiting, dead } = self.store.backlog(*destination).await?;
            rows = rows.saturating_add(waiting).saturating_add(dead);
        }
        Ok(rows)
    }
}

/// Beside a running server, what looks wrong may only have moved between two reads.
/// It is wrong if two looks in a row find the same, at a packet that stood still.
pub(crate) async fn check(
    audited: &Audited<'_>,
    store: &dyn OrderStore,
    mut packet: PacketRow,
) -> Result<Checked, StoreError> {
    let order_no = packet.order_no;
    let mut before: Option<(PacketRow, Checked)> = None;
    for _ in 0..LOOKS_MAX {
        let checked = packet::check(audited, store, &packet).await?;
        let same = before.as_ref().is_some_and(|(seen, found)| {
            *seen == packet && found.violations.listed() == checked.violations.listed()
        });
        if checked.violations.is_empty() || audited.at_rest || same {
            return Ok(checked);
        }
        let again = store.packet(order_no).await?;
        before = Some((packet, checked));
        match again {
            Some(again) => packet = again,
            // Moved to the cold store, or misplaced, which the caller has noted.
            None => break,
        }
    }
    Ok(before.map(|(_, checked)| checked).unwrap_or_default())
}
