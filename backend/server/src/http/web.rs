//! The web app: the files that `cargo xtask` puts into `dist/`, inside the binary,
//! compressed beforehand.

mod preview;

use super::{
    Http,
    client::Client,
    problem::{self, Answered},
    tags,
};
use axum::{
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use hongbao_shared::ErrorCode;
use rust_embed::RustEmbed;
use std::borrow::Cow;

/// Debug builds read the folder at each request, release builds carry it.
#[derive(RustEmbed)]
#[folder = "../../dist"]
#[allow_missing = true]
struct Dist;

/// Names under this folder carry the hash of what they hold.
const IMMUTABLE: &str = "assets/";
const INDEX: &str = "index.html";

/// A file and the hash of its bytes.
struct File {
    bytes: Cow<'static, [u8]>,
    hash: [u8; 32],
}

/// Where files are found; tests bring their own.
type Find = fn(&str) -> Option<File>;

fn embedded(path: &str) -> Option<File> {
    let file = Dist::get(path)?;
    Some(File { bytes: file.data, hash: file.metadata.sha256_hash() })
}

/// Whatever no route answers: a problem under `/api`, else the web app.
pub(super) async fn fallback(
    State(http): State<Http>,
    client: Client,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    if uri.path() == "/api" || uri.path().starts_with("/api/") {
        return Answered::from(ErrorCode::NotFound).into_response();
    }
    if method != Method::GET && method != Method::HEAD {
        let allowed = [(header::ALLOW, "GET, HEAD")];
        return (allowed, problem::method_not_allowed(method).await).into_response();
    }
    match preview::answer(&http, embedded, &client, uri.path(), &headers).await {
        Some(response) => response,
        None => answer(embedded, uri.path(), &headers),
    }
}

fn answer(find: Find, path: &str, headers: &HeaderMap) -> Response {
    let path = path.trim_start_matches('/');
    if !path.is_empty()
        && path != INDEX
        && let Some(content_type) = content_type(path)
        && let Some(response) = file(find, path, content_type, headers)
    {
        return response;
    }
    // A page of the app, whose own router knows the path, also for those who take anything
    // or do not say what they take, as previews of links do; but a missing script or picture
    // must not come back as a page.
    let kinds = text(headers, header::ACCEPT);
    let wants_page = kinds.is_some_and(|kinds| kinds.contains("text/html"));
    let takes_page =
        wants_page || kinds.is_none_or(|kinds| kinds.contains("*/*") || kinds.contains("text/*"));
    let is_page = wants_page || (takes_page && !names_a_file(path));
    if path.is_empty() || path == INDEX || (is_page && !path.starts_with(IMMUTABLE)) {
        return file(find, INDEX, "text/html; charset=utf-8", headers).unwrap_or_else(not_built);
    }
    (StatusCode::NOT_FOUND, "There is nothing here.\n").into_response()
}

/// The file in the best form that the client takes.
fn file(
    find: Find,
    path: &str,
    content_type: &'static str,
    headers: &HeaderMap,
) -> Option<Response> {
    let accepted = text(headers, header::ACCEPT_ENCODING).unwrap_or_default();
    let compressed = [("br", "br"), ("gzip", "gz")].into_iter().find_map(|(encoding, suffix)| {
        let file = accepts(accepted, encoding).then(|| find(&format!("{path}.{suffix}")))??;
        Some((Some(encoding), file))
    });
    let (encoding, file) = match compressed {
        Some(compressed) => compressed,
        None => (None, find(path)?),
    };
    // Each form has bytes of its own, and so a tag of its own.
    let tag = tags::tag(&file.hash);
    let known = tags::is_known(headers, &tag);
    let cache = if path.starts_with(IMMUTABLE) {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let body = if known { Body::empty() } else { Body::from(bytes(file.bytes)) };
    let mut response = Response::new(body);
    if known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let to = response.headers_mut();
    to.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    to.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    to.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        to.insert(header::ETAG, tag);
    }
    if let Some(encoding) = encoding {
        to.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    if path == preview::PICTURE {
        // Chats show it in pages of their own.
        let of_all = HeaderValue::from_static("cross-origin");
        to.insert(HeaderName::from_static("cross-origin-resource-policy"), of_all);
    }
    Some(response)
}

fn bytes(data: Cow<'static, [u8]>) -> Bytes {
    match data {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => Bytes::from(bytes),
    }
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// Does `Accept-Encoding` name this encoding, and not with `q=0`?
fn accepts(accepted: &str, encoding: &str) -> bool {
    accepted.split(',').any(|part| {
        let mut fields = part.split(';').map(str::trim);
        let named = fields.next().is_some_and(|name| name.eq_ignore_ascii_case(encoding));
        let refused = fields
            .filter_map(|field| field.strip_prefix("q="))
            .any(|weight| weight.chars().all(|c| matches!(c, '0' | '.')));
        named && !refused
    })
}

/// Does the path end as names of files do? Punctuation behind a pasted link is no such end.
fn names_a_file(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    name.rsplit_once('.').is_some_and(|(_, extension)| {
        !extension.is_empty() && extension.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

/// By the end of the name; `None` for what is not served by itself, such as the
/// compressed siblings.
fn content_type(path: &str) -> Option<&'static str> {
    let (_, extension) = path.rsplit_once('.')?;
    Some(match extension {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "wasm" => "application/wasm",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" | "ts" | "md" => "text/plain; charset=utf-8",
        _ => return None,
    })
}

fn not_built() -> Response {
    let page = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
        <title>Hongbao</title><h1>The web app is not built yet</h1>\
        <p>Run <code>cargo xtask run</code> in the repository: it builds the web app and starts \
        this server with it. The REST interface is here already: \
        <a href=\"/api/docs\">/api/docs</a>.</p></html>\n";
    let html = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
    (StatusCode::SERVICE_UNAVAILABLE, html, page).into_response()
}

#[cfg(test)]
mod tests;
