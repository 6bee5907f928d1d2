//! JSON and the ways in which a call can fail.

use futures::future::LocalBoxFuture;
use hongbao_shared::{ErrorCode, api::Known};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use wasm_bindgen::JsValue;

use super::{exchange::exchange, version};
use crate::{browser, tasks, who};

/// Why a call gave no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The server refused, and said why.
    Refused {
        /// The reason.
        code: ErrorCode,
        /// When it asked to come back.
        retry_after_s: Option<u32>,
    },
    /// No answer came. Whether the call was carried out is unknown; every call that
    /// moves money can therefore be repeated without doing it twice.
    Unreachable,
    /// An answer that makes no sense, such as a proxy's error page.
    Unreadable,
}

impl Failure {
    /// The server's reason, if it gave one.
    pub(crate) fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Refused { code, .. } => Some(*code),
            Self::Unreachable | Self::Unreadable => None,
        }
    }

    /// May the same call succeed in a moment?
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            // Tomorrow is no moment.
            Self::Refused { code: ErrorCode::ReceiveCapReached, .. } => false,
            Self::Refused { code, .. } => matches!(code.status(), 429 | 500..),
            Self::Unreachable | Self::Unreadable => true,
        }
    }
}

/// An answer on its way. Boxed, so that whoever waits for one holds a pointer instead of
/// a copy of the machine that waits.
pub(crate) type Coming<A> = LocalBoxFuture<'static, Result<A, Failure>>;

pub(super) fn get<A: DeserializeOwned + 'static>(path: String) -> Coming<A> {
    reading(send("GET", path, None))
}

pub(super) fn post<A: DeserializeOwned + 'static>(
    path: String,
    body: &impl Serialize,
) -> Coming<A> {
    reading(send("POST", path, json(body)))
}

pub(super) fn patch<A: DeserializeOwned + 'static>(
    path: String,
    body: &impl Serialize,
) -> Coming<A> {
    reading(send("PATCH", path, json(body)))
}

/// A change whose answer says nothing, or nothing that is needed.
pub(super) fn put(path: String, body: &impl Serialize) -> Coming<()> {
    telling(send("PUT", path, json(body)))
}

pub(super) fn delete(path: String) -> Coming<()> {
    telling(send("DELETE", path, None))
}

fn reading<A: DeserializeOwned + 'static>(answer: Coming<(u16, String)>) -> Coming<A> {
    Box::pin(async move { read(&answer.await?.1) })
}

fn telling(answer: Coming<(u16, String)>) -> Coming<()> {
    Box::pin(async move { answer.await.map(|_| ()) })
}

/// Nothing that is sent can fail to be written.
pub(super) fn json(body: &impl Serialize) -> Option<String> {
    serde_json::to_string(body).ok()
}

pub(super) fn read<A: DeserializeOwned>(text: &str) -> Result<A, Failure> {
    serde_json::from_str(text).map_err(unreadable)
}

fn unreadable(error: serde_json::Error) -> Failure {
    browser::log_error(&JsValue::from_str(&error.to_string()));
    tasks::detach(version::look());
    Failure::Unreadable
}

/// One request; the status and the text of a success. Not generic, so that the
/// module holds it once.
pub(super) fn send(
    method: &'static str,
    path: String,
    body: Option<String>,
) -> Coming<(u16, String)> {
    Box::pin(async move {
        let path = format!("/api/v1{path}");
        let (response, text) = exchange(method, &path, body).await.ok_or(Failure::Unreachable)?;
        if response.ok() {
            return Ok((response.status(), text));
        }
        // Whatever else refuses, on the way here, says nothing about the call.
        let refusal: Refusal = serde_json::from_str(&text).map_err(unreadable)?;
        let code = if let Some(code) = refusal.code.get() {
            code
        } else {
            tasks::detach(version::look());
            in_general(response.status())?
        };
        match code {
            ErrorCode::Unauthenticated => who::ended(),
            ErrorCode::PersonChanged => browser::reload(),
            _ => {}
        }
        let retry_after_s = response.headers().get("retry-after").ok().flatten();
        Err(Failure::Refused {
            code,
            retry_after_s: retry_after_s.and_then(|seconds| seconds.parse().ok()),
        })
    })
}

/// As much of a [`Problem`](hongbao_shared::api::problem::Problem) as is needed here.
#[derive(Deserialize)]
struct Refusal {
    code: Known<ErrorCode>,
}

/// What a refusal means for a reason that only a later version knows: whether it is final, and then
/// that page and server do not fit together.
fn in_general(status: u16) -> Result<ErrorCode, Failure> {
    match status {
        401 => Ok(ErrorCode::Unauthenticated),
        429 => Ok(ErrorCode::RateLimited),
        408 | 421 | 425 | 500.. => Err(Failure::Unreadable),
        _ => Ok(ErrorCode::InvalidBody),
    }
}

#[cfg(test)]
mod tests {
    use super::{ErrorCode, Failure, in_general};
    use wasm_bindgen_test::wasm_bindgen_test;

    /// What a later version refuses for a reason of its own is not asked for ever.
    #[wasm_bindgen_test]
    fn an_unknown_refusal_goes_by_its_status() {
        let passes = |status| {
            let failure = match in_general(status) {
                Ok(code) => Failure::Refused { code, retry_after_s: None },
                Err(failure) => failure,
            };
            failure.is_passing()
        };
        assert!([408, 421, 425, 429, 500, 502, 503, 504].into_iter().all(passes));
        assert!(![400, 401, 403, 404, 409, 410, 413, 422].into_iter().any(passes));
        assert_eq!(in_general(429), Ok(ErrorCode::RateLimited));
    }
}
