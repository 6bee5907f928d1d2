//! What everyone sent and received, by year (R-LIST-1). Written by delivery, never on
//! the way of an open: with this database down, nothing but lists is missing.

mod head;
mod page;
mod part;

pub use page::Standings;
pub use part::{LIST_PAGE_DEFAULT, LIST_PAGE_MAX, ListPart, TWO_SCREENS};

use crate::{accounts::Accounts, cache::Notes};
use hongbao_domain::{
    Refusal,
    cache::Note,
    crash::{self, Step},
    runtime::{Clock, Zone},
    store::lists::{List, ListBatch, ListStore, ReceivedLine, SentRow},
};
use hongbao_shared::{
    Fen, Timestamp, UserId,
    api::lists::{ListPage, ReceivedItem, SentItem},
};
use std::sync::Arc;

/// The lists "sent" and "received".
#[derive(Debug)]
pub struct Lists {
    store: Arc<dyn ListStore>,
    clock: Arc<dyn Clock>,
    zone: Zone,
    notes: Arc<Notes>,
}

impl Lists {
    /// Years and months are those of `zone` (R-ORDER-4).
    pub fn new(store: Arc<dyn ListStore>, clock: Arc<dyn Clock>, zone: Zone) -> Self {
        Self { store, clock, zone, notes: Arc::default() }
    }

    /// With the newest two screens of each list noted for all nodes.
    #[must_use]
    pub fn with_notes(self, notes: Arc<Notes>) -> Self {
        Self { notes, ..self }
    }

    /// These lists have changed: what is noted of them is not true any longer.
    async fn changed(&self, batch: &ListBatch) {
        let sent = batch.sent.iter().map(|row| row.user_id);
        self.notes.outdate(Note::Sent, sent).await;
        let received = batch.received.iter().map(|row| row.user_id);
        let lucky = batch.best_lucks.iter().map(|row| row.user_id);
        self.notes.outdate(Note::Received, received.chain(lucky)).await;
    }

    /// Writes what one delivery brings; what came before counts once. A row that
    /// differs from the one of that time is `internal`, which no retry mends, and
    /// nothing of the batch is written then: give the rows one by one to find it.
    pub async fn record(&self, batch: ListBatch) -> Result<(), Refusal> {
        crash::before(Step::Lists);
        let noted = self.notes.are_kept().then(|| batch.clone());
        self.store.record(batch, &self.zone).await?;
        if let Some(batch) = noted {
            self.changed(&batch).await;
        }
        crash::after(Step::Lists);
        Ok(())
    }

    /// What a person has ever opened, as far as it has been delivered here.
    pub async fn received_fen(&self, user: UserId) -> Result<Fen, Refusal> {
        Ok(self.store.received_fen(user).await?)
    }

    /// What a person has opened since the moment when a day began, as far as it has been
    /// delivered here.
    pub async fn received_since(&self, user: UserId, day_began: Timestamp) -> Result<Fen, Refusal> {
        let year = self.zone.month(day_began).year;
        Ok(self.store.received_since(user, year, day_began).await?)
    }

    /// What a person sent in a year, and how each packet stands. `invalid_cursor`,
    /// `invalid_query` for a year that cannot be.
    pub async fn sent(
        &self,
        user: UserId,
        part: ListPart<'_>,
        packets: &dyn Standings,
    ) -> Result<ListPage<SentItem>, Refusal> {
        let wanted = self.wanted(List::Sent, part)?;
        let (rows, sums) = self.rows::<SentRow>(user, &wanted).await?;
        let mut page = page::with_totals(&wanted, rows, sums)?;
        let orders: Vec<_> = page.items.iter().map(|row| row.order_no).collect();
        let mut standings = packets.standings(user, &orders).await.into_iter();
        let items = std::mem::take(&mut page.items);
        let items = items.into_iter().map(|row| page::sent_item(row, standings.next().flatten()));
        Ok(page.with(items.collect()))
    }

    /// What a person received in a year. `invalid_cursor`, `invalid_query` for a year
    /// that cannot be.
    pub async fn received(
        &self,
        user: UserId,
        part: ListPart<'_>,
        people: &Accounts,
    ) -> Result<ListPage<ReceivedItem>, Refusal> {
        let wanted = self.wanted(List::Received, part)?;
        let (lines, sums) = self.rows::<ReceivedLine>(user, &wanted).await?;
        let mut page = page::with_totals(&wanted, lines, sums)?;
        let senders: Vec<_> = page.items.iter().map(|line| line.row.sender_id).collect();
        // In the order of the ids, each as often as it stands there.
        let senders = people.profiles(&senders).await;
        let lines = std::mem::take(&mut page.items).into_iter().zip(senders);
        let items = lines.map(|(line, sender)| page::received_item(line, sender)).collect();
        Ok(page.with(items))
    }
}
