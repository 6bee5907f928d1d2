//! Who is asking: a bearer token or the session cookie, with the same rights.

use super::problem::Answered;
use super::{
    Http,
    client::Client,
    service,
    token::{COOKIE, SECURE_COOKIE, cookie_token, is_safe, token},
};
use axum::{
    extract::{FromRequestParts, OptionalFromRequestParts, Request},
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::{AppendHeaders, IntoResponse, Response},
};
use hongbao_domain::{
    Refusal,
    store::{
        ledger::{AccountState, Grantor},
        people::{By, What},
    },
};
use hongbao_shared::{
    ErrorCode, ServiceId, UserId,
    api::{
        accounts::SignedIn,
        services::{FOR, Scope},
    },
};
use serde_json::Value;
use std::{
    fmt,
    sync::{Arc, OnceLock},
};

/// Whom the caller takes itself to be: an id. A browser sends the cookie of whoever signed
/// in last, whichever of its tabs calls, and a tab must not pay from another's wallet.
pub(super) const EXPECTED: &str = "hongbao-person";

/// A signed-in person.
pub(super) struct Session {
    /// Who it is.
    pub(super) user_id: UserId,
    /// The token that said so; never logged.
    pub(super) token: String,
    is_admin: bool,
}

/// A signed-in person themself: for what no program does for anybody, such as passwords,
/// sessions and streams. Services are refused as `forbidden`.
#[derive(Debug)]
pub(super) struct Own(pub(super) Session);

/// Whoever brings money into a wallet: a person into their own, or a service with the scope
/// `grant` for one.
#[derive(Debug)]
pub(super) struct Bringing {
    pub(super) user: UserId,
    pub(super) is_self: bool,
}

/// Whoever grants in the name of the house: a signed-in administrator, who names to whom in the
/// body; or a service with the scope `grant`, which names them as always.
#[derive(Debug)]
pub(super) struct Granting {
    pub(super) by: Grantor,
    pub(super) to: Option<UserId>,
    /// The administrator, whose grants are entries of the journal; those of services are among
    /// what services do.
    pub(super) admin: Option<Admin>,
}

/// A signed-in administrator, or a service with the scope `administer` for somebody; everybody
/// else is refused as `forbidden`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Admin {
    /// Who it is, or for whom the service acts.
    pub(super) user: UserId,
    service: Option<ServiceId>,
}

impl Admin {
    /// Writes down what they are about to do, or refuses it (R-API-6).
    pub(super) async fn enter(
        &self,
        http: &Http,
        what: What,
        detail: Value,
    ) -> Result<(), Refusal> {
        let by = By { service: self.service, user: Some(self.user) };
        http.app.journal.enter(by, what, &detail).await
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("user_id", &self.user_id).finish_non_exhaustive()
    }
}

impl FromRequestParts<Http> for Session {
    type Rejection = Answered;

    async fn from_request_parts(parts: &mut Parts, http: &Http) -> Result<Self, Answered> {
        let (token, from_cookie) = token(&parts.headers).ok_or(ErrorCode::Unauthenticated)?;
        if service::is_token(token) && !from_cookie {
            let scopes: &[Scope] =
                if is_safe(&parts.method) { &[Scope::Act, Scope::Read] } else { &[Scope::Act] };
            return Ok(Self::of_service(service::act(parts, http, scopes).await?));
        }
        if parts.headers.contains_key(FOR) {
            return Err(Refusal::new(ErrorCode::Forbidden)
                .detail("Only services act for others; this is a person's token.")
                .into());
        }
        // A browser sends the cookie whoever made it call; a token only our own code has.
        let is_ours = || {
            is_same_origin(
                &parts.headers,
                Client::of(&parts.headers, &parts.extensions, &http.app.config).https,
            )
        };
        if from_cookie && !is_safe(&parts.method) && !is_ours() {
            return Err(Refusal::new(ErrorCode::Forbidden)
                .detail("With the session cookie, calls must come from the app's own pages.")
                .into());
        }
        let token = token.to_owned();
        let session = http.app.accounts.authenticate(&token).await?;
        let session = session.ok_or(ErrorCode::Unauthenticated)?;
        if let Some(expected) = parts.headers.get(EXPECTED)
            && expected.as_bytes() != session.user_id.to_string().as_bytes()
        {
            return Err(ErrorCode::PersonChanged.into());
        }
        if from_cookie
            && session.is_renewed
            && let Some(renewal) = parts.extensions.get::<Renewal>()
        {
            renewal.0.get_or_init(|| token.clone());
        }
        Ok(Self { user_id: session.user_id, token, is_admin: session.is_admin })
    }
}

impl Session {
    /// What is in the wallet of whoever asks, after the house has given them what it gives.
    /// People whom a program has brought get what that program gives.
    pub(super) async fn come(&self, http: &Http) -> Result<AccountState, Refusal> {
        let ledger = &http.app.ledger;
        if self.token.is_empty() {
            return ledger.account(self.user_id).await;
        }
        ledger.come(self.user_id).await
    }

    fn of_service(user_id: UserId) -> Self {
        Self { user_id, token: String::new(), is_admin: false }
    }
}

/// Is the caller a service?
fn is_service(parts: &Parts) -> bool {
    token(&parts.headers).is_some_and(|(token, cookie)| !cookie && service::is_token(token))
}

impl FromRequestParts<Http> for Own {
    type Rejection = Answered;

    async fn from_request_parts(parts: &mut Parts, http: &Http) -> Result<Self, Answered> {
        if is_service(parts) {
            // One whose token is none hears that first.
            service::Asking::from_request_parts(parts, http).await?;
            return Err(ErrorCode::Forbidden.into());
        }
        Ok(Self(<Session as FromRequestParts<Http>>::from_request_parts(parts, http).await?))
    }
}

impl FromRequestParts<Http> for Bringing {
    type Rejection = Answered;

    async fn from_request_parts(parts: &mut Parts, http: &Http) -> Result<Self, Answered> {
        if is_service(parts) {
            let user = service::act(parts, http, &[Scope::Grant]).await?;
            return Ok(Self { user, is_self: false });
        }
        let session = <Session as FromRequestParts<Http>>::from_request_parts(parts, http).await?;
        Ok(Self { user: session.user_id, is_self: true })
    }
}

impl FromRequestParts<Http> for Granting {
    type Rejection = Answered;

    async fn from_request_parts(parts: &mut Parts, http: &Http) -> Result<Self, Answered> {
        if is_service(parts) {
            let (service, user) = service::acting(parts, http, &[Scope::Grant]).await?;
            return Ok(Self { by: Grantor::Service(service), to: Some(user), admin: None });
        }
        let admin = Admin::from_request_parts(parts, http).await?;
        Ok(Self { by: Grantor::Administrator(admin.user), to: None, admin: Some(admin) })
    }
}

impl FromRequestParts<Http> for Admin {
    type Rejection = Answered;

    async fn from_request_parts(parts: &mut Parts, http: &Http) -> Result<Self, Answered> {
        if is_service(parts) {
            let (service, user) = service::acting(parts, http, &[Scope::Administer]).await?;
            return Ok(Self { user, service: Some(service) });
        }
        let session = <Session as FromRequestParts<Http>>::from_request_parts(parts, http).await?;
        // A node remembers sessions for a while; whoever has just become an administrator is one.
        if !session.is_admin && !http.app.accounts.is_admin(session.user_id).await? {
            return Err(ErrorCode::Forbidden.into());
        }
        Ok(Self { user: session.user_id, service: None })
    }
}

/// For calls that nobody has to sign in for: `None` without a session that is valid.
impl OptionalFromRequestParts<Http> for Session {
    type Rejection = Answered;

    async fn from_request_parts(parts: &mut Parts, http: &Http) -> Result<Option<Self>, Answered> {
        match <Self as FromRequestParts<Http>>::from_request_parts(parts, http).await {
            Ok(session) => Ok(Some(session)),
            Err(Answered(refusal)) if refusal.code == ErrorCode::Unauthenticated => Ok(None),
            Err(answered) => Err(answered),
        }
    }
}

/// The session that a browser has already; a new guest would replace it unasked.
#[derive(Debug)]
pub(super) struct Present(pub(super) Option<SignedIn>);

/// Whoever has the cookie has the token: nothing is told here that they do not know, so it
/// does not matter which page asks.
impl FromRequestParts<Http> for Present {
    type Rejection = Answered;

    async fn from_request_parts(parts: &mut Parts, http: &Http) -> Result<Self, Answered> {
        if parts.headers.contains_key(header::AUTHORIZATION)
            && token(&parts.headers).is_some_and(|(_, from_cookie)| !from_cookie)
        {
            // A program that names its token keeps it whatever else it gets.
            return Ok(Self(None));
        }
        let Some(token) = cookie_token(&parts.headers) else { return Ok(Self(None)) };
        let accounts = &http.app.accounts;
        let Some(session) = accounts.authenticate(token).await? else { return Ok(Self(None)) };
        let user = accounts.profile(session.user_id).await;
        Ok(Self(Some(SignedIn { user, token: token.to_owned() })))
    }
}

/// Where the token of a cookie is put that is to be set again, because its session goes on.
#[derive(Clone, Debug, Default)]
pub(super) struct Renewal(Arc<OnceLock<String>>);

impl Renewal {
    /// For a request that came with cookies.
    pub(super) fn of(request: &mut Request) -> Option<Self> {
        request.headers().contains_key(header::COOKIE).then(|| {
            let renewal = Self::default();
            request.extensions_mut().insert(renewal.clone());
            renewal
        })
    }

    /// Sets the cookie of a session again that was renewed, so that a browser keeps it for as
    /// long as the server does (R-PEOPLE-5).
    pub(super) fn set_cookie(&self, max_age_s: u32, https: bool, headers: &mut HeaderMap) {
        if let Some(token) = self.0.get()
            && !headers.contains_key(header::SET_COOKIE)
            && let Ok(cookie) = cookie(token, max_age_s, https).parse()
        {
            headers.insert(header::SET_COOKIE, cookie);
        }
    }
}

/// Did a page of ours make this call? Browsers leave out `Sec-Fetch-Site` on plain
/// http outside of localhost, but send `Origin` with every unsafe method.
fn is_same_origin(headers: &HeaderMap, https: bool) -> bool {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return site == "same-origin";
    }
    let origin = text("origin").and_then(|origin| origin.split_once("://"));
    match (origin, text("host")) {
        (Some((scheme, authority)), Some(host)) => {
            scheme == if https { "https" } else { "http" } && authority.eq_ignore_ascii_case(host)
        }
        _ => false,
    }
}

/// The 201 of a new session: the token for programs, the cookie for browsers.
pub(super) fn started(http: &Http, client: &Client, signed_in: SignedIn) -> Response {
    let cookie = cookie(&signed_in.token, http.app.config.sessions.ttl_s, client.https);
    (StatusCode::CREATED, [(header::SET_COOKIE, cookie)], axum::Json(signed_in)).into_response()
}

/// The 204 of a session that has ended.
pub(super) fn ended(client: &Client) -> Response {
    // The plain one as well, from before the server was reached by https.
    let cookies = [Some(cookie("", 0, false)), client.https.then(|| cookie("", 0, true))];
    let cookies = cookies.into_iter().flatten().map(|cookie| (header::SET_COOKIE, cookie));
    (StatusCode::NO_CONTENT, AppendHeaders(cookies)).into_response()
}

fn cookie(token: &str, max_age_s: u32, secure: bool) -> String {
    let (name, secure) = if secure { (SECURE_COOKIE, "; Secure") } else { (COOKIE, "") };
    format!("{name}={token}; HttpOnly; SameSite=Strict; Path=/; Max-Age={max_age_s}{secure}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn tokens_come_in_two_ways() {
        type Case<'a> = (&'a [(&'static str, &'static str)], Option<(&'a str, bool)>);
        let cases: [Case<'_>; 9] = [
            (&[], None),
            (&[("authorization", "Bearer abc")], Some(("abc", false))),
            (&[("authorization", "bearer abc")], Some(("abc", false))),
            (&[("cookie", "a=b; hongbao_session=abc; c=d")], Some(("abc", true))),
            (&[("cookie", "a=b"), ("cookie", "hongbao_session=abc")], Some(("abc", true))),
            (&[("cookie", "xhongbao_session=abc")], None),
            (&[("cookie", "hongbao_session=old; __Host-hongbao_session=abc")], Some(("abc", true))),
            // Somebody who sends a token means it.
            (&[("authorization", "Bearer x"), ("cookie", "hongbao_session=a")], Some(("x", false))),
            // Somebody else's, such as a proxy's in front (R-PEOPLE-5).
            (
                &[("authorization", "Basic x"), ("cookie", "hongbao_session=abc")],
                Some(("abc", true)),
            ),
        ];
        for (pairs, expected) in cases {
            assert_eq!(token(&headers(pairs)), expected, "{pairs:?}");
        }
    }

    #[test]
    fn only_our_own_pages_are_same_origin() {
        let host = ("host", "Hongbao.example:8080");
        let same = |pairs: &[_]| is_same_origin(&headers(pairs), false);
        assert!(same(&[host, ("sec-fetch-site", "same-origin")]));
        assert!(same(&[host, ("origin", "http://hongbao.example:8080")]));
        for (name, value) in [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("sec-fetch-site", "none"),
            ("origin", "http://hongbao.example"),
            ("origin", "https://hongbao.example:8080"),
            ("origin", "null"),
            ("origin", "http://evil.example:8080"),
            ("accept", "*/*"),
        ] {
            assert!(!same(&[host, (name, value)]), "{name}: {value}");
        }
        let both =
            [host, ("sec-fetch-site", "cross-site"), ("origin", "http://hongbao.example:8080")];
        assert!(!same(&both));
    }

    #[test]
    fn the_cookie_is_out_of_reach() {
        let flags = "hongbao_session=t; HttpOnly; SameSite=Strict; Path=/; Max-Age=60";
        assert_eq!(cookie("t", 60, false), flags);
        assert_eq!(cookie("t", 60, true), format!("__Host-{flags}; Secure"));
    }
}
