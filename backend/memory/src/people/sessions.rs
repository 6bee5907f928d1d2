//! Sessions of people.

use super::{super::size, MemoryPeople, State, ensure};
use async_trait::async_trait;
use hongbao_domain::store::{
    StoreError,
    people::{
        EXPIRED_DROPPED_MAX, EXPIRED_KEPT_FOR, NewSession, OwnSession, PeopleError, SessionStore,
        StoredSession, TokenHash,
    },
};
use hongbao_shared::{Timestamp, UserId};
use std::{cmp::Reverse, collections::BTreeSet};

const AGENT_CHARS_MAX: usize = 200;

#[derive(Clone)]
pub(super) struct Session {
    user_id: UserId,
    agent: String,
    created_at: Timestamp,
    seen_at: Timestamp,
    expires_at: Timestamp,
}

/// What [`TokenHash`] holds; it has an order.
pub(super) type Token = [u8; 32];

#[async_trait]
impl SessionStore for MemoryPeople {
    async fn add_session(
        &self,
        session: NewSession,
        while_password: Option<String>,
    ) -> Result<(), PeopleError> {
        let state = &mut *self.state.lock();
        if while_password.is_some()
            && state.password_hash(session.user_id) != while_password.as_deref()
        {
            return Err(PeopleError::PasswordChanged);
        }
        state.check_user(session.user_id)?;
        let gone = state.make_room(&session)?;
        state.put_session(session, &gone);
        Ok(())
    }

    async fn session(
        &self,
        token_hash: TokenHash,
        now: Timestamp,
    ) -> Result<Option<StoredSession>, PeopleError> {
        Ok(self.state.lock().session(token_hash, now))
    }

    async fn touch_session(
        &self,
        token_hash: TokenHash,
        seen_at: Timestamp,
        expires_at: Timestamp,
    ) -> Result<(), PeopleError> {
        let state = &mut *self.state.lock();
        if let Some(session) = state.sessions.get_mut(&token_hash.0) {
            session.seen_at = seen_at;
            session.expires_at = session.expires_at.max(expires_at);
        }
        Ok(())
    }

    async fn end_session(&self, token_hash: TokenHash) -> Result<(), PeopleError> {
        let state = &mut *self.state.lock();
        state.sessions.remove(&token_hash.0);
        Ok(())
    }

    async fn sessions_of(
        &self,
        user: UserId,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<OwnSession>, PeopleError> {
        let state = self.state.lock();
        let tokens = state.tokens_of(user, |session| session.expires_at > now);
        let own = |token: Token| {
            let session = state.sessions.get(&token)?;
            Some(OwnSession {
                token_hash: TokenHash(token),
                agent: session.agent.clone(),
                created_at: session.created_at,
                seen_at: session.seen_at,
            })
        };
        Ok(tokens.into_iter().filter_map(own).take(size(limit)).collect())
    }

    async fn end_other_sessions(
        &self,
        user: UserId,
        keep: TokenHash,
    ) -> Result<Vec<TokenHash>, PeopleError> {
        Ok(self.state.lock().end_other_sessions(user, keep))
    }
}

impl State {
    /// Those that give way to a session that may be added.
    pub(super) fn make_room(&self, session: &NewSession) -> Result<BTreeSet<Token>, StoreError> {
        let mut expired: Vec<_> = self
            .sessions
            .iter()
            .filter(|(_, old)| old.expires_at <= session.at.minus(EXPIRED_KEPT_FOR))
            .map(|(token, old)| (old.expires_at, *token))
            .collect();
        expired.sort_unstable();
        expired.truncate(size(EXPIRED_DROPPED_MAX));
        let mut gone: BTreeSet<_> = expired.into_iter().map(|(_, token)| token).collect();
        let mut theirs = self.tokens_of(session.user_id, |_| true);
        theirs.retain(|token| !gone.contains(token));
        let kept = size(session.per_user_max.saturating_sub(1));
        gone.extend(theirs.into_iter().skip(kept));

        let token = session.token_hash.0;
        let is_free = gone.contains(&token) || !self.sessions.contains_key(&token);
        ensure(is_free, "sessions_pkey")?;
        ensure(session.agent.chars().count() <= AGENT_CHARS_MAX, "sessions_agent_short")?;
        Ok(gone)
    }

    /// Adds one for which there is room, in place of those that have `gone`.
    pub(super) fn put_session(&mut self, session: NewSession, gone: &BTreeSet<Token>) {
        self.sessions.retain(|token, _| !gone.contains(token));
        let NewSession { token_hash, user_id, agent, at, expires_at, per_user_max: _ } = session;
        let session = Session { user_id, agent, created_at: at, seen_at: at, expires_at };
        self.sessions.insert(token_hash.0, session);
    }

    pub(super) fn session(&self, token_hash: TokenHash, now: Timestamp) -> Option<StoredSession> {
        let session = self.sessions.get(&token_hash.0).filter(|held| held.expires_at > now)?;
        let user = self.users.get(&session.user_id)?;
        Some(StoredSession {
            user_id: session.user_id,
            is_admin: user.is_admin,
            is_guest: user.is_guest(),
            seen_at: session.seen_at,
            expires_at: session.expires_at,
        })
    }

    /// Whose it is, also if it has expired.
    pub(super) fn person_of(&self, token: Token) -> Option<UserId> {
        self.sessions.get(&token).map(|session| session.user_id)
    }

    /// Those that have ended.
    pub(super) fn end_other_sessions(&mut self, user: UserId, keep: TokenHash) -> Vec<TokenHash> {
        let mut ended = Vec::new();
        self.sessions.retain(|token, session| {
            let ends = session.user_id == user && *token != keep.0;
            if ends {
                ended.push(TokenHash(*token));
            }
            !ends
        });
        ended
    }

    /// The one seen last first.
    fn tokens_of(&self, user: UserId, which: impl Fn(&Session) -> bool) -> Vec<Token> {
        let mut theirs: Vec<_> = self
            .sessions
            .iter()
            .filter(|(_, session)| session.user_id == user && which(session))
            .map(|(token, session)| (Reverse(session.seen_at), Reverse(session.created_at), *token))
            .collect();
        theirs.sort_unstable();
        theirs.into_iter().map(|(_, _, token)| token).collect()
    }
}
