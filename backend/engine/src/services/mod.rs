//! Accounts of programs (R-API-5): who they are, what they may do, for whom they act.
//!
//! A token of a service is told from that of a session by how it begins, so that neither is ever
//! looked for among the other. What a service does is written down before it is done.

mod links;

use crate::{
    accounts::{Accounts, ID_DRAWS_MAX, Memo, token},
    groups::Groups,
};
use hongbao_domain::{
    Refusal,
    runtime::{Clock, Entropy},
    store::people::{
        Act, AskingService, By, NewEntry, NewService, NewToken, PeopleError, PeopleStore, Scopes,
        StoredService, TokenHash, What,
    },
};
use hongbao_shared::{
    ErrorCode, Limits, ServiceId, Timestamp, UserId,
    api::services::{External, Scope},
};
use serde_json::json;
use std::{sync::Arc, time::Duration};

/// What each token of a service begins with.
pub const TOKEN_BEGINS: &str = "hbs_";
/// How long a node may still know a service that was revoked, or a token that was shortened.
const CACHED_FOR: Duration = Duration::from_secs(30);
/// The most tokens in this node's memory.
const TOKENS_CACHED_MAX: u64 = 10_000;
/// The most links in this node's memory. They never change.
const LINKS_CACHED_MAX: u64 = 100_000;
/// Seeing a service is written down this often at most.
const SEEN_EVERY_MS: i64 = 10 * 60 * 1000;
/// The most services that a list shows.
const SERVICES_LISTED_MAX: u32 = 1_000;
/// The longest name, in characters.
const NAME_CHARS_MAX: usize = 64;
/// The most of method and path that is written down of an act, in characters.
const CALL_CHARS_MAX: usize = 256;

/// A service to be added, as the operator says it.
#[derive(Clone, Debug)]
pub struct ServiceDraft {
    /// What it is called: 1 to 64 printable ASCII characters without spaces.
    pub name: String,
    /// What it may do.
    pub scopes: Scopes,
    /// How many calls it may make in a minute, on each node.
    pub calls_per_minute: u32,
    /// How long its first token is valid.
    pub token_ttl: Duration,
}

/// The accounts of programs.
#[derive(Debug)]
pub struct Services {
    store: Arc<dyn PeopleStore>,
    accounts: Arc<Accounts>,
    groups: Arc<Groups>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    limits: Arc<Limits>,
    tokens: Memo<TokenHash, Arc<AskingService>>,
    links: Memo<(ServiceId, External), UserId>,
}

impl Services {
    /// On the same store as `accounts` and `groups`.
    pub fn new(
        store: Arc<dyn PeopleStore>,
        accounts: Arc<Accounts>,
        groups: Arc<Groups>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        limits: Arc<Limits>,
    ) -> Self {
        Self {
            store,
            accounts,
            groups,
            clock,
            entropy,
            limits,
            tokens: Memo::new(TOKENS_CACHED_MAX, CACHED_FOR, |_, _| 1),
            links: Memo::new(LINKS_CACHED_MAX, CACHED_FOR, |_, _| 1),
        }
    }

    /// The service with this token; `None` if there is none or it has expired. One in this
    /// node's memory costs a hash and a look-up.
    pub async fn authenticate(&self, token: &str) -> Result<Option<Arc<AskingService>>, Refusal> {
        let hash = token.strip_prefix(TOKEN_BEGINS).and_then(token::read);
        let Some(hash) = hash else { return Ok(None) };
        let now = self.clock.now();
        let load = async {
            let found = self.store.service(hash, now).await?;
            if let Some(service) = &found {
                self.see(service, now).await;
            }
            Ok::<_, PeopleError>(found.map(Arc::new))
        };
        let found = self.tokens.get_or_load(hash, load).await?;
        Ok(found.filter(|service| now < service.expires_at))
    }

    async fn see(&self, service: &AskingService, now: Timestamp) {
        let seen_ms_ago = service.seen_at.map(|at| now.millis_since(at).saturating_abs());
        if seen_ms_ago.is_none_or(|ago| ago >= SEEN_EVERY_MS)
            && let Err(error) = self.store.touch_service(service.id, now).await
        {
            tracing::debug!(%error, "a service's use was not written down");
        }
    }

    /// Writes down what a service is about to do, or refuses it.
    pub async fn record(
        &self,
        service: ServiceId,
        user: Option<UserId>,
        method: &str,
        path: &str,
    ) -> Result<(), Refusal> {
        let call = format!("{method} {path}").chars().take(CALL_CHARS_MAX).collect();
        let at = self.clock.now();
        Ok(self.store.record_act(Act { service, user, call, at }).await?)
    }

    /// Adds a service; its first token, which is told this once. `name_invalid`, `name_taken`.
    pub async fn add(&self, draft: ServiceDraft) -> Result<String, Refusal> {
        let ServiceDraft { name, scopes, calls_per_minute, token_ttl } = draft;
        let is_name = (1..=NAME_CHARS_MAX).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_name || scopes == Scopes::default() || calls_per_minute == 0 {
            return Err(ErrorCode::NameInvalid.into());
        }
        let mut draws = 0;
        loop {
            let (token, new) = self.draw(token_ttl);
            let id = ServiceId::from_random(self.entropy.bits());
            let service =
                NewService { id, name: name.clone(), scopes, calls_per_minute, token: new };
            let scopes: Vec<_> = scopes.iter().map(Scope::as_str).collect();
            let detail = json!({ "name": name, "service_id": id, "scopes": scopes });
            draws += 1;
            match self.store.add_service(service, self.entry(What::AddService, &detail)).await {
                Ok(()) => return Ok(token),
                Err(PeopleError::IdTaken) if draws < ID_DRAWS_MAX => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// All services, those that were revoked too, by name.
    pub async fn list(&self) -> Result<Vec<StoredService>, Refusal> {
        Ok(self.store.services(SERVICES_LISTED_MAX).await?)
    }

    /// What a service did last, the newest first, at most `limit`. `not_found`.
    pub async fn acts(&self, name: &str, limit: u32) -> Result<Vec<Act>, Refusal> {
        let services = self.list().await?;
        let service = services.iter().find(|service| service.name == name);
        Ok(self.store.acts(service.ok_or(ErrorCode::NotFound)?.id, limit).await?)
    }

    /// Another token of a service, told this once; those that it has are valid for `overlap`
    /// more. One that was revoked has access again. `not_found`.
    pub async fn rotate(
        &self,
        name: &str,
        token_ttl: Duration,
        overlap: Duration,
    ) -> Result<String, Refusal> {
        let (token, new) = self.draw(token_ttl);
        let old_until = new.at.plus(overlap);
        let detail = json!({ "name": name, "old_until": old_until });
        let entry = self.entry(What::RotateService, &detail);
        if !self.store.rotate_service(name, new, old_until, entry).await? {
            return Err(ErrorCode::NotFound.into());
        }
        self.tokens.forget_all();
        Ok(token)
    }

    /// Ends a service. `not_found`.
    pub async fn revoke(&self, name: &str) -> Result<(), Refusal> {
        let entry = self.entry(What::RevokeService, &json!({ "name": name }));
        if !self.store.revoke_service(name, entry.at, entry).await? {
            return Err(ErrorCode::NotFound.into());
        }
        self.tokens.forget_all();
        Ok(())
    }

    /// Services are added, rotated and revoked by whoever holds the data.
    fn entry(&self, what: What, detail: &serde_json::Value) -> NewEntry {
        NewEntry::new(self.clock.now(), By::HOUSE, what, detail)
    }

    fn draw(&self, ttl: Duration) -> (String, NewToken) {
        let (token, hash) = token::draw(&*self.entropy);
        let at = self.clock.now();
        (format!("{TOKEN_BEGINS}{token}"), NewToken { hash, at, expires_at: at.plus(ttl) })
    }
}
