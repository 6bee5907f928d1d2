//! Refusals as `application/problem+json` (R-API-2).

use axum::{
    body::Body,
    http::{HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use hongbao_domain::Refusal;
use hongbao_shared::{ErrorCode, api::problem::Problem};
use std::{
    convert::Infallible,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    task::Poll,
    time::Duration,
};

/// Come back after this long, where a refusal asks to come back without saying when.
const RETRY_AFTER_DEFAULT: Duration = Duration::from_secs(1);

/// What is left of a refusal once it is an answer: the cause, for the one log line
/// that [`super::observe`] writes.
#[derive(Clone, Debug)]
pub(super) struct Refused(pub(super) Arc<Refusal>);

/// A refusal as an answer.
#[derive(Debug)]
pub(super) struct Answered(pub(super) Refusal);

impl<T> From<T> for Answered
where
    Refusal: From<T>,
{
    fn from(what: T) -> Self {
        Self(what.into())
    }
}

impl Answered {
    /// What a client reads of it. 5xx are opaque: what is inside is for the log. Availability
    /// codes say in their title all that helps a client.
    pub(super) fn problem(&self) -> Problem {
        let refusal = &self.0;
        let detail = if status(refusal.code) == StatusCode::INTERNAL_SERVER_ERROR {
            refusal.code.title().to_owned()
        } else {
            refusal.detail.clone()
        };
        Problem::new(refusal.code, detail)
    }
}

impl IntoResponse for Answered {
    fn into_response(self) -> Response {
        let problem = self.problem();
        let Self(refusal) = self;
        let status = status(refusal.code);
        let body = serde_json::to_vec(&problem).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        let json = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, json);
        if let Some(after) = refusal
            .retry_after
            .or_else(|| asks_to_come_back(status.as_u16()).then_some(RETRY_AFTER_DEFAULT))
        {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(whole_seconds(after)));
        }
        if status == StatusCode::UNAUTHORIZED {
            let bearer = HeaderValue::from_static("Bearer realm=\"hongbao\"");
            headers.insert(header::WWW_AUTHENTICATE, bearer);
        }
        response.extensions_mut().insert(Refused(Arc::new(refusal)));
        response
    }
}

fn status(code: ErrorCode) -> StatusCode {
    StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// Do refusals with this status say when to come back?
pub(super) fn asks_to_come_back(status: u16) -> bool {
    [ErrorCode::RateLimited, ErrorCode::Unavailable].map(ErrorCode::status).contains(&status)
}

/// Rounded up: whoever comes back after this many seconds is not too early.
fn whole_seconds(after: Duration) -> u64 {
    after.as_secs().saturating_add(u64::from(after.subsec_nanos() > 0)).max(1)
}

/// A route that exists, with a method that it does not know. Whoever only asks for its methods
/// reads them in `Allow`, which this gets on its way out.
pub(super) async fn method_not_allowed(method: Method) -> Response {
    if method == Method::OPTIONS {
        return StatusCode::NO_CONTENT.into_response();
    }
    Answered::from(ErrorCode::MethodNotAllowed).into_response()
}

/// What a handler answers, or that it panicked; the panic itself is logged by the panic hook.
pub(super) fn unless_it_panics(
    handler: impl FnOnce() -> Poll<Result<Response, Infallible>>,
) -> Poll<Response> {
    catch_unwind(AssertUnwindSafe(handler)).map_or_else(
        |_| {
            let fault = Refusal::internal(anyhow::anyhow!("the handler panicked"));
            Poll::Ready(Answered(fault).into_response())
        },
        |polled| polled.map(|Ok(response)| response),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn body(response: Response) -> Problem {
        let bytes = axum::body::to_bytes(response.into_body(), 4096).await.unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }

    #[tokio::test]
    async fn every_code_is_a_problem_with_its_status() {
        for code in ErrorCode::ALL {
            let response = Answered(Refusal::new(*code).detail("what is wrong")).into_response();
            assert_eq!(response.status().as_u16(), code.status());
            let asks_back = matches!(code.status(), 429 | 503);
            assert_eq!(response.headers().contains_key(header::RETRY_AFTER), asks_back, "{code}");
            let problem = body(response).await;
            assert_eq!((problem.code, problem.status), (*code, code.status()));
            assert_eq!(problem.kind, format!("urn:hongbao:error:{code}"));
        }
    }

    #[tokio::test]
    async fn faults_are_opaque() {
        let refusal = Refusal::internal(anyhow::anyhow!("/secret/path")).detail("shard 7");
        let problem = body(Answered(refusal).into_response()).await;
        assert_eq!(problem.detail, ErrorCode::Internal.title());
    }

    #[tokio::test]
    async fn a_panic_is_an_opaque_fault() {
        let Poll::Ready(response) = unless_it_panics(|| panic!("seed 1234")) else {
            panic!("a handler that panicked is never polled again");
        };
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let problem = body(response).await;
        assert_eq!((problem.code, problem.status), (ErrorCode::Internal, 500));
        assert_eq!(problem.detail, ErrorCode::Internal.title());
    }

    #[test]
    fn retry_after_is_rounded_up() {
        for (millis, seconds) in [(0, 1), (1, 1), (1000, 1), (1001, 2), (59_999, 60)] {
            assert_eq!(whole_seconds(Duration::from_millis(millis)), seconds, "{millis} ms");
        }
    }
}
