//! A server that a test plays: it keeps what is posted to it, and answers what it is told to.

use axum::{
    Router,
    body::Bytes,
    http::{HeaderMap, StatusCode, Uri, header::LOCATION},
    response::{IntoResponse, Response},
};
use std::{
    collections::VecDeque,
    fmt::Debug,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};
use tokio::{net::TcpListener, task::JoinHandle};

/// Where it listens; gone when it is dropped.
pub(crate) struct Heard<T> {
    pub(crate) url: String,
    state: Arc<State<T>>,
    serving: JoinHandle<()>,
}

struct State<T> {
    posted: Mutex<Vec<T>>,
    /// What is answered first.
    answers: Mutex<VecDeque<u16>>,
}

impl<T: Clone + Debug + Send + 'static> Heard<T> {
    /// Takes `T` at every path, and answers `status`.
    pub(crate) async fn listen(status: u16, read: fn(&Uri, &HeaderMap, &Bytes) -> T) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(State { posted: Mutex::default(), answers: Mutex::default() });
        let hears = Arc::clone(&state);
        let hear = async move |uri: Uri, headers: HeaderMap, body: Bytes| {
            hears.posted.lock().unwrap().push(read(&uri, &headers, &body));
            let first = hears.answers.lock().unwrap().pop_front();
            answer(first.unwrap_or(status)).await
        };
        let router = Router::new().fallback(hear);
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, state, serving }
    }

    /// Answers these statuses first; 0 never answers.
    pub(crate) fn answer(&self, statuses: &[u16]) {
        self.state.answers.lock().unwrap().extend(statuses);
    }

    pub(crate) fn posted(&self) -> MutexGuard<'_, Vec<T>> {
        self.state.posted.lock().unwrap()
    }

    /// Waits until something is so of what was posted.
    pub(crate) async fn until(&self, what: &str, is_so: impl Fn(&[T]) -> bool) -> Vec<T> {
        for _ in 0..3_000 {
            {
                let posted = self.posted();
                if is_so(&posted) {
                    return posted.clone();
                }
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{what}: {:#?}", self.posted());
    }

    /// Waits for so many posts.
    pub(crate) async fn count(&self, count: usize) -> Vec<T> {
        self.until(&format!("{count} posts"), |posted| posted.len() >= count).await
    }
}

impl<T> Drop for Heard<T> {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn answer(status: u16) -> Response {
    if status == 0 {
        std::future::pending::<()>().await;
    }
    (StatusCode::from_u16(status).unwrap(), [(LOCATION, "/elsewhere")], "thanks").into_response()
}
