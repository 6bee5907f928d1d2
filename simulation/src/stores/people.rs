use super::gated;
use crate::{fault::Step, gate::Gate};
use hongbao_domain::store::StoreError;
use hongbao_domain::store::people::{
    Act, Again, AskingService, Audience, CallAnswer, CallDraft, CallId, CallState, CallStore,
    Caller, DemoGroupDraft, DemoMember, Dress, DuePush, Externals, GroupDraft, GroupStore,
    HookAttempt, HookStore, HooksState, InvitationDraft, InvitationStore, JoinDraft, JoinedGroup,
    JournalEntry, JournalHead, JournalStore, LeasedEvent, LinePost, ListedGroup, ListedInvitation,
    LogEntry, LogStore, Login, LoginStore, MarkStore, MemberStore, NewAccount, NewEntry, NewEvent,
    NewHook, NewPush, NewService, NewSession, NewSubscription, NewToken, NewUser, NumberedAct,
    OwnSession, PacketPost, PasswordDraft, PeopleError, Person, PersonLink, Place, PostStore,
    ProfileDraft, PushStore, Pushed, Removal, Revocation, RoomLink, RoomLinked, SealedSecret,
    Sealing, Secrets, ServiceStore, SessionStore, StoredGroup, StoredHook, StoredInvitation,
    StoredMessage, StoredPage, StoredService, StoredSession, TextDraft, TokenHash, Tried,
    UserStore, ValidInvitation,
};
use hongbao_memory::MemoryPeople;
use hongbao_shared::{
    GroupId, MessageId, OrderNo, ServiceId, Timestamp, UserId, WebhookId, api::accounts::Profile,
};
use std::sync::Arc;

/// The database of people behind a gate.
#[derive(Debug)]
pub(crate) struct GatedPeople {
    pub(crate) inner: Arc<MemoryPeople>,
    pub(crate) gate: Gate,
}

gated! {
    impl UserStore for GatedPeople, PeopleError;
    reads {
        fn profiles(ids: &[UserId]) -> Vec<Profile>;
    }
    writes {}
    free {
        fn add_user(user: NewUser, session: NewSession) -> ();
        fn person(id: UserId) -> Option<Person>;
        fn make_admin(id: UserId, entry: NewEntry) -> bool;
        fn change_profile(change: ProfileDraft) -> ();
        fn make_account(user: UserId, name: String, account: NewAccount) -> ();
        fn put_demo_member(member: DemoMember) -> Profile;
    }
}

gated! {
    impl LoginStore for GatedPeople, PeopleError;
    free {
        fn login(name: &str, key: &str) -> Option<Login>;
        fn password_hash(user: UserId) -> Option<String>;
        fn rehash_password(user: UserId, from: &str, to: &str) -> bool;
        fn change_password(change: PasswordDraft) -> Vec<TokenHash>;
    }
}

gated! {
    impl SessionStore for GatedPeople, PeopleError;
    free {
        fn add_session(session: NewSession, while_password: Option<String>) -> ();
        fn session(token_hash: TokenHash, now: Timestamp) -> Option<StoredSession>;
        fn touch_session(token_hash: TokenHash, seen_at: Timestamp, expires_at: Timestamp) -> ();
        fn end_session(token_hash: TokenHash) -> ();
        fn sessions_of(user: UserId, now: Timestamp, limit: u32) -> Vec<OwnSession>;
        fn end_other_sessions(user: UserId, keep: TokenHash) -> Vec<TokenHash>;
    }
}

gated! {
    impl ServiceStore for GatedPeople, PeopleError;
    free {
        fn add_service(service: NewService, entry: NewEntry) -> ();
        fn services(limit: u32) -> Vec<StoredService>;
        fn rotate_service(name: &str, token: NewToken, old_until: Timestamp, entry: NewEntry) -> bool;
        fn revoke_service(name: &str, at: Timestamp, entry: NewEntry) -> bool;
        fn service(token: TokenHash, now: Timestamp) -> Option<AskingService>;
        fn touch_service(id: ServiceId, seen_at: Timestamp) -> ();
        fn record_act(act: Act) -> ();
        fn acts(service: ServiceId, limit: u32) -> Vec<Act>;
        fn link_people(service: ServiceId, people: Vec<PersonLink>, at: Timestamp) -> Vec<Profile>;
        fn linked_people(service: ServiceId, provider: &str, ids: &[String]) -> Vec<(String, UserId)>;
        fn link_room(service: ServiceId, room: RoomLink) -> RoomLinked;
    }
}

gated! {
    impl HookStore for GatedPeople, PeopleError;
    free {
        fn add_hook(hook: NewHook) -> ();
        fn hooks(service: Option<ServiceId>, limit: u32) -> Vec<StoredHook>;
        fn remove_hook(service: ServiceId, id: WebhookId) -> bool;
        fn change_secrets(id: WebhookId, from: SealedSecret, to: Secrets) -> bool;
        fn resume_hook(service: ServiceId, id: WebhookId) -> bool;
        fn heard(of: &[Audience]) -> Vec<Audience>;
        fn tell(events: Vec<NewEvent>, now: Timestamp) -> ();
        fn due_hooks(now: Timestamp, limit: u32) -> Vec<StoredHook>;
        fn lease_events(hook: WebhookId, now: Timestamp, until: Timestamp, limit: u32) -> Vec<LeasedEvent>;
        fn settle_event(event: LeasedEvent, attempt: HookAttempt, tried: Tried, next_until: Option<Timestamp>) -> Option<LeasedEvent>;
        fn replay(hook: WebhookId, again: Again, now: Timestamp) -> u32;
        fn attempts(hook: WebhookId, limit: u32) -> Vec<HookAttempt>;
        fn externals(service: ServiceId, people: &[UserId], room: Option<GroupId>) -> Externals;
        fn tidy_hooks(before: Timestamp, limit: u32, now: Timestamp, beyond: Timestamp) -> ();
        fn hooks_state() -> HooksState;
    }
}

gated! {
    impl PushStore for GatedPeople, PeopleError;
    free {
        fn push_key() -> Option<SealedSecret>;
        fn put_push_key(from: Option<SealedSecret>, to: Option<SealedSecret>) -> bool;
        fn subscribe(subscription: NewSubscription) -> bool;
        fn unsubscribe(session: TokenHash) -> ();
        fn is_subscribed() -> bool;
        fn queue_pushes(packets: Vec<NewPush>, now: Timestamp) -> ();
        fn lease_pushes(now: Timestamp, until: Timestamp, limit: u32) -> Vec<DuePush>;
        fn settle_push(push: DuePush, pushed: Pushed) -> ();
    }
}

gated! {
    impl CallStore for GatedPeople, PeopleError;
    free {
        fn begin_call(caller: Caller, key: String, draft: CallDraft) -> CallState;
        fn answer_call(call: CallId, answer: CallAnswer) -> bool;
        fn free_call(call: CallId) -> ();
        fn lose_call(call: CallId) -> ();
        fn forget_calls(now: Timestamp, limit: u32) -> u64;
    }
}

gated! {
    impl JournalStore for GatedPeople, StoreError;
    free {
        fn enter(entry: NewEntry) -> ();
        fn journal_head() -> JournalHead;
        fn journal(before: Option<i64>, limit: u32) -> Vec<JournalEntry>;
        fn journal_after(after: i64, limit: u32) -> Vec<JournalEntry>;
        fn acts_after(after: i64, limit: u32) -> Vec<NumberedAct>;
        fn seal_acts(sealing: Sealing) -> bool;
        fn remove_acts(before: Timestamp, now: Timestamp) -> bool;
    }
}

gated! {
    impl GroupStore for GatedPeople, PeopleError;
    free {
        fn add_group(group: GroupDraft) -> StoredMessage;
        fn add_demo_group(group: DemoGroupDraft) -> JoinedGroup;
        fn group(id: GroupId) -> Option<StoredGroup>;
        fn groups_of(user: UserId, limit: u32) -> Vec<ListedGroup>;
    }
}

gated! {
    impl MemberStore for GatedPeople, PeopleError;
    reads {
        fn is_member(group: GroupId, user: UserId) -> bool;
        fn member_ids(group: GroupId, limit: u32) -> Vec<UserId>;
    }
    writes {}
    free {
        fn join(join: JoinDraft) -> JoinedGroup;
        fn remove(removal: Removal) -> StoredMessage;
        fn demo_member_ids(group: GroupId) -> Vec<UserId>;
        fn faces(groups: &[GroupId], per_group: u32) -> Vec<(GroupId, UserId)>;
    }
}

gated! {
    impl MarkStore for GatedPeople, PeopleError;
    free {
        fn place(group: GroupId, user: UserId) -> Option<Place>;
        fn set_read(group: GroupId, user: UserId, up_to: MessageId) -> bool;
        fn set_muted(group: GroupId, user: UserId, muted: bool) -> ();
        fn set_pinned(group: GroupId, user: UserId, pinned: bool) -> ();
    }
}

gated! {
    impl InvitationStore for GatedPeople, PeopleError;
    free {
        fn invite(invitation: InvitationDraft) -> StoredInvitation;
        fn invitation(code: &str, now: Timestamp) -> Option<ValidInvitation>;
        fn invitations(group: GroupId, reader: UserId, now: Timestamp, limit: u32)
            -> Vec<ListedInvitation>;
        fn revoke(revocation: Revocation) -> ();
    }
}

gated! {
    impl PostStore for GatedPeople, PeopleError;
    reads {}
    writes {
        Step::PostCard => fn post_packets(packets: Vec<PacketPost>) -> Vec<StoredMessage>;
        Step::PostLines => fn post_lines(lines: Vec<LinePost>) -> Vec<StoredMessage>;
    }
    free {
        fn post_text(text: TextDraft) -> StoredMessage;
    }
}

gated! {
    impl LogStore for GatedPeople, PeopleError;
    reads {
        fn messages(group: GroupId, reader: UserId, before: Option<MessageId>, limit: u32)
            -> StoredPage;
        fn messages_after(group: GroupId, reader: UserId, after: MessageId, limit: u32)
            -> Vec<LogEntry>;
        fn packet_dress(order_no: OrderNo) -> Option<Dress>;
    }
    writes {}
    free {}
}
