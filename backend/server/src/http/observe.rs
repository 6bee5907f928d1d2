//! What every request goes through: an id, a span, a metric, one log line; and the
//! headers that every answer carries.

use super::{
    Http, accept,
    client::Client,
    cors::Cors,
    extract, keyed,
    problem::{self, Answered, Refused},
    room,
    session::Renewal,
};
use crate::telemetry::REQUEST_SECONDS;
use axum::{
    extract::{MatchedPath, Request},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures::future::{Either, ready};
use hongbao_domain::runtime::{Entropy, SystemEntropy};
use metrics::Histogram;
use parking_lot::RwLock;
use std::{
    collections::BTreeMap,
    convert::Infallible,
    fmt,
    pin::Pin,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    task::{self, Context, Poll},
    time::Instant,
};
use tower::{Layer, Service};
use tracing::Span;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// No page of ours may run what is not ours (inline script and style included), or be
/// framed; WASM is compiled, nothing else is evaluated.
const CONTENT_SECURITY_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
     connect-src 'self'; img-src 'self' data:; font-src 'self'; manifest-src 'self'; \
     base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
);

/// What no page of ours asks for, and nothing that gets into one may.
const PERMISSIONS_POLICY: HeaderValue = HeaderValue::from_static(
    "camera=(), microphone=(), geolocation=(), payment=(), usb=(), serial=(), \
     midi=(), display-capture=()",
);

/// What every answer carries, unless it says otherwise itself.
static ALWAYS: [(HeaderName, HeaderValue); 4] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    // Addresses of invitations are secrets.
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
];

/// A year of https alone, for whoever came by https.
const STRICT_TRANSPORT_SECURITY: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Outermost: counts, times and logs, and decides what is answered without any handler. One
/// layer, and written by hand: a function as middleware costs every call four allocations and
/// its future two kilobytes, which have grown cold by the time a database has answered.
#[derive(Clone, Debug)]
pub(super) struct Observing(pub(super) Http);

/// What [`Observing`] makes of a service.
#[derive(Clone, Debug)]
pub(super) struct Observed<S> {
    inner: S,
    http: Http,
    timings: Timings,
}

/// The histograms of one route, by method and status, of which there are few: finding one by its
/// labels among all others costs more than writing it.
#[derive(Clone, Debug, Default)]
struct Timings(Arc<RwLock<BTreeMap<(&'static str, u16), Histogram>>>);

/// What is answered without any handler, or not by a handler alone: few calls, so it may cost.
type Apart = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

/// An answer on its way.
pub(super) struct Answering<F> {
    answer: Either<F, Apart>,
    call: Call,
    timings: Timings,
}

impl<F> fmt::Debug for Answering<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answering").field("call", &self.call).finish_non_exhaustive()
    }
}

/// What is to be remembered of a request until it is answered.
#[derive(Debug)]
struct Call {
    id: String,
    method: &'static str,
    /// By template, never by path: paths hold invitation codes.
    route: Option<MatchedPath>,
    is_api: bool,
    https: bool,
    cors: Option<Cors>,
    session_ttl_s: u32,
    renewal: Option<Renewal>,
    span: Span,
    started: Instant,
}

impl<S> Layer<S> for Observing {
    type Service = Observed<S>;

    fn layer(&self, inner: S) -> Observed<S> {
        Observed { inner, http: self.0.clone(), timings: Timings::default() }
    }
}

impl<S> Service<Request> for Observed<S>
where
    S: Service<Request, Response = Response, Error = Infallible, Future: Unpin + Send>,
    S: Clone + Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Answering<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request) -> Answering<S::Future> {
        let call = Call::of(&self.http, &mut request);
        let preflight = call.cors.as_ref().and_then(|cors| cors.preflight(&request));
        let answer: Either<_, Apart> = match preflight.or_else(|| refusal(&self.http, &request)) {
            Some(response) => Either::Right(Box::pin(ready(Ok(response)))),
            None if keyed::is_keyed(&request) => {
                let (http, inner) = (self.http.clone(), self.inner.clone());
                Either::Right(Box::pin(keyed::answer(http, inner, request)))
            }
            None => Either::Left(self.inner.call(request)),
        };
        Answering { answer, call, timings: self.timings.clone() }
    }
}

impl<F> Future for Answering<F>
where
    F: Future<Output = Result<Response, Infallible>> + Unpin,
{
    type Output = Result<Response, Infallible>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { answer, call, timings } = &mut *self;
        let _entered = call.span.enter();
        let polled = problem::unless_it_panics(|| Pin::new(answer).poll(context));
        let mut response = task::ready!(polled);
        call.finish(timings, &mut response);
        Poll::Ready(Ok(response))
    }
}

impl Timings {
    fn of(&self, method: &'static str, route: &str, status: StatusCode) -> Histogram {
        let key = (method, status.as_u16());
        if let Some(known) = self.0.read().get(&key) {
            return known.clone();
        }
        let new = metrics::histogram!(
            REQUEST_SECONDS,
            "method" => method, "route" => route.to_owned(), "status" => status.as_str().to_owned()
        );
        self.0.write().entry(key).or_insert(new).clone()
    }
}

/// What is refused whatever it asks for.
fn refusal(http: &Http, request: &Request) -> Option<Response> {
    extract::refusal(request)
        .or_else(|| accept::refusal(request))
        .or_else(|| Some(Answered(room::refusal(http, request)?).into_response()))
}

impl Call {
    fn of(http: &Http, request: &mut Request) -> Self {
        let id = next_id();
        Self {
            method: known(request.method()),
            route: request.extensions().get().cloned(),
            is_api: request.uri().path().starts_with("/api/"),
            https: Client::of(request.headers(), request.extensions(), &http.app.config).https,
            cors: Cors::of(http, request),
            session_ttl_s: http.app.config.sessions.ttl_s,
            renewal: Renewal::of(request),
            span: tracing::info_span!("request", request.id = %id),
            started: Instant::now(),
            id,
        }
    }

    fn finish(&self, timings: &Timings, response: &mut Response) {
        let (method, elapsed) = (self.method, self.started.elapsed());
        let route = self.route.as_ref().map_or("other", MatchedPath::as_str);
        let status = response.status();
        timings.of(method, route, status).record(elapsed);
        if let Some(Refused(refusal)) = response.extensions_mut().remove()
            && let Some(cause) = &refusal.cause
        {
            let code = refusal.code.as_str();
            let cause = format!("{cause:#}");
            if refusal.code.status() == 500 {
                tracing::error!(http.method = method, http.route = route, code, cause, "refused");
            } else {
                // Something is down: the board says so once, and not every call. Or it is
                // the client's fault, as often as they like.
                tracing::debug!(http.method = method, http.route = route, code, cause, "refused");
            }
        }
        tracing::debug!(
            http.method = method,
            http.route = route,
            http.status = status.as_u16(),
            duration_us = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX),
            "answered"
        );
        if let Some(renewal) = &self.renewal {
            renewal.set_cookie(self.session_ttl_s, self.https, response.headers_mut());
        }
        harden(response.headers_mut(), self.is_api, self.https);
        if let Some(cors) = &self.cors {
            cors.tell(response.headers_mut());
        }
        if let Ok(id) = HeaderValue::from_str(&self.id) {
            response.headers_mut().insert(REQUEST_ID, id);
        }
    }
}

/// Unique across restarts, and cheap: random once, then counted.
fn next_id() -> String {
    static START: LazyLock<u32> = LazyLock::new(|| {
        let mut bytes = [0; 4];
        SystemEntropy.fill(&mut bytes);
        u32::from_le_bytes(bytes)
    });
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!("{:08x}-{:x}", *START, COUNT.fetch_add(1, Ordering::Relaxed))
}

/// HTTP lets clients make up methods; a metric must not grow with them.
fn known(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

/// The headers that keep browsers careful.
fn harden(headers: &mut HeaderMap, is_api: bool, https: bool) {
    let html = headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|content_type| content_type.as_bytes().starts_with(b"text/html"));
    if html {
        headers.insert(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY);
        headers.insert(HeaderName::from_static("permissions-policy"), PERMISSIONS_POLICY);
    }
    // Room for these and for what follows, at once.
    headers.reserve(ALWAYS.len() + 4);
    for (name, value) in &ALWAYS {
        headers.entry(name).or_insert_with(|| value.clone());
    }
    if https {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, STRICT_TRANSPORT_SECURITY);
    }
    if is_api {
        default(headers, header::CACHE_CONTROL, "no-store");
    }
}

fn default(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    headers.entry(name).or_insert(HeaderValue::from_static(value));
}
