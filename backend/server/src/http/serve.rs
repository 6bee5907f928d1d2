//! Accepting connections until told to stop.

use axum::{Router, serve::ListenerExt};
use std::{future::Future, io, net::SocketAddr, time::Duration};
use tokio::{net::TcpListener, sync::oneshot};

/// Serves until `shutdown` is over, then accepts nothing more and gives requests in
/// flight up to `drain` to finish.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: impl Future<Output = ()> + Send + 'static,
    drain: Duration,
) -> io::Result<()> {
    // Answers are small and written whole: waiting to fill a segment only costs time.
    let listener = listener.tap_io(|connection| {
        if let Err(error) = connection.set_nodelay(true) {
            tracing::debug!(%error, "no TCP_NODELAY");
        }
    });
    let (stop, stopped) = oneshot::channel();
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let server = axum::serve(listener, service).with_graceful_shutdown(async move {
        shutdown.await;
        // Nobody listens any more if the server has failed meanwhile.
        let _gone = stop.send(());
    });
    tokio::select! {
        biased;
        result = server.into_future() => result,
        () = async {
            if stopped.await.is_err() {
                std::future::pending::<()>().await;
            }
            tokio::time::sleep(drain).await;
        } => {
            tracing::warn!("some requests did not finish in time and were cut off");
            Ok(())
        }
    }
}
