//! Accepting connections until told to stop.

use super::{
    doors::{Doors, Visit},
    patience::Patient,
};
use axum::{
    Extension, Router,
    body::Body,
    extract::{ConnectInfo, Request},
};
use hongbao_config::Server;
use hongbao_domain::board::{Board, Place, Rung};
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use std::{future::Future, io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::{Layer, ServiceExt};

/// What a connection may hold of a head that is not complete, in bytes; bodies are shorter.
const BUFFER_BYTES_MAX: usize = 64 * 1024;
/// How long to wait where no connection can be accepted: descriptors may have run out.
const RETRY_ACCEPT: Duration = Duration::from_secs(1);
/// What is said to whoever finds no room.
const NO_ROOM: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 5\r\n\
    content-length: 0\r\nconnection: close\r\n\r\n";

/// Serves until `shutdown` is over, then accepts nothing more and gives requests in
/// flight up to `settings.drain_s` to finish. No more connections are open at a time than
/// `settings` say; those who say nothing, or read nothing, for too long are closed.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    settings: &Server,
    board: &Arc<Board>,
    shutdown: impl Future<Output = ()>,
) {
    let per_address = settings.connections_per_address_max;
    let doors = Doors::new("connections", settings.connections_max, per_address, board);
    // Prepared once, and not for each request.
    let router: Router = router.with_state(());
    let (closing, open) = (CancellationToken::new(), TaskTracker::new());
    let mut shutdown = pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut shutdown => break,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) if is_of_the_connection(&error) => continue,
            Err(error) => {
                board.enter(Rung::DoorsFull, Place::Node, format!("no accepting: {error}"));
                tokio::select! {
                    biased;
                    () = &mut shutdown => break,
                    () = tokio::time::sleep(RETRY_ACCEPT) => continue,
                }
            }
        };
        // Behind a proxy, its clients' requests are counted.
        let address = peer.ip().to_canonical();
        let is_proxy = settings.trusted_proxies.iter().any(|one| one.contains(&address));
        let address = (!is_proxy).then_some(address);
        match doors.enter(address) {
            Ok(visit) => {
                let idle = Duration::from_secs(settings.idle_s.into());
                let served = converse(stream, peer, router.clone(), idle, closing.clone(), visit);
                open.spawn(served);
            }
            // If there is no room to say so either, they see it end.
            Err(_) => drop(stream.try_write(NO_ROOM)),
        }
    }
    drop(listener);
    closing.cancel();
    open.close();
    let drain = Duration::from_secs(settings.drain_s.into());
    if tokio::time::timeout(drain, open.wait()).await.is_err() {
        tracing::warn!("some requests did not finish in time and were cut off");
    }
}

/// Answers the requests of one connection until either side has had enough.
async fn converse(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    idle: Duration,
    closing: CancellationToken,
    _visit: Visit,
) {
    // Answers are small and written whole: waiting to fill a segment only costs time.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "no TCP_NODELAY");
    }
    let service = Extension(ConnectInfo(peer)).layer(router);
    let service = service.map_request(|request: Request<Incoming>| request.map(Body::new));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        // From the beginning, and from each answer, to the end of the next head.
        .header_read_timeout(idle)
        .max_buf_size(BUFFER_BYTES_MAX)
        .serve_connection(
            TokioIo::new(Patient::new(stream, idle)),
            TowerToHyperService::new(service),
        );
    let mut connection = pin!(connection);
    let served = tokio::select! {
        biased;
        served = connection.as_mut() => served,
        () = closing.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = served {
        tracing::trace!(%error, "a connection ended");
    }
}

/// Did it fail because whoever wanted to come in has gone?
fn is_of_the_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
