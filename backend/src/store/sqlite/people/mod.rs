//! The database of people in a SQLite file.

mod groups;
mod listing;
mod log;
mod messages;
mod users;

use super::Database;
use crate::store::{
    StoreError,
    people::{
        Dress, GroupDraft, InvitationDraft, JoinDraft, JoinedGroup, LinePost, ListedGroup,
        LogEntry, Login, NewSession, NewUser, PacketPost, PeopleError, PeopleStore, Person, Place,
        StoredGroup, StoredInvitation, StoredMessage, StoredPage, StoredSession, TextDraft,
        TokenHash,
    },
};
use async_trait::async_trait;
use hongbao_shared::{GroupId, MessageId, OrderNo, Timestamp, UserId, api::accounts::Profile};

/// People, sessions, groups and messages.
#[derive(Clone, Debug)]
pub struct SqlitePeople {
    database: Database,
}

impl SqlitePeople {
    /// On a database that was opened with [`super::Schema::People`].
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

/// A guard within a transaction that said no. As an error it rolls the transaction
/// back like a constraint of the schema, and is told apart by its name like one.
fn guard(name: &str) -> StoreError {
    StoreError::Constraint { name: name.to_owned() }
}

const GROUP_FOUND: &str = "guard: the group exists and the person is in it";
const GROUP_MEMBERS_MAX: &str = "guard: group_members_max";
const GROUPS_PER_USER_MAX: &str = "guard: groups_per_user_max";
const INVITATION_VALID: &str = "guard: the invitation is valid";
const SAME_CONTENT: &str = "guard: the same key has the same content";

/// What a refused write means. SQLite tells a unique constraint by its columns.
fn refused(error: StoreError) -> PeopleError {
    let StoreError::Constraint { name } = &error else {
        return error.into();
    };
    match name.as_str() {
        GROUP_FOUND => PeopleError::GroupNotFound,
        GROUP_MEMBERS_MAX => PeopleError::GroupFull,
        GROUPS_PER_USER_MAX => PeopleError::TooManyGroups,
        INVITATION_VALID => PeopleError::InvitationInvalid,
        SAME_CONTENT => PeopleError::KeyReused,
        "UNIQUE constraint failed: users.account_key" => PeopleError::NameTaken,
        "UNIQUE constraint failed: users.id" | "UNIQUE constraint failed: chat_groups.id" => {
            PeopleError::IdTaken
        }
        _ => error.into(),
    }
}

fn user_id(column: i64) -> Result<UserId, StoreError> {
    UserId::new(column).ok_or_else(|| StoreError::Corrupt(format!("{column} is not a user id")))
}

fn group_id(column: i64) -> Result<GroupId, StoreError> {
    GroupId::new(column).ok_or_else(|| StoreError::Corrupt(format!("{column} is not a group id")))
}

/// Ids as a JSON array, for `json_each`: one statement whatever their number.
fn id_array(ids: impl Iterator<Item = i64>) -> String {
    let ids: Vec<String> = ids.map(|id| id.to_string()).collect();
    format!("[{}]", ids.join(","))
}

#[async_trait]
impl PeopleStore for SqlitePeople {
    async fn add_user(&self, user: NewUser, session: NewSession) -> Result<(), PeopleError> {
        users::add(&self.database, user, session).await.map_err(refused)
    }

    async fn login(&self, account_key: &str) -> Result<Option<Login>, PeopleError> {
        Ok(users::login(&self.database, account_key).await?)
    }

    async fn person(&self, id: UserId) -> Result<Option<Person>, PeopleError> {
        Ok(users::person(&self.database, id).await?)
    }

    async fn profiles(&self, ids: &[UserId]) -> Result<Vec<Profile>, PeopleError> {
        Ok(users::profiles(&self.database, ids).await?)
    }

    async fn make_admin(&self, id: UserId) -> Result<bool, PeopleError> {
        users::make_admin(&self.database, id).await.map_err(refused)
    }

    async fn add_session(&self, session: NewSession) -> Result<(), PeopleError> {
        users::add_session(&self.database, session).await.map_err(refused)
    }

    async fn session(
        &self,
        token_hash: TokenHash,
        now: Timestamp,
    ) -> Result<Option<StoredSession>, PeopleError> {
        Ok(users::session(&self.database, token_hash, now).await?)
    }

    async fn touch_session(
        &self,
        token_hash: TokenHash,
        seen_at: Timestamp,
        expires_at: Timestamp,
    ) -> Result<(), PeopleError> {
        users::touch_session(&self.database, token_hash, seen_at, expires_at).await.map_err(refused)
    }

    async fn end_session(&self, token_hash: TokenHash) -> Result<(), PeopleError> {
        users::end_session(&self.database, token_hash).await.map_err(refused)
    }

    async fn add_group(&self, group: GroupDraft) -> Result<StoredMessage, PeopleError> {
        groups::add(&self.database, group).await.map_err(refused)
    }

    async fn group(&self, id: GroupId) -> Result<Option<StoredGroup>, PeopleError> {
        Ok(listing::group(&self.database, id).await?)
    }

    async fn place(&self, group: GroupId, user: UserId) -> Result<Option<Place>, PeopleError> {
        Ok(listing::place(&self.database, group, user).await?)
    }

    async fn groups_of(&self, user: UserId, limit: u32) -> Result<Vec<ListedGroup>, PeopleError> {
        Ok(listing::groups_of(&self.database, user, limit).await?)
    }

    async fn faces(
        &self,
        groups: &[GroupId],
        per_group: u32,
    ) -> Result<Vec<(GroupId, UserId)>, PeopleError> {
        Ok(groups::faces(&self.database, groups, per_group).await?)
    }

    async fn member_ids(&self, group: GroupId, limit: u32) -> Result<Vec<UserId>, PeopleError> {
        Ok(groups::member_ids(&self.database, group, limit).await?)
    }

    async fn is_member(&self, group: GroupId, user: UserId) -> Result<bool, PeopleError> {
        Ok(groups::is_member(&self.database, group, user).await?)
    }

    async fn invite(&self, invitation: InvitationDraft) -> Result<StoredInvitation, PeopleError> {
        groups::invite(&self.database, invitation).await.map_err(refused)
    }

    async fn join(&self, join: JoinDraft) -> Result<JoinedGroup, PeopleError> {
        groups::join(&self.database, join).await.map_err(refused)
    }

    async fn post_text(&self, text: TextDraft) -> Result<StoredMessage, PeopleError> {
        messages::post_text(&self.database, text).await.map_err(refused)
    }

    async fn post_packet(&self, packet: PacketPost) -> Result<StoredMessage, PeopleError> {
        messages::post_packet(&self.database, packet).await.map_err(refused)
    }

    async fn post_line(&self, line: LinePost) -> Result<StoredMessage, PeopleError> {
        messages::post_line(&self.database, line).await.map_err(refused)
    }

    async fn messages(
        &self,
        group: GroupId,
        reader: UserId,
        before: Option<MessageId>,
        limit: u32,
    ) -> Result<StoredPage, PeopleError> {
        Ok(log::page(&self.database, group, reader, before, limit).await?)
    }

    async fn messages_after(
        &self,
        group: GroupId,
        reader: UserId,
        after: MessageId,
        limit: u32,
    ) -> Result<Vec<LogEntry>, PeopleError> {
        Ok(log::after(&self.database, group, reader, after, limit).await?)
    }

    async fn packet_dress(&self, order_no: OrderNo) -> Result<Option<Dress>, PeopleError> {
        Ok(log::packet_dress(&self.database, order_no).await?)
    }
}
