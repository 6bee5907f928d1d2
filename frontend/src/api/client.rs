//! `fetch`, JSON and the ways in which a call can fail.

use hongbao_shared::{ErrorCode, api::problem::Problem};
use serde::{Serialize, de::DeserializeOwned};
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, Headers, RequestCredentials, RequestInit, Response};

/// Longer than any answer of a healthy server takes, short enough to tell a person.
const TIMEOUT_MS: u32 = 15_000;

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
            Self::Refused { code, .. } => matches!(code.status(), 429 | 500..),
            Self::Unreachable | Self::Unreadable => true,
        }
    }
}

pub(super) async fn get<A: DeserializeOwned>(path: &str) -> Result<A, Failure> {
    let (_, text) = send("GET", path, None).await?;
    read(&text)
}

pub(super) async fn post<A: DeserializeOwned>(
    path: &str,
    body: &impl Serialize,
) -> Result<A, Failure> {
    let (_, text) = send_json("POST", path, body).await?;
    read(&text)
}

pub(super) async fn patch<A: DeserializeOwned>(
    path: &str,
    body: &impl Serialize,
) -> Result<A, Failure> {
    let (_, text) = send_json("PATCH", path, body).await?;
    read(&text)
}

/// A change whose answer says nothing, or nothing that is needed.
pub(super) async fn change(method: &str, path: &str, body: &impl Serialize) -> Result<(), Failure> {
    send_json(method, path, body).await.map(|_| ())
}

pub(super) async fn delete(path: &str) -> Result<(), Failure> {
    send("DELETE", path, None).await.map(|_| ())
}

pub(super) async fn send_json(
    method: &str,
    path: &str,
    body: &impl Serialize,
) -> Result<(u16, String), Failure> {
    let body = serde_json::to_string(body).map_err(|_| Failure::Unreadable)?;
    send(method, path, Some(body)).await
}

pub(super) fn read<A: DeserializeOwned>(text: &str) -> Result<A, Failure> {
    serde_json::from_str(text).map_err(|error| {
        crate::browser::log_error(&JsValue::from_str(&error.to_string()));
        Failure::Unreadable
    })
}

/// One request; the status and the text of a success. Not generic, so that the
/// module holds it once.
async fn send(method: &str, path: &str, body: Option<String>) -> Result<(u16, String), Failure> {
    let (response, text) = exchange(method, path, body).await.ok_or(Failure::Unreachable)?;
    if response.ok() {
        return Ok((response.status(), text));
    }
    let Ok(problem) = serde_json::from_str::<Problem>(&text) else {
        return Err(Failure::Unreadable);
    };
    if problem.code == ErrorCode::Unauthenticated {
        crate::state::session::ended();
    }
    let retry_after_s = response.headers().get("retry-after").ok().flatten();
    Err(Failure::Refused {
        code: problem.code,
        retry_after_s: retry_after_s.and_then(|seconds| seconds.parse().ok()),
    })
}

async fn exchange(method: &str, path: &str, body: Option<String>) -> Option<(Response, String)> {
    let init = RequestInit::new();
    init.set_method(method);
    init.set_credentials(RequestCredentials::SameOrigin);
    init.set_signal(Some(&AbortSignal::timeout_with_u32(TIMEOUT_MS)));
    let headers = Headers::new().ok()?;
    headers.set("accept", "application/json").ok()?;
    if let Some(body) = body {
        headers.set("content-type", "application/json").ok()?;
        init.set_body(&JsValue::from_str(&body));
    }
    init.set_headers(&headers);
    let request =
        crate::browser::window()?.fetch_with_str_and_init(&format!("/api/v1{path}"), &init);
    let response: Response = JsFuture::from(request).await.ok()?.dyn_into().ok()?;
    let text = JsFuture::from(response.text().ok()?).await.ok()?.as_string()?;
    Some((response, text))
}
