//! The database of people in memory.

mod groups;
mod invitations;
mod log;
mod members;
mod posts;
mod sessions;
mod users;

use super::refuse;
use async_trait::async_trait;
use groups::Group;
use hongbao_domain::store::{
    StoreError,
    people::{
        DemoGroupDraft, DemoMember, Dress, GroupDraft, InvitationDraft, JoinDraft, JoinedGroup,
        LinePost, ListedGroup, ListedInvitation, LogEntry, Login, NewAccount, NewSession, NewUser,
        OwnSession, PacketPost, PasswordDraft, PeopleError, PeopleStore, Person, Place,
        ProfileDraft, Removal, Revocation, StoredGroup, StoredInvitation, StoredMessage,
        StoredPage, StoredSession, TextDraft, TokenHash, ValidInvitation,
    },
};
use hongbao_shared::{GroupId, MessageId, OrderNo, Timestamp, UserId, api::accounts::Profile};
use invitations::Invitation;
use parking_lot::Mutex;
use sessions::{Session, Token};
use std::{collections::BTreeMap, fmt};
use users::User;

/// People, sessions, groups and messages.
#[derive(Default)]
pub struct MemoryPeople {
    state: Mutex<State>,
}

/// Session ids, password hashes and invitation codes do not reach a log.
impl fmt::Debug for MemoryPeople {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryPeople").finish_non_exhaustive()
    }
}

#[derive(Default)]
struct State {
    users: BTreeMap<UserId, User>,
    by_login_name: BTreeMap<String, UserId>,
    by_login_key: BTreeMap<String, UserId>,
    by_demo_key: BTreeMap<String, UserId>,
    sessions: BTreeMap<Token, Session>,
    groups: BTreeMap<GroupId, Group>,
    /// By the person for whom it was made, as long as they are in it.
    demo_groups: BTreeMap<UserId, GroupId>,
    invitations: BTreeMap<String, Invitation>,
    /// Where each packet was posted.
    packets: BTreeMap<OrderNo, (GroupId, MessageId)>,
}

/// A constraint that a database has.
fn ensure(holds: bool, constraint: &str) -> Result<(), StoreError> {
    if holds { Ok(()) } else { refuse(constraint) }
}

#[async_trait]
impl PeopleStore for MemoryPeople {
    async fn add_user(&self, user: NewUser, session: NewSession) -> Result<(), PeopleError> {
        self.state.lock().add_user(user, session)
    }

    async fn login(&self, name: &str, key: &str) -> Result<Option<Login>, PeopleError> {
        Ok(self.state.lock().login(name, key))
    }

    async fn person(&self, id: UserId) -> Result<Option<Person>, PeopleError> {
        Ok(self.state.lock().person(id))
    }

    async fn profiles(&self, ids: &[UserId]) -> Result<Vec<Profile>, PeopleError> {
        Ok(self.state.lock().profiles(ids))
    }

    async fn make_admin(&self, id: UserId) -> Result<bool, PeopleError> {
        Ok(self.state.lock().make_admin(id))
    }

    async fn change_profile(&self, change: ProfileDraft) -> Result<(), PeopleError> {
        self.state.lock().change_profile(change)
    }

    async fn make_account(
        &self,
        user: UserId,
        name: String,
        account: NewAccount,
    ) -> Result<(), PeopleError> {
        self.state.lock().make_account(user, name, account)
    }

    async fn password_hash(&self, user: UserId) -> Result<Option<String>, PeopleError> {
        Ok(self.state.lock().password_hash(user).map(str::to_owned))
    }

    async fn rehash_password(
        &self,
        user: UserId,
        from: &str,
        to: &str,
    ) -> Result<bool, PeopleError> {
        Ok(self.state.lock().rehash_password(user, from, to))
    }

    async fn change_password(&self, change: PasswordDraft) -> Result<Vec<TokenHash>, PeopleError> {
        self.state.lock().change_password(change)
    }

    async fn put_demo_member(&self, member: DemoMember) -> Result<Profile, PeopleError> {
        self.state.lock().put_demo_member(member)
    }

    async fn add_session(
        &self,
        session: NewSession,
        while_password: Option<String>,
    ) -> Result<(), PeopleError> {
        self.state.lock().add_session(session, while_password.as_deref())
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
        self.state.lock().touch_session(token_hash, seen_at, expires_at);
        Ok(())
    }

    async fn end_session(&self, token_hash: TokenHash) -> Result<(), PeopleError> {
        self.state.lock().end_session(token_hash);
        Ok(())
    }

    async fn sessions_of(
        &self,
        user: UserId,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<OwnSession>, PeopleError> {
        Ok(self.state.lock().sessions_of(user, now, limit))
    }

    async fn end_other_sessions(
        &self,
        user: UserId,
        keep: TokenHash,
    ) -> Result<Vec<TokenHash>, PeopleError> {
        Ok(self.state.lock().end_other_sessions(user, keep))
    }

    async fn add_group(&self, group: GroupDraft) -> Result<StoredMessage, PeopleError> {
        self.state.lock().add_group(&group)
    }

    async fn add_demo_group(&self, group: DemoGroupDraft) -> Result<JoinedGroup, PeopleError> {
        self.state.lock().add_demo_group(&group)
    }

    async fn group(&self, id: GroupId) -> Result<Option<StoredGroup>, PeopleError> {
        Ok(self.state.lock().group(id))
    }

    async fn place(&self, group: GroupId, user: UserId) -> Result<Option<Place>, PeopleError> {
        Ok(self.state.lock().place(group, user))
    }

    async fn groups_of(&self, user: UserId, limit: u32) -> Result<Vec<ListedGroup>, PeopleError> {
        Ok(self.state.lock().groups_of(user, limit))
    }

    async fn faces(
        &self,
        groups: &[GroupId],
        per_group: u32,
    ) -> Result<Vec<(GroupId, UserId)>, PeopleError> {
        Ok(self.state.lock().faces(groups, per_group))
    }

    async fn member_ids(&self, group: GroupId, limit: u32) -> Result<Vec<UserId>, PeopleError> {
        Ok(self.state.lock().member_ids(group, limit))
    }

    async fn is_member(&self, group: GroupId, user: UserId) -> Result<bool, PeopleError> {
        Ok(self.state.lock().is_member(group, user))
    }

    async fn demo_member_ids(&self, group: GroupId) -> Result<Vec<UserId>, PeopleError> {
        Ok(self.state.lock().demo_member_ids(group))
    }

    async fn set_read(
        &self,
        group: GroupId,
        user: UserId,
        up_to: MessageId,
    ) -> Result<(), PeopleError> {
        self.state.lock().set_read(group, user, up_to)
    }

    async fn set_muted(
        &self,
        group: GroupId,
        user: UserId,
        muted: bool,
    ) -> Result<(), PeopleError> {
        self.state.lock().set_muted(group, user, muted)
    }

    async fn invite(&self, invitation: InvitationDraft) -> Result<StoredInvitation, PeopleError> {
        self.state.lock().invite(invitation)
    }

    async fn invitation(
        &self,
        code: &str,
        now: Timestamp,
    ) -> Result<Option<ValidInvitation>, PeopleError> {
        Ok(self.state.lock().invitation(code, now))
    }

    async fn invitations(
        &self,
        group: GroupId,
        reader: UserId,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<ListedInvitation>, PeopleError> {
        Ok(self.state.lock().listed_invitations(group, reader, now, limit))
    }

    async fn revoke(&self, revocation: Revocation) -> Result<(), PeopleError> {
        self.state.lock().revoke(&revocation)
    }

    async fn join(&self, join: JoinDraft) -> Result<JoinedGroup, PeopleError> {
        self.state.lock().join(&join)
    }

    async fn remove(&self, removal: Removal) -> Result<StoredMessage, PeopleError> {
        self.state.lock().remove(removal)
    }

    async fn post_text(&self, text: TextDraft) -> Result<StoredMessage, PeopleError> {
        self.state.lock().post_text(text)
    }

    async fn post_packet(&self, packet: PacketPost) -> Result<StoredMessage, PeopleError> {
        self.state.lock().post_packet(packet)
    }

    async fn post_lines(&self, lines: Vec<LinePost>) -> Result<Vec<StoredMessage>, PeopleError> {
        self.state.lock().post_lines(lines)
    }

    async fn messages(
        &self,
        group: GroupId,
        reader: UserId,
        before: Option<MessageId>,
        limit: u32,
    ) -> Result<StoredPage, PeopleError> {
        Ok(self.state.lock().messages(group, reader, before, limit))
    }

    async fn messages_after(
        &self,
        group: GroupId,
        reader: UserId,
        after: MessageId,
        limit: u32,
    ) -> Result<Vec<LogEntry>, PeopleError> {
        Ok(self.state.lock().messages_after(group, reader, after, limit))
    }

    async fn packet_dress(&self, order_no: OrderNo) -> Result<Option<Dress>, PeopleError> {
        Ok(self.state.lock().packet_dress(order_no))
    }
}
