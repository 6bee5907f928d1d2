//! What the store of people takes and gives: the accounts of programs (R-API-5).

use super::{Act, GroupDraft, NewEntry, PeopleError, StoredMessage, TokenHash};
use async_trait::async_trait;
use hongbao_shared::{
    GroupId, ServiceId, Timestamp, UserId,
    api::{
        accounts::Profile,
        services::{External, Scope},
    },
};
use std::fmt;

/// Which scopes a service has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scopes(u32);

impl Scopes {
    /// These.
    pub fn of(scopes: impl IntoIterator<Item = Scope>) -> Self {
        Self(scopes.into_iter().fold(0, |bits, scope| bits | Self::bit(scope)))
    }

    /// As they are stored. What only a later version knows is nothing to this one.
    pub fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// As they are stored.
    pub fn bits(self) -> u32 {
        self.0
    }

    /// Is this one of them?
    pub fn has(self, scope: Scope) -> bool {
        self.0 & Self::bit(scope) != 0
    }

    /// Each of them.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.into_iter().filter(move |scope| self.has(*scope))
    }

    fn bit(scope: Scope) -> u32 {
        match scope {
            Scope::Act => 1,
            Scope::Read => 2,
            Scope::Grant => 4,
            Scope::Webhooks => 8,
            Scope::Administer => 16,
        }
    }
}

/// A token to be added.
#[derive(Clone, Copy, Debug)]
pub struct NewToken {
    /// Of the token; it itself is nowhere on the server.
    pub hash: TokenHash,
    /// When.
    pub at: Timestamp,
    /// Until when it is valid.
    pub expires_at: Timestamp,
}

/// A service to be added.
#[derive(Clone, Debug)]
pub struct NewService {
    /// A fresh random id.
    pub id: ServiceId,
    /// What it is called; unique.
    pub name: String,
    /// What it may do; something.
    pub scopes: Scopes,
    /// How many calls it may make in a minute, on each node; at least 1.
    pub calls_per_minute: u32,
    /// Its first token.
    pub token: NewToken,
}

/// A service as the operator sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredService {
    /// Which.
    pub id: ServiceId,
    /// What it is called.
    pub name: String,
    /// What it may do.
    pub scopes: Scopes,
    /// How many calls it may make in a minute.
    pub calls_per_minute: u32,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was last seen, coarsely.
    pub seen_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// When its last token expires.
    pub expires_at: Option<Timestamp>,
}

/// A service that is asking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskingService {
    /// Which.
    pub id: ServiceId,
    /// What it is called.
    pub name: String,
    /// What it may do.
    pub scopes: Scopes,
    /// How many calls it may make in a minute.
    pub calls_per_minute: u32,
    /// When it was last seen, coarsely.
    pub seen_at: Option<Timestamp>,
    /// Until when the token is valid.
    pub expires_at: Timestamp,
}

/// Somebody to be linked.
#[derive(Clone, Debug)]
pub struct PersonLink {
    /// Who it is to the service.
    pub external: External,
    /// Who it becomes if they are not linked yet: name and picture under a fresh random id.
    pub profile: Profile,
}

/// A room to be linked.
#[derive(Clone, Debug)]
pub struct RoomLink {
    /// Which it is to the service.
    pub external: External,
    /// What it becomes if it is not linked yet.
    pub group: GroupDraft,
    /// Who is to be in it.
    pub members: Vec<UserId>,
    /// How many members a group may have.
    pub group_members_max: u32,
}

/// A room that is linked, and what that has added to its log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomLinked {
    /// Which group it is.
    pub group_id: GroupId,
    /// Who is in it now and was not before, with the line that says so.
    pub lines: Vec<StoredMessage>,
}

/// The accounts of programs.
#[async_trait]
pub trait ServiceStore: Send + Sync + fmt::Debug {
    /// Adds a service with its first token, and the entry that says so. `IdTaken`, `NameTaken`.
    async fn add_service(&self, service: NewService, entry: NewEntry) -> Result<(), PeopleError>;

    /// All services, those that were revoked too, by name, at most `limit`.
    async fn services(&self, limit: u32) -> Result<Vec<StoredService>, PeopleError>;

    /// Gives a service another token, and one that was revoked its access with it; those that it
    /// has expire at `old_until` if not before; with the entry that says so. False if there is none
    /// of this name.
    async fn rotate_service(
        &self,
        name: &str,
        token: NewToken,
        old_until: Timestamp,
        entry: NewEntry,
    ) -> Result<bool, PeopleError>;

    /// Ends a service and its tokens, with the entry that says so; its links and acts stay. False
    /// if there is none of this name that was not revoked.
    async fn revoke_service(
        &self,
        name: &str,
        at: Timestamp,
        entry: NewEntry,
    ) -> Result<bool, PeopleError>;

    /// The service with this token, unless it has expired at `now`.
    async fn service(
        &self,
        token: TokenHash,
        now: Timestamp,
    ) -> Result<Option<AskingService>, PeopleError>;

    /// Writes down that a service was seen.
    async fn touch_service(&self, id: ServiceId, seen_at: Timestamp) -> Result<(), PeopleError>;

    /// Writes down what a service is about to do.
    async fn record_act(&self, act: Act) -> Result<(), PeopleError>;

    /// The newest of what a service did, the newest first, at most `limit`.
    async fn acts(&self, service: ServiceId, limit: u32) -> Result<Vec<Act>, PeopleError>;

    /// Links people; whoever is linked already stays who they are. Who they are, in the order of
    /// the links, with the names and pictures that they have. `IdTaken`.
    async fn link_people(
        &self,
        service: ServiceId,
        people: Vec<PersonLink>,
        at: Timestamp,
    ) -> Result<Vec<Profile>, PeopleError>;

    /// Those of these that a service has linked, in no particular order.
    async fn linked_people(
        &self,
        service: ServiceId,
        provider: &str,
        ids: &[String],
    ) -> Result<Vec<(String, UserId)>, PeopleError>;

    /// Links a room, and adds those members that it lacks. `IdTaken`, `TooManyGroups`,
    /// `GroupFull`.
    async fn link_room(
        &self,
        service: ServiceId,
        room: RoomLink,
    ) -> Result<RoomLinked, PeopleError>;
}
