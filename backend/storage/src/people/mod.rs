//! The database of people in SQL.

mod calls;
mod groups;
mod holds;
mod hooks;
mod invitations;
mod journal;
mod log;
mod logins;
mod marks;
mod members;
mod messages;
mod person;
mod pushes;
mod roles;
mod services;
mod sessions;
mod users;

use super::{Database, Work, statement::Statement};
use hongbao_domain::store::{StoreError, people::PeopleError};
use hongbao_shared::api::groups::Language;

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
        // On the heap, or the future of a start is deeper than the compiler looks.
        Box::pin(logins::fill(&self.database)).await
    }

    /// Runs `work` in a transaction beside which others may work, and says what refused it.
    async fn write<G: Send + Sync + 'static, T: Send + 'static>(
        &self,
        given: G,
        work: impl Work<G, T>,
    ) -> Result<T, PeopleError> {
        self.database.write_by_row(given, work).await.map_err(refused)
    }

    /// Likewise, with a single statement: how many rows it changed.
    async fn change(&self, statement: Statement) -> Result<u64, PeopleError> {
        self.database.change_at_once(statement).await.map_err(refused)
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
const KEYS_MAX: &str = "guard: keys_max";
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
        hooks::HOOKS_PER_SERVICE_MAX => PeopleError::TooManyHooks,
        "UNIQUE constraint failed: webhooks.service_id, webhooks.url" | "webhooks_url_unique" => {
            PeopleError::HookExists
        }
        KEYS_MAX => PeopleError::TooManyKeys,
        IS_GUEST => PeopleError::AlreadyAccount,
        PASSWORD_SAME => PeopleError::PasswordChanged,
        "UNIQUE constraint failed: users.account_key"
        | "users_account_key_unique"
        | "UNIQUE constraint failed: users.login_key"
        | "users_login_key_unique"
        | "UNIQUE constraint failed: services.name"
        | "services_name_unique" => PeopleError::NameTaken,
        "UNIQUE constraint failed: users.id"
        | "users_pkey"
        | "UNIQUE constraint failed: services.id"
        | "services_pkey"
        | "UNIQUE constraint failed: webhooks.id"
        | "webhooks_pkey"
        | "UNIQUE constraint failed: chat_groups.id"
        | "chat_groups_pkey" => PeopleError::IdTaken,
        // Posted into two groups at the same moment: one of them is another content.
        "packet_posts_pkey" => PeopleError::KeyReused,
        _ => error.into(),
    }
}

fn language_column(language: Language) -> &'static str {
    match language {
        Language::Zh => "zh",
        Language::En => "en",
    }
}

/// English for one that only a later version speaks.
fn language(column: &str) -> Language {
    [Language::Zh, Language::En]
        .into_iter()
        .find(|language| language_column(*language) == column)
        .unwrap_or(Language::En)
}
