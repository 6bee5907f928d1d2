//! Every packet there is, and every row that names one: all tables side by side, in the
//! order of packets. What does not fit there is looked at again by itself.

use super::{
    Audited, Law, PAGE, Report, Stage, Subject, arrival,
    cursor::{BestLucks, Claims, Cursor, Escrows, Payments, Received, Sent, Transfers},
    evidence::{Evidence, rows_max},
    look::look,
    numbers::Granted,
    packet::{self, Checked},
    watch::tell,
};
use hongbao_domain::store::{StoreError, lists::Listed, orders::PacketRow};
use hongbao_shared::{Day, OrderNo, Shard, Site, order_no::DAYS};

pub(super) async fn audit(audited: &Audited<'_>, report: &mut Report) -> Result<(), StoreError> {
    let mut walk = Walk {
        audited,
        granted: Granted::read(audited).await?,
        expected: audited.ledger.transfers_about().await?,
        tables: Tables::of(audited),
        report,
    };
    // In the order of numbers: sites, shards, days.
    for (site, shard) in audited.orders.keys() {
        for day in (0..DAYS).filter_map(Day::new) {
            walk.day(*site, *shard, day).await?;
        }
    }
    walk.pass_strays(None).await?;
    for broken in walk.tables.broken() {
        walk.report.violations.note(
            Law::StoredDataIsReadable,
            Subject::Place(broken.0.to_owned()),
            broken.1,
        );
    }
    Ok(())
}

/// The tables beside those of packets and claims.
struct Tables<'a> {
    payments: Cursor<Payments<'a>>,
    transfers: Cursor<Transfers<'a>>,
    escrows: Cursor<Escrows<'a>>,
    sent: Cursor<Sent<'a>>,
    received: Cursor<Received<'a>>,
    best_lucks: Cursor<BestLucks<'a>>,
}

impl<'a> Tables<'a> {
    fn of(audited: &Audited<'a>) -> Self {
        Self {
            payments: Cursor::new(Payments(audited.ledger)),
            transfers: Cursor::new(Transfers(audited.ledger)),
            escrows: Cursor::new(Escrows(audited.ledger)),
            sent: Cursor::new(Sent(audited.lists)),
            received: Cursor::new(Received(audited.lists)),
            best_lucks: Cursor::new(BestLucks(audited.lists)),
        }
    }

    /// The least packet that the next rows name.
    async fn least(&mut self) -> Result<Option<OrderNo>, StoreError> {
        let next = [
            self.payments.next_packet().await?,
            self.transfers.next_packet().await?,
            self.escrows.next_packet().await?,
            self.sent.next_packet().await?,
            self.received.next_packet().await?,
            self.best_lucks.next_packet().await?,
        ];
        Ok(next.into_iter().flatten().min())
    }

    /// Passes a packet's rows unseen; gives how many payments and escrows there were.
    async fn pass(&mut self, order_no: OrderNo) -> Result<[u64; 2], StoreError> {
        let payments = self.payments.take(order_no, usize::MAX).await?.len();
        let escrows = self.escrows.take(order_no, 1).await?.len();
        self.transfers.take(order_no, 0).await?;
        self.sent.take(order_no, 0).await?;
        self.received.take(order_no, 0).await?;
        self.best_lucks.take(order_no, 0).await?;
        Ok([payments, escrows].map(|rows| u64::try_from(rows).unwrap_or(u64::MAX)))
    }

    /// Where a row could not be read, and why.
    fn broken(&mut self) -> Vec<(&'static str, String)> {
        [
            ("ledger payments", self.payments.broken.take()),
            ("ledger transfers", self.transfers.broken.take()),
            ("ledger accounts", self.escrows.broken.take()),
            ("list of what was sent", self.sent.broken.take()),
            ("list of what was received", self.received.broken.take()),
            ("best lucks", self.best_lucks.broken.take()),
        ]
        .into_iter()
        .filter_map(|(place, broken)| Some((place, broken?)))
        .collect()
    }

    fn is_broken(&self) -> bool {
        self.payments.broken.is_some()
            || self.transfers.broken.is_some()
            || self.escrows.broken.is_some()
            || self.sent.broken.is_some()
            || self.received.broken.is_some()
            || self.best_lucks.broken.is_some()
    }
}

struct Walk<'a, 'r> {
    audited: &'a Audited<'a>,
    granted: Granted,
    /// About how many transfers there are.
    expected: u64,
    tables: Tables<'a>,
    report: &'r mut Report,
}

impl<'a> Walk<'a, '_> {
    async fn day(&mut self, site: Site, shard: Shard, day: Day) -> Result<(), StoreError> {
        let Some(store) = self.audited.orders.get(&(site, shard)) else { return Ok(()) };
        let store = &**store;
        let place = || Subject::Place(format!("order shard {site}{shard} day {}", day.get()));
        let mut claims = Cursor::new(Claims { store, day });
        let mut after = None;
        loop {
            let read = store.packets_page(day, after, PAGE).await;
            // The rest of the day is found by what was paid for.
            let Some(page) = self.report.violations.unless_corrupt(place(), read)? else { break };
            let Some(last) = page.last() else { break };
            after = Some(last.order_no);
            for packet in page {
                let order_no = packet.order_no;
                if (order_no.site(), order_no.shard(), order_no.day()) == (site, shard, day) {
                    self.pass_stray_claims(&mut claims, Some(order_no)).await?;
                    self.pass_strays(Some(order_no)).await?;
                    self.packet(packet, &mut claims).await?;
                } else {
                    self.report.violations.note(
                        Law::PacketInPlace,
                        order_no,
                        format!("stands in {}", place()),
                    );
                    self.report.counts.packets = self.report.counts.packets.saturating_add(1);
                }
            }
            self.tell();
        }
        self.pass_stray_claims(&mut claims, None).await?;
        if let Some(broken) = claims.broken {
            self.report.violations.note(Law::StoredDataIsReadable, place(), broken);
        }
        Ok(())
    }

    /// A packet where it should be, with what the other tables hold of it.
    async fn packet(
        &mut self,
        packet: PacketRow,
        claims: &mut Cursor<Claims<'a>>,
    ) -> Result<(), StoreError> {
        let order_no = packet.order_no;
        let max = rows_max(Some(&packet));
        let tables = &mut self.tables;
        let mut payments = tables.payments.take(order_no, 1).await?;
        let mut escrows = tables.escrows.take(order_no, 1).await?;
        let counts = &mut self.report.counts;
        counts.payments = counts.payments.saturating_add(u64::from(!payments.is_empty()));
        counts.accounts = counts.accounts.saturating_add(u64::from(!escrows.is_empty()));
        let evidence = Evidence {
            order_no,
            is_awaited: false,
            granted: self.granted.end(order_no),
            payment: payments.pop(),
            claims: claims.take(order_no, max).await?.into_iter().map(|(_, row)| row).collect(),
            transfers: tables
                .transfers
                .take(order_no, max)
                .await?
                .into_iter()
                .map(|(_, line)| line)
                .collect(),
            escrow: escrows.pop().map(|(_, stated)| stated).unwrap_or_default(),
            listed: match self.audited.lists {
                None => None,
                Some(_) => Some(Listed {
                    sent: tables.sent.take(order_no, 1).await?.pop(),
                    received: tables.received.take(order_no, max).await?,
                    best_luck: tables.best_lucks.take(order_no, 1).await?.pop().map(|(_, who)| who),
                }),
            },
            packet: Some(packet),
        };
        let is_whole = !self.tables.is_broken() && claims.broken.is_none();
        let mut checked = packet::judge(evidence, self.audited.sealer, self.audited.at_rest);
        if !is_whole || !checked.violations.is_empty() {
            // The tables were read one after the other.
            checked = look(self.audited, order_no).await?;
        }
        self.found(order_no, checked).await
    }

    /// Rows of packets before this one that are not there; of all that is left for `None`.
    async fn pass_strays(&mut self, until: Option<OrderNo>) -> Result<(), StoreError> {
        while let Some(stray) = self.tables.least().await? {
            if until.is_some_and(|until| stray >= until) {
                break;
            }
            self.stray(stray).await?;
        }
        Ok(())
    }

    /// One that stands in no day: what names it, or its tombstone, is looked at by itself.
    async fn stray(&mut self, order_no: OrderNo) -> Result<(), StoreError> {
        let [payments, escrows] = self.tables.pass(order_no).await?;
        let counts = &mut self.report.counts;
        counts.payments = counts.payments.saturating_add(payments);
        counts.accounts = counts.accounts.saturating_add(escrows);
        let checked = look(self.audited, order_no).await?;
        self.found(order_no, checked).await
    }

    async fn pass_stray_claims(
        &mut self,
        claims: &mut Cursor<Claims<'a>>,
        until: Option<OrderNo>,
    ) -> Result<(), StoreError> {
        while let Some(stray) = claims.next_packet().await? {
            if until.is_some_and(|until| stray >= until) {
                break;
            }
            // Before what other tables say of the same packet, so that it is seen once.
            self.pass_strays(Some(stray)).await?;
            claims.take(stray, 0).await?;
            self.stray(stray).await?;
        }
        Ok(())
    }

    async fn found(&mut self, order_no: OrderNo, checked: Checked) -> Result<(), StoreError> {
        let violations = &mut self.report.violations;
        arrival::check(self.audited, order_no, &checked, violations).await?;
        checked.into_report(self.report);
        Ok(())
    }

    fn tell(&self) {
        let counts = self.report.counts;
        let done = counts.claims.saturating_add(counts.payments);
        tell(self.audited, self.report, Stage::Packets, done, Some(self.expected));
    }
}
