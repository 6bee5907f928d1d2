//! People: accounts, guests, sessions.

use crate::{ids::UserId, money::Fen, timestamp::Timestamp};
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
    #[cfg_attr(feature = "openapi", schema(pattern = "^a([01][0-9]|2[0-3])$"))]
    pub avatar: String,
    /// Is this one of the server's own demo members (R-WEB-6)?
    #[serde(skip_serializing_if = "core::ops::Not::not", default)]
    pub is_demo: bool,
}

/// `POST /accounts`, `POST /me/account`: what makes an account.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Registration {
    /// How to be called; it can be changed, and others may be called the same. A guest who gives
    /// no `login_name` stays called as before.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, example = "小明"))]
    pub name: String,
    /// With what to sign in, for good: no other account has one that looks the same
    /// (R-PEOPLE-4). If it is absent, `name`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[cfg_attr(feature = "openapi", schema(min_length = 1))]
    pub login_name: Option<String>,
    /// The password.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, format = Password))]
    pub password: String,
}

impl core::fmt::Debug for Registration {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Registration")
            .field("name", &self.name)
            .field("login_name", &self.login_name)
            .finish_non_exhaustive()
    }
}

impl From<Credentials> for Registration {
    fn from(Credentials { name, password }: Credentials) -> Self {
        Self { name, login_name: None, password }
    }
}

/// `POST /session`: a login name and its password.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Credentials {
    /// What the account signs in with, in whatever case and form it is typed.
    #[cfg_attr(feature = "openapi", schema(min_length = 1))]
    pub name: String,
    /// The password.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, format = Password))]
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
    #[cfg_attr(feature = "openapi", schema(min_length = 1, example = "小明"))]
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
    /// What the wallet holds; absent while the ledger cannot be asked.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub balance_fen: Option<Fen>,
    /// May this person use the control calls?
    pub is_admin: bool,
    /// Is this a guest, without a password?
    pub is_guest: bool,
    /// With what this account signs in; absent for guests.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub login_name: Option<String>,
}

/// `PATCH /me`: what is absent stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProfileChange {
    /// A new name. What an account signs in with stays.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[cfg_attr(feature = "openapi", schema(min_length = 1))]
    pub name: Option<String>,
    /// A new avatar, `a00` to `a23`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[cfg_attr(feature = "openapi", schema(pattern = "^a([01][0-9]|2[0-3])$"))]
    pub avatar: Option<String>,
}

/// `PUT /me/password`. All other sessions end.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PasswordChange {
    /// The password until now.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, format = Password))]
    pub current: String,
    /// The password from now on.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, format = Password))]
    pub new: String,
}

impl core::fmt::Debug for PasswordChange {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("PasswordChange").finish_non_exhaustive()
    }
}

/// One line of `GET /me/sessions`, the one seen last first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionInfo {
    /// For `DELETE /me/sessions/{id}`; says nothing about the token.
    #[cfg_attr(feature = "openapi", schema(pattern = "^[0-9a-f]{32}$"))]
    pub id: String,
    /// What the browser or program called itself when it signed in (`User-Agent`,
    /// shortened); empty if it did not say.
    pub agent: String,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last used, to some minutes.
    pub seen_at: Timestamp,
    /// Is it the one that asks?
    pub is_current: bool,
}
