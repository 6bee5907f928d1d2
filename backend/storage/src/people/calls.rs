//! Calls that may come twice (R-API-5).

use super::{KEYS_MAX, SqlPeople, guard};
use crate::{Tx, row::Row, sql, statement::Statement};
use async_trait::async_trait;
use hongbao_domain::store::{
    StoreError,
    people::{CallAnswer, CallDraft, CallId, CallState, CallStore, Caller, PeopleError},
};
use hongbao_shared::{ServiceId, Timestamp, UserId};

/// `$1` to `$3` are service, person and key; as the unique index has them, which no NULL escapes.
const THIS: &str = "coalesce(service_id, -1) = $1 AND coalesce(user_id, -1) = $2 AND key = $3";
const NOBODY: i64 = -1;

#[async_trait]
impl CallStore for SqlPeople {
    async fn begin_call(
        &self,
        caller: Caller,
        key: String,
        draft: CallDraft,
    ) -> Result<CallState, PeopleError> {
        // A look first: whoever comes again costs no transaction that writes.
        if let Some(known) = known(&self.database, caller, &key).await?
            && let Some(state) = known.state(&draft)
        {
            return Ok(state);
        }
        self.write((caller, key, draft), |tx, (caller, key, draft)| {
            Box::pin(begin(tx, *caller, key, draft))
        })
        .await
    }

    async fn answer_call(&self, call: CallId, answer: CallAnswer) -> Result<bool, PeopleError> {
        let text = format!(
            "UPDATE keyed_calls SET status = $5, answer = $6
             WHERE {THIS} AND begun_at = $4 AND status IS NULL"
        );
        let keep = of(&call, text).bind(u32::from(answer.status)).bind(answer.body);
        Ok(self.change(keep).await? > 0)
    }

    async fn free_call(&self, call: CallId) -> Result<(), PeopleError> {
        let text =
            format!("DELETE FROM keyed_calls WHERE {THIS} AND begun_at = $4 AND status IS NULL");
        self.change(of(&call, text)).await?;
        Ok(())
    }

    async fn lose_call(&self, call: CallId) -> Result<(), PeopleError> {
        let text = format!(
            "UPDATE keyed_calls SET begun_at = 0
             WHERE {THIS} AND begun_at = $4 AND status IS NULL"
        );
        self.change(of(&call, text)).await?;
        Ok(())
    }

    async fn forget_calls(&self, now: Timestamp, limit: u32) -> Result<u64, PeopleError> {
        // Where nodes forget at the same time, each takes rows that no other is taking.
        let text = self.database.dialect().pick(
            "DELETE FROM keyed_calls WHERE id IN
                 (SELECT id FROM keyed_calls WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)",
            "DELETE FROM keyed_calls WHERE id IN
                 (SELECT id FROM keyed_calls WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2
                  FOR UPDATE SKIP LOCKED)",
        );
        self.change(sql(text).bind(now.millis()).bind(limit)).await
    }
}

/// What stands under a key.
struct Known {
    request: Vec<u8>,
    begun_at: Timestamp,
    expires_at: Timestamp,
    answer: Option<CallAnswer>,
}

impl Known {
    fn of(row: &Row) -> Result<Self, StoreError> {
        let status: Option<i64> = row.try_get(3)?;
        let body: Option<Vec<u8>> = row.try_get(4)?;
        let answer = status.zip(body).map(|(status, body)| {
            let status = u16::try_from(status)
                .map_err(|_| StoreError::Corrupt(format!("{status} is no status")))?;
            Ok::<_, StoreError>(CallAnswer { status, body })
        });
        Ok(Self {
            request: row.try_get(0)?,
            begun_at: row.try_get(1)?,
            expires_at: row.try_get(2)?,
            answer: answer.transpose()?,
        })
    }

    /// What is to be said of it; `None` where the call is to be begun.
    fn state(self, draft: &CallDraft) -> Option<CallState> {
        if self.expires_at <= draft.at {
            return None;
        }
        if self.request != draft.request {
            return Some(CallState::Differs);
        }
        let is_lost = self.begun_at < draft.lost_before;
        match self.answer {
            Some(answer) => Some(CallState::Answered(answer)),
            None if !is_lost => Some(CallState::OnItsWay),
            None if draft.is_repeatable => None,
            None => Some(CallState::Lost),
        }
    }
}

async fn known(
    source: impl crate::Source,
    caller: Caller,
    key: &str,
) -> Result<Option<Known>, StoreError> {
    let text = format!(
        "SELECT request, begun_at, expires_at, status, answer FROM keyed_calls WHERE {THIS}"
    );
    under(caller, key, text).first(source, Known::of).await
}

async fn begin(
    tx: &mut Tx<'_>,
    caller: Caller,
    key: &str,
    draft: &CallDraft,
) -> Result<CallState, StoreError> {
    let begun = sql("INSERT INTO keyed_calls AS had
             (service_id, user_id, key, request, begun_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (coalesce(service_id, -1), coalesce(user_id, -1), key) DO UPDATE
         SET request = excluded.request, begun_at = excluded.begun_at,
             expires_at = excluded.expires_at, status = NULL, answer = NULL
         WHERE had.expires_at <= excluded.begun_at
            OR (had.status IS NULL AND had.request = excluded.request
                AND had.begun_at < $7 AND CAST($8 AS BIGINT) = 1)")
    .bind(caller.service.map(ServiceId::get))
    .bind(caller.user.map(UserId::get))
    .bind(key)
    .bind(&draft.request[..])
    .bind(draft.at.millis())
    .bind(draft.expires_at.millis())
    .bind(draft.lost_before.millis())
    .bind(draft.is_repeatable)
    .execute(&mut *tx)
    .await?;
    if begun == 0 {
        // Somebody else began it since the look.
        let known = known(&mut *tx, caller, key).await?;
        return Ok(known.and_then(|known| known.state(draft)).unwrap_or(CallState::OnItsWay));
    }
    let keys: i64 = sql("SELECT count(*) FROM (
             SELECT 1 FROM keyed_calls
             WHERE coalesce(service_id, -1) = $1 AND coalesce(user_id, -1) = $2
               AND expires_at > $3
             LIMIT $4) AS keys")
    .bind(caller.service.map_or(NOBODY, ServiceId::get))
    .bind(caller.user.map_or(NOBODY, UserId::get))
    .bind(draft.at.millis())
    .bind(draft.keys_max.saturating_add(1))
    .scalar(&mut *tx)
    .await?;
    if keys > i64::from(draft.keys_max) { Err(guard(KEYS_MAX)) } else { Ok(CallState::Begun) }
}

fn under(caller: Caller, key: &str, text: String) -> Statement {
    sql(text)
        .bind(caller.service.map_or(NOBODY, ServiceId::get))
        .bind(caller.user.map_or(NOBODY, UserId::get))
        .bind(key)
}

fn of(call: &CallId, text: String) -> Statement {
    under(call.caller, &call.key, text).bind(call.at.millis())
}
