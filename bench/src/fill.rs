//! Fills a data folder with finished packets, in big batches through the stores that the
//! server uses: real seeds, payments, shares, credits and lines of lists.

use anyhow::{Context, Result, ensure};
use hongbao::node::open_stores;
use hongbao_config::Config;
use hongbao_domain::{
    record::{Payment, PreOrderRecord},
    runtime::{Entropy, SystemEntropy, Zone},
    store::{
        ledger::Posting,
        lists::{BestLuckRow, ListBatch, ReceivedRow, SentRow},
        marks::Mark,
        orders::{
            Announcement, Append, ClaimRow, Landed, Landing, LaneBatch, PacketRow, Progress,
            StoredState,
        },
        outbox::{Destination, Due, Settled},
    },
};
use hongbao_engine::{
    keys::{Keys, seal::Sealer},
    stores::Stores,
};
use hongbao_shared::{
    Fen, GroupId, Kind, OrderNo, Shard, Site, Splitter, Terms, Timestamp, UserId,
    fairness::{ClientSeed, ServerSeed},
    split,
};
use serde_json::json;
use std::{collections::BTreeMap, path::Path, time::Duration};

/// Packets that go in together.
const BATCH: u64 = 500;
/// What a share holds on average.
const FEN_PER_SHARE: u64 = 100;
/// The calendar days that the packets fall on.
const DAYS: u64 = 4;
const DAY_S: i64 = 24 * 60 * 60;
/// Noon of the first day.
const FIRST_DAY: &str = "2026-02-16T04:00:00.000Z";
const SENDERS: u64 = 100;
const TOP_UP_FEN: u64 = 1 << 50;

/// How much to fill in.
#[derive(Clone, Copy, Debug)]
pub struct Amount {
    /// Packets.
    pub packets: u64,
    /// Shares of each.
    pub shares: u32,
    /// People who open them.
    pub people: u64,
    /// Packets more whose shares are on their way to the wallets.
    pub pending: u64,
}

/// Fills an empty folder.
pub async fn fill(data: &Path, amount: Amount, mut batch_done: impl FnMut(u64)) -> Result<()> {
    ensure!(amount.people >= u64::from(amount.shares), "one share for each person at most");
    let mut config = Config::default();
    config.storage.data = data.to_path_buf();
    let keys = Keys::obtain(&config, &SystemEntropy)?;
    let stores = open_stores(&config).await?;
    let zone = Zone::named(&config.time.zone)?;
    let sealer = Sealer::new(&keys);
    let places: Vec<_> = stores.hot.keys().copied().collect();
    let filler = Filler { stores, zone, sealer, amount };
    let first: Timestamp = FIRST_DAY.parse()?;
    filler.top_up(first).await?;
    let mut next = filler.granted().await?;
    let mut done = 0;
    for batch in 0.. {
        let packets = BATCH.min(amount.packets.saturating_sub(done));
        let (packets, credited) = if packets > 0 {
            (packets, true)
        } else {
            (BATCH.min((amount.packets + amount.pending).saturating_sub(done)), false)
        };
        if packets == 0 {
            break;
        }
        let turn = usize::try_from(batch)?;
        let place = places[turn % places.len()];
        let day = (batch / u64::try_from(places.len())?) % DAYS;
        let at = first.plus_seconds(i64::try_from(day)? * DAY_S);
        let sequence = next.get_mut(&place.0).context("a site without numbers")?;
        filler.batch(place, *sequence..*sequence + packets, at, credited).await?;
        *sequence += packets;
        done += packets;
        batch_done(done);
    }
    filler.stores.close().await;
    Ok(())
}

struct Filler {
    stores: Stores,
    zone: Zone,
    sealer: Sealer,
    amount: Amount,
}

/// All of one packet.
struct Whole {
    payment: Payment,
    row: PacketRow,
    claims: Vec<ClaimRow>,
}

impl Filler {
    async fn top_up(&self, at: Timestamp) -> Result<()> {
        let senders = (0..SENDERS).map(user).collect::<Result<Vec<_>>>()?;
        let amount = fen(TOP_UP_FEN / SENDERS)?;
        let postings =
            senders.into_iter().map(|user| Posting::top_up(user, amount, "fill")).collect();
        for outcome in self.stores.ledger.post(postings, at).await? {
            outcome?;
        }
        Ok(())
    }

    /// Numbers enough for everything at each site.
    async fn granted(&self) -> Result<BTreeMap<Site, u64>> {
        let mut granted = BTreeMap::new();
        for site in self.stores.sites() {
            let mark = Mark::Sequence(site);
            granted.insert(
                site,
                self.stores.ledger.raise(mark, self.amount.packets + self.amount.pending).await?,
            );
        }
        Ok(granted)
    }

    async fn batch(
        &self,
        place: (Site, Shard),
        sequences: std::ops::Range<u64>,
        at: Timestamp,
        credited: bool,
    ) -> Result<()> {
        let packets = sequences
            .map(|sequence| self.packet(place, sequence, at))
            .collect::<Result<Vec<_>>>()?;
        let epoch_day = self.zone.epoch_day(at);
        let store = self.stores.hot.get(&place).context("no such shard")?;
        let mut batch = LaneBatch { at: Some(at), ..LaneBatch::default() };
        let mut postings = Vec::new();
        let mut lists = ListBatch::default();
        for Whole { payment, row, claims } in &packets {
            postings.push(Posting::pay(payment.clone()));
            let landed = PacketRow { progress: Progress::NONE, ..row.clone() };
            batch.landings.push(Landing { packet: landed, epoch_day, announcements: Vec::new() });
            batch.appends.push(Append {
                order_no: row.order_no,
                believed: 0,
                claims: claims.clone(),
                after: row.progress,
                announcements: if credited { Vec::new() } else { vec![on_the_way(row)] },
            });
            list(row, claims, &mut lists);
        }
        // Each sees what those before it moved.
        postings.extend(packets.iter().filter(|_| credited).flat_map(|packet| {
            packet.claims.iter().map(|claim| {
                let order_no = packet.row.order_no;
                Posting::credit(order_no, claim.seq, claim.user_id, claim.amount_fen)
            })
        }));
        let (committed, posted, ()) = tokio::try_join!(
            store.commit(batch),
            self.stores.ledger.post(postings, at),
            self.stores.lists.record(lists, &self.zone)
        )?;
        ensure!(committed.landings.iter().all(|landed| *landed == Landed::New), "not landed");
        ensure!(committed.appends.iter().all(|held| *held), "not opened");
        for outcome in posted {
            outcome?;
        }
        self.deliver_landings(at).await
    }

    /// The packets are there already.
    async fn deliver_landings(&self, at: Timestamp) -> Result<()> {
        let limit = u32::try_from(BATCH)?;
        let lease = Duration::from_secs(1);
        let rows = self.stores.ledger.lease(Destination::Land, at, lease, limit).await?;
        let done = rows.iter().map(|row| (row.id, Settled::Done)).collect();
        Ok(self.stores.ledger.settle(done).await?)
    }

    fn packet(&self, (site, shard): (Site, Shard), sequence: u64, at: Timestamp) -> Result<Whole> {
        let day = self.zone.day(at);
        let order_no = OrderNo::new(site, shard, day, false, sequence).context("a number")?;
        let server_seed = ServerSeed::from_bytes(SystemEntropy.bytes32());
        let client_seed = ClientSeed::new(sequence.to_be_bytes().to_vec()).context("a seed")?;
        let shares = self.amount.shares;
        let total_fen = fen(u64::from(shares) * FEN_PER_SHARE)?;
        let max_share_fen = fen(20_000)?;
        let terms = Terms::new(Kind::Lucky, total_fen, shares, max_share_fen)?;
        let amounts: Vec<_> =
            Splitter::new(&terms, &server_seed.split_seed(&client_seed, order_no, &terms))
                .collect();
        let mixed = mix(sequence);
        let landed_at = at.plus_seconds(1);
        let people = (0..u64::from(shares))
            .map(|turn| user(SENDERS + (mixed % self.amount.people + turn) % self.amount.people))
            .collect::<Result<Vec<_>>>()?;
        let claims = (0..shares).zip(people).zip(amounts).map(|((seq, user_id), amount_fen)| {
            let opened_at = landed_at.plus_seconds(1 + i64::from(seq));
            ClaimRow { seq, user_id, amount_fen, opened_at }
        });
        let claims: Vec<_> = claims.collect();
        let record = PreOrderRecord {
            order_no,
            sender_id: user(mixed % SENDERS)?,
            group_id: GroupId::new(1).context("a group")?,
            recipient_id: None,
            kind: Kind::Lucky,
            total_fen,
            shares,
            max_share_fen,
            greeting: String::new(),
            cover: "classic".to_owned(),
            sealed_server_seed: self.sealer.seal(order_no, &server_seed, &SystemEntropy),
            commitment: server_seed.commitment(),
            created_at: at,
            expires_at: at.plus_seconds(900),
            fee_fen: Fen::ZERO,
        };
        let row = PacketRow {
            order_no,
            sender_id: record.sender_id,
            group_id: record.group_id,
            recipient_id: None,
            kind: record.kind,
            total_fen,
            shares,
            max_share_fen,
            sealed_server_seed: record.sealed_server_seed.clone(),
            client_seed: client_seed.clone(),
            commitment: record.commitment,
            created_at: at,
            landed_at,
            expires_at: landed_at.plus_seconds(DAY_S),
            progress: Progress {
                state: StoredState::Finished,
                claimed: shares,
                claimed_fen: total_fen,
                finished_at: claims.last().map(|claim| claim.opened_at),
            },
        };
        let payment = Payment { record, client_seed: client_seed.bytes().to_vec(), paid_at: at };
        Ok(Whole { payment, row, claims })
    }
}

/// What tells of the credits of a packet, not before long.
fn on_the_way(row: &PacketRow) -> Announcement {
    let event = json!({ "order_no": row.order_no, "from": 0, "count": row.shares }).to_string();
    let due = Due::After(Duration::from_hours(24));
    Announcement { destination: Destination::Credit, due, event }
}

/// The packet's lines in the lists of its people.
fn list(row: &PacketRow, claims: &[ClaimRow], lists: &mut ListBatch) {
    let (order_no, group_id, kind) = (row.order_no, row.group_id, row.kind);
    lists.sent.push(SentRow {
        order_no,
        user_id: row.sender_id,
        group_id,
        kind,
        total_fen: row.total_fen,
        shares: row.shares,
        at: row.landed_at,
    });
    lists.received.extend(claims.iter().map(|claim| ReceivedRow {
        order_no,
        user_id: claim.user_id,
        seq: claim.seq,
        sender_id: row.sender_id,
        group_id,
        kind,
        amount_fen: claim.amount_fen,
        at: claim.opened_at,
    }));
    let amounts: Vec<_> = claims.iter().map(|claim| claim.amount_fen).collect();
    let best = row.terms().ok().and_then(|terms| split::best_luck(&terms, &amounts));
    if let Some(claim) = best.and_then(|seq| claims.get(seq)) {
        lists.best_lucks.push(BestLuckRow {
            order_no,
            user_id: claim.user_id,
            at: claim.opened_at,
        });
    }
}

fn fen(fen: u64) -> Result<Fen> {
    Fen::new(fen).context("an amount")
}

fn user(number: u64) -> Result<UserId> {
    UserId::new(i64::try_from(number)? + 1).context("a person")
}

/// Spreads numbers, the same in every run.
fn mix(number: u64) -> u64 {
    let mixed = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed ^ (mixed >> 29)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hongbao_engine::audit::{self, Audited};

    /// What is filled in is what the server would have left: every law holds.
    #[tokio::test]
    async fn what_is_filled_in_is_sound() {
        let folder = tempfile::tempdir().unwrap();
        let amount = Amount { packets: 1_200, shares: 3, people: 50, pending: 0 };
        let mut batches = Vec::new();
        fill(folder.path(), amount, |done| batches.push(done)).await.unwrap();
        assert_eq!(batches, [500, 1_000, 1_200]);
        let mut config = Config::default();
        config.storage.data = folder.path().to_path_buf();
        let keys = Keys::obtain(&config, &SystemEntropy).unwrap();
        let sealer = Sealer::new(&keys);
        let stores = open_stores(&config).await.unwrap();
        let audited = Audited { at_rest: true, ..stores.audited(&sealer) };
        let report = audit::run(&audited).await.unwrap();
        assert!(report.is_clean(), "{report}");
        assert_eq!((report.counts.packets, report.counts.claims), (1_200, 3_600));
    }
}
