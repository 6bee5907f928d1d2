//! What a store of people is asked to change. Small ranges, so that ids, keys and
//! moments meet all the time, and what is in the way of a change too.

use super::{answer, bytes};
use crate::order_no;
use hongbao::store::people::{
    DemoGroupDraft, DemoMember, GroupDraft, InvitationDraft, JoinDraft, Line, LinePost, NewAccount,
    NewSession, NewUser, PacketPost, PasswordDraft, PeopleStore, ProfileDraft, Removal, TextDraft,
    TokenHash,
};
use hongbao_shared::{
    Fen, GroupId, Kind, MessageId, Timestamp, UserId,
    api::{accounts::Profile, groups::Language},
};
use proptest::{collection::vec, option, prelude::*};

pub(super) const USERS: i64 = 6;
pub(super) const GROUPS: i64 = 4;
pub(super) const TOKENS: u8 = 8;
pub(super) const KEYS: u8 = 4;
pub(super) const ORDERS: u64 = 4;
pub(super) const MOMENTS: i64 = 6;

#[derive(Clone, Debug)]
pub(super) enum Ask {
    AddUser { id: i64, name: u8, key: Option<u8>, session: Session },
    MakeAdmin { id: i64 },
    ChangeProfile { id: i64, name: Option<u8>, key: Option<u8>, avatar: Option<u8> },
    MakeAccount { id: i64, name: u8, key: u8 },
    ChangePassword { id: i64, from: u8, to: u8, keep: u8 },
    PutDemoMember { key: u8, id: i64, name: u8 },
    AddSession { session: Session, password: Option<u8> },
    TouchSession { token: u8, seen: i64, until: i64 },
    EndSession { token: u8 },
    EndOthers { id: i64, keep: u8 },
    AddGroup { group: Group },
    AddDemoGroup { group: Group, members: Vec<i64> },
    SetRead { group: i64, id: i64, up_to: i64 },
    SetMuted { group: i64, id: i64, muted: bool },
    Invite { group: i64, id: i64, code: u8, at: i64, until: i64, since: i64 },
    Join { code: u8, id: i64, at: i64, members_max: u32 },
    Remove { group: i64, id: i64, by: i64 },
    Text { group: i64, id: i64, text: u8, key: Option<u8> },
    Packet { order: u64, group: i64, id: i64, is_exclusive: bool, recipient: Option<i64> },
    Lines(Vec<Post>),
}

#[derive(Clone, Debug)]
pub(super) struct Session {
    id: i64,
    token: u8,
    at: i64,
    until: i64,
    max: u32,
}

#[derive(Clone, Debug)]
pub(super) struct Group {
    id: i64,
    name: u8,
    owner: i64,
    max: u32,
}

#[derive(Clone, Debug)]
pub(super) struct Post {
    group: i64,
    key: u8,
    sender: i64,
    /// Whom an "opened" names; an "expired" without.
    opener: Option<i64>,
}

prop_compose! {
    fn session()(id in 0..USERS, token in 0..TOKENS, at in 0..MOMENTS, until in 0..MOMENTS, max in 0..4_u32)
        -> Session { Session { id, token, at, until, max } }
}

prop_compose! {
    fn group()(id in 0..GROUPS, name in 0..9_u8, owner in 0..USERS, max in 0..5_u32) -> Group {
        Group { id, name, owner, max }
    }
}

prop_compose! {
    fn post()(group in 0..GROUPS, key in 0..9_u8, sender in 0..USERS, opener in option::of(0..USERS))
        -> Post { Post { group, key, sender, opener } }
}

/// Histories that begin with people and groups, so that the rest has something to meet.
pub(super) fn asks() -> impl Strategy<Value = Vec<Ask>> {
    let (id, place, name, key) = (0..USERS, 0..GROUPS, 0..9_u8, 0..KEYS);
    let (token, at) = (0..TOKENS, 0..MOMENTS);
    let add_user = (id.clone(), name.clone(), option::of(key.clone()), session())
        .prop_map(|(id, name, key, session)| Ask::AddUser { id, name, key, session })
        .boxed();
    let add_group = group().prop_map(|group| Ask::AddGroup { group }).boxed();
    let invite =
        (place.clone(), id.clone(), key.clone(), at.clone(), 0..2 * MOMENTS, at.clone()).prop_map(
            |(group, id, code, at, until, since)| Ask::Invite { group, id, code, at, until, since },
        );
    let join = (key.clone(), id.clone(), at.clone(), 0..6_u32)
        .prop_map(|(code, id, at, members_max)| Ask::Join { code, id, at, members_max });
    let people = prop_oneof![
        add_user.clone(),
        id.clone().prop_map(|id| Ask::MakeAdmin { id }),
        (id.clone(), option::of(name.clone()), option::of(key.clone()), option::of(name.clone()))
            .prop_map(|(id, name, key, avatar)| Ask::ChangeProfile { id, name, key, avatar }),
        (id.clone(), name.clone(), key.clone()).prop_map(|(id, name, key)| Ask::MakeAccount {
            id,
            name,
            key
        }),
        (id.clone(), 0..2_u8, 0..2_u8, token.clone())
            .prop_map(|(id, from, to, keep)| Ask::ChangePassword { id, from, to, keep }),
        (key.clone(), id.clone(), name.clone()).prop_map(|(key, id, name)| Ask::PutDemoMember {
            key,
            id,
            name
        }),
        (session(), option::of(0..2_u8))
            .prop_map(|(session, password)| Ask::AddSession { session, password }),
        (token.clone(), at.clone(), at.clone())
            .prop_map(|(token, seen, until)| Ask::TouchSession { token, seen, until }),
        token.clone().prop_map(|token| Ask::EndSession { token }),
        (id.clone(), token).prop_map(|(id, keep)| Ask::EndOthers { id, keep }),
    ];
    let groups = prop_oneof![
        1 => add_group.clone(),
        1 => (group(), vec(id.clone(), 0..3))
            .prop_map(|(group, members)| Ask::AddDemoGroup { group, members }),
        1 => (place.clone(), id.clone(), 0..9_i64)
            .prop_map(|(group, id, up_to)| Ask::SetRead { group, id, up_to }),
        1 => (place.clone(), id.clone(), any::<bool>())
            .prop_map(|(group, id, muted)| Ask::SetMuted { group, id, muted }),
        3 => invite.clone(),
        4 => join.clone(),
        2 => (place.clone(), id.clone(), id.clone())
            .prop_map(|(group, id, by)| Ask::Remove { group, id, by }),
    ];
    let posts = prop_oneof![
        (place.clone(), id.clone(), 0..2_u8, option::of(key))
            .prop_map(|(group, id, text, key)| Ask::Text { group, id, text, key }),
        (0..ORDERS, place, id.clone(), any::<bool>(), option::of(id)).prop_map(
            |(order, group, id, is_exclusive, recipient)| {
                Ask::Packet { order, group, id, is_exclusive, recipient }
            }
        ),
        vec(post(), 0..4).prop_map(Ask::Lines),
    ];
    let begin = (vec(add_user, 4..8), vec(add_group, 2..5), vec(invite, 2..5), vec(join, 4..8));
    (begin, vec(prop_oneof![people, groups, posts], 0..80)).prop_map(
        |((users, groups, invitations, joins), rest)| {
            [users, groups, invitations, joins, rest].concat()
        },
    )
}

pub(super) fn user(number: i64) -> UserId {
    UserId::new(number).unwrap()
}

pub(super) fn place(number: i64) -> GroupId {
    GroupId::new(number).unwrap()
}

pub(super) fn token(number: u8) -> TokenHash {
    TokenHash([number; 32])
}

pub(super) fn at(number: i64) -> Timestamp {
    Timestamp::from_millis(number)
}

pub(super) fn code(number: u8) -> String {
    // The first one is too short.
    "0123456789abcdefghi"[..15 + usize::from(number)].to_owned()
}

pub(super) fn account_key(number: u8) -> String {
    format!("key {number}")
}

/// Now and then it is missing.
fn word(number: u8) -> String {
    if number == 0 { String::new() } else { format!("word {number}") }
}

fn hash(number: u8) -> String {
    format!("hash {number}")
}

fn account(key: u8) -> NewAccount {
    NewAccount { key: account_key(key), password_hash: hash(key % 2) }
}

impl Session {
    fn draft(&self) -> NewSession {
        let agent = "a".repeat(if self.token == 0 { 201 } else { 200 });
        NewSession {
            token_hash: token(self.token),
            user_id: user(self.id),
            agent,
            at: at(self.at),
            expires_at: at(self.until),
            per_user_max: self.max,
        }
    }
}

impl Group {
    fn draft(&self) -> GroupDraft {
        GroupDraft {
            id: place(self.id),
            name: word(self.name),
            owner_id: user(self.owner),
            at: at(self.id),
            groups_per_user_max: self.max,
        }
    }
}

impl Post {
    fn draft(&self) -> LinePost {
        let (order_no, sender_id) = (order_no(1), user(self.sender));
        let line = match self.opener {
            Some(opener) => Line::Opened { order_no, sender_id, openers: vec![user(opener)] },
            None => Line::Expired { order_no, sender_id, refunded_fen: Fen::ZERO },
        };
        // 0 is too short and 8 too long.
        let key = "key ".repeat(if self.key == 8 { 33 } else { usize::from(self.key) });
        LinePost { group_id: place(self.group), key, at: at(self.sender), line }
    }
}

impl Ask {
    /// What the store answers.
    pub(super) async fn of(&self, store: &dyn PeopleStore) -> String {
        match self.clone() {
            Self::AddUser { id, name, key, session } => {
                let (name, avatar) = (word(name), word(name.max(1)));
                let profile = Profile { id: user(id), name, avatar, is_demo: false };
                let user = NewUser { profile, account: key.map(account), at: at(0) };
                // Their own, as a rule.
                let session = match session.max {
                    0 => session.draft(),
                    _ => Session { id, ..session }.draft(),
                };
                answer(store.add_user(user, session).await)
            }
            Self::MakeAdmin { id } => answer(store.make_admin(user(id)).await),
            Self::ChangeProfile { id, name, key, avatar } => {
                let (name, avatar) = (name.map(word), avatar.map(word));
                let account_key = key.map(account_key);
                let change = ProfileDraft { user_id: user(id), name, account_key, avatar };
                answer(store.change_profile(change).await)
            }
            Self::MakeAccount { id, name, key } => {
                answer(store.make_account(user(id), word(name), account(key)).await)
            }
            Self::ChangePassword { id, from, to, keep } => {
                let (from_hash, to_hash, keep) = (hash(from), hash(to), token(keep));
                let change = PasswordDraft { user_id: user(id), from_hash, to_hash, keep };
                answer(store.change_password(change).await.map(bytes))
            }
            Self::PutDemoMember { key, id, name } => {
                let (key, avatar) = (word(key), word(name.max(1)));
                let member = DemoMember { key, id: user(id), name: word(name), avatar, at: at(0) };
                answer(store.put_demo_member(member).await)
            }
            Self::AddSession { session, password } => {
                answer(store.add_session(session.draft(), password.map(hash)).await)
            }
            Self::TouchSession { token: touched, seen, until } => {
                answer(store.touch_session(token(touched), at(seen), at(until)).await)
            }
            Self::EndSession { token: ended } => answer(store.end_session(token(ended)).await),
            Self::EndOthers { id, keep } => {
                answer(store.end_other_sessions(user(id), token(keep)).await.map(bytes))
            }
            other => other.of_groups(store).await,
        }
    }

    async fn of_groups(self, store: &dyn PeopleStore) -> String {
        match self {
            Self::AddGroup { group } => answer(store.add_group(group.draft()).await),
            Self::AddDemoGroup { group, members } => {
                let members = members.into_iter().map(user).collect();
                let draft =
                    DemoGroupDraft { group: group.draft(), language: Language::En, members };
                answer(store.add_demo_group(draft).await)
            }
            Self::SetRead { group, id, up_to } => {
                let up_to = MessageId::new(up_to).unwrap();
                answer(store.set_read(place(group), user(id), up_to).await)
            }
            Self::SetMuted { group, id, muted } => {
                answer(store.set_muted(place(group), user(id), muted).await)
            }
            Self::Invite { group, id, code: number, at: now, until, since } => {
                let draft = InvitationDraft {
                    code: code(number),
                    group_id: place(group),
                    inviter_id: user(id),
                    at: at(now),
                    expires_at: at(until),
                    reuse_since: at(since),
                };
                let invited = store.invite(draft).await;
                answer(invited.map(|invitation| (invitation.code, invitation.expires_at)))
            }
            Self::Join { code: number, id, at: now, members_max } => {
                let draft = JoinDraft {
                    code: code(number),
                    user_id: user(id),
                    at: at(now),
                    group_members_max: members_max,
                    groups_per_user_max: 4,
                };
                answer(store.join(draft).await)
            }
            Self::Remove { group, id, by } => {
                let (group_id, user_id, by) = (place(group), user(id), user(by));
                answer(store.remove(Removal { group_id, user_id, by, at: at(2) }).await)
            }
            other => other.of_log(store).await,
        }
    }

    async fn of_log(self, store: &dyn PeopleStore) -> String {
        match self {
            Self::Text { group, id, text, key } => {
                let (text, key) = (word(text), key.map(account_key));
                let (group_id, sender_id) = (place(group), user(id));
                let draft = TextDraft { group_id, sender_id, text, key, at: at(id) };
                answer(store.post_text(draft).await)
            }
            Self::Packet { order, group, id, is_exclusive, recipient } => {
                let post = PacketPost {
                    order_no: order_no(order),
                    group_id: place(group),
                    sender_id: user(id),
                    kind: if is_exclusive { Kind::Exclusive } else { Kind::Lucky },
                    greeting: word(u8::from(is_exclusive)),
                    cover: "classic".to_owned(),
                    recipient_id: recipient.map(user),
                    at: at(id),
                };
                answer(store.post_packet(post).await)
            }
            Self::Lines(posts) => {
                let posts = posts.iter().map(Post::draft).collect();
                answer(store.post_lines(posts).await)
            }
            other => unreachable!("{other:?} is asked elsewhere"),
        }
    }
}
