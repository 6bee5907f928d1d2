use super::*;

fn dist(path: &str) -> Option<File> {
    let bytes: &'static [u8] = match path {
        "index.html" => b"<!doctype html>index",
        "assets/app-0123.js" => b"app",
        "assets/app-0123.js.br" => b"br",
        "assets/app-0123.js.gz" => b"gz",
        "favicon.svg" => b"<svg/>",
        _ => return None,
    };
    let mut hash = [0; 32];
    hash[..bytes.len()].copy_from_slice(bytes);
    Some(File { bytes: Cow::Borrowed(bytes), hash })
}

async fn get(path: &str, headers: &[(&'static str, &str)]) -> (u16, String, HeaderMap) {
    let mut sent = HeaderMap::new();
    for (name, value) in headers {
        sent.insert(*name, HeaderValue::from_str(value).unwrap());
    }
    let (parts, body) = answer(dist, path, &sent).into_parts();
    let body = axum::body::to_bytes(body, 4096).await.unwrap();
    (parts.status.as_u16(), String::from_utf8(body.to_vec()).unwrap(), parts.headers)
}

const BROWSER: (&str, &str) = ("accept", "text/html,application/xhtml+xml,*/*;q=0.8");

#[tokio::test]
async fn every_page_of_the_app_is_its_index() {
    for path in ["/", "/index.html", "/groups/7", "/join/abc.def", "/wallet"] {
        let (status, body, headers) = get(path, &[BROWSER]).await;
        assert_eq!((status, body.as_str()), (200, "<!doctype html>index"), "{path}");
        assert_eq!(headers["cache-control"], "no-cache");
        assert_eq!(headers["content-type"], "text/html; charset=utf-8");
    }
    // Previews of links and programs that take anything see the page as well (fault 16).
    for path in ["/", "/join/abcdefghijklmnop", "/join/abcdefghijklmnop.", "/groups/7"] {
        for headers in [&[][..], &[("accept", "*/*")]] {
            assert_eq!(get(path, headers).await.0, 200, "{path} {headers:?}");
        }
    }
}

#[tokio::test]
async fn what_is_missing_is_not_a_page() {
    let cases: [(&str, &[(&str, &str)]); 6] = [
        ("/assets/gone.js", &[BROWSER]),
        ("/groups/7", &[("accept", "application/json")]),
        ("/gone.js", &[("accept", "*/*")]),
        ("/favicon.ico", &[("accept", "image/*")]),
        ("/assets/app-0123.js.br", &[]),
        ("/../Cargo.toml", &[]),
    ];
    for (path, headers) in cases {
        assert_eq!(get(path, headers).await.0, 404, "{path}");
    }
}

#[tokio::test]
async fn the_best_form_is_chosen() {
    for (accepted, body, encoding) in [
        ("gzip, deflate, br", "br", Some("br")),
        ("gzip", "gz", Some("gzip")),
        ("br;q=0, gzip;q=0.5", "gz", Some("gzip")),
        ("br;q=0.000, gzip;q=0", "app", None),
        ("identity", "app", None),
    ] {
        let (status, got, headers) =
            get("/assets/app-0123.js", &[("accept-encoding", accepted)]).await;
        assert_eq!((status, got.as_str()), (200, body), "{accepted}");
        assert_eq!(headers.get("content-encoding").map(|v| v.to_str().unwrap()), encoding);
        assert_eq!(headers["content-type"], "text/javascript; charset=utf-8");
        assert_eq!(headers["cache-control"], "public, max-age=31536000, immutable");
        assert_eq!(headers["vary"], "accept-encoding");
    }
    let (_, _, headers) = get("/favicon.svg", &[("accept-encoding", "br")]).await;
    assert!(!headers.contains_key("content-encoding"), "there is no compressed form of it");
}

#[tokio::test]
async fn what_the_browser_has_is_not_sent_again() {
    let (_, _, headers) = get("/favicon.svg", &[]).await;
    let tag = headers["etag"].to_str().unwrap();
    for known in [tag, &format!("\"other\", W/{tag}"), "*"] {
        let (status, body, headers) = get("/favicon.svg", &[("if-none-match", known)]).await;
        assert_eq!((status, body.as_str()), (304, ""), "{known}");
        assert_eq!(headers["etag"].to_str().unwrap(), tag);
    }
    assert_eq!(get("/favicon.svg", &[("if-none-match", "\"other\"")]).await.0, 200);
}

#[tokio::test]
async fn without_a_build_a_page_says_how_to_make_one() {
    let response = answer(|_| None, "/", &HeaderMap::new());
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    let body = axum::body::to_bytes(response.into_body(), 4096).await.unwrap();
    assert!(String::from_utf8_lossy(&body).contains("cargo xtask run"));
}
