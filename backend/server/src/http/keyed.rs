//! Calls with an `Idempotency-Key` (R-API-5): the first answer again.
//!
//! What is done under a key is done to its end, also when the client has gone: it is then that
//! somebody comes again to hear the answer.

use super::{
    Http, docs, extract,
    problem::Answered,
    service,
    token::{is_safe, token},
};
use axum::{
    body::{Body, HttpBody},
    extract::{FromRequestParts, MatchedPath, Request},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use hongbao_domain::{
    Refusal,
    store::people::{ANSWER_BYTES_MAX, AskingService, CallAnswer, Caller},
    whole,
};
use hongbao_engine::{
    calls::{Begun, Keyed, Repeat},
    control::Deed,
};
use hongbao_shared::{ErrorCode, api::services::FOR};
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, convert::Infallible, sync::Arc};
use tower::{Service, ServiceExt};
use tracing::Instrument;
use utoipa::openapi::OpenApi;

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Says that this was answered before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// What becomes of calls that are done twice, by route and method; `None` takes no key. Routes
/// that are not in it change nothing.
#[derive(Debug)]
pub(super) struct Repeats(BTreeMap<String, BTreeMap<&'static str, Option<Repeat>>>);

impl Repeats {
    pub(super) fn of(document: &OpenApi) -> Self {
        let of = |item: &utoipa::openapi::PathItem| {
            let operations = [
                ("PUT", &item.put),
                ("POST", &item.post),
                ("PATCH", &item.patch),
                ("DELETE", &item.delete),
            ];
            let name = |(method, operation): (_, &Option<utoipa::openapi::path::Operation>)| {
                let name = operation.as_ref()?.operation_id.as_deref()?;
                Some((method, docs::repeat(name)))
            };
            operations.into_iter().filter_map(name).collect()
        };
        Self(document.paths.paths.iter().map(|(path, item)| (path.clone(), of(item))).collect())
    }

    /// Refused as `key_not_taken` of a call that takes none.
    fn get(&self, route: &str, method: &Method) -> Option<Result<Repeat, ErrorCode>> {
        let repeat = self.0.get(route)?.get(method.as_str()).copied()?;
        Some(repeat.ok_or(ErrorCode::KeyNotTaken))
    }
}

/// Is this a call that means a key?
pub(super) fn is_keyed(request: &Request) -> bool {
    request.headers().contains_key(KEY) && !is_safe(request.method())
}

/// The key that a call came with.
fn key(headers: &HeaderMap) -> Result<Option<&str>, Refusal> {
    let mut keys = headers.get_all(KEY).iter();
    let Some(key) = keys.next() else { return Ok(None) };
    let key = key.to_str().ok().filter(|_| keys.next().is_none());
    Ok(Some(key.ok_or(ErrorCode::KeyInvalid)?))
}

/// The key that a call came with, for those whose deed has a key too.
#[derive(Debug)]
pub(super) struct Key(pub(super) Option<String>);

impl<S: Send + Sync> FromRequestParts<S> for Key {
    type Rejection = Answered;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Answered> {
        Ok(Self(key(&parts.headers)?.map(str::to_owned)))
    }
}

/// Answers a call with a key.
pub(super) async fn answer<S>(
    http: Http,
    inner: S,
    request: Request,
) -> Result<Response, Infallible>
where
    S: Service<Request, Response = Response, Error = Infallible, Future: Send> + Send + 'static,
{
    Ok(keyed(http, inner, request).await.unwrap_or_else(IntoResponse::into_response))
}

async fn keyed<S>(http: Http, inner: S, request: Request) -> Result<Response, Answered>
where
    S: Service<Request, Response = Response, Error = Infallible, Future: Send> + Send + 'static,
{
    let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let Some(repeat) = http.repeats.get(route, request.method()) else {
        return Ok(ask(inner, request).await);
    };
    let repeat = repeat?;
    let (parts, body) = request.into_parts();
    let Some((caller, service)) = caller(&http, &parts).await? else {
        // Whoever that is not is told by the call itself.
        return Ok(ask(inner, Request::from_parts(parts, body)).await);
    };
    if let Some(user) = caller.user {
        http.app.pace.check(Deed::Keyed, user)?;
    }
    let body = extract::read(body, extract::bytes_max(&parts.extensions)).await?;
    let request = hash(&parts, &body);
    let key = key(&parts.headers)?.unwrap_or_default();
    let keyed = http.app.calls.begin(caller, key, request, repeat).await;
    if let (Some(service), false) = (service, matches!(keyed, Ok(Keyed::Now(_)))) {
        // What is done counts itself.
        http.app.pace.check_service(service.id, service.calls_per_minute)?;
    }
    match keyed? {
        Keyed::Before(answer) => Ok(again(answer)),
        Keyed::Now(begun) => {
            let request = Request::from_parts(parts, Body::from(body));
            let done = async move { Ok(end(&http, begun, ask(inner, request).await).await) };
            Ok(whole(done.in_current_span()).await?)
        }
    }
}

async fn ask<S>(inner: S, request: Request) -> Response
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    inner.oneshot(request).await.unwrap_or_else(|never| match never {})
}

/// Whose key it is; `None` for whoever the call refuses for what they are. A program is counted
/// by its own limit.
async fn caller(
    http: &Http,
    parts: &Parts,
) -> Result<Option<(Caller, Option<Arc<AskingService>>)>, Refusal> {
    let Some((token, from_cookie)) = token(&parts.headers) else { return Ok(None) };
    if from_cookie || !service::is_token(token) {
        let session = http.app.accounts.authenticate(token).await?;
        let caller = |user| (Caller { service: None, user: Some(user) }, None);
        return Ok(session.map(|session| caller(session.user_id)));
    }
    let Some(service) = http.app.services.authenticate(token).await? else { return Ok(None) };
    let user = match service::named(parts) {
        Some(person) => match http.app.services.person(service.id, person).await {
            Ok(user) => Some(user),
            Err(refusal) if refusal.code == ErrorCode::PersonNotLinked => return Ok(None),
            Err(refusal) => return Err(refusal),
        },
        None if parts.headers.contains_key(FOR) => return Ok(None),
        None => None,
    };
    Ok(Some((Caller { service: Some(service.id), user }, Some(service))))
}

/// Of all that makes it another call.
fn hash(parts: &Parts, body: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(parts.method.as_str());
    hash.update(" ");
    hash.update(parts.uri.path_and_query().map_or("", |path| path.as_str()));
    hash.update("\n");
    hash.update(body);
    hash.finalize().into()
}

/// What was answered, kept before anybody hears it.
async fn end(http: &Http, begun: Begun, response: Response) -> Response {
    let (parts, body) = response.into_parts();
    let status = parts.status.as_u16();
    let is_short = |bytes: u64| usize::try_from(bytes).is_ok_and(|it| it <= ANSWER_BYTES_MAX);
    if !body.size_hint().exact().is_some_and(is_short) {
        http.app.calls.end(begun, status, None).await;
        return Response::from_parts(parts, body);
    }
    // It is in memory, whole.
    let body = axum::body::to_bytes(body, ANSWER_BYTES_MAX).await.unwrap_or_default();
    http.app.calls.end(begun, status, Some(&body)).await;
    Response::from_parts(parts, Body::from(body))
}

fn again(answer: CallAnswer) -> Response {
    let CallAnswer { status, body } = answer;
    let content_type = if status < 400 { "application/json" } else { "application/problem+json" };
    let is_empty = body.is_empty();
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    let headers = response.headers_mut();
    if !is_empty {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    response
}
