//! What the store of people takes and gives: people and their sessions.

use super::{NewEntry, PeopleError};
use async_trait::async_trait;
use hongbao_shared::{Timestamp, UserId, api::accounts::Profile};
use std::{fmt, time::Duration};

/// SHA-256 of a session token; the token itself is nowhere on the server.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash(pub [u8; 32]);

/// Session ids do not reach a log.
impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(…)")
    }
}

/// A person to be added: an account with `account`, else a guest.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// Name and picture under a fresh random id.
    pub profile: Profile,
    /// What makes it an account.
    pub account: Option<NewAccount>,
    /// When.
    pub at: Timestamp,
}

/// What an account has and a guest has not.
#[derive(Clone)]
pub struct NewAccount {
    /// With what it signs in, as it was given; unique among accounts but for case, too.
    pub login_name: String,
    /// What all login names that look the same have in common (`text::key`); unique among
    /// accounts.
    pub key: String,
    /// A PHC string.
    pub password_hash: String,
}

impl fmt::Debug for NewAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewAccount").field("login_name", &self.login_name).finish_non_exhaustive()
    }
}

/// How many sessions that expired long ago go with each new one; more than one, so that what
/// is kept shrinks after a rush.
pub const EXPIRED_DROPPED_MAX: u32 = 8;

/// How long a session is kept that has expired: longer than a year, so that a clock which is
/// wrong by one ends nobody's for good.
pub const EXPIRED_KEPT_FOR: Duration = Duration::from_hours(400 * 24);

/// A session to be added.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// Of its token.
    pub token_hash: TokenHash,
    /// Whose.
    pub user_id: UserId,
    /// With what: at most 200 characters.
    pub agent: String,
    /// When.
    pub at: Timestamp,
    /// Until when it is valid unless it is used.
    pub expires_at: Timestamp,
    /// The most sessions that a person has at a time, this one included; those that
    /// were seen longest ago give way.
    pub per_user_max: u32,
}

/// A session that has not expired, with the rights of its person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredSession {
    /// Whose.
    pub user_id: UserId,
    /// May this person use the control calls?
    pub is_admin: bool,
    /// Is this a guest, without a password?
    pub is_guest: bool,
    /// When it was last seen, coarsely.
    pub seen_at: Timestamp,
    /// Until when it is valid.
    pub expires_at: Timestamp,
}

/// A person as they see themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// What others see.
    pub profile: Profile,
    /// May this person use the control calls?
    pub is_admin: bool,
    /// Is this a guest, without a password?
    pub is_guest: bool,
    /// With what an account signs in; guests do not.
    pub login_name: Option<String>,
}

/// What a sign-in is checked against.
#[derive(Clone)]
pub struct Login {
    /// Whose.
    pub profile: Profile,
    /// A PHC string.
    pub password_hash: String,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").field("profile", &self.profile).finish_non_exhaustive()
    }
}

/// A session as its person sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnSession {
    /// Of its token.
    pub token_hash: TokenHash,
    /// With what it was begun.
    pub agent: String,
    /// When.
    pub created_at: Timestamp,
    /// When it was last seen, coarsely.
    pub seen_at: Timestamp,
}

/// What is to change about a person.
#[derive(Clone, Debug)]
pub struct ProfileDraft {
    /// Whose.
    pub user_id: UserId,
    /// The name from now on, cleaned.
    pub name: Option<String>,
    /// The picture from now on.
    pub avatar: Option<String>,
}

/// A password to be replaced.
#[derive(Clone)]
pub struct PasswordDraft {
    /// Whose.
    pub user_id: UserId,
    /// The hash that it was checked against.
    pub from_hash: String,
    /// The hash of the new one.
    pub to_hash: String,
    /// The one session that goes on.
    pub keep: TokenHash,
}

impl fmt::Debug for PasswordDraft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordDraft").field("user_id", &self.user_id).finish_non_exhaustive()
    }
}

/// One of the server's own people (R-WEB-6). They have no session and no password.
#[derive(Clone, Debug)]
pub struct DemoMember {
    /// By what the server's script knows them; the same for ever.
    pub key: String,
    /// A fresh random id, for one that is new.
    pub id: UserId,
    /// What they are called.
    pub name: String,
    /// Their picture.
    pub avatar: String,
    /// When.
    pub at: Timestamp,
}

/// Who there is.
#[async_trait]
pub trait UserStore: Send + Sync + fmt::Debug {
    /// Adds a person and their first session. `IdTaken`, `NameTaken`.
    async fn add_user(&self, user: NewUser, session: NewSession) -> Result<(), PeopleError>;

    /// The person with this id.
    async fn person(&self, id: UserId) -> Result<Option<Person>, PeopleError>;

    /// Those of these people that exist, in no particular order.
    async fn profiles(&self, ids: &[UserId]) -> Result<Vec<Profile>, PeopleError>;

    /// Makes an administrator of the person with this id, with the entry that says so; false if
    /// there is none.
    async fn make_admin(&self, id: UserId, entry: NewEntry) -> Result<bool, PeopleError>;

    /// Changes what others see of a person; an account's login name stays.
    async fn change_profile(&self, change: ProfileDraft) -> Result<(), PeopleError>;

    /// Gives a guest a name, a login name and a password of their own; everything else stays.
    /// `NameTaken`, `AlreadyAccount`.
    async fn make_account(
        &self,
        user: UserId,
        name: String,
        account: NewAccount,
    ) -> Result<(), PeopleError>;

    /// Adds a demo member, or gives the one with that key its present name and picture.
    /// `IdTaken`.
    async fn put_demo_member(&self, member: DemoMember) -> Result<Profile, PeopleError>;
}

/// What accounts sign in with (R-PEOPLE-4).
#[async_trait]
pub trait LoginStore: Send + Sync + fmt::Debug {
    /// The account whose login name is `name` but for case; if there is none, the one with
    /// this key. Of accounts that looked alike before R-PEOPLE-4 one has the key; the others
    /// sign in by exactly their name.
    async fn login(&self, name: &str, key: &str) -> Result<Option<Login>, PeopleError>;

    /// The hash of a person's password; `None` for guests.
    async fn password_hash(&self, user: UserId) -> Result<Option<String>, PeopleError>;

    /// Replaces the hash of a password by another of the same password; false if it is not
    /// `from` any more.
    async fn rehash_password(
        &self,
        user: UserId,
        from: &str,
        to: &str,
    ) -> Result<bool, PeopleError>;

    /// Replaces a password and ends all other sessions of the person; gives those.
    /// `PasswordChanged` if it is not the one that it was.
    async fn change_password(&self, change: PasswordDraft) -> Result<Vec<TokenHash>, PeopleError>;
}

/// The sessions of people.
#[async_trait]
pub trait SessionStore: Send + Sync + fmt::Debug {
    /// Adds a session, and drops a few that have expired. `PasswordChanged` if the hash
    /// of the person's password is not `while_password`, where that is given.
    async fn add_session(
        &self,
        session: NewSession,
        while_password: Option<String>,
    ) -> Result<(), PeopleError>;

    /// The session with this token, unless it has expired at `now`.
    async fn session(
        &self,
        token_hash: TokenHash,
        now: Timestamp,
    ) -> Result<Option<StoredSession>, PeopleError>;

    /// Writes down that a session was used, and for how long that keeps it valid.
    async fn touch_session(
        &self,
        token_hash: TokenHash,
        seen_at: Timestamp,
        expires_at: Timestamp,
    ) -> Result<(), PeopleError>;

    /// Ends a session; ending one that is not there is fine.
    async fn end_session(&self, token_hash: TokenHash) -> Result<(), PeopleError>;

    /// The sessions of a person that have not expired, the one seen last first, at most
    /// `limit`.
    async fn sessions_of(
        &self,
        user: UserId,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<OwnSession>, PeopleError>;

    /// Ends all sessions of a person but one; gives those.
    async fn end_other_sessions(
        &self,
        user: UserId,
        keep: TokenHash,
    ) -> Result<Vec<TokenHash>, PeopleError>;
}
