//! People: guests and accounts, their sessions, names and pictures (R-PEOPLE-1).

mod demo;
mod memo;
mod own;
mod password;
mod profiles;
mod sessions;
pub(crate) mod token;

pub(crate) use memo::Memo;
pub use password::HashCost;
pub use sessions::{AGENT_CHARS_MAX, SessionId};

use crate::{
    cache::Notes,
    news::{Herald, News},
};
use hongbao_domain::{
    Refusal,
    board::Board,
    cache::Note,
    runtime::{Clock, Entropy},
    store::people::{
        By, Login, NewAccount, NewEntry, NewSession, NewUser, PeopleError, PeopleStore, Person,
        StoredSession, TokenHash, What,
    },
    text,
};
use hongbao_shared::{
    ErrorCode, Limits, UserId,
    api::accounts::{Credentials, Profile, Registration, SignedIn},
};
use password::{Match, Passwords};
use serde_json::json;
use std::sync::Arc;

/// The built-in pictures are `a00` to `a23`.
pub const AVATARS: u64 = 24;
/// How often another random id is drawn; one collision in 63 bits is unheard of.
pub(crate) const ID_DRAWS_MAX: u32 = 3;

/// How accounts are kept.
#[derive(Clone, Debug)]
pub struct AccountsSettings {
    /// Are people without a password admitted?
    pub guests: bool,
    /// How long a session lasts without being used, in seconds.
    pub session_ttl_s: u32,
    /// The most sessions that one person has at a time.
    pub sessions_per_user_max: u32,
    /// The most sessions in this node's memory.
    pub sessions_cached_max: u64,
    /// The most profiles in this node's memory.
    pub profiles_cached_max: u64,
    /// What one password hash costs.
    pub hash_cost: HashCost,
}

impl Default for AccountsSettings {
    fn default() -> Self {
        Self {
            guests: true,
            session_ttl_s: 30 * 24 * 60 * 60,
            sessions_per_user_max: 20,
            sessions_cached_max: 100_000,
            profiles_cached_max: 100_000,
            hash_cost: HashCost::default(),
        }
    }
}

/// Who is asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// Who it is.
    pub user_id: UserId,
    /// May this person use the control calls?
    pub is_admin: bool,
    /// Is this a guest, without a password?
    pub is_guest: bool,
    /// Was its end moved just now, because it is used (R-PEOPLE-5)?
    pub is_renewed: bool,
}

/// Accounts, guests and sessions.
#[derive(Debug)]
pub struct Accounts {
    store: Arc<dyn PeopleStore>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    limits: Arc<Limits>,
    settings: AccountsSettings,
    passwords: Passwords,
    sessions: Memo<TokenHash, StoredSession>,
    profiles: Memo<UserId, Arc<Profile>>,
    admins: Memo<UserId, bool>,
    notes: Arc<Notes>,
    herald: Arc<Herald>,
    board: Arc<Board>,
}

impl Accounts {
    /// An error only if the hash cost is out of argon2's range.
    pub fn new(
        store: Arc<dyn PeopleStore>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        limits: Arc<Limits>,
        settings: AccountsSettings,
        board: Arc<Board>,
    ) -> anyhow::Result<Self> {
        let passwords = Passwords::new(settings.hash_cost, Arc::clone(&entropy))
            .map_err(|error| anyhow::anyhow!("the password hash cost is impossible: {error}"))?;
        Ok(Self {
            store,
            clock,
            entropy,
            limits,
            passwords,
            sessions: Memo::new(settings.sessions_cached_max, sessions::CACHED_FOR, |_, _| 1),
            profiles: Memo::new(settings.profiles_cached_max, profiles::CACHED_FOR, |_, _| 1),
            admins: Memo::new(settings.sessions_cached_max, sessions::ADMINS_CACHED_FOR, |_, _| 1),
            settings,
            notes: Arc::default(),
            herald: Arc::default(),
            board,
        })
    }

    /// With profiles noted for all nodes (R-CACHE-3).
    #[must_use]
    pub fn with_notes(self, notes: Arc<Notes>) -> Self {
        Self { notes, ..self }
    }

    /// Tells other nodes what they must not keep any longer; groups tell through it too.
    pub fn herald(&self) -> &Arc<Herald> {
        &self.herald
    }

    fn forget_session(&self, token_hash: TokenHash) {
        self.heard_session(token_hash);
        self.herald.tell(News::Session(token_hash));
    }

    async fn forget_profile(&self, user: UserId) {
        self.notes.outdate(Note::Profile, [user]).await;
        self.heard_profile(user);
        self.herald.tell(News::Profile(user));
    }

    /// A session has ended or changed, here or on another node.
    pub(crate) fn heard_session(&self, token_hash: TokenHash) {
        self.sessions.forget(&token_hash);
    }

    /// Somebody has another name or picture.
    pub(crate) fn heard_profile(&self, user: UserId) {
        self.profiles.forget(&user);
    }

    /// Other nodes may have changed anything.
    pub(crate) fn heard_anything(&self) {
        self.sessions.forget_all();
        self.profiles.forget_all();
    }

    /// A new guest: a name is enough. `agent` is what their browser or program calls
    /// itself. `guests_off`, `name_invalid`.
    pub async fn guest(&self, name: &str, agent: &str) -> Result<SignedIn, Refusal> {
        if !self.settings.guests {
            return Err(ErrorCode::GuestsOff.into());
        }
        let name = self.name(name)?;
        self.add(name, None, agent).await
    }

    /// A new account. `name_invalid`, `password_invalid`, `name_taken`: by an account whose
    /// login name looks the same (R-PEOPLE-4).
    pub async fn register(
        &self,
        registration: impl Into<Registration>,
        agent: &str,
    ) -> Result<SignedIn, Refusal> {
        let (name, account) = self.new_account(registration.into()).await?;
        self.add(name, Some(account), agent).await
    }

    /// A new session of an account. `wrong_credentials`, whatever is wrong with them.
    pub async fn sign_in(
        &self,
        credentials: Credentials,
        agent: &str,
    ) -> Result<SignedIn, Refusal> {
        let login = self.login(&credentials.name).await?;
        let (profile, hash) = login.map(|login| (login.profile, login.password_hash)).unzip();
        let matches = self.matches(&credentials.password, hash.clone()).await?;
        let Some((user, mut hash)) = profile.zip(hash).filter(|_| matches != Match::No) else {
            return Err(ErrorCode::WrongCredentials.into());
        };
        if matches == Match::AsTyped {
            hash = self.rehash(user.id, hash, &credentials.password).await?;
        }
        let (token, session) = self.draw_session(user.id, agent);
        // Whoever changed the password meanwhile has ended all sessions; this one, too.
        self.store.add_session(session, Some(hash)).await?;
        Ok(SignedIn { user, token })
    }

    /// Makes an administrator of the person with this id or login name, for whoever holds the
    /// data; `not_found`.
    /// An id goes first: nobody becomes an administrator by registering somebody
    /// else's id as their name. Other nodes, which may remember sessions of before, look
    /// before they refuse somebody as no administrator.
    pub async fn grant_admin(&self, user: &str) -> Result<Person, Refusal> {
        let by_id = match user.parse::<UserId>() {
            Ok(id) => self.store.person(id).await?,
            Err(_) => None,
        };
        let id = match by_id {
            Some(person) => person.profile.id,
            None => match self.login(user).await? {
                Some(login) => login.profile.id,
                None => return Err(ErrorCode::NotFound.into()),
            },
        };
        let detail = json!({ "user_id": id });
        let now = self.clock.now();
        let entry = NewEntry::new(now, By::HOUSE, What::MakeAdministrator, &detail);
        self.store.make_admin(id, entry).await?;
        self.sessions.forget_all();
        self.admins.forget(&id);
        self.store.person(id).await?.ok_or_else(|| ErrorCode::NotFound.into())
    }

    async fn add(
        &self,
        name: String,
        account: Option<NewAccount>,
        agent: &str,
    ) -> Result<SignedIn, Refusal> {
        let mut draws = 0;
        loop {
            let id = UserId::from_random(self.entropy.bits());
            let user = Profile { id, name: name.clone(), avatar: avatar(id), is_demo: false };
            let (token, session) = self.draw_session(id, agent);
            let new = NewUser { profile: user.clone(), account: account.clone(), at: session.at };
            draws += 1;
            match self.store.add_user(new, session).await {
                Ok(()) => return Ok(SignedIn { user, token }),
                Err(PeopleError::IdTaken) if draws < ID_DRAWS_MAX => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn draw_session(&self, user_id: UserId, agent: &str) -> (String, NewSession) {
        let (token, token_hash) = token::draw(&*self.entropy);
        let at = self.clock.now();
        let session = NewSession {
            token_hash,
            user_id,
            agent: sessions::agent(agent),
            at,
            expires_at: self.expires_after(at),
            per_user_max: self.settings.sessions_per_user_max.max(1),
        };
        (token, session)
    }

    /// Whom a name signs in. It may be as long as a body; it is only looked up.
    async fn login(&self, name: &str) -> Result<Option<Login>, PeopleError> {
        self.store.login(name.trim(), &text::key(name)).await
    }

    fn name(&self, name: &str) -> Result<String, Refusal> {
        text::name(name, self.limits.name_chars_max)
            .map_err(|fault| Refusal::new(ErrorCode::NameInvalid).detail(fault.to_string()))
    }
}

/// The picture of a person with this id.
pub(crate) fn avatar(id: UserId) -> String {
    format!("a{:02}", id.get().unsigned_abs() % AVATARS)
}
