//! Dead letters: outbox rows that only somebody can move, once what was in their way is
//! mended (R-MONEY-3).

use crate::{bell::Bell, stores::Stores};
use data_encoding::BASE64URL_NOPAD;
use hongbao_domain::{
    Refusal,
    runtime::Clock,
    store::outbox::{Backlog, Destination, Due, FailedRow, Fate, Outbox, events_of, order_of},
};
use hongbao_shared::{
    ErrorCode, OrderNo, Shard, Site,
    api::control::{self, DeadLetter, LetterState},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    str::FromStr,
    sync::Arc,
    time::Duration,
};
use tokio_util::sync::CancellationToken;

/// The most letters of one page.
pub const LETTERS_PAGE_MAX: u32 = 100;
/// How often the dead are counted.
const COUNT_EVERY: Duration = Duration::from_mins(1);
/// What a letter shows of its payload; a batch of claims can be long.
const PAYLOAD_CHARS_MAX: usize = 4_000;
/// The most order numbers that a letter names.
const ORDERS_MAX: usize = 100;

/// Whose outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OutboxPlace {
    /// The ledger's.
    Ledger,
    /// An order shard's.
    Shard(Site, Shard),
}

/// `ledger`, `S3`.
impl fmt::Display for OutboxPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ledger => f.write_str("ledger"),
            Self::Shard(site, shard) => write!(f, "{}{}", site.letter(), shard.get()),
        }
    }
}

impl FromStr for OutboxPlace {
    type Err = ErrorCode;

    fn from_str(text: &str) -> Result<Self, ErrorCode> {
        let read = || {
            if text == "ledger" {
                return Some(Self::Ledger);
            }
            let mut symbols = text.chars();
            let site = Site::from_letter(symbols.next()?)?;
            Some(Self::Shard(site, Shard::new(symbols.as_str().parse().ok()?)?))
        };
        read().filter(|place| place.to_string() == text).ok_or(ErrorCode::InvalidId)
    }
}

/// A letter, for ever: rows are never given the same id twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LetterId {
    /// Whose outbox.
    pub place: OutboxPlace,
    /// Which row.
    pub row: i64,
}

/// `ledger-12`, `S3-7`.
impl fmt::Display for LetterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.place, self.row)
    }
}

/// Only the canonical text is accepted.
impl FromStr for LetterId {
    type Err = ErrorCode;

    fn from_str(text: &str) -> Result<Self, ErrorCode> {
        let (place, row) = text.split_once('-').ok_or(ErrorCode::InvalidId)?;
        let row = row.parse().map_err(|_| ErrorCode::InvalidId)?;
        let id = Self { place: place.parse()?, row };
        if id.row > 0 && id.to_string() == text { Ok(id) } else { Err(ErrorCode::InvalidId) }
    }
}

/// The outboxes of all databases, for administrators.
#[derive(Debug)]
pub struct DeadLetters {
    outboxes: BTreeMap<OutboxPlace, Arc<dyn Outbox>>,
    bells: BTreeMap<OutboxPlace, Arc<Bell>>,
    clock: Arc<dyn Clock>,
}

impl DeadLetters {
    /// Of these databases. Whoever delivers from a shard is woken by its bell; without
    /// one, its look-out finds what was revived.
    pub fn new(
        stores: &Stores,
        bells: &BTreeMap<(Site, Shard), Arc<Bell>>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let ledger: Arc<dyn Outbox> = Arc::clone(&stores.ledger) as _;
        let shards = stores.orders.iter().map(|((site, shard), store)| {
            (OutboxPlace::Shard(*site, *shard), Arc::clone(store) as Arc<dyn Outbox>)
        });
        let bells = bells
            .iter()
            .map(|((site, shard), bell)| (OutboxPlace::Shard(*site, *shard), Arc::clone(bell)));
        Self {
            outboxes: shards.chain([(OutboxPlace::Ledger, ledger)]).collect(),
            bells: bells.collect(),
            clock,
        }
    }

    /// A page of letters of this fate, database by database, the oldest of each first;
    /// `limit` is capped at [`LETTERS_PAGE_MAX`]. A database that does not answer hides no
    /// letters of others. `invalid_cursor`.
    pub async fn page(
        &self,
        fate: Fate,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<control::DeadLetters, Refusal> {
        let limit = limit.clamp(1, LETTERS_PAGE_MAX);
        let after = cursor.map(read_cursor).transpose()?;
        let (mut items, mut silent) = (Vec::new(), Vec::new());
        let first = after.map_or(OutboxPlace::Ledger, |id| id.place);
        for (place, outbox) in self.outboxes.range(first..) {
            let after_row = after.filter(|id| id.place == *place).map_or(0, |id| id.row);
            // One more than asked for tells whether there is a next page.
            let rest = limit.saturating_add(1).saturating_sub(count(&items));
            let rows = match outbox.failed(fate, after_row, rest).await {
                Ok(rows) => rows,
                Err(error) => {
                    tracing::debug!(%place, %error, "its letters are not listed");
                    silent.push(place.to_string());
                    continue;
                }
            };
            items
                .extend(rows.into_iter().map(|row| (LetterId { place: *place, row: row.id }, row)));
            if count(&items) > limit {
                items.pop();
                let next_cursor = items.last().map(|(id, _)| write_cursor(*id));
                let items = described(fate, items);
                return Ok(control::DeadLetters { items, next_cursor, silent });
            }
        }
        let items = described(fate, items);
        Ok(control::DeadLetters { items, next_cursor: None, silent })
    }

    /// Makes a dead letter due at once, as if it had never been tried. False if it was not
    /// dead: it is on its way again, or has arrived. `invalid_id` for a database that does
    /// not exist.
    pub async fn retry(&self, id: LetterId) -> Result<bool, Refusal> {
        let outbox = self.outboxes.get(&id.place).ok_or(ErrorCode::InvalidId)?;
        let Some(destination) = outbox.revive(id.row, self.clock.now()).await? else {
            return Ok(false);
        };
        tracing::info!(letter = %id, destination = destination.as_str(), "a dead letter is retried");
        if let Some(bell) = self.bells.get(&id.place) {
            bell.ring(destination, Due::Next);
        }
        Ok(true)
    }

    /// Retries all that are dead now; answers how many. Those of databases that refuse keep none
    /// of the others, and are what is refused at the end.
    pub async fn retry_all(&self) -> Result<u64, Refusal> {
        let (mut retried, mut refusing, mut refused) = (0_u64, Vec::new(), None);
        for (place, outbox) in &self.outboxes {
            if let Err(refusal) = self.retry_of(*place, &**outbox, &mut retried).await {
                refusing.push(place.to_string());
                refused = Some(refusal);
            }
        }
        let places = refusing.join(", ");
        let told = format!("Not those of {places}; {retried} letters are retried.");
        refused.map_or(Ok(retried), |refusal| Err(refusal.detail(told)))
    }

    async fn retry_of(
        &self,
        place: OutboxPlace,
        outbox: &dyn Outbox,
        retried: &mut u64,
    ) -> Result<(), Refusal> {
        let mut after = 0;
        loop {
            let rows = outbox.failed(Fate::Dead, after, LETTERS_PAGE_MAX).await?;
            let Some(last) = rows.last() else { return Ok(()) };
            after = last.id;
            for row in &rows {
                let id = LetterId { place, row: row.id };
                *retried = retried.saturating_add(self.retry(id).await?.into());
            }
        }
    }

    /// Counts what waits and what is dead. Of a database that does not answer the count stays
    /// what it was.
    async fn count(&self, backlogs: &mut BTreeMap<(OutboxPlace, Destination), Backlog>) {
        for (place, outbox) in &self.outboxes {
            for destination in Destination::every() {
                match outbox.backlog(destination).await {
                    Ok(backlog) => {
                        backlogs.insert((*place, destination), backlog);
                    }
                    Err(error) => tracing::debug!(%place, %error, "its letters are not counted"),
                }
            }
        }
    }

    /// Shows the numbers as metrics until `stop`, and says so once when letters die or all
    /// are gone.
    pub async fn watch(self: Arc<Self>, stop: CancellationToken) {
        let (mut known, mut backlogs) = (0, BTreeMap::new());
        loop {
            self.count(&mut backlogs).await;
            let dead = show(&backlogs);
            if dead > known {
                tracing::error!(dead, "dead letters need somebody");
            } else if dead == 0 && known > 0 {
                tracing::info!("no letter is dead any more");
            }
            known = dead;
            if stop.run_until_cancelled(tokio::time::sleep(COUNT_EVERY)).await.is_none() {
                return;
            }
        }
    }
}

/// Sets the gauges; the sum of the dead.
#[expect(clippy::cast_precision_loss, reason = "a gauge is a float; 2^53 rows are not counted")]
#[expect(clippy::as_conversions, reason = "there is no other way from u64 to f64")]
fn show(backlogs: &BTreeMap<(OutboxPlace, Destination), Backlog>) -> u64 {
    let mut dead = 0_u64;
    for destination in Destination::every() {
        let of = backlogs.iter().filter(|((_, of), _)| *of == destination);
        let backlog = of.fold(Backlog::default(), |sum, (_, of)| Backlog {
            waiting: sum.waiting.saturating_add(of.waiting),
            dead: sum.dead.saturating_add(of.dead),
        });
        let destination = destination.as_str();
        metrics::gauge!("hongbao_outbox_dead_rows", "destination" => destination)
            .set(backlog.dead as f64);
        metrics::gauge!("hongbao_outbox_waiting_rows", "destination" => destination)
            .set(backlog.waiting as f64);
        dead = dead.saturating_add(backlog.dead);
    }
    dead
}

fn count<T>(items: &[T]) -> u32 {
    u32::try_from(items.len()).unwrap_or(u32::MAX)
}

fn described(fate: Fate, rows: Vec<(LetterId, FailedRow)>) -> Vec<DeadLetter> {
    rows.into_iter().map(|(id, row)| describe(fate, id, row)).collect()
}

fn describe(fate: Fate, id: LetterId, row: FailedRow) -> DeadLetter {
    let orders = orders_of(&row.payload);
    let (state, at) = match fate {
        Fate::Dead => (LetterState::Dead, row.at),
        Fate::Failing => (LetterState::Failing, row.at),
    };
    let mut payload = row.payload;
    if let Some((end, _)) = payload.char_indices().nth(PAYLOAD_CHARS_MAX) {
        payload.truncate(end);
        payload.push('…');
    }
    DeadLetter {
        id: id.to_string(),
        destination: row.destination.as_str().to_owned(),
        state,
        orders,
        attempts: row.attempts,
        error: row.error,
        created_at: row.created_at,
        at,
        payload,
    }
}

/// The packets that a payload is about: one event, or an array of them.
fn orders_of(payload: &str) -> Vec<OrderNo> {
    let orders: BTreeSet<OrderNo> =
        events_of(payload).iter().filter_map(order_of).take(ORDERS_MAX).collect();
    orders.into_iter().collect()
}

fn write_cursor(id: LetterId) -> String {
    BASE64URL_NOPAD.encode(id.to_string().as_bytes())
}

/// Refuses anything that [`write_cursor`] could not have made.
fn read_cursor(cursor: &str) -> Result<LetterId, ErrorCode> {
    let read = || {
        let text = BASE64URL_NOPAD.decode(cursor.as_bytes()).ok()?;
        String::from_utf8(text).ok()?.parse().ok()
    };
    read().ok_or(ErrorCode::InvalidCursor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_canonical_ids_are_read() {
        for text in ["ledger-1", "S0-12", "N1023-9223372036854775807"] {
            let id: LetterId = text.parse().unwrap();
            assert_eq!(id.to_string(), text);
            assert_eq!(read_cursor(&write_cursor(id)).unwrap(), id);
        }
        for text in [
            "",
            "ledger",
            "ledger-0",
            "ledger--1",
            "ledger-01",
            "S-1",
            "S01-1",
            "S1024-1",
            "X0-1",
            "s0-1",
            "S0-+1",
            "S0-1 ",
            "é-1",
        ] {
            assert_eq!(text.parse::<LetterId>(), Err(ErrorCode::InvalidId), "{text}");
        }
        for cursor in ["", "!", "AAAA"] {
            assert_eq!(read_cursor(cursor), Err(ErrorCode::InvalidCursor), "{cursor}");
        }
    }
}
