//! What administrators and services did, in one chain (R-API-6).

use super::SqlPeople;
use crate::{Source, Tx, row::Row, sql};
use async_trait::async_trait;
use hongbao_domain::store::{
    StoreError,
    people::{
        ACTS_PER_SEAL_MAX, Act, By, JournalEntry, JournalHash, JournalHead, JournalStore, NewEntry,
        NumberedAct, Removed, Sealing, What,
    },
};
use hongbao_shared::Timestamp;

const ENTRY: &str = "SELECT seq, at, service_id, user_id, what, detail, hash FROM journal";
const HEAD: &str = "SELECT seq, hash, acts_sealed, seals_removed FROM journal_head";

#[async_trait]
impl JournalStore for SqlPeople {
    async fn enter(&self, entry: NewEntry) -> Result<(), StoreError> {
        self.database
            .write_by_row(entry, |tx, entry| Box::pin(async move { enter(tx, entry).await }))
            .await
    }

    async fn journal_head(&self) -> Result<JournalHead, StoreError> {
        head(&self.database, HEAD).await
    }

    async fn journal(
        &self,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<JournalEntry>, StoreError> {
        sql(format!("{ENTRY} WHERE seq < $1 ORDER BY seq DESC LIMIT $2"))
            .bind(before.unwrap_or(i64::MAX))
            .bind(limit)
            .all(&self.database, entry)
            .await
    }

    async fn journal_after(&self, after: i64, limit: u32) -> Result<Vec<JournalEntry>, StoreError> {
        sql(format!("{ENTRY} WHERE seq > $1 ORDER BY seq LIMIT $2"))
            .bind(after)
            .bind(limit)
            .all(&self.database, entry)
            .await
    }

    async fn acts_after(&self, after: i64, limit: u32) -> Result<Vec<NumberedAct>, StoreError> {
        acts_after(&self.database, after, limit).await
    }

    async fn seal_acts(&self, sealing: Sealing) -> Result<bool, StoreError> {
        self.database.write_by_row(sealing, |tx, sealing| Box::pin(seal_acts(tx, *sealing))).await
    }

    async fn remove_acts(&self, before: Timestamp, now: Timestamp) -> Result<bool, StoreError> {
        self.database
            .write_by_row((before, now), |tx, (before, now)| {
                Box::pin(remove_acts(tx, *before, *now))
            })
            .await
    }
}

/// Makes an entry in the transaction of what it tells of; the last thing in it, since all who
/// make one wait for each other from here on.
pub(super) async fn enter(tx: &mut Tx<'_>, new: &NewEntry) -> Result<(), StoreError> {
    let head = hold(tx).await?;
    enter_after(tx, &head, new).await
}

async fn enter_after(
    tx: &mut Tx<'_>,
    head: &JournalHead,
    new: &NewEntry,
) -> Result<(), StoreError> {
    let JournalEntry { seq, at, by, what, detail, hash } = JournalEntry::after(head, new);
    sql("INSERT INTO journal (seq, at, service_id, user_id, what, detail, hash)
         VALUES ($1, $2, $3, $4, $5, $6, $7)")
    .bind(seq)
    .bind(at.millis())
    .bind(by.service.map(hongbao_shared::ServiceId::get))
    .bind(by.user.map(hongbao_shared::UserId::get))
    .bind(what)
    .bind(detail)
    .bind(&hash[..])
    .execute(&mut *tx)
    .await?;
    sql("UPDATE journal_head SET seq = $1, hash = $2")
        .bind(seq)
        .bind(&hash[..])
        .execute(tx)
        .await?;
    Ok(())
}

/// The head's row is the queue of whoever makes an entry.
async fn hold(tx: &mut Tx<'_>) -> Result<JournalHead, StoreError> {
    let text = tx
        .dialect()
        .pick(HEAD, "SELECT seq, hash, acts_sealed, seals_removed FROM journal_head FOR UPDATE");
    head(tx, text).await
}

async fn head(source: impl Source, text: &'static str) -> Result<JournalHead, StoreError> {
    let found = sql(text).first(source, |row| {
        Ok(JournalHead {
            seq: row.try_get(0)?,
            hash: hash("the journal's head", row.try_get(1)?)?,
            acts_sealed: row.try_get(2)?,
            seals_removed: row.try_get(3)?,
        })
    });
    found.await?.ok_or_else(|| StoreError::Corrupt("the journal has lost its head".to_owned()))
}

fn hash(of: &str, column: Vec<u8>) -> Result<JournalHash, StoreError> {
    column.try_into().map_err(|_| StoreError::Corrupt(format!("the hash of {of} has not 32 bytes")))
}

fn entry(row: &Row) -> Result<JournalEntry, StoreError> {
    let seq = row.try_get(0)?;
    Ok(JournalEntry {
        seq,
        at: row.try_get(1)?,
        by: By { service: row.try_get(2)?, user: row.try_get(3)? },
        what: row.try_get(4)?,
        detail: row.try_get(5)?,
        hash: hash(&format!("entry {seq}"), row.try_get(6)?)?,
    })
}

async fn acts_after(
    source: impl Source,
    after: i64,
    limit: u32,
) -> Result<Vec<NumberedAct>, StoreError> {
    sql("SELECT id, service_id, user_id, call, at FROM service_acts
         WHERE id > $1 ORDER BY id LIMIT $2")
    .bind(after)
    .bind(limit)
    .all(source, |row| {
        let act = Act {
            service: row.try_get(1)?,
            user: row.try_get(2)?,
            call: row.try_get(3)?,
            at: row.try_get(4)?,
        };
        Ok(NumberedAct { id: row.try_get(0)?, act })
    })
    .await
}

async fn seal_acts(tx: &mut Tx<'_>, sealing: Sealing) -> Result<bool, StoreError> {
    let head = hold(tx).await?;
    let acts = acts_after(&mut *tx, head.acts_sealed, ACTS_PER_SEAL_MAX).await?;
    let Some(seal) = sealing.seal(head.acts_sealed, &acts) else { return Ok(false) };
    enter_after(tx, &head, &seal.entry(sealing.at)).await?;
    sql("UPDATE journal_head SET acts_sealed = $1").bind(seal.to).execute(tx).await?;
    Ok(true)
}

async fn remove_acts(
    tx: &mut Tx<'_>,
    before: Timestamp,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let head = hold(tx).await?;
    let oldest = sql(format!("{ENTRY} WHERE seq > $1 AND what = $2 ORDER BY seq LIMIT 1"))
        .bind(head.seals_removed)
        .bind(What::SealActs.as_str())
        .first(&mut *tx, entry)
        .await?;
    let Some(oldest) = oldest.filter(|oldest| oldest.at < before) else { return Ok(false) };
    let Some(seal) = oldest.seal().transpose()? else { return Ok(false) };
    let acts = sql("DELETE FROM service_acts WHERE id > $1 AND id <= $2")
        .bind(seal.after)
        .bind(seal.to)
        .execute(&mut *tx)
        .await?;
    let removed = Removed { seal: oldest.seq, acts };
    enter_after(tx, &head, &removed.entry(now)).await?;
    sql("UPDATE journal_head SET seals_removed = $1").bind(oldest.seq).execute(tx).await?;
    Ok(true)
}
