//! Where browsers are told of packets, and what they are still to be told (R-WEB-8).

use super::{SqlPeople, language, language_column};
use crate::{Tx, row::Row, sql, statement::any};
use async_trait::async_trait;
use hongbao_domain::store::{
    StoreError,
    people::{
        DuePush, NewPush, NewSubscription, PeopleError, PushStore, PushTarget, Pushed,
        SealedSecret, TokenHash,
    },
};
use hongbao_shared::{Timestamp, UserId};

#[async_trait]
impl PushStore for SqlPeople {
    async fn push_key(&self) -> Result<Option<SealedSecret>, PeopleError> {
        let found = sql("SELECT sealed FROM push_keys")
            .first(&self.database, |row| Ok(SealedSecret(row.try_get(0)?)));
        Ok(found.await?)
    }

    async fn put_push_key(
        &self,
        from: Option<SealedSecret>,
        to: Option<SealedSecret>,
    ) -> Result<bool, PeopleError> {
        let put = match (&from, &to) {
            (None, None) => return Ok(self.push_key().await?.is_none()),
            (None, Some(_)) => {
                sql("INSERT INTO push_keys (id, sealed) VALUES (1, $1) ON CONFLICT DO NOTHING")
            }
            (Some(_), Some(_)) => sql("UPDATE push_keys SET sealed = $1 WHERE sealed = $2"),
            (Some(_), None) => sql("DELETE FROM push_keys WHERE sealed = $1"),
        };
        let put = to.iter().chain(&from).fold(put, |put, secret| put.bind(&secret.0[..]));
        Ok(self.change(put).await? == 1)
    }

    async fn subscribe(&self, subscription: NewSubscription) -> Result<bool, PeopleError> {
        self.write(subscription, |tx, subscription| Box::pin(subscribe(tx, subscription))).await
    }

    async fn unsubscribe(&self, session: TokenHash) -> Result<(), PeopleError> {
        let end = sql("DELETE FROM push_subscriptions WHERE token_hash = $1").bind(&session.0[..]);
        self.change(end).await?;
        Ok(())
    }

    async fn is_subscribed(&self) -> Result<bool, PeopleError> {
        let first: Option<i64> = sql("SELECT user_id FROM push_subscriptions LIMIT 1")
            .scalar_optional(&self.database)
            .await?;
        Ok(first.is_some())
    }

    async fn queue_pushes(&self, packets: Vec<NewPush>, now: Timestamp) -> Result<(), PeopleError> {
        self.write((packets, now), |tx, (packets, now)| Box::pin(queue(tx, packets, *now))).await
    }

    async fn lease_pushes(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<DuePush>, PeopleError> {
        self.write((now, until, limit), |tx, (now, until, limit)| {
            Box::pin(lease(tx, *now, *until, *limit))
        })
        .await
    }

    async fn settle_push(&self, push: DuePush, pushed: Pushed) -> Result<(), PeopleError> {
        let of_push = "WHERE id = $1 AND order_no = $2";
        let settle = match pushed {
            Pushed::Over => sql(format!("DELETE FROM pushes {of_push}")),
            Pushed::Again(_) => {
                sql(format!("UPDATE pushes SET due_at = $3, attempts = attempts + 1 {of_push}"))
            }
            // Unless it has subscribed anew meanwhile.
            Pushed::Gone => {
                sql("DELETE FROM push_subscriptions WHERE token_hash = $1 AND endpoint = $2")
            }
        };
        let settle = match pushed {
            Pushed::Gone => settle.bind(&push.session.0[..]).bind(&push.target.endpoint),
            _ => settle.bind(push.row).bind(push.order_no.to_bits()),
        };
        let settle = match pushed {
            Pushed::Again(due) => settle.bind(due.millis()),
            _ => settle,
        };
        self.change(settle).await?;
        Ok(())
    }
}

async fn subscribe(tx: &mut Tx<'_>, new: &NewSubscription) -> Result<bool, StoreError> {
    let NewSubscription { session, target, language, at } = new;
    // A browser that somebody else has signed in at tells them no more.
    sql("DELETE FROM push_subscriptions WHERE endpoint = $1 AND token_hash <> $2")
        .bind(&target.endpoint)
        .bind(&session.0[..])
        .execute(&mut *tx)
        .await?;
    let held = tx.dialect().pick("", "FOR KEY SHARE");
    let subscribed = sql(format!(
        "INSERT INTO push_subscriptions
             (token_hash, user_id, endpoint, public_key, auth, language)
         SELECT token_hash, user_id, $3, $4, $5, $6 FROM sessions
         WHERE token_hash = $1 AND expires_at > $2 {held}
         ON CONFLICT (token_hash) DO UPDATE SET endpoint = excluded.endpoint,
             public_key = excluded.public_key, auth = excluded.auth, language = excluded.language"
    ))
    .bind(&session.0[..])
    .bind(at.millis())
    .bind(&target.endpoint)
    .bind(&target.public_key[..])
    .bind(&target.auth[..])
    .bind(language_column(*language))
    .execute(tx)
    .await?;
    Ok(subscribed == 1)
}

async fn queue(tx: &mut Tx<'_>, packets: &[NewPush], now: Timestamp) -> Result<(), StoreError> {
    // In an order of their own, or two packets of a group wait for each other; and beside whoever
    // signs out.
    let held = tx.dialect().pick("", "FOR KEY SHARE OF s");
    for NewPush { order_no, group, sender, recipient, at } in packets {
        sql(format!(
            "INSERT INTO pushes (token_hash, group_id, order_no, queued_at, due_at)
             SELECT s.token_hash, m.group_id, $2, $6, $3
             FROM members m JOIN push_subscriptions s ON s.user_id = m.user_id
             WHERE m.group_id = $1 AND m.muted = 0 AND m.user_id <> $4
                 AND m.user_id = coalesce($5, m.user_id)
                 AND NOT EXISTS (SELECT 1 FROM users d WHERE d.id = $4 AND d.demo_key IS NOT NULL)
             ORDER BY s.token_hash {held}
             ON CONFLICT (token_hash, group_id) DO UPDATE SET order_no = excluded.order_no,
                 queued_at = excluded.queued_at, due_at = excluded.due_at, attempts = 0
             WHERE pushes.order_no <> excluded.order_no
                 AND pushes.queued_at <= excluded.queued_at"
        ))
        .bind(group.get())
        .bind(order_no.to_bits())
        .bind(now.millis())
        .bind(sender.get())
        .bind(recipient.map(UserId::get))
        .bind(at.millis())
        .execute(&mut *tx)
        .await?;
    }
    Ok(())
}

async fn lease(
    tx: &mut Tx<'_>,
    now: Timestamp,
    until: Timestamp,
    limit: u32,
) -> Result<Vec<DuePush>, StoreError> {
    let skip = tx.dialect().pick("", "FOR UPDATE SKIP LOCKED");
    let rows: Vec<i64> = sql(format!(
        "UPDATE pushes SET due_at = $2 WHERE id IN
             (SELECT id FROM pushes WHERE due_at <= $1 ORDER BY due_at, id LIMIT $3 {skip})
         RETURNING id"
    ))
    .bind(now.millis())
    .bind(until.millis())
    .bind(limit)
    .scalars(&mut *tx)
    .await?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let any = any(tx.dialect(), "$1");
    let due: Vec<DuePush> = sql(format!(
        "SELECT q.id, q.token_hash, s.endpoint, s.public_key, s.auth, s.language, q.order_no,
             q.group_id, g.name, u.name, p.greeting, q.queued_at, q.attempts
         FROM pushes q
         JOIN push_subscriptions s ON s.token_hash = q.token_hash
         JOIN sessions o ON o.token_hash = s.token_hash AND o.expires_at > $2
         JOIN members m ON m.group_id = q.group_id AND m.user_id = s.user_id AND m.muted = 0
         JOIN chat_groups g ON g.id = q.group_id
         JOIN packet_posts p ON p.order_no = q.order_no
         JOIN messages l ON l.group_id = p.group_id AND l.id = p.message_id
         JOIN users u ON u.id = l.sender_id
         WHERE q.id {any} ORDER BY q.id"
    ))
    .bind(rows.clone())
    .bind(now.millis())
    .all(&mut *tx, due)
    .await?;
    let dropped = rows.into_iter().filter(|row| due.iter().all(|push| push.row != *row));
    sql(format!("DELETE FROM pushes WHERE id {any}"))
        .bind(dropped.collect::<Vec<i64>>())
        .execute(tx)
        .await?;
    Ok(due)
}

fn due(row: &Row) -> Result<DuePush, StoreError> {
    Ok(DuePush {
        row: row.try_get(0)?,
        session: TokenHash(bytes(row, 1)?),
        target: PushTarget {
            endpoint: row.try_get(2)?,
            public_key: bytes(row, 3)?,
            auth: bytes(row, 4)?,
        },
        language: language(&row.try_get::<String>(5)?),
        order_no: row.try_get(6)?,
        group: row.try_get(7)?,
        group_name: row.try_get(8)?,
        sender_name: row.try_get(9)?,
        greeting: row.try_get(10)?,
        queued_at: row.try_get(11)?,
        attempts: row.try_get(12)?,
    })
}

fn bytes<const N: usize>(row: &Row, at: usize) -> Result<[u8; N], StoreError> {
    let column: Vec<u8> = row.try_get(at)?;
    column.try_into().map_err(|_| StoreError::Corrupt(format!("column {at} has not {N} bytes")))
}
