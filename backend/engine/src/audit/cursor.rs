//! Tables that are read side by side, each by pages in the order of packets.

use async_trait::async_trait;
use hongbao_domain::{
    record::Payment,
    store::{
        StoreError,
        ledger::{Account, AccountState, LedgerStore, Recorded},
        lists::{ListStore, ReceivedRow, SentRow},
        orders::{ClaimRow, OrderStore},
    },
};
use hongbao_shared::{Day, OrderNo, UserId};
use std::collections::VecDeque;

/// A table with rows of packets.
#[async_trait]
pub(super) trait Source: Send + Sync {
    /// A row.
    type Row: Send;

    /// A page of up to `limit` rows behind the last one that was read.
    async fn page(
        &self,
        last: Option<&Self::Row>,
        limit: u32,
    ) -> Result<Vec<Self::Row>, StoreError>;

    /// Whose row it is.
    fn order_no(row: &Self::Row) -> OrderNo;
}

/// A place in a table.
#[derive(Debug)]
pub(super) struct Cursor<S: Source> {
    source: S,
    /// Rows of a page.
    limit: u32,
    page: VecDeque<S::Row>,
    is_last: bool,
    /// It goes on where the table cannot be reached, as where a row cannot be read.
    bears: bool,
    /// A row could not be read: what follows it is not seen from here.
    pub(super) broken: Option<String>,
}

impl<S: Source> Cursor<S> {
    pub(super) fn new(source: S, limit: u32) -> Self {
        let page = VecDeque::new();
        Self { source, limit, page, is_last: false, bears: false, broken: None }
    }

    pub(super) fn bearing(self, bears: bool) -> Self {
        Self { bears, ..self }
    }

    /// The packet of the next row.
    pub(super) async fn next_packet(&mut self) -> Result<Option<OrderNo>, StoreError> {
        self.fill().await?;
        Ok(self.page.front().map(S::order_no))
    }

    /// Passes the rows of a packet, of which no more than `max` are given.
    pub(super) async fn take(
        &mut self,
        order_no: OrderNo,
        max: usize,
    ) -> Result<Vec<S::Row>, StoreError> {
        let mut rows = Vec::new();
        while self.next_packet().await? == Some(order_no) {
            // The page behind a packet's last row may begin with it.
            if let Some(row) = self.page.pop_front()
                && rows.len() < max
            {
                rows.push(row);
            }
        }
        Ok(rows)
    }

    /// Keeps one row in hand while there are more, so that the next page can be asked for.
    async fn fill(&mut self) -> Result<(), StoreError> {
        if self.page.len() > 1 || self.is_last {
            return Ok(());
        }
        match self.source.page(self.page.back(), self.limit).await {
            Ok(rows) => {
                self.is_last = rows.is_empty();
                self.page.extend(rows);
                Ok(())
            }
            Err(StoreError::Corrupt(what)) => {
                self.is_last = true;
                self.broken = Some(what);
                Ok(())
            }
            Err(error @ (StoreError::Unavailable(_) | StoreError::Unknown(_))) if self.bears => {
                self.is_last = true;
                self.broken = Some(error.to_string());
                Ok(())
            }
            Err(error) => Err(error),
        }
    }
}

/// What was paid for.
pub(super) struct Payments<'a>(pub(super) &'a dyn LedgerStore);

#[async_trait]
impl Source for Payments<'_> {
    type Row = Payment;

    async fn page(&self, last: Option<&Payment>, limit: u32) -> Result<Vec<Payment>, StoreError> {
        self.0.payments_page(last.map(Self::order_no), limit).await
    }

    fn order_no(row: &Payment) -> OrderNo {
        row.record.order_no
    }
}

/// Everything that moved into and out of escrows.
pub(super) struct Transfers<'a>(pub(super) &'a dyn LedgerStore);

#[async_trait]
impl Source for Transfers<'_> {
    type Row = (OrderNo, Recorded);

    async fn page(
        &self,
        last: Option<&Self::Row>,
        limit: u32,
    ) -> Result<Vec<Self::Row>, StoreError> {
        self.0.escrow_transfers_page(last.map(|(order_no, line)| (*order_no, line.id)), limit).await
    }

    fn order_no(row: &Self::Row) -> OrderNo {
        row.0
    }
}

/// Fees that were taken and given back.
pub(super) struct Fees<'a>(pub(super) &'a dyn LedgerStore);

#[async_trait]
impl Source for Fees<'_> {
    type Row = (OrderNo, Recorded);

    async fn page(
        &self,
        last: Option<&Self::Row>,
        limit: u32,
    ) -> Result<Vec<Self::Row>, StoreError> {
        self.0.fees_page(last.map(|(order_no, line)| (*order_no, line.id)), limit).await
    }

    fn order_no(row: &Self::Row) -> OrderNo {
        row.0
    }
}

/// What escrows say of themselves.
pub(super) struct Escrows<'a>(pub(super) &'a dyn LedgerStore);

#[async_trait]
impl Source for Escrows<'_> {
    type Row = (OrderNo, AccountState);

    async fn page(
        &self,
        last: Option<&Self::Row>,
        limit: u32,
    ) -> Result<Vec<Self::Row>, StoreError> {
        let last_wallet = Account::Wallet(UserId::from_random(u64::MAX));
        let after = last.map_or(last_wallet, |(order_no, _)| Account::Escrow(*order_no));
        let accounts = self.0.accounts_page(Some(after), limit).await?;
        let escrows = accounts.into_iter().filter_map(|(account, stated)| match account {
            Account::Escrow(order_no) => Some((order_no, stated)),
            Account::Issuer | Account::Fees | Account::Wallet(_) => None,
        });
        Ok(escrows.collect())
    }

    fn order_no(row: &Self::Row) -> OrderNo {
        row.0
    }
}

/// The claims of one day in one shard.
pub(super) struct Claims<'a> {
    pub(super) store: &'a dyn OrderStore,
    pub(super) day: Day,
}

#[async_trait]
impl Source for Claims<'_> {
    type Row = (OrderNo, ClaimRow);

    async fn page(
        &self,
        last: Option<&Self::Row>,
        limit: u32,
    ) -> Result<Vec<Self::Row>, StoreError> {
        let after = last.map(|(order_no, claim)| (*order_no, claim.seq));
        self.store.claims_page(self.day, after, limit).await
    }

    fn order_no(row: &Self::Row) -> OrderNo {
        row.0
    }
}

/// All lists "sent"; empty if lists are not audited.
pub(super) struct Sent<'a>(pub(super) Option<&'a dyn ListStore>);

#[async_trait]
impl Source for Sent<'_> {
    type Row = SentRow;

    async fn page(&self, last: Option<&SentRow>, limit: u32) -> Result<Vec<SentRow>, StoreError> {
        let Some(lists) = self.0 else { return Ok(Vec::new()) };
        lists.sent_page(last.map(Self::order_no), limit).await
    }

    fn order_no(row: &SentRow) -> OrderNo {
        row.order_no
    }
}

/// All lists "received"; empty if lists are not audited.
pub(super) struct Received<'a>(pub(super) Option<&'a dyn ListStore>);

#[async_trait]
impl Source for Received<'_> {
    type Row = ReceivedRow;

    async fn page(
        &self,
        last: Option<&ReceivedRow>,
        limit: u32,
    ) -> Result<Vec<ReceivedRow>, StoreError> {
        let Some(lists) = self.0 else { return Ok(Vec::new()) };
        lists.received_page(last.map(|row| (row.order_no, row.user_id)), limit).await
    }

    fn order_no(row: &ReceivedRow) -> OrderNo {
        row.order_no
    }
}

/// All best lucks; empty if lists are not audited.
pub(super) struct BestLucks<'a>(pub(super) Option<&'a dyn ListStore>);

#[async_trait]
impl Source for BestLucks<'_> {
    type Row = (OrderNo, UserId);

    async fn page(
        &self,
        last: Option<&Self::Row>,
        limit: u32,
    ) -> Result<Vec<Self::Row>, StoreError> {
        let Some(lists) = self.0 else { return Ok(Vec::new()) };
        lists.best_lucks_page(last.map(Self::order_no), limit).await
    }

    fn order_no(row: &Self::Row) -> OrderNo {
        row.0
    }
}
