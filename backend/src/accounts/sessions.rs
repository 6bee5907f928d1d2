//! Who is asking: the check that every request passes.

use super::{Accounts, Session, token};
use crate::{Refusal, store::people::StoredSession};
use hongbao_shared::Timestamp;
use std::time::Duration;

/// How long another node may still know a session that has ended, or an administrator
/// not yet as one.
pub(super) const CACHED_FOR: Duration = Duration::from_secs(30);
/// Seeing a session is written down this often at most: a write per request would cost
/// more than the request.
const SEEN_EVERY_MS: i64 = 60 * 60 * 1000;

impl Accounts {
    /// The session with this token; `None` if there is none or it has expired. A
    /// database that does not answer is an error, not a missing session: nobody is
    /// signed out by an outage.
    ///
    /// A session in this node's memory costs a hash and a look-up.
    pub async fn authenticate(&self, token: &str) -> Result<Option<Session>, Refusal> {
        let Some(token_hash) = token::read(token) else {
            return Ok(None);
        };
        let now = self.clock.now();
        if let Some(session) = self.sessions.get(&token_hash) {
            return Ok(valid(session, now));
        }
        let seen = self.sessions.mark();
        let Some(mut session) = self.store.session(token_hash, now).await? else {
            return Ok(None);
        };
        if now.millis_since(session.seen_at) >= SEEN_EVERY_MS {
            let expires_at = self.expires_after(now);
            // Only the expiry depends on it; the next miss tries again.
            match self.store.touch_session(token_hash, now, expires_at).await {
                Ok(()) => session.expires_at = session.expires_at.max(expires_at),
                Err(error) => tracing::debug!(%error, "a session's use was not written down"),
            }
        }
        self.sessions.keep(&token_hash, session, seen);
        Ok(valid(session, now))
    }

    /// Ends the session with this token, if there is one.
    pub async fn sign_out(&self, token: &str) -> Result<(), Refusal> {
        if let Some(token_hash) = token::read(token) {
            self.store.end_session(token_hash).await?;
            self.sessions.forget(&token_hash);
        }
        Ok(())
    }

    pub(super) fn expires_after(&self, at: Timestamp) -> Timestamp {
        at.plus_seconds(i64::from(self.settings.session_ttl_s))
    }
}

fn valid(session: StoredSession, now: Timestamp) -> Option<Session> {
    (now < session.expires_at).then_some(Session {
        user_id: session.user_id,
        is_admin: session.is_admin,
        is_guest: session.is_guest,
    })
}
