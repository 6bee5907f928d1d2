//! Telling browsers of packets while no page of the app is open (R-WEB-8).

use crate::{OrderNo, api::groups::Language};
use serde::{Deserialize, Serialize};

/// `GET /push`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PushKey {
    /// What a browser subscribes with: a point of P-256, uncompressed, in base64url; absent where
    /// this server tells no browsers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_key: Option<String>,
}

/// `PUT /session/push`: what a browser's push service gave for that key.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewPushSubscription {
    /// Where its push service takes what is for it: https, 1 to 1,024 characters.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 1024))]
    pub endpoint: String,
    /// Its key `p256dh`: a point of P-256, uncompressed, 65 bytes in base64url.
    pub public_key: String,
    /// Its secret `auth`: 16 bytes in base64url.
    pub auth: String,
    /// What it is told in.
    pub language: Language,
}

/// Endpoints and secrets do not reach a log.
impl core::fmt::Debug for NewPushSubscription {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("NewPushSubscription").finish_non_exhaustive()
    }
}

/// What a browser's service worker is told, sealed for it alone (RFC 8291).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushMessage {
    /// How the chat is called.
    pub title: String,
    /// Who sent a packet, with which words; nothing of amounts.
    pub body: String,
    /// Where a tap leads.
    pub path: String,
    /// One packet is shown once, by whatever way it is told.
    pub tag: OrderNo,
}
