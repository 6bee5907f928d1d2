//! What the store of people takes and gives: groups, members, invitations.

use super::{PeopleError, StoredMessage};
use async_trait::async_trait;
use hongbao_shared::{GroupId, MessageId, Timestamp, UserId, api::groups::Language};
use std::fmt;

/// A group to be added, with its owner as the first member.
#[derive(Clone, Debug)]
pub struct GroupDraft {
    /// A fresh random id.
    pub id: GroupId,
    /// Its name, cleaned.
    pub name: String,
    /// Who makes it.
    pub owner_id: UserId,
    /// When.
    pub at: Timestamp,
    /// In how many groups the owner may be, this one included.
    pub groups_per_user_max: u32,
}

/// A group with demo members to be added (R-WEB-6).
#[derive(Clone, Debug)]
pub struct DemoGroupDraft {
    /// The group; its owner is the person for whom it is made.
    pub group: GroupDraft,
    /// What its demo members speak.
    pub language: Language,
    /// The demo members, in this order after the owner.
    pub members: Vec<UserId>,
}

/// A group without its members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredGroup {
    /// Which.
    pub id: GroupId,
    /// Its name.
    pub name: String,
    /// Who made it.
    pub owner_id: UserId,
    /// When.
    pub created_at: Timestamp,
    /// How many are in it.
    pub member_count: u32,
    /// What its demo members speak, if it is a demo group.
    pub demo_language: Option<Language>,
    /// The newest entry of its log; 0 if the log is empty.
    pub newest_id: MessageId,
}

/// What a group is to one of its members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Has the member muted it?
    pub muted: bool,
    /// Has the member pinned it?
    pub pinned: bool,
    /// The newest entry that the member has read; `None` before the first.
    pub read_up_to: Option<MessageId>,
}

/// A group in the list of one of its members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedGroup {
    /// Which.
    pub group: StoredGroup,
    /// Has the member muted it?
    pub muted: bool,
    /// Has the member pinned it?
    pub pinned: bool,
    /// Words and packets of others after what the member has read, up to
    /// [`UNREAD_MAX`](hongbao_shared::api::groups::UNREAD_MAX).
    pub unread: u32,
    /// The newest entry that the member may see, unless more than
    /// [`LOG_SCAN_MAX`](super::LOG_SCAN_MAX) newer ones are hidden from them.
    pub last_message: Option<StoredMessage>,
}

/// An invitation to be added.
#[derive(Clone)]
pub struct InvitationDraft {
    /// A fresh random code.
    pub code: String,
    /// To which group.
    pub group_id: GroupId,
    /// By whom, a member.
    pub inviter_id: UserId,
    /// When.
    pub at: Timestamp,
    /// Until when it is valid.
    pub expires_at: Timestamp,
    /// The most of this member's to this group that are kept, this one included: the oldest
    /// give way.
    pub per_member_max: u32,
}

/// Invitation codes do not reach a log.
impl fmt::Debug for InvitationDraft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InvitationDraft")
            .field("group_id", &self.group_id)
            .field("inviter_id", &self.inviter_id)
            .finish_non_exhaustive()
    }
}

/// An invitation as it stands.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredInvitation {
    /// Whoever has it may join.
    pub code: String,
    /// Until when.
    pub expires_at: Timestamp,
}

/// Invitation codes do not reach a log.
impl fmt::Debug for StoredInvitation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredInvitation")
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// An invitation that has not ended, as its inviter and the group's owner see it.
#[derive(Clone, PartialEq, Eq)]
pub struct ListedInvitation {
    /// Whoever has it may join.
    pub code: String,
    /// By whom.
    pub inviter_id: UserId,
    /// When.
    pub created_at: Timestamp,
    /// Until when.
    pub expires_at: Timestamp,
}

/// Invitation codes do not reach a log.
impl fmt::Debug for ListedInvitation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ListedInvitation")
            .field("inviter_id", &self.inviter_id)
            .finish_non_exhaustive()
    }
}

/// An invitation that is to end.
#[derive(Clone)]
pub struct Revocation {
    /// Which.
    pub code: String,
    /// To which group.
    pub group_id: GroupId,
    /// Who wants it: its inviter, or the owner.
    pub by: UserId,
    /// When.
    pub at: Timestamp,
}

/// Invitation codes do not reach a log.
impl fmt::Debug for Revocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Revocation").field("group_id", &self.group_id).finish_non_exhaustive()
    }
}

/// An invitation that has not ended, as whoever has its code sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ValidInvitation {
    /// To which group.
    pub group_id: GroupId,
    /// By whom, a member.
    pub inviter_id: UserId,
    /// Until when.
    pub expires_at: Timestamp,
}

/// Somebody who comes with an invitation.
#[derive(Clone)]
pub struct JoinDraft {
    /// The invitation's code, as it came in.
    pub code: String,
    /// Who comes.
    pub user_id: UserId,
    /// When.
    pub at: Timestamp,
    /// How many members the group may have.
    pub group_members_max: u32,
    /// In how many groups the person may be.
    pub groups_per_user_max: u32,
}

/// Invitation codes do not reach a log.
impl fmt::Debug for JoinDraft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinDraft").field("user_id", &self.user_id).finish_non_exhaustive()
    }
}

/// Somebody is in a group now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinedGroup {
    /// Which group.
    pub group_id: GroupId,
    /// The line in its log; `None` if they were a member already.
    pub message: Option<StoredMessage>,
}

/// Somebody who goes, or has to.
#[derive(Clone, Copy, Debug)]
pub struct Removal {
    /// Out of which group.
    pub group_id: GroupId,
    /// Who goes.
    pub user_id: UserId,
    /// Who wants it: themself, or the owner.
    pub by: UserId,
    /// When.
    pub at: Timestamp,
}

/// Groups, as they are made and as they stand.
#[async_trait]
pub trait GroupStore: Send + Sync + fmt::Debug {
    /// Adds a group and the line that says so. `IdTaken`, `TooManyGroups`.
    async fn add_group(&self, group: GroupDraft) -> Result<StoredMessage, PeopleError>;

    /// Adds a group with demo members, who may be in any number of groups; or finds the
    /// one that was made for the same owner, if they are still in it, whatever its
    /// language (then without a message). `IdTaken`, `TooManyGroups`.
    async fn add_demo_group(&self, group: DemoGroupDraft) -> Result<JoinedGroup, PeopleError>;

    /// The group with this id.
    async fn group(&self, id: GroupId) -> Result<Option<StoredGroup>, PeopleError>;

    /// The groups of a person, the one with the newest message that they may see first,
    /// at most `limit`.
    async fn groups_of(&self, user: UserId, limit: u32) -> Result<Vec<ListedGroup>, PeopleError>;
}

/// Who is in a group.
#[async_trait]
pub trait MemberStore: Send + Sync + fmt::Debug {
    /// Adds a member and the line that says so; a member already stays one.
    /// `InvitationInvalid`, `GroupFull`, `TooManyGroups`.
    async fn join(&self, join: JoinDraft) -> Result<JoinedGroup, PeopleError>;

    /// Takes a member out of a group, with the line that says so. Their invitations end, and
    /// if somebody else removed them all of the group's: they may know any (R-PEOPLE-5).
    /// An owner is followed by the earliest member that is left, a demo member last.
    /// `GroupNotFound` unless whoever asks is a member, `NotOwner`, `MemberNotFound`.
    async fn remove(&self, removal: Removal) -> Result<StoredMessage, PeopleError>;

    /// Is this person in this group?
    async fn is_member(&self, group: GroupId, user: UserId) -> Result<bool, PeopleError>;

    /// The members of a group, the earliest first, at most `limit`; empty if there is
    /// no such group.
    async fn member_ids(&self, group: GroupId, limit: u32) -> Result<Vec<UserId>, PeopleError>;

    /// Those members of a group that are demo members, the earliest first.
    async fn demo_member_ids(&self, group: GroupId) -> Result<Vec<UserId>, PeopleError>;

    /// For each of these groups its first `per_group` members, the earliest first.
    async fn faces(
        &self,
        groups: &[GroupId],
        per_group: u32,
    ) -> Result<Vec<(GroupId, UserId)>, PeopleError>;
}

/// What each member keeps for themself: how far they have read, silence, and pins.
#[async_trait]
pub trait MarkStore: Send + Sync + fmt::Debug {
    /// What a group is to this member; `None` if they are not in it.
    async fn place(&self, group: GroupId, user: UserId) -> Result<Option<Place>, PeopleError>;

    /// Writes down how far a member has read: never back, and never beyond the log. False if
    /// they had read that far. `GroupNotFound`.
    async fn set_read(
        &self,
        group: GroupId,
        user: UserId,
        up_to: MessageId,
    ) -> Result<bool, PeopleError>;

    /// Mutes a group for a member, or not any more. `GroupNotFound`.
    async fn set_muted(&self, group: GroupId, user: UserId, muted: bool)
    -> Result<(), PeopleError>;

    /// Pins a group to the top of a member's list, or not any more. `GroupNotFound`.
    async fn set_pinned(
        &self,
        group: GroupId,
        user: UserId,
        pinned: bool,
    ) -> Result<(), PeopleError>;
}

/// Invitations to groups.
#[async_trait]
pub trait InvitationStore: Send + Sync + fmt::Debug {
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
}
