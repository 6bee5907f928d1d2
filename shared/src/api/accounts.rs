//! People: accounts, guests, sessions.

use crate::{ids::UserId, money::Fen};
use serde::{Deserialize, Serialize};

/// What others see of a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Profile {
    /// Who it is.
    pub id: UserId,
    /// The name shown; not unique among guests.
    pub name: String,
    /// An avatar: one of the built-in pictures, `a00` to `a23`.
    pub avatar: String,
}

/// `POST /accounts`, `POST /session`: a name and its password.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Credentials {
    /// The account's name, unique among accounts.
    pub name: String,
    /// The password.
    pub password: String,
}

impl core::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Credentials").field("name", &self.name).finish_non_exhaustive()
    }
}

/// `POST /session/guest`: a name is enough.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GuestRequest {
    /// How to be called.
    pub name: String,
}

/// A new session. The browser gets the same token as a cookie.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignedIn {
    /// Who is signed in.
    pub user: Profile,
    /// For `Authorization: Bearer …`.
    pub token: String,
}

impl core::fmt::Debug for SignedIn {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("SignedIn").field("user", &self.user).finish_non_exhaustive()
    }
}

/// `GET /me`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Me {
    /// Who is signed in.
    pub user: Profile,
    /// What the wallet holds.
    pub balance_fen: Fen,
    /// May this person use the control calls?
    pub is_admin: bool,
    /// Is this a guest, without a password?
    pub is_guest: bool,
}
