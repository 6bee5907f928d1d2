//! The database of people in SQL.

mod groups;
mod holds;
mod invitations;
mod listing;
mod log;
mod logins;
mod marks;
mod members;
mod messages;
mod sessions;
mod users;

use super::Database;
use async_trait::async_trait;
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
use hongbao_shared::{
    GroupId, MessageId, OrderNo, Timestamp, UserId,
    api::{accounts::Profile, groups::Language},
};

/// People, sessions, groups and messages.
#[derive(Clone, Debug)]
pub struct SqlPeople {
    database: Database,
}

impl SqlPeople {
    /// On a database that was opened with [`super::Schema::People`].
    pub fn new(database: Database) -> Self {
        Self { database }
    }

    /// Gives the accounts of before R-PEOPLE-4 the key by which login names that look the
    /// same are one. To be called at every start: while nodes are replaced one by one, the
    /// old ones still make accounts without.
    pub async fn fill_login_keys(&self) -> Result<(), StoreError> {
        logins::fill(&self.database).await
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
const OWNER_ASKS: &str = "guard: the owner asks";
const MEMBER_FOUND: &str = "guard: the person is a member";
const IS_GUEST: &str = "guard: the person is a guest";
const PASSWORD_SAME: &str = "guard: the password is still the same";

/// What a refused write means. SQLite tells a unique constraint by its columns, PostgreSQL
/// by its name.
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
        OWNER_ASKS => PeopleError::NotOwner,
        MEMBER_FOUND => PeopleError::MemberNotFound,
        IS_GUEST => PeopleError::AlreadyAccount,
        PASSWORD_SAME => PeopleError::PasswordChanged,
        "UNIQUE constraint failed: users.account_key"
        | "users_account_key_unique"
        | "UNIQUE constraint failed: users.login_key"
        | "users_login_key_unique" => PeopleError::NameTaken,
        "UNIQUE constraint failed: users.id"
        | "users_pkey"
        | "UNIQUE constraint failed: chat_groups.id"
        | "chat_groups_pkey" => PeopleError::IdTaken,
        // Posted into two groups at the same moment: one of them is another content.
        "packet_posts_pkey" => PeopleError::KeyReused,
        _ => error.into(),
    }
}

fn user_id(column: i64) -> Result<UserId, StoreError> {
    UserId::new(column).ok_or_else(|| StoreError::Corrupt(format!("{column} is not a user id")))
}

fn group_id(column: i64) -> Result<GroupId, StoreError> {
    GroupId::new(column).ok_or_else(|| StoreError::Corrupt(format!("{column} is not a group id")))
}

fn language_column(language: Language) -> &'static str {
    match language {
        Language::Zh => "zh",
        Language::En => "en",
    }
}

fn language(column: &str) -> Result<Language, StoreError> {
    [Language::Zh, Language::En]
        .into_iter()
        .find(|language| language_column(*language) == column)
        .ok_or_else(|| StoreError::Corrupt(format!("{column} is not a language")))
}

#[async_trait]
impl PeopleStore for SqlPeople {
    async fn add_user(&self, user: NewUser, session: NewSession) -> Result<(), PeopleError> {
        users::add(&self.database, user, session).await.map_err(refused)
    }

    async fn login(&self, name: &str, key: &str) -> Result<Option<Login>, PeopleError> {
        Ok(logins::find(&self.database, name, key).await?)
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

    async fn change_profile(&self, change: ProfileDraft) -> Result<(), PeopleError> {
        users::change_profile(&self.database, change).await.map_err(refused)
    }

    async fn make_account(
        &self,
        user: UserId,
        name: String,
        account: NewAccount,
    ) -> Result<(), PeopleError> {
        users::make_account(&self.database, user, name, account).await.map_err(refused)
    }

    async fn password_hash(&self, user: UserId) -> Result<Option<String>, PeopleError> {
        Ok(users::password_hash(&self.database, user).await?)
    }

    async fn rehash_password(
        &self,
        user: UserId,
        from: &str,
        to: &str,
    ) -> Result<bool, PeopleError> {
        logins::rehash(&self.database, user, from, to).await.map_err(refused)
    }

    async fn change_password(&self, change: PasswordDraft) -> Result<Vec<TokenHash>, PeopleError> {
        users::change_password(&self.database, change).await.map_err(refused)
    }

    async fn put_demo_member(&self, member: DemoMember) -> Result<Profile, PeopleError> {
        users::put_demo_member(&self.database, member).await.map_err(refused)
    }

    async fn add_session(
        &self,
        session: NewSession,
        while_password: Option<String>,
    ) -> Result<(), PeopleError> {
        sessions::add_session(&self.database, session, while_password).await.map_err(refused)
    }

    async fn session(
        &self,
        token_hash: TokenHash,
        now: Timestamp,
    ) -> Result<Option<StoredSession>, PeopleError> {
        Ok(sessions::session(&self.database, token_hash, now).await?)
    }

    async fn touch_session(
        &self,
        token_hash: TokenHash,
        seen_at: Timestamp,
        expires_at: Timestamp,
    ) -> Result<(), PeopleError> {
        sessions::touch_session(&self.database, token_hash, seen_at, expires_at)
            .await
            .map_err(refused)
    }

    async fn end_session(&self, token_hash: TokenHash) -> Result<(), PeopleError> {
        sessions::end_session(&self.database, token_hash).await.map_err(refused)
    }

    async fn sessions_of(
        &self,
        user: UserId,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<OwnSession>, PeopleError> {
        Ok(sessions::sessions_of(&self.database, user, now, limit).await?)
    }

    async fn end_other_sessions(
        &self,
        user: UserId,
        keep: TokenHash,
    ) -> Result<Vec<TokenHash>, PeopleError> {
        sessions::end_other_sessions(&self.database, user, keep).await.map_err(refused)
    }

    async fn add_group(&self, group: GroupDraft) -> Result<StoredMessage, PeopleError> {
        groups::add(&self.database, group).await.map_err(refused)
    }

    async fn add_demo_group(&self, group: DemoGroupDraft) -> Result<JoinedGroup, PeopleError> {
        groups::add_demo(&self.database, group).await.map_err(refused)
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
        Ok(members::faces(&self.database, groups, per_group).await?)
    }

    async fn member_ids(&self, group: GroupId, limit: u32) -> Result<Vec<UserId>, PeopleError> {
        Ok(members::member_ids(&self.database, group, limit).await?)
    }

    async fn is_member(&self, group: GroupId, user: UserId) -> Result<bool, PeopleError> {
        Ok(members::is_member(&self.database, group, user).await?)
    }

    async fn demo_member_ids(&self, group: GroupId) -> Result<Vec<UserId>, PeopleError> {
        Ok(members::demo_member_ids(&self.database, group).await?)
    }

    async fn set_read(
        &self,
        group: GroupId,
        user: UserId,
        up_to: MessageId,
    ) -> Result<(), PeopleError> {
        marks::set_read(&self.database, group, user, up_to).await.map_err(refused)
    }

    async fn set_muted(
        &self,
        group: GroupId,
        user: UserId,
        muted: bool,
    ) -> Result<(), PeopleError> {
        marks::set_muted(&self.database, group, user, muted).await.map_err(refused)
    }

    async fn invite(&self, invitation: InvitationDraft) -> Result<StoredInvitation, PeopleError> {
        invitations::invite(&self.database, invitation).await.map_err(refused)
    }

    async fn invitation(
        &self,
        code: &str,
        now: Timestamp,
    ) -> Result<Option<ValidInvitation>, PeopleError> {
        Ok(invitations::find(&self.database, code, now).await?)
    }

    async fn invitations(
        &self,
        group: GroupId,
        reader: UserId,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<ListedInvitation>, PeopleError> {
        Ok(invitations::list(&self.database, group, reader, now, limit).await?)
    }

    async fn revoke(&self, revocation: Revocation) -> Result<(), PeopleError> {
        invitations::revoke(&self.database, revocation).await.map_err(refused)
    }

    async fn join(&self, join: JoinDraft) -> Result<JoinedGroup, PeopleError> {
        members::join(&self.database, join).await.map_err(refused)
    }

    async fn remove(&self, removal: Removal) -> Result<StoredMessage, PeopleError> {
        members::remove(&self.database, removal).await.map_err(refused)
    }

    async fn post_text(&self, text: TextDraft) -> Result<StoredMessage, PeopleError> {
        messages::post_text(&self.database, text).await.map_err(refused)
    }

    async fn post_packet(&self, packet: PacketPost) -> Result<StoredMessage, PeopleError> {
        messages::post_packet(&self.database, packet).await.map_err(refused)
    }

    async fn post_lines(&self, lines: Vec<LinePost>) -> Result<Vec<StoredMessage>, PeopleError> {
        messages::post_lines(&self.database, lines).await.map_err(refused)
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
