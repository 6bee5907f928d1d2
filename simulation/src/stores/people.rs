use super::gated;
use crate::{fault::Step, gate::Gate};
use hongbao_domain::store::people::{
    DemoGroupDraft, DemoMember, Dress, GroupDraft, InvitationDraft, JoinDraft, JoinedGroup,
    LinePost, ListedGroup, ListedInvitation, LogEntry, Login, NewAccount, NewSession, NewUser,
    OwnSession, PacketPost, PasswordDraft, PeopleError, PeopleStore, Person, Place, ProfileDraft,
    Removal, Revocation, StoredGroup, StoredInvitation, StoredMessage, StoredPage, StoredSession,
    TextDraft, TokenHash, ValidInvitation,
};
use hongbao_memory::MemoryPeople;
use hongbao_shared::{GroupId, MessageId, OrderNo, Timestamp, UserId, api::accounts::Profile};
use std::sync::Arc;

/// The database of people behind a gate.
#[derive(Debug)]
pub(crate) struct GatedPeople {
    pub(crate) inner: Arc<MemoryPeople>,
    pub(crate) gate: Gate,
}

gated! {
    impl PeopleStore for GatedPeople, PeopleError;
    reads {
        fn profiles(ids: &[UserId]) -> Vec<Profile>;
        fn member_ids(group: GroupId, limit: u32) -> Vec<UserId>;
        fn is_member(group: GroupId, user: UserId) -> bool;
        fn messages(group: GroupId, reader: UserId, before: Option<MessageId>, limit: u32)
            -> StoredPage;
        fn messages_after(group: GroupId, reader: UserId, after: MessageId, limit: u32)
            -> Vec<LogEntry>;
        fn packet_dress(order_no: OrderNo) -> Option<Dress>;
    }
    writes {
        Step::PostCard => fn post_packet(packet: PacketPost) -> StoredMessage;
        Step::PostLines => fn post_lines(lines: Vec<LinePost>) -> Vec<StoredMessage>;
    }
    free {
        fn add_user(user: NewUser, session: NewSession) -> ();
        fn login(name: &str, key: &str) -> Option<Login>;
        fn person(id: UserId) -> Option<Person>;
        fn make_admin(id: UserId) -> bool;
        fn change_profile(change: ProfileDraft) -> ();
        fn make_account(user: UserId, name: String, account: NewAccount) -> ();
        fn password_hash(user: UserId) -> Option<String>;
        fn rehash_password(user: UserId, from: &str, to: &str) -> bool;
        fn change_password(change: PasswordDraft) -> Vec<TokenHash>;
        fn put_demo_member(member: DemoMember) -> Profile;
        fn add_session(session: NewSession, while_password: Option<String>) -> ();
        fn session(token_hash: TokenHash, now: Timestamp) -> Option<StoredSession>;
        fn touch_session(token_hash: TokenHash, seen_at: Timestamp, expires_at: Timestamp) -> ();
        fn end_session(token_hash: TokenHash) -> ();
        fn sessions_of(user: UserId, now: Timestamp, limit: u32) -> Vec<OwnSession>;
        fn end_other_sessions(user: UserId, keep: TokenHash) -> Vec<TokenHash>;
        fn add_group(group: GroupDraft) -> StoredMessage;
        fn add_demo_group(group: DemoGroupDraft) -> JoinedGroup;
        fn group(id: GroupId) -> Option<StoredGroup>;
        fn place(group: GroupId, user: UserId) -> Option<Place>;
        fn groups_of(user: UserId, limit: u32) -> Vec<ListedGroup>;
        fn faces(groups: &[GroupId], per_group: u32) -> Vec<(GroupId, UserId)>;
        fn demo_member_ids(group: GroupId) -> Vec<UserId>;
        fn set_read(group: GroupId, user: UserId, up_to: MessageId) -> ();
        fn set_muted(group: GroupId, user: UserId, muted: bool) -> ();
        fn invite(invitation: InvitationDraft) -> StoredInvitation;
        fn invitation(code: &str, now: Timestamp) -> Option<ValidInvitation>;
        fn invitations(group: GroupId, reader: UserId, now: Timestamp, limit: u32)
            -> Vec<ListedInvitation>;
        fn revoke(revocation: Revocation) -> ();
        fn join(join: JoinDraft) -> JoinedGroup;
        fn remove(removal: Removal) -> StoredMessage;
        fn post_text(text: TextDraft) -> StoredMessage;
    }
}
