//! Puts what is asked to a store, and says what it answers.

use super::{
    answer,
    ask::{Ask, Group, Post, Session},
    bytes,
};
use crate::order_no;
use hongbao_domain::store::people::{
    By, DemoGroupDraft, DemoMember, GroupDraft, InvitationDraft, JoinDraft, Line, LinePost,
    NewAccount, NewEntry, NewSession, NewUser, PacketPost, PasswordDraft, PeopleStore,
    ProfileDraft, Removal, TextDraft, TokenHash, What,
};
use hongbao_shared::{
    Fen, GroupId, Kind, MessageId, Timestamp, UserId,
    api::{accounts::Profile, groups::Language},
};

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
    // Now and then only one of the two is another's.
    let login_name = account_key(if key == 0 { 1 } else { key });
    NewAccount { login_name, key: account_key(key), password_hash: hash(key % 2) }
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
            Self::MakeAdmin { id } => {
                let detail = serde_json::json!({ "user_id": id });
                let entry = NewEntry::new(at(0), By::HOUSE, What::MakeAdministrator, &detail);
                answer(store.make_admin(user(id), entry).await)
            }
            Self::ChangeProfile { id, name, avatar } => {
                let (name, avatar) = (name.map(word), avatar.map(word));
                let change = ProfileDraft { user_id: user(id), name, avatar };
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
            Self::Rehash { id, from, to } => {
                answer(store.rehash_password(user(id), &hash(from), &hash(to)).await)
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
            Self::SetPinned { group, id, pinned } => {
                answer(store.set_pinned(place(group), user(id), pinned).await)
            }
            Self::Invite { group, id, code: number, at: now, until, since } => {
                let draft = InvitationDraft {
                    code: code(number),
                    group_id: place(group),
                    inviter_id: user(id),
                    at: at(now),
                    expires_at: at(until),
                    per_member_max: u32::try_from(since.rem_euclid(4)).unwrap(),
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
                    groups_per_user_max: 3,
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
                answer(store.post_packets(vec![post]).await)
            }
            Self::Lines(posts) => {
                let posts = posts.iter().map(Post::draft).collect();
                answer(store.post_lines(posts).await)
            }
            other => unreachable!("{other:?} is asked elsewhere"),
        }
    }
}
