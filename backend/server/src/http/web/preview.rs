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
const PICTURE: &str = "/invitation.png";
const INVITATIONS: &str = "/join/";
/// Every browser of today says with it for what it asks. It draws the page itself, and nobody
/// needs to look the invitation up for it.
const BROWSERS_SAY: &str = "sec-fetch-dest";

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
    if headers.contains_key(BROWSERS_SAY) {
        return None;
    }
    let File { bytes, .. } = find(INDEX)?;
    // As whoever looks at it without a session, with their limit.
    http.throttle.check(Counted::Preview, client).ok()?;
    let invitation = http.app.groups.preview(None, code).await.ok()?;
    let site = format!("{}://{host}", if client.https { "https" } else { "http" });
    let page = String::from_utf8_lossy(&bytes);
    let page = page.replacen("</head>", &(tags(&invitation, &site, path) + "</head>"), 1);
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (header::VARY, HeaderValue::from_static(BROWSERS_SAY)),
    ];
    Some((headers, page).into_response())
}

/// In both languages: whoever fetches a preview does not say for whom.
fn tags(invitation: &InvitationPreview, site: &str, path: &str) -> String {
    let InvitationPreview { group_name, inviter, .. } = invitation;
    let inviter = &inviter.name;
    let mut tags = String::new();
    for (property, content) in [
        ("og:type", "website"),
        ("og:site_name", "红包 · Hongbao"),
        ("og:title", group_name),
        (
            "og:description",
            &format!("{inviter} 邀请你来抢红包 · {inviter} invites you to grab red packets"),
        ),
        ("og:url", &format!("{site}{path}")),
        ("og:image", &format!("{site}{PICTURE}")),
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
        let tags = tags(&invitation, "http://\"", "/join/\"<>");
        assert_eq!(tags.lines().count(), 8);
        for line in tags.lines() {
            let inner = line.strip_prefix('<').unwrap().strip_suffix('>').unwrap();
            assert!(!inner.contains(['<', '>']) && inner.matches('"').count() == 4, "{line}");
        }
        assert!(tags.contains("&lt;b&gt; &amp; &quot;Ann&quot; invites you"), "{tags}");
    }
}
