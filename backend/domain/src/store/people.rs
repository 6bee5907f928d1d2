//! People: accounts and guests, sessions, groups, and the message logs of groups.

mod groups;
mod log;
mod users;

pub use groups::{
    DemoGroupDraft, GroupDraft, InvitationDraft, JoinDraft, JoinedGroup, ListedGroup,
    ListedInvitation, Place, Removal, Revocation, StoredGroup, StoredInvitation, ValidInvitation,
};
pub use log::{
    Dress, LOG_SCAN_MAX, Line, LinePost, LogEntry, PacketPost, StoredBody, StoredMessage,
    StoredPacket, StoredPage, TextDraft,
};
pub use users::{
    DemoMember, Login, NewAccount, NewSession, NewUser, OwnSession, PasswordDraft, Person,
    ProfileDraft, StoredSession, TokenHash,
};
pub use users::{EXPIRED_DROPPED_MAX, EXPIRED_KEPT_FOR};

use super::StoreError;
use crate::Refusal;
use async_trait::async_trait;
use hongbao_shared::{
    ErrorCode, GroupId, MessageId, OrderNo, Timestamp, UserId, api::accounts::Profile,
};
use std::fmt;

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
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<PeopleError> for Refusal {
    fn from(error: PeopleError) -> Self {
        match error {
            PeopleError::NameTaken => ErrorCode::NameTaken.into(),
            PeopleError::GroupNotFound => ErrorCode::GroupNotFound.into(),
            PeopleError::GroupFull => ErrorCode::GroupFull.into(),
            PeopleError::TooManyGroups => ErrorCode::TooManyGroups.into(),
            PeopleError::InvitationInvalid => ErrorCode::InvitationInvalid.into(),
            PeopleError::NotOwner => ErrorCode::NotOwner.into(),
            PeopleError::MemberNotFound => ErrorCode::MemberNotFound.into(),
            PeopleError::AlreadyAccount => ErrorCode::AlreadyAccount.into(),
            PeopleError::PasswordChanged => ErrorCode::WrongCredentials.into(),
            PeopleError::KeyReused => ErrorCode::KeyReused.into(),
            PeopleError::Store(error) => error.into(),
            // Drawing again is the caller's, and three collisions in 63 bits are a
            // broken generator.
            PeopleError::IdTaken => Self::internal(error),
        }
    }
}

/// The database of people. Every method that writes is one transaction.
#[async_trait]
pub trait PeopleStore: Send + Sync + fmt::Debug {
    /// Adds a person and their first session. `IdTaken`, `NameTaken`.
    async fn add_user(&self, user: NewUser, session: NewSession) -> Result<(), PeopleError>;

    /// The account whose login name is `name` but for case; if there is none, the one with
    /// this key. Of accounts that looked alike before R-PEOPLE-4 one has the key; the others
    /// sign in by exactly their name.
    async fn login(&self, name: &str, key: &str) -> Result<Option<Login>, PeopleError>;

    /// The person with this id.
    async fn person(&self, id: UserId) -> Result<Option<Person>, PeopleError>;

    /// Those of these people that exist, in no particular order.
    async fn profiles(&self, ids: &[UserId]) -> Result<Vec<Profile>, PeopleError>;

    /// Makes an administrator of the person with this id; false if there is none.
    async fn make_admin(&self, id: UserId) -> Result<bool, PeopleError>;

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

    /// Adds a demo member, or gives the one with that key its present name and picture.
    /// `IdTaken`.
    async fn put_demo_member(&self, member: DemoMember) -> Result<Profile, PeopleError>;

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

    /// Adds a group and the line that says so. `IdTaken`, `TooManyGroups`.
    async fn add_group(&self, group: GroupDraft) -> Result<StoredMessage, PeopleError>;

    /// Adds a group with demo members, who may be in any number of groups; or finds the
    /// one that was made for the same owner, if they are still in it, whatever its
    /// language (then without a message). `IdTaken`, `TooManyGroups`.
    async fn add_demo_group(&self, group: DemoGroupDraft) -> Result<JoinedGroup, PeopleError>;

    /// The group with this id.
    async fn group(&self, id: GroupId) -> Result<Option<StoredGroup>, PeopleError>;

    /// What a group is to this member; `None` if they are not in it.
    async fn place(&self, group: GroupId, user: UserId) -> Result<Option<Place>, PeopleError>;

    /// The groups of a person, the one with the newest message that they may see first,
    /// at most `limit`.
    async fn groups_of(&self, user: UserId, limit: u32) -> Result<Vec<ListedGroup>, PeopleError>;

    /// For each of these groups its first `per_group` members, the earliest first.
    async fn faces(
        &self,
        groups: &[GroupId],
        per_group: u32,
    ) -> Result<Vec<(GroupId, UserId)>, PeopleError>;

    /// The members of a group, the earliest first, at most `limit`; empty if there is
    /// no such group.
    async fn member_ids(&self, group: GroupId, limit: u32) -> Result<Vec<UserId>, PeopleError>;

    /// Is this person in this group?
    async fn is_member(&self, group: GroupId, user: UserId) -> Result<bool, PeopleError>;

    /// Those members of a group that are demo members, the earliest first.
    async fn demo_member_ids(&self, group: GroupId) -> Result<Vec<UserId>, PeopleError>;

    /// Writes down how far a member has read: never back, and never beyond the log.
    /// `GroupNotFound`.
    async fn set_read(
        &self,
        group: GroupId,
        user: UserId,
        up_to: MessageId,
    ) -> Result<(), PeopleError>;

    /// Mutes a group for a member, or not any more. `GroupNotFound`.
    async fn set_muted(&self, group: GroupId, user: UserId, muted: bool)
    -> Result<(), PeopleError>;

    /// Adds an invitation. `GroupNotFound` unless the inviter is a member.
    async fn invite(&self, invitation: InvitationDraft) -> Result<StoredInvitation, PeopleError>;

    /// The invitation with this code, unless it has ended at `now`.
    async fn invitation(
        &self,
        code: &str,
        now: Timestamp,
    ) -> Result<Option<ValidInvitation>, PeopleError>;

    /// The invitations to a group that have not ended at `now` and that `reader`, a member,
    /// may revoke, the newest `limit` first: their own, and as its owner all.
    async fn invitations(
        &self,
        group: GroupId,
        reader: UserId,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<ListedInvitation>, PeopleError>;

    /// Ends an invitation. `GroupNotFound` unless whoever asks is a member,
    /// `InvitationInvalid`, `NotOwner`.
    async fn revoke(&self, revocation: Revocation) -> Result<(), PeopleError>;

    /// Adds a member and the line that says so; a member already stays one.
    /// `InvitationInvalid`, `GroupFull`, `TooManyGroups`.
    async fn join(&self, join: JoinDraft) -> Result<JoinedGroup, PeopleError>;

    /// Takes a member out of a group, with the line that says so. Their invitations end, and
    /// if somebody else removed them all of the group's: they may know any (R-PEOPLE-5).
    /// An owner is followed by the earliest member that is left, a demo member last.
    /// `GroupNotFound` unless whoever asks is a member, `NotOwner`, `MemberNotFound`.
    async fn remove(&self, removal: Removal) -> Result<StoredMessage, PeopleError>;

    /// Appends words to a log; with a key that was used before, the message of that
    /// time (R-PEOPLE-3). `GroupNotFound` unless the sender is a member, `KeyReused`.
    async fn post_text(&self, text: TextDraft) -> Result<StoredMessage, PeopleError>;

    /// Appends a packet to a log, or finds it there. `GroupNotFound`, `KeyReused` if
    /// the number was posted with another content.
    async fn post_packet(&self, packet: PacketPost) -> Result<StoredMessage, PeopleError>;

    /// Appends lines about packets, in this order and in one transaction; for a key that
    /// was used before, the line of that time. `GroupNotFound` if there is no such group,
    /// `KeyReused`; then none of them is appended.
    async fn post_lines(&self, lines: Vec<LinePost>) -> Result<Vec<StoredMessage>, PeopleError>;

    /// The newest `limit` entries of a group that `reader` may see, before `before` if
    /// that is given. Looks at [`LOG_SCAN_MAX`] entries; a page where most of them are
    /// hidden is shorter, or empty, and goes on.
    async fn messages(
        &self,
        group: GroupId,
        reader: UserId,
        before: Option<MessageId>,
        limit: u32,
    ) -> Result<StoredPage, PeopleError>;

    /// The first `limit` entries of a group after `after`, the oldest first, also those
    /// that `reader` may not see.
    async fn messages_after(
        &self,
        group: GroupId,
        reader: UserId,
        after: MessageId,
        limit: u32,
    ) -> Result<Vec<LogEntry>, PeopleError>;

    /// What a posted packet wears.
    async fn packet_dress(&self, order_no: OrderNo) -> Result<Option<Dress>, PeopleError>;
}
