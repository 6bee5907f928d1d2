//! Accounts of programs: what they may do, and whom and which rooms they link (R-API-5).

use super::{packets::Opened, problem::Problem};
use crate::{
    ids::{GroupId, UserId},
    timestamp::Timestamp,
};
use core::{fmt, str::FromStr};
use serde::{Deserialize, Serialize};

/// The header in which a service names for whom it acts: `provider:id`.
pub const FOR: &str = "hongbao-for";
/// The most people that one call links.
pub const PEOPLE_PER_CALL_MAX: usize = 100;
/// The most rooms that one call links.
pub const ROOMS_PER_CALL_MAX: usize = 20;
/// The most opens of one call.
pub const OPENS_PER_CALL_MAX: usize = 100;
/// The longest name of a provider, in characters.
pub const PROVIDER_CHARS_MAX: usize = 32;
/// The longest id of somebody else's, in characters.
pub const EXTERNAL_ID_CHARS_MAX: usize = 128;

/// One of the things that a service may be allowed to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Scope {
    /// Do and read for linked people what they may themselves.
    Act,
    /// Read for linked people what they may read themselves.
    Read,
    /// Bring money into the wallets of linked people.
    Grant,
    /// Hear by webhooks what happens in linked rooms.
    Webhooks,
    /// What administrators may, in the name of a linked person.
    Administer,
}

impl Scope {
    /// Each of them; its place is its bit where scopes are stored.
    pub const ALL: [Self; 5] =
        [Self::Act, Self::Read, Self::Grant, Self::Webhooks, Self::Administer];

    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Act => "act",
            Self::Read => "read",
            Self::Grant => "grant",
            Self::Webhooks => "webhooks",
            Self::Administer => "administer",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that names no scope.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("a scope is one of act, read, grant, webhooks, administer")]
pub struct BadScope;

impl FromStr for Scope {
    type Err = BadScope;

    fn from_str(text: &str) -> Result<Self, BadScope> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == text).ok_or(BadScope)
    }
}

/// Somebody or something of another system, as that system names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct External {
    /// Which system.
    #[cfg_attr(feature = "openapi", schema(pattern = "^[a-z0-9._-]{1,32}$", example = "matrix"))]
    pub provider: String,
    /// Its id there.
    #[cfg_attr(
        feature = "openapi",
        schema(pattern = "^[!-~]{1,128}$", example = "@ann:example.org")
    )]
    pub id: String,
}

impl External {
    /// Is it written as it must be?
    pub fn is_valid(&self) -> bool {
        let of_provider =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte);
        (1..=PROVIDER_CHARS_MAX).contains(&self.provider.len())
            && self.provider.bytes().all(of_provider)
            && (1..=EXTERNAL_ID_CHARS_MAX).contains(&self.id.len())
            && self.id.bytes().all(|byte| byte.is_ascii_graphic())
    }
}

/// `provider:id`, as the header has it.
impl FromStr for External {
    type Err = BadExternal;

    fn from_str(text: &str) -> Result<Self, BadExternal> {
        let (provider, id) = text.split_once(':').ok_or(BadExternal)?;
        let external = Self { provider: provider.to_owned(), id: id.to_owned() };
        if external.is_valid() { Ok(external) } else { Err(BadExternal) }
    }
}

/// A text that is not `provider:id`.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("not written as provider:id")]
pub struct BadExternal;

/// `GET /service`: what a service is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Service {
    /// What it is called.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// How many calls it may make in a minute, on each node.
    pub calls_per_minute: u32,
    /// Until when the token of this call is valid.
    pub expires_at: Timestamp,
}

/// `PUT /service/people`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LinkPeople {
    /// Who is to be linked; whoever is already stays who they are, by the new name.
    #[cfg_attr(feature = "openapi", schema(min_items = 1, max_items = 100))]
    pub people: Vec<PersonToLink>,
}

/// Somebody to be linked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PersonToLink {
    /// Which system.
    #[cfg_attr(feature = "openapi", schema(pattern = "^[a-z0-9._-]{1,32}$", example = "matrix"))]
    pub provider: String,
    /// Their id there.
    #[cfg_attr(
        feature = "openapi",
        schema(pattern = "^[!-~]{1,128}$", example = "@ann:example.org")
    )]
    pub id: String,
    /// What they are called from now on.
    pub name: String,
}

/// The answer to `PUT /service/people`, in the order of the request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LinkedPeople {
    /// Who they are.
    pub people: Vec<LinkedPerson>,
}

/// Somebody who is linked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LinkedPerson {
    /// Which system.
    pub provider: String,
    /// Their id there.
    pub id: String,
    /// Their id here; the same for ever.
    pub user_id: UserId,
}

/// `PUT /service/rooms`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LinkRooms {
    /// Which are to be linked; one that is already gets the members that it lacks.
    #[cfg_attr(feature = "openapi", schema(min_items = 1, max_items = 20))]
    pub rooms: Vec<RoomToLink>,
}

/// A room to be linked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RoomToLink {
    /// Which system; also that of its members.
    #[cfg_attr(feature = "openapi", schema(pattern = "^[a-z0-9._-]{1,32}$", example = "matrix"))]
    pub provider: String,
    /// Its id there.
    #[cfg_attr(
        feature = "openapi",
        schema(pattern = "^[!-~]{1,128}$", example = "!room:example.org")
    )]
    pub id: String,
    /// What its group is called when it is made.
    pub name: String,
    /// Who is in it, by their ids there; all are linked. The first owns a group that is made. Nobody
    /// is removed because they are not named.
    #[cfg_attr(feature = "openapi", schema(min_items = 1))]
    pub members: Vec<String>,
}

/// The answer to `PUT /service/rooms`, in the order of the request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LinkedRooms {
    /// Which they are.
    pub rooms: Vec<LinkedRoom>,
}

/// A room that is linked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LinkedRoom {
    /// Which system.
    pub provider: String,
    /// Its id there.
    pub id: String,
    /// Its group here; the same for ever.
    pub group_id: GroupId,
}

/// `POST /packets/{order_no}/opens`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OpensRequest {
    /// Who opens.
    #[cfg_attr(feature = "openapi", schema(min_items = 1, max_items = 100))]
    pub opens: Vec<OpenFor>,
}

/// Somebody who opens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OpenFor {
    /// Who.
    #[serde(with = "Named")]
    pub person: External,
    /// The ticket of their grab.
    pub ticket: String,
}

/// An [`External`] in a request, which refuses unknown fields.
#[derive(Serialize, Deserialize)]
#[serde(remote = "External", deny_unknown_fields)]
struct Named {
    provider: String,
    id: String,
}

/// The answer to `POST /packets/{order_no}/opens`, in the order of the request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BulkOpened {
    /// What each has got.
    pub opens: Vec<BulkOpen>,
}

/// What one of many has got: a share, or a refusal as the call for one would have answered it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BulkOpen {
    /// Who.
    pub person: External,
    /// Their share; it is durable.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub opened: Option<Opened>,
    /// Why they have none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub refused: Option<Problem>,
}
