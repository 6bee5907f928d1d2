//! nginx as it is deployed (deploy/nginx), in front of nodes of two versions: a rolling upgrade.

use axum::{
    Router,
    http::{Method, StatusCode},
};
use hongbao_fleet::{Nginx, Routing};
use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};
use tokio::{io::AsyncReadExt as _, net::TcpListener};

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

/// What is answered to whoever has this session, which says which node is asked first.
async fn ask(nginx: &Nginx, method: Method, path: &str, session: u32) -> StatusCode {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client.request(method, format!("http://127.0.0.1:{}{path}", nginx.port()));
    let answer = request.header("cookie", format!("hongbao_session={session}")).send().await;
    answer.unwrap().status()
}

/// Whoever meets a node of the other version first gets the files of their page all the same; what
/// a node says of a call stands.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_finds_its_files_while_two_versions_serve() {
    let (other, asked) = node(StatusCode::NOT_FOUND).await;
    let (own, _) = node(StatusCode::OK).await;
    let nginx = Nginx::lead_to([('S', other), ('N', own)], Routing::Sticky).unwrap();
    let get = async |path: &str, session| ask(&nginx, Method::GET, path, session).await;
    for session in 0..16 {
        assert_eq!(get("/assets/app-0123/1.wasm", session).await, 200, "{session}");
    }
    assert!(asked.load(Ordering::SeqCst) > 0, "nobody met the other version");
    assert_eq!(get("/api/v1/packets/S00H100000001FR", 0).await, 404);
}

/// A node that takes every call and then dies of it; its port, and how many it took.
async fn dying() -> (u16, Arc<AtomicU32>) {
    let taken = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&taken);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            if stream.read(&mut [0; 4096]).await.is_ok_and(|bytes| bytes > 0) {
                count.fetch_add(1, Ordering::SeqCst);
            }
        }
    });
    (port, taken)
}

/// What a node has taken is done once: a second group, or an account whose maker hears that its
/// name is taken, would come of saying it again. Calls about a packet are known by its number.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_node_has_taken_is_not_said_to_another() {
    let (dead, taken) = dying().await;
    let (alive, asked) = node(StatusCode::OK).await;
    let nginx = Nginx::lead_to([('S', dead), ('N', alive)], Routing::Sticky).unwrap();
    let post = async |path: &str, session| ask(&nginx, Method::POST, path, session).await;
    let calls = 16;
    for session in 0..calls {
        post("/api/v1/groups", session).await;
    }
    assert!(taken.load(Ordering::SeqCst) > 0, "nobody met the node that dies");
    assert_eq!(taken.load(Ordering::SeqCst) + asked.load(Ordering::SeqCst), calls);
    assert_eq!(post("/api/v1/packets/S00H100000001FR/pay", 0).await, 200);
}
