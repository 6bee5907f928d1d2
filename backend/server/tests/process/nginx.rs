//! nginx as it is deployed (deploy/nginx), in front of nodes of two versions: a rolling upgrade.

use axum::{Router, http::StatusCode};
use hongbao_fleet::{Nginx, Routing};
use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};
use tokio::net::TcpListener;

/// A node that answers everything so, and counts; its port.
async fn node(status: StatusCode) -> (u16, Arc<AtomicU32>) {
    let asked = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&asked);
    let answer = move || async move {
        count.fetch_add(1, Ordering::SeqCst);
        status
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
    (port, asked)
}

/// Whoever meets a node of the other version first gets the files of their page all the same; what
/// a node says of a call stands.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_finds_its_files_while_two_versions_serve() {
    let (other, asked) = node(StatusCode::NOT_FOUND).await;
    let (own, _) = node(StatusCode::OK).await;
    let nginx = Nginx::lead_to([('S', other), ('N', own)], Routing::Sticky).unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let get = async |path: &str, session: u32| {
        let request = client.get(format!("http://127.0.0.1:{}{path}", nginx.port()));
        let answer = request.header("cookie", format!("hongbao_session={session}")).send().await;
        answer.unwrap().status()
    };
    for session in 0..16 {
        assert_eq!(get("/assets/app-0123/1.wasm", session).await, 200, "{session}");
    }
    assert!(asked.load(Ordering::SeqCst) > 0, "nobody met the other version");
    assert_eq!(get("/api/v1/packets/S00H100000001FR", 0).await, 404);
}
