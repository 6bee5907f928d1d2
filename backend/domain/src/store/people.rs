//! People: accounts and guests, sessions, groups, and the message logs of groups; programs, the
//! keys of calls, and the journal.

mod calls;
mod groups;
mod hooks;
mod journal;
mod log;
mod pushes;
mod services;
mod users;

pub use calls::{ANSWER_BYTES_MAX, CallAnswer, CallDraft, CallId, CallState, CallStore, Caller};
pub use groups::{
    DemoGroupDraft, GroupDraft, GroupStore, InvitationDraft, InvitationStore, JoinDraft,
    JoinedGroup, ListedGroup, ListedInvitation, MarkStore, MemberStore, Place, Removal, Revocation,
    StoredGroup, StoredInvitation, ValidInvitation,
};
pub use hooks::{
    Again, Audience, EventTypes, Externals, HookAttempt, HookStore, HooksState, LeasedEvent,
    NewEvent, NewHook, SealedSecret, Secrets, StoredHook, Tried,
};
pub use journal::{
    ACTS_PER_SEAL_MAX, Act, By, JournalEntry, JournalHash, JournalHead, JournalStore, NewEntry,
    NumberedAct, Removed, Seal, Sealing, What,
};
pub use log::{
    Dress, LOG_SCAN_MAX, Line, LinePost, LogEntry, LogStore, PacketPost, PostStore, StoredBody,
    StoredMessage, StoredPacket, StoredPage, TextDraft,
};
pub use pushes::{DuePush, NewPush, NewSubscription, PushStore, PushTarget, Pushed};
pub use services::{
    AskingService, NewService, NewToken, PersonLink, RoomLink, RoomLinked, Scopes, ServiceStore,
    StoredService,
};
pub use users::{
    DemoMember, Login, LoginStore, NewAccount, NewSession, NewUser, OwnSession, PasswordDraft,
    Person, ProfileDraft, SessionStore, StoredSession, TokenHash, UserStore,
};
pub use users::{EXPIRED_DROPPED_MAX, EXPIRED_KEPT_FOR};

use super::StoreError;

/// What the store of people refuses. Each follows from a constraint or a guard
/// within the transaction, never from a look before it, and nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum PeopleError {
    /// The random id is taken; draw another.
    #[error("the id is taken")]
    IdTaken,
    /// An account has this login name, or one that looks the same.
    #[error("the account name is taken")]
    NameTaken,
    /// No such group, or the person is not in it.
    #[error("no such group for this person")]
    GroupNotFound,
    /// The group has `group_members_max` members.
    #[error("the group is full")]
    GroupFull,
    /// The person is in `groups_per_user_max` groups.
    #[error("the person is in too many groups")]
    TooManyGroups,
    /// No such invitation, or it has ended.
    #[error("the invitation is not valid")]
    InvitationInvalid,
    /// The person who removes somebody else is not the owner.
    #[error("only the owner removes others")]
    NotOwner,
    /// The person to be removed is not in the group.
    #[error("the person is not in the group")]
    MemberNotFound,
    /// The person has a password already.
    #[error("the person is an account already")]
    AlreadyAccount,
    /// The password is another one by now.
    #[error("the password has changed")]
    PasswordChanged,
    /// The key, or the order number, was used with another content.
    #[error("the key was used for something else")]
    KeyReused,
    /// The service has a webhook with this URL.
    #[error("the service has a webhook with this URL")]
    HookExists,
    /// The service has `per_service_max` webhooks.
    #[error("the service has too many webhooks")]
    TooManyHooks,
    /// The caller has as many keys as one may have.
    #[error("the caller has too many keys")]
    TooManyKeys,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The database of people. Every method that writes is one transaction.
pub trait PeopleStore:
    UserStore
    + LoginStore
    + SessionStore
    + GroupStore
    + MemberStore
    + MarkStore
    + InvitationStore
    + PostStore
    + LogStore
    + ServiceStore
    + HookStore
    + PushStore
    + CallStore
    + JournalStore
{
}

impl<T> PeopleStore for T where
    T: UserStore
        + LoginStore
        + SessionStore
        + GroupStore
        + MemberStore
        + MarkStore
        + InvitationStore
        + PostStore
        + LogStore
        + ServiceStore
        + HookStore
        + PushStore
        + CallStore
        + JournalStore
{
}
