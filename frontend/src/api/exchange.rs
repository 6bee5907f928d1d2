//! `fetch`: a request and whatever is answered.

use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, Headers, RequestCache, RequestCredentials, RequestInit, Response};

use crate::{browser, tasks, who};

/// Longer than any answer of a healthy server takes, short enough to tell a person.
const TIMEOUT_MS: u32 = 15_000;

/// The answer with its text; nothing if none came.
pub(super) async fn exchange(
    method: &str,
    path: &str,
    body: Option<String>,
) -> Option<(Response, String)> {
    // `AbortSignal.timeout` would do it alone, in browsers that are not older than it. Whoever asks
    // may be gone by then: the call ends all the same, and not before.
    let controller = AbortController::new().ok()?;
    let signal = controller.signal();
    tasks::detach(async move {
        tasks::sleep_ms(TIMEOUT_MS).await;
        controller.abort();
    });
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
