//! Hot tables against cold storage, and against the days that they hold (R-STORE-1,
//! R-STORE-2).

use super::{Audited, Law, PAGE, Report, Stage, Subject, Tiers, Violations, watch::tell};
use hongbao_domain::store::{
    StoreError,
    cold::{ColdPlace, ColdStore},
    orders::{ClaimRow, DayTable, OrderStore, PacketRow},
};
use hongbao_shared::{Day, Shard, Site, Timestamp};
use std::collections::BTreeMap;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// A calendar day somewhere on Earth begins this much before or after that of UTC. The
/// configured zone is not asked: it may have been another when a packet was made.
const ZONES_MS: i64 = 14 * 60 * 60 * 1000;

pub(super) async fn audit(audited: &Audited<'_>, report: &mut Report) -> Result<(), StoreError> {
    let Some(Tiers { hot, cold }) = audited.tiers else { return Ok(()) };
    let mut done = 0_u64;
    for ((site, shard), hot) in hot {
        for table in hot.hot().days().await? {
            let place =
                Subject::Place(format!("order shard {site}{shard} day {}", table.day.get()));
            let fits = Day::of_epoch_day(table.epoch_day) == table.day;
            report.violations.check(fits, Law::DayHoldsItsPackets, place.clone(), || {
                format!("holds epoch day {}, which is none of its own", table.epoch_day)
            });
            let tiers = Tier { hot: &**hot, cold: cold.get(site).map(|cold| &**cold), table };
            let read = tiers.audit(*site, *shard, report, &mut done).await;
            report.violations.unless_corrupt(place, read)?;
            tell(audited, report, Stage::Tiers, done, None);
        }
    }
    Ok(())
}

/// One day of one shard.
struct Tier<'a> {
    hot: &'a dyn OrderStore,
    cold: Option<&'a dyn ColdStore>,
    table: DayTable,
}

impl Tier<'_> {
    async fn audit(
        &self,
        site: Site,
        shard: Shard,
        report: &mut Report,
        done: &mut u64,
    ) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let page = self.hot.packets_page(self.table.day, after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            let place = ColdPlace { site, shard, day: self.table.day };
            // What was copied meanwhile had ended when it was read here, or was not.
            let copies = match self.cold {
                Some(cold) => cold.packets_page(place, after, PAGE).await?,
                None => Vec::new(),
            };
            let copies: BTreeMap<_, _> =
                copies.into_iter().map(|copy| (copy.order_no, copy)).collect();
            after = Some(last.order_no);
            *done = done.saturating_add(u64::try_from(page.len()).unwrap_or(u64::MAX));
            for packet in page {
                self.day_of(&packet, &mut report.violations);
                if let Some(copy) = copies.get(&packet.order_no) {
                    self.compare(&packet, copy, &mut report.violations).await?;
                }
            }
        }
    }

    fn day_of(&self, packet: &PacketRow, violations: &mut Violations) {
        let begin = self.table.epoch_day.saturating_mul(DAY_MS);
        let into = packet.created_at.millis_since(Timestamp::from_millis(begin));
        let is_there = (-ZONES_MS..DAY_MS.saturating_add(ZONES_MS)).contains(&into);
        violations.check(is_there, Law::DayHoldsItsPackets, packet.order_no, || {
            format!(
                "was made {} and stands in the tables of epoch day {}",
                packet.created_at, self.table.epoch_day
            )
        });
    }

    /// A packet is copied after its end and never changes again. Looked at once more, in the
    /// order in which the mover works, because it may have ended and been copied meanwhile.
    async fn compare(
        &self,
        packet: &PacketRow,
        copy: &PacketRow,
        violations: &mut Violations,
    ) -> Result<(), StoreError> {
        let order_no = packet.order_no;
        let now = if packet == copy { None } else { self.hot.packet(order_no).await? };
        let same = packet == copy || now.is_none_or(|now| now == *copy);
        violations.check(same, Law::ColdEqualsHot, order_no, || {
            "its row in cold storage is another".to_owned()
        });
        let Some(cold) = self.cold else { return Ok(()) };
        let mut from = 0;
        loop {
            // The cold ones first: the hot ones were complete before the first was copied.
            let copies = cold.claims(order_no, from, PAGE).await?;
            let Some(last) = copies.last() else { return Ok(()) };
            let claims: BTreeMap<u32, ClaimRow> = self
                .hot
                .claims(order_no, from, last.seq.saturating_sub(from).saturating_add(1))
                .await?
                .into_iter()
                .map(|claim| (claim.seq, claim))
                .collect();
            let is_emptied = claims.is_empty() && self.hot.packet(order_no).await?.is_none();
            if is_emptied {
                return Ok(());
            }
            for copy in &copies {
                let same = claims.get(&copy.seq) == Some(copy);
                violations.check(same, Law::ColdEqualsHot, order_no, || {
                    format!("claim {} in cold storage is another than the hot one", copy.seq)
                });
            }
            let Some(next) = last.seq.checked_add(1) else { return Ok(()) };
            from = next;
        }
    }
}
