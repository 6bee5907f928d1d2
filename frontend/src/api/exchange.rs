//! `fetch`: a request and whatever is answered.

use futures::future::{self, Either};
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortController, AbortSignal, Headers, RequestCache, RequestCredentials, RequestInit, Response,
};

use crate::{browser, tasks, who};

/// Longer than any answer of a healthy server takes, short enough to tell a person.
const TIMEOUT_MS: u32 = 15_000;

/// The answer with its text; nothing if none came.
pub(super) async fn exchange(
    method: &str,
    path: &str,
    body: Option<String>,
) -> Option<(Response, String)> {
    let controller = AbortController::new().ok()?;
    let answer = Box::pin(answer(method, path, body, controller.signal()));
    // `AbortSignal.timeout` would do it alone, in browsers that are not older than it.
    match future::select(answer, Box::pin(tasks::sleep_ms(TIMEOUT_MS))).await {
        Either::Left((answer, _)) => answer,
        Either::Right(_) => {
            controller.abort();
            None
        }
    }
}

async fn answer(
    method: &str,
    path: &str,
    body: Option<String>,
    signal: AbortSignal,
) -> Option<(Response, String)> {
    let init = RequestInit::new();
    init.set_method(method);
    init.set_credentials(RequestCredentials::SameOrigin);
    init.set_cache(RequestCache::NoStore);
    init.set_signal(Some(&signal));
    let headers = Headers::new().ok()?;
    headers.set("accept", "application/json").ok()?;
    if let Some(me) = who::id() {
        headers.set("hongbao-person", &me.to_string()).ok()?;
    }
    if let Some(body) = body {
        headers.set("content-type", "application/json").ok()?;
        init.set_body(&JsValue::from_str(&body));
    }
    init.set_headers(&headers);
    let request = browser::window()?.fetch_with_str_and_init(path, &init);
    let response: Response = JsFuture::from(request).await.ok()?.dyn_into().ok()?;
    let text = JsFuture::from(response.text().ok()?).await.ok()?.as_string()?;
    Some((response, text))
}
