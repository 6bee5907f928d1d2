//! How a link to an invitation is shown where it is sent (R-WEB-8): the app's page, with the
//! properties of the Open Graph protocol in its head.

use super::{File, Find, INDEX, text};
use crate::http::{Http, client::Client, throttle::Counted};
use axum::{
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use hongbao_shared::api::groups::InvitationPreview;
use std::fmt::Write;

/// 1200 × 630, as previews have it; lies in `frontend/static/`.
pub(super) const PICTURE: &str = "invitation.png";
const INVITATIONS: &str = "/join/";
/// Browsers that ask for a page say one of these, the first by https and on this machine alone.
/// They draw the page themselves, and nobody needs to look the invitation up for them.
const BROWSERS_SAY: [&str; 2] = ["sec-fetch-dest", "upgrade-insecure-requests"];

/// The page of a link to an invitation, for whoever is no browser; `None` for all else, and where
/// the invitation is not to be seen.
pub(super) async fn answer(
    http: &Http,
    find: Find,
    client: &Client,
    path: &str,
    headers: &HeaderMap,
) -> Option<Response> {
    let code = path.strip_prefix(INVITATIONS)?;
    let host = text(headers, header::HOST)?;
    if BROWSERS_SAY.iter().any(|name| headers.contains_key(*name)) {
        return None;
    }
    let File { bytes, .. } = find(INDEX)?;
    http.throttle.check(Counted::LinkPreview, client).ok()?;
    let invitation = http.app.groups.preview(None, code).await.ok()?;
    let site = format!("{}://{host}", if client.https { "https" } else { "http" });
    let page = String::from_utf8_lossy(&bytes);
    let page = page.replacen("</head>", &(tags(&invitation, &site) + "</head>"), 1);
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (header::VARY, HeaderValue::from_str(&BROWSERS_SAY.join(", ")).ok()?),
    ];
    Some((headers, page).into_response())
}

/// In both languages: whoever fetches a preview does not say for whom.
fn tags(invitation: &InvitationPreview, site: &str) -> String {
    let InvitationPreview { group_name, inviter, .. } = invitation;
    let inviter = &inviter.name;
    let mut tags = String::new();
    for (property, content) in [
        ("og:type", "website"),
        ("og:site_name", "红包 · Hongbao"),
        ("og:title", group_name),
        (
            "og:description",
            &format!("{inviter}邀请你来抢红包 · {inviter} invites you to grab red packets"),
        ),
        ("og:image", &format!("{site}/{PICTURE}")),
        ("og:image:width", "1200"),
        ("og:image:height", "630"),
    ] {
        let content = escaped(content);
        writeln!(tags, "<meta property=\"{property}\" content=\"{content}\">")
            .expect("a string takes all");
    }
    tags
}

/// For a value in double quotes.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use hongbao_shared::api::accounts::Profile;
    use serde_json::json;

    /// A name ends no attribute.
    #[test]
    fn names_are_escaped() {
        let profile: Profile =
            serde_json::from_value(json!({"id": "7", "name": "<b> & \"Ann\"", "avatar": "ox"}))
                .unwrap();
        let invitation = InvitationPreview {
            group_name: "\"><script>alert(1)</script>".to_owned(),
            member_count: 1,
            faces: Vec::new(),
            inviter: profile,
            expires_at: hongbao_shared::Timestamp::from_millis(0),
            group_id: None,
        };
        let tags = tags(&invitation, "http://\"<>");
        assert_eq!(tags.lines().count(), 7);
        for line in tags.lines() {
            let inner = line.strip_prefix('<').unwrap().strip_suffix('>').unwrap();
            assert!(!inner.contains(['<', '>']) && inner.matches('"').count() == 4, "{line}");
        }
        assert!(tags.contains("&lt;b&gt; &amp; &quot;Ann&quot; invites you"), "{tags}");
    }
}
