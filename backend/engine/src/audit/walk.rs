//! Every packet there is, and every row that names one: all tables side by side, in the
//! order of packets. What is to be done with what is found there is said by a [`Visit`].

use super::{
    Audited, Law, Subject,
    cursor::{BestLucks, Claims, Cursor, Escrows, Fees, Payments, Received, Sent, Transfers},
    evidence::{Evidence, FEES_MAX, lines, rows_max},
    numbers::Granted,
    packet::{self, Checked},
};
use async_trait::async_trait;
use hongbao_domain::store::{StoreError, lists::Listed, orders::PacketRow};
use hongbao_shared::{Day, OrderNo, Shard, Site, order_no::DAYS};

/// Hears what a [`Walk`] comes by.
#[async_trait]
pub(crate) trait Visit: Send {
    /// A packet where it should be. It is judged by tables that were read one after the other:
    /// what breaks a law there may only have moved meanwhile. `None` where one of them could not
    /// be read.
    async fn packet(
        &mut self,
        packet: PacketRow,
        judged: Option<Checked>,
    ) -> Result<(), StoreError>;

    /// Rows that name a packet which stands in no day, or is a tombstone.
    async fn stray(&mut self, order_no: OrderNo, named: Named) -> Result<(), StoreError>;

    /// What is wrong whatever else is read.
    fn note(&mut self, law: Law, subject: Subject, what: String);

    /// So many rows were passed on the way.
    fn passed(&mut self, payments: u64, escrows: u64);

    /// Another page of packets is done.
    fn page_done(&mut self) {}
}

/// Which tables name a packet.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Named {
    /// It was paid for.
    pub(crate) paid: bool,
    /// The lists have a line of it.
    pub(crate) listed: bool,
}

/// The tables beside those of packets and claims.
struct Tables<'a> {
    payments: Cursor<Payments<'a>>,
    transfers: Cursor<Transfers<'a>>,
    escrows: Cursor<Escrows<'a>>,
    fees: Cursor<Fees<'a>>,
    sent: Cursor<Sent<'a>>,
    received: Cursor<Received<'a>>,
    best_lucks: Cursor<BestLucks<'a>>,
}

impl<'a> Tables<'a> {
    fn of(audited: &Audited<'a>, page: u32, bears: bool) -> Self {
        Self {
            payments: Cursor::new(Payments(audited.ledger), page),
            transfers: Cursor::new(Transfers(audited.ledger), page),
            escrows: Cursor::new(Escrows(audited.ledger), page),
            fees: Cursor::new(Fees(audited.ledger), page),
            sent: Cursor::new(Sent(audited.lists), page).bearing(bears),
            received: Cursor::new(Received(audited.lists), page).bearing(bears),
            best_lucks: Cursor::new(BestLucks(audited.lists), page).bearing(bears),
        }
    }

    /// The least packet that the next rows name.
    async fn least(&mut self) -> Result<Option<OrderNo>, StoreError> {
        let next = [
            self.payments.next_packet().await?,
            self.transfers.next_packet().await?,
            self.escrows.next_packet().await?,
            self.fees.next_packet().await?,
            self.sent.next_packet().await?,
            self.received.next_packet().await?,
            self.best_lucks.next_packet().await?,
        ];
        Ok(next.into_iter().flatten().min())
    }

    /// Passes a packet's rows unseen; gives how many payments and escrows there were, and
    /// whether the lists name it.
    async fn pass(&mut self, order_no: OrderNo) -> Result<(u64, u64, bool), StoreError> {
        let payments = self.payments.take(order_no, usize::MAX).await?.len();
        let escrows = self.escrows.take(order_no, 1).await?.len();
        self.transfers.take(order_no, 0).await?;
        self.fees.take(order_no, 0).await?;
        let sent = self.sent.take(order_no, 1).await?.len();
        let received = self.received.take(order_no, 1).await?.len();
        let lucky = self.best_lucks.take(order_no, 1).await?.len();
        let rows = |rows| u64::try_from(rows).unwrap_or(u64::MAX);
        Ok((rows(payments), rows(escrows), sent > 0 || received > 0 || lucky > 0))
    }

    /// Where a row could not be read, and why.
    fn broken(&mut self) -> Vec<(&'static str, String)> {
        [
            ("ledger payments", self.payments.broken.take()),
            ("ledger transfers", self.transfers.broken.take()),
            ("ledger accounts", self.escrows.broken.take()),
            ("ledger fees", self.fees.broken.take()),
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
            || self.fees.broken.is_some()
            || self.sent.broken.is_some()
            || self.received.broken.is_some()
            || self.best_lucks.broken.is_some()
    }
}

/// A way through all tables.
pub(crate) struct Walk<'a, V> {
    audited: Audited<'a>,
    granted: Granted,
    tables: Tables<'a>,
    /// How many rows are read at once.
    page: u32,
    visit: V,
}

impl<'a, V: Visit> Walk<'a, V> {
    /// By pages of `page` rows. With `bears_outages`, lists that cannot be reached are like
    /// lists that cannot be read: packets are not judged from there on.
    pub(crate) async fn begin(
        audited: Audited<'a>,
        page: u32,
        bears_outages: bool,
        visit: V,
    ) -> Result<Self, StoreError> {
        let granted = Granted::read(&audited).await?;
        let tables = Tables::of(&audited, page, bears_outages);
        Ok(Self { audited, granted, tables, page, visit })
    }

    /// Who hears of it.
    pub(crate) fn visit(&mut self) -> &mut V {
        &mut self.visit
    }

    /// The packets of a shard, and what else names one of it. Shards are walked in the order of
    /// numbers.
    pub(crate) async fn shard(&mut self, site: Site, shard: Shard) -> Result<(), StoreError> {
        for day in (0..DAYS).filter_map(Day::new) {
            self.day(site, shard, day).await?;
        }
        self.pass_strays(|stray| place(stray) <= (site, shard)).await
    }

    /// Passes what other tables say of a shard that cannot be read.
    pub(crate) async fn pass_shard(&mut self, site: Site, shard: Shard) -> Result<(), StoreError> {
        while let Some(order_no) = self.tables.least().await? {
            if place(order_no) > (site, shard) {
                break;
            }
            self.tables.pass(order_no).await?;
        }
        Ok(())
    }

    /// What is left when all shards are done. Gives where a row could not be read, and why.
    pub(crate) async fn end(mut self) -> Result<Vec<(&'static str, String)>, StoreError> {
        self.pass_strays(|_| true).await?;
        Ok(self.tables.broken())
    }

    async fn day(&mut self, site: Site, shard: Shard, day: Day) -> Result<(), StoreError> {
        let Some(store) = self.audited.orders.get(&(site, shard)) else { return Ok(()) };
        let store = &**store;
        let place = || Subject::Place(format!("order shard {site}{shard} day {}", day.get()));
        let mut claims = Cursor::new(Claims { store, day }, self.page);
        let mut after = None;
        loop {
            let page = match store.packets_page(day, after, self.page).await {
                // The rest of the day is found by what was paid for.
                Err(StoreError::Corrupt(what)) => {
                    self.visit.note(Law::StoredDataIsReadable, place(), what);
                    break;
                }
                page => page?,
            };
            let Some(last) = page.last() else { break };
            after = Some(last.order_no);
            for packet in page {
                let order_no = packet.order_no;
                if (order_no.site(), order_no.shard(), order_no.day()) == (site, shard, day) {
                    self.pass_stray_claims(&mut claims, Some(order_no)).await?;
                    self.pass_strays(|stray| stray < order_no).await?;
                    self.packet(packet, &mut claims).await?;
                } else {
                    let what = format!("stands in {}", place());
                    self.visit.note(Law::PacketInPlace, Subject::Packet(order_no), what);
                }
            }
            self.visit.page_done();
        }
        self.pass_stray_claims(&mut claims, None).await?;
        if let Some(broken) = claims.broken {
            self.visit.note(Law::StoredDataIsReadable, place(), broken);
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
        self.visit.passed(u64::from(!payments.is_empty()), u64::from(!escrows.is_empty()));
        let evidence = Evidence {
            order_no,
            is_awaited: false,
            granted: self.granted.end(order_no),
            payment: payments.pop(),
            claims: claims.take(order_no, max).await?.into_iter().map(|(_, row)| row).collect(),
            transfers: lines(tables.transfers.take(order_no, max).await?),
            fees: lines(tables.fees.take(order_no, FEES_MAX).await?),
            escrow: escrows.pop().map(|(_, stated)| stated).unwrap_or_default(),
            listed: match self.audited.lists {
                None => None,
                Some(_) => Some(Listed {
                    sent: tables.sent.take(order_no, 1).await?.pop(),
                    received: tables.received.take(order_no, max).await?,
                    best_luck: tables.best_lucks.take(order_no, 1).await?.pop().map(|(_, who)| who),
                }),
            },
            packet: Some(packet.clone()),
        };
        let is_whole = !self.tables.is_broken() && claims.broken.is_none();
        let judge = || packet::judge(evidence, self.audited.sealer, self.audited.at_rest);
        self.visit.packet(packet, is_whole.then(judge)).await
    }

    /// The next rows, of packets that are not there, for as long as they `come` before what is.
    async fn pass_strays(
        &mut self,
        come: impl Fn(OrderNo) -> bool + Send,
    ) -> Result<(), StoreError> {
        while let Some(stray) = self.tables.least().await? {
            if !come(stray) {
                break;
            }
            self.stray(stray).await?;
        }
        Ok(())
    }

    /// One that stands in no day: what names it, or its tombstone, is looked at by itself.
    async fn stray(&mut self, order_no: OrderNo) -> Result<(), StoreError> {
        let (payments, escrows, listed) = self.tables.pass(order_no).await?;
        self.visit.passed(payments, escrows);
        self.visit.stray(order_no, Named { paid: payments > 0, listed }).await
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
            self.pass_strays(|other| other < stray).await?;
            claims.take(stray, 0).await?;
            self.stray(stray).await?;
        }
        Ok(())
    }
}

fn place(order_no: OrderNo) -> (Site, Shard) {
    (order_no.site(), order_no.shard())
}
