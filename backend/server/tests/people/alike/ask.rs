//! What a store of people is asked to change. Small ranges, so that ids, keys and
//! moments meet all the time, and what is in the way of a change too.

use proptest::{collection::vec, option, prelude::*};

pub(super) const USERS: i64 = 6;
pub(super) const GROUPS: i64 = 4;
/// The last ones are demo members, as long as nobody else takes their ids.
const DEMO: i64 = 2;
pub(super) const TOKENS: u8 = 12;
pub(super) const KEYS: u8 = 4;
pub(super) const ORDERS: u64 = 4;
pub(super) const MOMENTS: i64 = 6;

#[derive(Clone, Debug)]
pub(super) enum Ask {
    AddUser { id: i64, name: u8, key: Option<u8>, session: Session },
    MakeAdmin { id: i64 },
    ChangeProfile { id: i64, name: Option<u8>, avatar: Option<u8> },
    MakeAccount { id: i64, name: u8, key: u8 },
    ChangePassword { id: i64, from: u8, to: u8, keep: u8 },
    Rehash { id: i64, from: u8, to: u8 },
    PutDemoMember { key: u8, id: i64, name: u8 },
    AddSession { session: Session, password: Option<u8> },
    TouchSession { token: u8, seen: i64, until: i64 },
    EndSession { token: u8 },
    EndOthers { id: i64, keep: u8 },
    AddGroup { group: Group },
    AddDemoGroup { group: Group, members: Vec<i64> },
    SetRead { group: i64, id: i64, up_to: i64 },
    SetMuted { group: i64, id: i64, muted: bool },
    SetPinned { group: i64, id: i64, pinned: bool },
    Invite { group: i64, id: i64, code: u8, at: i64, until: i64, since: i64 },
    Join { code: u8, id: i64, at: i64, members_max: u32 },
    Remove { group: i64, id: i64, by: i64 },
    Text { group: i64, id: i64, text: u8, key: Option<u8> },
    Packet { order: u64, group: i64, id: i64, is_exclusive: bool, recipient: Option<i64> },
    Lines(Vec<Post>),
}

#[derive(Clone, Debug)]
pub(super) struct Session {
    pub(super) id: i64,
    pub(super) token: u8,
    pub(super) at: i64,
    pub(super) until: i64,
    pub(super) max: u32,
}

#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) id: i64,
    pub(super) name: u8,
    pub(super) owner: i64,
    pub(super) max: u32,
}

#[derive(Clone, Debug)]
pub(super) struct Post {
    pub(super) group: i64,
    pub(super) key: u8,
    pub(super) sender: i64,
    /// Whom an "opened" names; an "expired" without.
    pub(super) opener: Option<i64>,
}

prop_compose! {
    fn session()(id in 0..USERS, token in 0..TOKENS, at in 0..MOMENTS, until in 0..3 * MOMENTS, max in 0..5_u32)
        -> Session { Session { id, token, at, until, max } }
}

prop_compose! {
    fn group()(id in 0..GROUPS, name in 0..20_u8, owner in 0..USERS, max in 1..9_u32) -> Group {
        Group { id, name, owner, max }
    }
}

prop_compose! {
    fn post()(group in 0..GROUPS, key in 0..9_u8, sender in 0..USERS, opener in option::of(0..USERS))
        -> Post { Post { group, key, sender, opener } }
}

/// Histories that begin with people and groups, so that the rest has something to meet.
pub(super) fn asks() -> impl Strategy<Value = Vec<Ask>> {
    let (id, place, name, key) = (0..USERS, 0..GROUPS, 0..20_u8, 0..KEYS);
    let (token, at) = (0..TOKENS, 0..MOMENTS);
    let add_group = group().prop_map(|group| Ask::AddGroup { group }).boxed();
    let add_demo_group = (group(), vec(id.clone(), 0..4))
        .prop_map(|(group, members)| Ask::AddDemoGroup { group, members })
        .boxed();
    let invite =
        (place.clone(), id.clone(), key.clone(), at.clone(), 0..2 * MOMENTS, at.clone()).prop_map(
            |(group, id, code, at, until, since)| Ask::Invite { group, id, code, at, until, since },
        );
    let join = (key.clone(), id.clone(), at.clone(), 2..9_u32)
        .prop_map(|(code, id, at, members_max)| Ask::Join { code, id, at, members_max });
    let people = prop_oneof![
        1 => (id.clone(), name.clone(), option::of(key.clone()), session())
            .prop_map(|(id, name, key, session)| Ask::AddUser { id, name, key, session }),
        1 => id.clone().prop_map(|id| Ask::MakeAdmin { id }),
        2 => (
            id.clone(), option::of(name.clone()), option::of(name.clone()),
        )
            .prop_map(|(id, name, avatar)| Ask::ChangeProfile { id, name, avatar }),
        2 => (id.clone(), name.clone(), key.clone())
            .prop_map(|(id, name, key)| Ask::MakeAccount { id, name, key }),
        1 => (id.clone(), 0..2_u8, 0..2_u8, token.clone())
            .prop_map(|(id, from, to, keep)| Ask::ChangePassword { id, from, to, keep }),
        1 => (id.clone(), 0..2_u8, 0..2_u8)
            .prop_map(|(id, from, to)| Ask::Rehash { id, from, to }),
        1 => (key.clone(), id.clone(), name.clone())
            .prop_map(|(key, id, name)| Ask::PutDemoMember { key, id, name }),
        6 => (session(), option::of(0..2_u8))
            .prop_map(|(session, password)| Ask::AddSession { session, password }),
        2 => (token.clone(), at.clone(), at.clone())
            .prop_map(|(token, seen, until)| Ask::TouchSession { token, seen, until }),
        1 => token.clone().prop_map(|token| Ask::EndSession { token }),
        1 => (id.clone(), token).prop_map(|(id, keep)| Ask::EndOthers { id, keep }),
    ];
    let groups = prop_oneof![
        1 => add_group.clone(),
        1 => add_demo_group.clone(),
        1 => (place.clone(), id.clone(), 0..9_i64)
            .prop_map(|(group, id, up_to)| Ask::SetRead { group, id, up_to }),
        1 => (place.clone(), id.clone(), any::<bool>())
            .prop_map(|(group, id, muted)| Ask::SetMuted { group, id, muted }),
        1 => (place.clone(), id.clone(), any::<bool>())
            .prop_map(|(group, id, pinned)| Ask::SetPinned { group, id, pinned }),
        3 => invite.clone(),
        4 => join.clone(),
        4 => (place.clone(), id.clone(), option::of(id.clone()))
            .prop_map(|(group, id, by)| Ask::Remove { group, id, by: by.unwrap_or(id) }),
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
    let begin = (
        everyone(),
        vec(prop_oneof![add_group, add_demo_group], 2..5),
        vec(invite, 2..6),
        vec(join, 4..9),
    );
    (begin, vec(prop_oneof![people, groups, posts], 0..120)).prop_map(
        |((users, groups, invitations, joins), rest)| {
            [users, groups, invitations, joins, rest].concat()
        },
    )
}

/// Adds everyone whom the rest talks about.
fn everyone() -> impl Strategy<Value = Vec<Ask>> {
    let add = |id| {
        (option::of(0..KEYS), session()).prop_map(move |(key, session)| match u8::try_from(id) {
            Ok(key) if id >= USERS - DEMO => Ask::PutDemoMember { key, id, name: 1 },
            _ => Ask::AddUser { id, name: 1, key, session },
        })
    };
    (0..USERS).map(add).collect::<Vec<_>>()
}
