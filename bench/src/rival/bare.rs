//! The same bytes in and out as the no-op, by hyper alone: what our middleware costs.

use anyhow::Result;
use http_body_util::{BodyExt, Full};
use hyper::{
    Request, Response,
    body::{Bytes, Incoming},
    header::HeaderValue,
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use std::{convert::Infallible, io::Write, net::SocketAddr, path::PathBuf};
use tokio::{
    net::{TcpListener, TcpStream},
    signal::unix::{SignalKind, signal},
};

/// The headers of an answer of ours to a call of the API.
const HEADERS: [(&str, &str); 7] = [
    ("content-type", "application/json"),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cache-control", "no-store"),
    ("x-request-id", "00000000-00000"),
];

/// What `hongbao-bench bare` takes.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Address and port to listen at.
    #[arg(long, value_name = "ADDR:PORT")]
    listen: SocketAddr,
    /// Every server here is started with a data folder; this one keeps nothing.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
}

/// Serves on all cores until SIGTERM.
pub fn run(arguments: &Arguments) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(arguments.listen).await?;
        let mut end = signal(SignalKind::terminate())?;
        writeln!(std::io::stdout(), "Hongbao is at http://{}", listener.local_addr()?)?;
        loop {
            tokio::select! {
                _ = end.recv() => return Ok(()),
                connection = listener.accept() => {
                    let (stream, _) = connection?;
                    stream.set_nodelay(true)?;
                    tokio::spawn(connected(stream));
                }
            }
        }
    })
}

async fn connected(stream: TcpStream) {
    // The other end may go whenever it likes.
    let _gone =
        http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer)).await;
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let _body = request.into_body().collect().await;
    let mut response = Response::new(Full::from(hongbao::http::NO_OP));
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    Ok(response)
}
