//! What every store of people must hold to, whatever it is made of.

use hongbao_domain::store::people::{
    By, GroupDraft, InvitationDraft, JoinDraft, NewAccount, NewEntry, NewSession, NewUser,
    PeopleError, PeopleStore, StoredMessage, TextDraft, TokenHash, What,
};
use hongbao_shared::{GroupId, Timestamp, UserId, api::accounts::Profile};
use std::sync::Arc;

type Store = Arc<dyn PeopleStore>;

/// Runs each law on a fresh store of each kind.
macro_rules! on_every_store {
    ($($law:ident),* $(,)?) => {
        mod memory {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $law() {
                    use hongbao_memory::MemoryPeople;

                    super::$law(std::sync::Arc::new(MemoryPeople::default())).await;
                }
            )*
        }
        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $law() {
                    use hongbao_storage::{Database, Schema, SqlPeople};

                    let folder = tempfile::tempdir().unwrap();
                    let file = folder.path().join("people.db");
                    let database = Database::open_file(&file, Schema::People).await.unwrap();
                    super::$law(std::sync::Arc::new(SqlPeople::new(database))).await;
                }
            )*
        }
        mod postgres {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $law() {
                    use hongbao_storage::{Schema, SqlPeople};

                    let database = crate::postgres::database(Schema::People).await;
                    super::$law(std::sync::Arc::new(SqlPeople::new(database))).await;
                }
            )*
        }
    };
}

mod at_once;
mod calls;
mod demo;
mod groups;
mod hooks;
mod journal;
mod lines;
mod log;
mod members;
mod pushes;
mod services;
mod sessions;
mod users;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(1_454_846_400_000).plus_seconds(seconds)
}

/// What goes with a change of a service.
fn entry() -> NewEntry {
    NewEntry::new(at(0), By::HOUSE, What::AddService, &serde_json::json!({}))
}

fn user(number: i64) -> UserId {
    UserId::new(number).unwrap()
}

fn group(number: i64) -> GroupId {
    GroupId::new(number).unwrap()
}

fn new_session(user_id: UserId, token: u8, seen_s: i64) -> NewSession {
    NewSession {
        token_hash: TokenHash([token; 32]),
        user_id,
        agent: format!("agent {token}"),
        at: at(seen_s),
        expires_at: at(seen_s + 100),
        per_user_max: 3,
    }
}

/// Its login name is what it is written as.
fn new_account(key: &str, hash: &str) -> NewAccount {
    NewAccount { login_name: key.to_owned(), key: key.to_owned(), password_hash: hash.to_owned() }
}

async fn add(store: &Store, number: i64, account: Option<&str>) -> Result<(), PeopleError> {
    let id = user(number);
    let profile =
        Profile { id, name: format!("name {number}"), avatar: "a00".to_owned(), is_demo: false };
    let account = account.map(|key| new_account(key, "$argon2id$…"));
    let mut session = new_session(id, 0, 0);
    session.token_hash.0[..8].copy_from_slice(&number.to_be_bytes());
    store.add_user(NewUser { profile, account, at: at(0) }, session).await
}

/// Guests 0 to `count - 1`.
async fn add_guests(store: &Store, count: i64) {
    for number in 0..count {
        add(store, number, None).await.unwrap();
    }
}

async fn add_group(store: &Store, number: i64, owner: i64) -> Result<(), PeopleError> {
    let draft = GroupDraft {
        id: group(number),
        name: "group".to_owned(),
        owner_id: user(owner),
        at: at(0),
        groups_per_user_max: 3,
    };
    store.add_group(draft).await.map(|_| ())
}

async fn invite(store: &Store, group_id: i64, inviter: i64) -> String {
    let draft = InvitationDraft {
        code: format!("invitation-{group_id:020}-{inviter:020}"),
        group_id: group(group_id),
        inviter_id: user(inviter),
        at: at(0),
        expires_at: at(100),
        per_member_max: 3,
    };
    store.invite(draft).await.unwrap().code
}

fn join(code: &str, number: i64, group_members_max: u32) -> JoinDraft {
    JoinDraft {
        code: code.to_owned(),
        user_id: user(number),
        at: at(1),
        group_members_max,
        groups_per_user_max: 3,
    }
}

/// Group 0 with `count` members.
async fn add_full_group(store: &Store, count: i64) {
    add_guests(store, count).await;
    add_group(store, 0, 0).await.unwrap();
    let code = invite(store, 0, 0).await;
    for number in 1..count {
        store.join(join(&code, number, 1000)).await.unwrap();
    }
}

fn text(sender: i64, words: &str, key: Option<&str>) -> TextDraft {
    TextDraft {
        group_id: group(0),
        sender_id: user(sender),
        text: words.to_owned(),
        key: key.map(str::to_owned),
        at: at(2),
    }
}

/// The log of group 0 as its owner sees it, the newest first.
async fn log(store: &Store) -> Vec<StoredMessage> {
    store.messages(group(0), user(0), None, 10_000).await.unwrap().messages
}
