//! Who is asking: the check that every request passes, and one's own sessions.

use super::{Accounts, Session, token};
use data_encoding::HEXLOWER;
use hongbao_domain::{
    Refusal,
    store::people::{OwnSession, StoredSession, TokenHash},
    whole,
};
use hongbao_shared::{ErrorCode, Timestamp, UserId, api::accounts::SessionInfo};
use sha2::{Digest, Sha256};
use std::{fmt, str::FromStr, sync::Arc, time::Duration};

/// How long another node may still know a session that has ended, or an administrator
/// not yet as one.
pub(super) const CACHED_FOR: Duration = Duration::from_secs(30);
/// For so long another node may have looked whether somebody is an administrator.
pub(super) const ADMINS_CACHED_FOR: Duration = Duration::from_secs(1);
/// Seeing a session is written down this often at most: a write per request would cost
/// more than the request.
const SEEN_EVERY_MS: i64 = 10 * 60 * 1000;
/// Longest text that is kept of a `User-Agent`.
pub const AGENT_CHARS_MAX: usize = 200;
/// A list of sessions ends here even where `sessions.per_user_max` was raised.
const SESSIONS_LISTED_MAX: u32 = 100;

/// Names a session towards its own person; says nothing about the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionId([u8; 16]);

impl SessionId {
    fn of(token_hash: TokenHash) -> Self {
        let digest =
            Sha256::new().chain_update(b"hongbao/v1/session-id").chain_update(token_hash.0);
        let digest: [u8; 32] = digest.finalize().into();
        let mut id = [0; 16];
        id.copy_from_slice(&digest[..16]);
        Self(id)
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

/// A text that is not 32 digits of lower-case hex.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the id of a session is 32 digits of lower-case hex")]
pub struct BadSessionId;

impl FromStr for SessionId {
    type Err = BadSessionId;

    fn from_str(text: &str) -> Result<Self, BadSessionId> {
        let bytes = HEXLOWER.decode(text.as_bytes()).map_err(|_| BadSessionId)?;
        bytes.try_into().map(Self).map_err(|_| BadSessionId)
    }
}

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
        let mut is_renewed = false;
        // Twice in its life at least, however short that is.
        let half_of_life_ms = i64::from(self.settings.session_ttl_s).saturating_mul(500);
        let unseen_ms = now.millis_since(session.seen_at).saturating_abs();
        // Also one that was seen by a clock that was ahead: its cookie needs to be renewed.
        if unseen_ms >= SEEN_EVERY_MS.min(half_of_life_ms) {
            let expires_at = self.expires_after(now);
            // Only the expiry depends on it; the next miss tries again.
            match self.store.touch_session(token_hash, now, expires_at).await {
                Ok(()) => {
                    session.expires_at = session.expires_at.max(expires_at);
                    is_renewed = true;
                }
                Err(error) => tracing::debug!(%error, "a session's use was not written down"),
            }
        }
        self.sessions.keep(&token_hash, session, seen);
        Ok(valid(session, now).map(|session| Session { is_renewed, ..session }))
    }

    /// Ends the session with this token, if there is one.
    pub async fn sign_out(self: &Arc<Self>, token: &str) -> Result<(), Refusal> {
        match token::read(token) {
            Some(token_hash) => self.end(token_hash).await,
            None => Ok(()),
        }
    }

    /// The sessions of a person, the one seen last first; `token` is that of the one
    /// who asks.
    pub async fn sessions(&self, user: UserId, token: &str) -> Result<Vec<SessionInfo>, Refusal> {
        let current = token::read(token);
        let sessions = self.store.sessions_of(user, self.clock.now(), SESSIONS_LISTED_MAX).await?;
        let info = |session: OwnSession| SessionInfo {
            id: SessionId::of(session.token_hash).to_string(),
            agent: session.agent,
            created_at: session.created_at,
            seen_at: session.seen_at,
            is_current: current == Some(session.token_hash),
        };
        Ok(sessions.into_iter().map(info).collect())
    }

    /// Ends a session of this person; true if it is that of `token`.
    /// `session_not_found`.
    pub async fn end_session(
        self: &Arc<Self>,
        user: UserId,
        token: &str,
        id: SessionId,
    ) -> Result<bool, Refusal> {
        let sessions = self.store.sessions_of(user, self.clock.now(), SESSIONS_LISTED_MAX).await?;
        let session = sessions.iter().find(|session| SessionId::of(session.token_hash) == id);
        let token_hash = session.ok_or(ErrorCode::SessionNotFound)?.token_hash;
        self.end(token_hash).await?;
        Ok(token::read(token) == Some(token_hash))
    }

    /// Ends all sessions of this person but that of `token`.
    pub async fn end_other_sessions(
        self: &Arc<Self>,
        user: UserId,
        token: &str,
    ) -> Result<(), Refusal> {
        let keep = token::read(token).ok_or(ErrorCode::Unauthenticated)?;
        let accounts = Arc::clone(self);
        whole(async move {
            for ended in accounts.store.end_other_sessions(user, keep).await? {
                accounts.forget_session(ended);
            }
            Ok(())
        })
        .await
    }

    async fn end(self: &Arc<Self>, token_hash: TokenHash) -> Result<(), Refusal> {
        let accounts = Arc::clone(self);
        whole(async move {
            accounts.store.end_session(token_hash).await?;
            accounts.forget_session(token_hash);
            Ok(())
        })
        .await
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
        is_renewed: false,
    })
}

/// What is kept of a `User-Agent`: printable ASCII, which is all that it may be.
pub(super) fn agent(header: &str) -> String {
    let printable = header.chars().filter(|c| c.is_ascii_graphic() || *c == ' ');
    printable.take(AGENT_CHARS_MAX).collect::<String>().trim().to_owned()
}
