//! What handlers take from a request, and how each refuses what it cannot read.
//! They carry the names of axum's own, so that the OpenAPI document sees through them.

use super::problem::Answered;
use axum::{
    body::{Body, Bytes},
    extract::{
        FromRequest, FromRequestParts, MatchedPath, OptionalFromRequest, RawPathParams, Request,
    },
    http::{Extensions, HeaderMap, StatusCode, Version, header, request::Parts},
    response::{IntoResponse, Response},
};
use hongbao_domain::Refusal;
use hongbao_engine::{accounts::SessionId, delivery::LetterId};
use hongbao_shared::{ErrorCode, GroupId, OrderNo, UserId, WebhookId};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::{
    Serialize,
    de::{DeserializeOwned, value::Error as BadValue},
};
use std::{error::Error, iter::successors, str::FromStr, time::Duration};

/// The largest body that a call takes, in bytes: a message of 1,000 characters, each
/// written as two `\u` escapes, with room to spare.
const BODY_BYTES_MAX: usize = 16 * 1024;
/// Likewise of calls that are for programs alone and name many at once (R-API-5): the 500 members
/// of a room by ids as long as they may be, and as much again.
const MANY_BYTES_MAX: usize = 128 * 1024;
/// How long a client may take to send it. Reading it happens before anything is
/// decided, so giving up here changes nothing.
const BODY_READ_MAX: Duration = Duration::from_secs(10);
/// The most characters of a client's own text that a detail repeats.
const ECHO_CHARS_MAX: usize = 64;

/// The largest body that a call takes, in bytes, by its route.
pub(super) fn bytes_max(extensions: &Extensions) -> usize {
    let route = extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let names_many =
        route.starts_with("/api/v1/service/") || route == "/api/v1/packets/{order_no}/opens";
    if names_many { MANY_BYTES_MAX } else { BODY_BYTES_MAX }
}

/// Of a request that is refused by its head alone, whatever it asks for: it does not name the one
/// host that it is for (RFC 9112, 3.2), or announces more than it takes.
pub(super) fn refusal(request: &Request) -> Option<Response> {
    let headers = request.headers();
    let hosts = headers.get_all(header::HOST).iter().count();
    if hosts > 1 || (hosts == 0 && request.version() == Version::HTTP_11) {
        let what = "A request must have one Host header.\n";
        return Some((StatusCode::BAD_REQUEST, what).into_response());
    }
    let length = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    let length = length.and_then(|length| length.parse::<usize>().ok());
    let most = bytes_max(request.extensions());
    length.filter(|length| *length > most).map(|_| too_large(most).into_response())
}

fn too_large(most: usize) -> Answered {
    let detail = format!("A body of this call has at most {most} bytes.");
    Refusal::new(ErrorCode::BodyTooLarge).detail(detail).into()
}

/// A JSON object that has all the fields that it needs and none that it does not; as
/// an answer, any JSON.
#[derive(Debug)]
pub(super) struct Json<T>(pub(super) T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Answered;

    async fn from_request(request: Request, _: &S) -> Result<Self, Answered> {
        if !is_json(request.headers()) {
            return Err(ErrorCode::UnsupportedMediaType.into());
        }
        let most = bytes_max(request.extensions());
        Ok(Self(parse(&read(request.into_body(), most).await?)?))
    }
}

/// For calls whose whole body is optional: no body at all is `None`.
impl<S: Send + Sync, T: DeserializeOwned> OptionalFromRequest<S> for Json<T> {
    type Rejection = Answered;

    async fn from_request(request: Request, _: &S) -> Result<Option<Self>, Answered> {
        let typed = request.headers().contains_key(header::CONTENT_TYPE);
        let json = is_json(request.headers());
        let most = bytes_max(request.extensions());
        let body = read(request.into_body(), most).await?;
        if body.is_empty() && (json || !typed) {
            return Ok(None);
        }
        if !json {
            return Err(ErrorCode::UnsupportedMediaType.into());
        }
        Ok(Some(Self(parse(&body)?)))
    }
}

/// `application/json`, with or without parameters such as a charset.
fn is_json(headers: &HeaderMap) -> bool {
    let text = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = text.and_then(|text| text.split(';').next()).unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("application/json")
}

/// All of a body of at most so many bytes, or why not.
pub(super) async fn read(body: Body, most: usize) -> Result<Bytes, Refusal> {
    let invalid = |detail: &str| Refusal::new(ErrorCode::InvalidBody).detail(detail);
    let body = Limited::new(body, most);
    match tokio::time::timeout(BODY_READ_MAX, body.collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large(most).0),
        Ok(Err(_)) => Err(invalid("The body ended before it was complete.")),
        Err(_) => Err(invalid("The body did not arrive in time.")),
    }
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    // serde reads a struct from an array as well; this contract does not.
    if body.trim_ascii_start().first() != Some(&b'{') {
        return Err(Refusal::new(ErrorCode::InvalidBody).detail("The body must be a JSON object."));
    }
    serde_json::from_slice(body).or_else(|_| {
        // Once more, to say where it is wrong.
        let mut json = serde_json::Deserializer::from_slice(body);
        let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
            let at = error.path().to_string();
            explain(&at, error.inner())
        })?;
        json.end().map_err(|error| explain(".", &error))?;
        Ok(value)
    })
}

/// Says what would be right without repeating what was sent: serde's messages name the
/// wrong value, which may be a password or a ticket.
fn explain(at: &str, error: &serde_json::Error) -> Refusal {
    let message = error.to_string();
    let message = message.split(" at line ").next().unwrap_or_default();
    if let Some(rest) = message.strip_prefix("unknown field ") {
        let field = rest.split(", expected").next().unwrap_or_default();
        let field: String = field.trim_matches('`').chars().take(ECHO_CHARS_MAX).collect();
        return Refusal::new(ErrorCode::UnknownField)
            .detail(format!("This call does not know the field `{field}`."));
    }
    let what = if !error.is_data() {
        format!("The body is not valid JSON (line {}, column {}).", error.line(), error.column())
    } else if let Some((_, expected)) = message.split_once(", expected ") {
        format!("`{at}` must be {}.", in_words(expected))
    } else if at == "." {
        format!("The body has a {message}.")
    } else {
        format!("`{at}` is wrong: {message}.")
    };
    Refusal::new(ErrorCode::InvalidBody).detail(what)
}

/// Rust's names of types, as people say them.
fn in_words(expected: &str) -> &str {
    match expected {
        "i64" | "u64" | "i32" | "u32" => "a whole number",
        other => other,
    }
}

/// The one parameter in the path, or both of them in their order.
#[derive(Debug)]
pub(super) struct Path<T>(pub(super) T);

/// What can stand in a path, and how it is refused when it is not canonical: before
/// any look-up, so that nothing can be learnt by trying spellings (R-ORDER-3).
pub(super) trait PathParam: FromStr {
    /// The code of the refusal.
    const REFUSED: ErrorCode;
}

impl PathParam for OrderNo {
    const REFUSED: ErrorCode = ErrorCode::OrderNoInvalid;
}

impl PathParam for GroupId {
    const REFUSED: ErrorCode = ErrorCode::InvalidId;
}

impl PathParam for UserId {
    const REFUSED: ErrorCode = ErrorCode::InvalidId;
}

impl PathParam for WebhookId {
    const REFUSED: ErrorCode = ErrorCode::InvalidId;
}

impl PathParam for LetterId {
    const REFUSED: ErrorCode = ErrorCode::InvalidId;
}

impl PathParam for SessionId {
    const REFUSED: ErrorCode = ErrorCode::InvalidId;
}

/// The code of an invitation as it came in: any text, until somebody looks it up.
#[derive(Debug)]
pub(super) struct InvitationCode(pub(super) String);

impl FromStr for InvitationCode {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

impl PathParam for InvitationCode {
    const REFUSED: ErrorCode = ErrorCode::InvitationInvalid;
}

impl<S: Send + Sync, T: PathParam> FromRequestParts<S> for Path<T> {
    type Rejection = Answered;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Answered> {
        // An error means that the path is not UTF-8 when decoded.
        let params = RawPathParams::from_request_parts(parts, state).await;
        Ok(Self(param(params.ok().as_ref(), 0)?))
    }
}

impl<S: Send + Sync, A: PathParam, B: PathParam> FromRequestParts<S> for Path<(A, B)> {
    type Rejection = Answered;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Answered> {
        let params = RawPathParams::from_request_parts(parts, state).await;
        let params = params.ok();
        Ok(Self((param(params.as_ref(), 0)?, param(params.as_ref(), 1)?)))
    }
}

fn param<T: PathParam>(params: Option<&RawPathParams>, at: usize) -> Result<T, Refusal> {
    let text = params.and_then(|params| params.iter().nth(at)).map(|(_, text)| text);
    text.and_then(|text| text.parse().ok()).ok_or_else(|| Refusal::new(T::REFUSED))
}

/// The query, without parameters that the call does not know.
#[derive(Debug)]
pub(super) struct Query<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Answered;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Answered> {
        match axum::extract::Query::try_from_uri(&parts.uri) {
            Ok(axum::extract::Query(query)) => Ok(Self(query)),
            Err(refused) => Err(explain_query(&refused).into()),
        }
    }
}

/// Says which parameter is wrong, as [`explain`] does of a body's fields.
fn explain_query(refused: &(dyn Error + 'static)) -> Refusal {
    let mut causes = successors(Some(refused), |&error| error.source());
    let cause =
        causes.find_map(|error| error.downcast_ref::<serde_path_to_error::Error<BadValue>>());
    let refusal = Refusal::new(ErrorCode::InvalidQuery);
    let Some(cause) = cause else { return refusal };
    let message = cause.inner().to_string();
    let name: String = cause.path().to_string().chars().take(ECHO_CHARS_MAX).collect();
    refusal.detail(if message.starts_with("unknown field ") {
        format!("This call does not know the parameter `{name}`.")
    } else if let Some(twice) = message.strip_prefix("duplicate field ") {
        format!("The query names {twice} more than once.")
    } else if let Some((_, expected)) = message.rsplit_once(", expected ") {
        format!("`{name}` must be {expected}.")
    } else {
        format!("`{name}` is wrong: {message}.")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use hongbao_shared::api::{accounts::Credentials, packets::PreOrderRequest};

    async fn take<T: DeserializeOwned>(
        content_type: &str,
        body: impl Into<Body>,
    ) -> Result<T, Refusal> {
        let request = Request::builder().header("content-type", content_type);
        let request = request.body(body.into()).unwrap();
        let taken = <Json<T> as FromRequest<()>>::from_request(request, &()).await;
        taken.map(|Json(value)| value).map_err(|Answered(refusal)| refusal)
    }

    #[tokio::test]
    async fn refusals_say_what_would_be_right() {
        let whole = r#"{"group_id":"1","kind":"lucky","total_fen":5,"shares":1}"#;
        assert!(take::<PreOrderRequest>("application/json; charset=utf-8", whole).await.is_ok());
        let deep = "[".repeat(5000);
        let cases = [
            ("", "invalid_body", "must be a JSON object"),
            ("[\"1\",\"lucky\",5,1]", "invalid_body", "must be a JSON object"),
            ("{", "invalid_body", "not valid JSON (line 1, column 1)"),
            (&whole.replace('5', "1.5"), "invalid_body", "`total_fen` must be a whole number."),
            (&whole.replace('5', "\"5\""), "invalid_body", "`total_fen` must be a whole number."),
            (&whole.replace('5', "1e400"), "invalid_body", "not valid JSON"),
            (&whole.replace('5', "19999999999999999999"), "invalid_body", "`total_fen` must be"),
            (&whole.replace('5', "null"), "invalid_body", "`total_fen` must be a whole number."),
            (&whole.replace("lucky", "rigged"), "invalid_body", "`kind` must be one of"),
            (&whole.replace("\"1\"", "\"01\""), "invalid_body", "`group_id` is wrong: an id is"),
            (&whole.replace("shares", "share"), "unknown_field", "the field `share`."),
            (&whole.replace("shares", "total_fen"), "invalid_body", "duplicate field"),
            (&whole.replace("\"shares\":1", "\"cover\":\"x\""), "invalid_body", "missing field"),
            (&format!("{whole} 1"), "invalid_body", "not valid JSON"),
            (&whole.replace('5', &deep), "invalid_body", ""),
            (&whole.replace("shares", &"x".repeat(9000)), "unknown_field", "xxx"),
        ];
        for (body, code, detail) in cases {
            let refusal = take::<PreOrderRequest>("application/json", body.to_owned()).await;
            let refusal = refusal.unwrap_err();
            let shown = body.chars().take(80).collect::<String>();
            assert_eq!(refusal.code.as_str(), code, "{shown}: {}", refusal.detail);
            assert!(refusal.detail.contains(detail), "{shown}: {}", refusal.detail);
            assert!(refusal.detail.len() < 250, "{}", refusal.detail);
        }
    }

    #[tokio::test]
    async fn secrets_are_not_repeated() {
        let refusal = take::<Credentials>("application/json", r#"{"name":"a","password":73313}"#);
        let refusal = refusal.await.unwrap_err();
        assert_eq!(refusal.detail, "`password` must be a string.");
    }

    #[tokio::test]
    async fn only_json_is_read() {
        for content_type in ["", "text/plain", "application/x-www-form-urlencoded", "text/json"] {
            let refusal = take::<Credentials>(content_type, "{}").await.unwrap_err();
            assert_eq!(refusal.code, ErrorCode::UnsupportedMediaType, "{content_type}");
        }
    }
}
