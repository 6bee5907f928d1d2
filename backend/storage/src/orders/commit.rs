//! A lane's batch in one transaction: guards first, then claims, then the outbox.

use super::{
    super::{
        Database, Dialect, Tx, outbox, sql,
        statement::{Statement, parted, server_clock},
    },
    StoreError,
    days::claim_day,
    rows::{bind_packet, insert_packets_into},
    statements::{CLAIM_CHUNKS, statements},
    tables::Tables,
};
use hongbao_domain::{
    crash::{self, Step},
    planted::Bug,
    store::{
        orders::{
            Announcement, Append, ClaimRow, Landed, Landing, LaneBatch, LaneOutcome, PacketRow,
            StoredState, about, gather,
        },
        outbox::OutboxEntry,
    },
};
use hongbao_shared::{Day, OrderNo, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// What stands for "no end yet" in an array.
const NO_END: i64 = -1;
/// Where tombstones are; nothing is ever deleted there (R-SEND-2).
const GIVEN_UP: &str = "given_up";
/// How many packets one INSERT takes.
const PACKET_CHUNKS: [usize; 4] = [64, 16, 4, 1];

pub(super) async fn commit(
    database: &Database,
    batch: LaneBatch,
) -> Result<LaneOutcome, StoreError> {
    if Bug::RowsApart.is_planted() {
        return commit_apart(database, batch).await;
    }
    if database.dialect() == Dialect::Postgres
        && let Some(day) = only_appends(&batch)
    {
        return database
            .write_at_once(batch, move |tx, batch| Box::pin(append_at_once(tx, day, batch)))
            .await;
    }
    database
        .write(batch, |tx, batch| {
            Box::pin(async move {
                let (outcome, told) = change(tx, batch).await?;
                tell(tx, batch, &told).await?;
                Ok(outcome)
            })
        })
        .await
}

/// What must never be: facts in one transaction, and what tells of them in another.
async fn commit_apart(database: &Database, batch: LaneBatch) -> Result<LaneOutcome, StoreError> {
    let (outcome, told) =
        database.write(batch.clone(), |tx, batch| Box::pin(change(tx, batch))).await?;
    database.write((batch, told), |tx, (batch, told)| Box::pin(tell(tx, batch, told))).await?;
    Ok(outcome)
}

/// The day of a batch that holds nothing but claims of packets of one day: nearly every
/// batch of a busy lane.
fn only_appends(batch: &LaneBatch) -> Option<Day> {
    if !batch.landings.is_empty() {
        return None;
    }
    let day = batch.appends.first()?.order_no.day();
    batch.appends.iter().all(|item| item.order_no.day() == day).then_some(day)
}

/// The whole batch in one statement; see `append_batch` among the statements.
async fn append_at_once(
    tx: &mut Tx<'_>,
    day: Day,
    batch: &LaneBatch,
) -> Result<LaneOutcome, StoreError> {
    let appends = &batch.appends;
    let of_packets = |column: fn(&Append) -> i64| appends.iter().map(column).collect::<Vec<i64>>();
    let claims = || {
        appends.iter().flat_map(|item| item.claims.iter().map(move |claim| (item.order_no, claim)))
    };
    let of_claims = |column: fn((OrderNo, &ClaimRow)) -> i64| claims().map(column).collect();
    let told =
        || appends.iter().flat_map(|item| item.announcements.iter().map(move |told| (item, told)));
    let told_orders: Vec<i64> = told().map(|(item, _)| item.order_no.to_bits()).collect();
    let destinations: Vec<i64> = told().map(|(_, told)| told.destination.number()).collect();
    let now = now(batch);
    let due: Vec<i64> = told().map(|(_, told)| told.due.at(now).millis()).collect();
    let events: Vec<String> = told().map(|(_, told)| told.event.clone()).collect();
    let of_claims: [Vec<i64>; 5] = [
        of_claims(|(order_no, _)| order_no.to_bits()),
        of_claims(|(_, claim)| claim.seq.into()),
        of_claims(|(_, claim)| claim.user_id.get()),
        of_claims(|(_, claim)| claim.amount_fen.signed()),
        of_claims(|(_, claim)| claim.opened_at.millis()),
    ];
    let of_packets = [
        of_packets(|item| item.order_no.to_bits()),
        of_packets(|item| item.believed.into()),
        of_packets(|item| item.after.claimed.into()),
        of_packets(|item| item.after.claimed_fen.signed()),
        of_packets(|item| item.after.state.number()),
        of_packets(|item| item.after.finished_at.map_or(NO_END, Timestamp::millis)),
    ];
    // One statement: there is nothing between its parts.
    crash::inside(Step::Open);
    let held = of_packets
        .into_iter()
        .chain(of_claims)
        .fold(sql(statements(day).append_batch), Statement::bind)
        .bind(told_orders)
        .bind(destinations)
        .bind(due)
        .bind(events)
        .bind(now.millis())
        .bind(batch.within.as_ref().map(|within| within.start().millis()))
        .bind(batch.within.as_ref().map(|within| within.end().millis()))
        .scalars(tx)
        .await?;
    crash::at_commit(Step::Open);
    let held: BTreeSet<OrderNo> = held.into_iter().collect();
    let appends = appends.iter().map(|item| held.contains(&item.order_no)).collect();
    Ok(LaneOutcome { appends, ..LaneOutcome::default() })
}

/// The facts, and what is to be told of them.
async fn change(
    tx: &mut Tx<'_>,
    batch: &LaneBatch,
) -> Result<(LaneOutcome, Vec<OutboxEntry>), StoreError> {
    let mut outcome = LaneOutcome::default();
    let mut told: Vec<(OrderNo, &Announcement)> = Vec::new();
    if batch.within.is_some()
        && let Some(now) = server_clock(tx.dialect(), &mut *tx).await?
    {
        batch.is_its_time(now)?;
    }
    outcome.landings = land(tx, batch).await?;
    for (landing, landed) in batch.landings.iter().zip(&outcome.landings) {
        if *landed == Landed::New {
            told.extend(about(landing.packet.order_no, &landing.announcements));
        }
    }
    for item in &batch.appends {
        let held = append(tx, item).await?;
        if held {
            told.extend(about(item.order_no, &item.announcements));
        }
        outcome.appends.push(held);
    }
    Ok((outcome, gather(told)))
}

async fn tell(tx: &mut Tx<'_>, batch: &LaneBatch, told: &[OutboxEntry]) -> Result<(), StoreError> {
    let steps = crash::of_lane(batch);
    crash::inside_all(&steps);
    outbox::insert(tx, told, now(batch)).await?;
    crash::at_commit_all(&steps);
    Ok(())
}

fn now(batch: &LaneBatch) -> Timestamp {
    batch.at.unwrap_or(Timestamp::from_millis(0))
}

/// Lands what has not landed, in the order in which it comes: a handful of statements for as many
/// packets of a calendar day as follow each other, which are nearly always all.
async fn land(tx: &mut Tx<'_>, batch: &LaneBatch) -> Result<Vec<Landed>, StoreError> {
    let day_of = |landing: &Landing| (landing.packet.order_no.day(), landing.epoch_day);
    let mut outcomes = Vec::with_capacity(batch.landings.len());
    for landings in batch.landings.chunk_by(|one, next| day_of(one) == day_of(next)) {
        let Some((day, epoch_day)) = landings.first().map(day_of) else { continue };
        let mut states = states(tx, day, landings).await?;
        let is_new = |packet: &PacketRow| {
            packet.progress.state != StoredState::GivenUp && !states.contains_key(&packet.order_no)
        };
        let is_open = landings.iter().any(|landing| is_new(&landing.packet))
            && claim_day(tx, day, epoch_day, batch.reopens.get(&epoch_day).copied()).await?;
        let (mut packets, mut tombstones) = (Vec::new(), Vec::new());
        for Landing { packet, .. } in landings {
            let is_tombstone = packet.progress.state == StoredState::GivenUp;
            outcomes.push(if let Some(state) = states.get(&packet.order_no) {
                Landed::Already(*state)
            } else if is_tombstone || is_open {
                if is_tombstone { &mut tombstones } else { &mut packets }.push(packet);
                states.insert(packet.order_no, packet.progress.state);
                Landed::New
            } else {
                Landed::DayRefused
            });
        }
        insert_packets(tx, &Tables::of_day(day).packets, &packets).await?;
        insert_packets(tx, GIVEN_UP, &tombstones).await?;
    }
    Ok(outcomes)
}

/// Of packets, or of their tombstones. Whoever inserts the one has looked for the other in
/// the same transaction, and writes of a shard go as if one after the other: never both.
async fn states(
    tx: &mut Tx<'_>,
    day: Day,
    landings: &[Landing],
) -> Result<BTreeMap<OrderNo, StoredState>, StoreError> {
    let numbers: Vec<i64> =
        landings.iter().map(|landing| landing.packet.order_no.to_bits()).collect();
    let (on_sqlite, on_postgres) = statements(day).states;
    sql(tx.dialect().pick(on_sqlite, on_postgres))
        .bind(numbers)
        .all(tx, |row| Ok((row.try_get(0)?, row.try_get(1)?)))
        .await
}

async fn insert_packets(
    tx: &mut Tx<'_>,
    table: &str,
    packets: &[&PacketRow],
) -> Result<(), StoreError> {
    for (rows, chunk) in parted(packets, PACKET_CHUNKS.map(|rows| (rows, rows))) {
        let text = insert_packets_into(table, tx.dialect(), rows);
        let statement =
            chunk.iter().fold(sql(text), |statement, packet| bind_packet(statement, packet));
        statement.execute(tx).await?;
    }
    Ok(())
}

/// Compare-and-append: nothing happens unless the packet is as the lane believes.
async fn append(tx: &mut Tx<'_>, item: &Append) -> Result<bool, StoreError> {
    let matched = sql(statements(item.order_no.day()).append)
        .bind(item.order_no.to_bits())
        .bind(item.believed)
        .bind(item.after.claimed)
        .bind(item.after.claimed_fen.signed())
        .bind(item.after.state.number())
        .bind(item.after.finished_at.map(Timestamp::millis))
        .execute(tx)
        .await?;
    if matched == 1 {
        insert_claims(tx, item.order_no, &item.claims).await?;
    }
    Ok(matched == 1)
}

async fn insert_claims(
    tx: &mut Tx<'_>,
    order_no: OrderNo,
    claims: &[ClaimRow],
) -> Result<(), StoreError> {
    match tx.dialect() {
        Dialect::Sqlite => insert_claims_in_chunks(tx, order_no, claims).await,
        Dialect::Postgres => {
            let column = |of: fn(&ClaimRow) -> i64| claims.iter().map(of).collect::<Vec<i64>>();
            sql(statements(order_no.day()).insert_claim_arrays)
                .bind(vec![order_no.to_bits(); claims.len()])
                .bind(column(|claim| claim.seq.into()))
                .bind(column(|claim| claim.user_id.get()))
                .bind(column(|claim| claim.amount_fen.signed()))
                .bind(column(|claim| claim.opened_at.millis()))
                .execute(tx)
                .await?;
            Ok(())
        }
    }
}

async fn insert_claims_in_chunks(
    tx: &mut Tx<'_>,
    order_no: OrderNo,
    claims: &[ClaimRow],
) -> Result<(), StoreError> {
    let texts = &statements(order_no.day()).insert_claims;
    for (text, chunk) in parted(claims, CLAIM_CHUNKS.into_iter().zip(texts)) {
        let mut statement = sql(*text);
        for claim in chunk {
            statement = statement
                .bind(order_no.to_bits())
                .bind(claim.seq)
                .bind(claim.user_id.get())
                .bind(claim.amount_fen.signed())
                .bind(claim.opened_at.millis());
        }
        statement.execute(tx).await?;
    }
    Ok(())
}
