//! Posts events to webhooks (R-API-5), and what is for browsers to their push services
//! (R-WEB-8), over HTTP. The only place from which this server calls
//! somebody whom it was told to call.
//!
//! The address that is connected to is the one that was looked at: a name that resolves to
//! something else a moment later brings nothing. Redirects are not followed, and of an answer
//! only its status is read.

mod reach;

use async_trait::async_trait;
use axum::http::{Request, Uri, uri::Scheme};
use hongbao_engine::courier::{Courier, Letter};
use http_body_util::Full;
use hyper::{body::Bytes, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore, pki_types::ServerName};
use std::{
    fmt,
    net::SocketAddr,
    sync::{Arc, OnceLock},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, lookup_host},
};
use tokio_rustls::TlsConnector;

/// From the look-up of the name to the head of the answer.
const POST_MAX: Duration = Duration::from_secs(10);
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// The largest head of an answer, in bytes.
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// Posts letters over HTTP.
pub(crate) struct HttpCourier {
    /// Also to private addresses, and without TLS.
    allow_private: bool,
    /// Reading the roots of the system takes milliseconds; done when they are first needed.
    tls: OnceLock<Arc<ClientConfig>>,
}

impl fmt::Debug for HttpCourier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpCourier")
            .field("allow_private", &self.allow_private)
            .finish_non_exhaustive()
    }
}

/// Where a URL leads.
struct Target {
    uri: Uri,
    host: String,
    port: u16,
    is_tls: bool,
}

impl HttpCourier {
    pub(crate) fn new(allow_private: bool) -> Self {
        Self { allow_private, tls: OnceLock::new() }
    }

    fn target(&self, url: &str) -> Result<Target, String> {
        if url.contains('#') {
            return Err("It names a part of a page, which nobody is sent.".to_owned());
        }
        let uri: Uri = url.parse().map_err(|_| {
            let why =
                if url.is_ascii() { "" } else { " Its host may have to be written as xn--…." };
            format!("It is no URL.{why}")
        })?;
        let is_tls = match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTPS => true,
            Some(scheme) if *scheme == Scheme::HTTP && self.allow_private => false,
            _ if self.allow_private => {
                return Err("It has to begin with https:// or http://.".to_owned());
            }
            _ => return Err("It has to begin with https://.".to_owned()),
        };
        let authority = uri.authority().ok_or("It names no host.")?;
        if authority.as_str().contains('@') {
            return Err("It holds a name or a password.".to_owned());
        }
        let host = authority.host();
        if authority.as_str() != host && authority.port().is_none() {
            return Err("Its port is none.".to_owned());
        }
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        if host.is_empty() {
            return Err("It names no host.".to_owned());
        }
        let port = uri.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
        if port == 0 {
            return Err("Nobody listens at port 0.".to_owned());
        }
        Ok(Target { uri, host, port, is_tls })
    }

    fn check_address(&self, address: SocketAddr) -> Result<(), String> {
        if self.allow_private || reach::is_public(address.ip()) {
            return Ok(());
        }
        Err(format!("{} is a private address; nothing is posted to those.", address.ip()))
    }

    async fn connect(&self, target: &Target) -> Result<TcpStream, String> {
        let found = lookup_host((target.host.as_str(), target.port)).await;
        let found = found.map_err(|error| format!("The host is not found: {error}."))?;
        let mut why = "The host has no address.".to_owned();
        for address in found {
            if let Err(refused) = self.check_address(address) {
                why = refused;
                continue;
            }
            match tokio::time::timeout(CONNECT_MAX, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => why = format!("No connection: {error}."),
                Err(_) => "No connection in time.".clone_into(&mut why),
            }
        }
        Err(why)
    }

    fn tls(&self) -> Arc<ClientConfig> {
        let read = || {
            let mut roots = RootCertStore::empty();
            let found = rustls_native_certs::load_native_certs();
            for error in &found.errors {
                tracing::warn!(%error, "certificates of the system cannot be read");
            }
            let _unusable = roots.add_parsable_certificates(found.certs);
            if roots.is_empty() {
                tracing::warn!(
                    "this machine has no certificates of authorities: no https address is believed"
                );
            }
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            let versions = ClientConfig::builder_with_provider(provider)
                .with_safe_default_protocol_versions()
                .expect("ring has ciphers for the versions that rustls takes by default");
            Arc::new(versions.with_root_certificates(roots).with_no_client_auth())
        };
        Arc::clone(self.tls.get_or_init(read))
    }

    async fn carry(&self, letter: Letter) -> Result<u16, String> {
        let target = self.target(&letter.url)?;
        let stream = self.connect(&target).await?;
        if !target.is_tls {
            return exchange(stream, &target, letter).await;
        }
        let name = ServerName::try_from(target.host.clone());
        let name = name.map_err(|_| "The host is no name for a certificate.".to_owned())?;
        let stream = TlsConnector::from(self.tls()).connect(name, stream).await;
        let stream = stream.map_err(|error| format!("No TLS: {error}."))?;
        exchange(stream, &target, letter).await
    }
}

#[async_trait]
impl Courier for HttpCourier {
    fn check(&self, url: &str) -> Result<(), String> {
        let target = self.target(url)?;
        // A name may mean something else tomorrow: that is seen when it is called.
        match target.host.parse() {
            Ok(ip) => self.check_address(SocketAddr::new(ip, target.port)),
            Err(_) => Ok(()),
        }
    }

    async fn post(&self, letter: Letter) -> Result<u16, String> {
        let posted = tokio::time::timeout(POST_MAX, self.carry(letter)).await;
        posted.unwrap_or_else(|_| Err("No answer in time.".to_owned()))
    }
}

/// One request on a connection of its own: the status of its answer.
async fn exchange<S>(stream: S, target: &Target, letter: Letter) -> Result<u16, String>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let path = target.uri.path_and_query().map_or("/", |path| path.as_str());
    let host = target.uri.authority().map_or(target.host.as_str(), |whole| whole.as_str());
    let mut request = Request::post(path)
        .header(header::HOST, host)
        .header(header::USER_AGENT, concat!("Hongbao/", env!("CARGO_PKG_VERSION")))
        .header(header::CONNECTION, "close");
    for (name, value) in &letter.headers {
        request = request.header(*name, value);
    }
    let request = request.body(Full::new(Bytes::from(letter.body)));
    let request = request.map_err(|error| format!("It cannot be posted: {error}."))?;
    let mut client = http1::Builder::new();
    client.max_buf_size(HEAD_BYTES_MAX);
    let (mut sender, connection) = client
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|error| format!("No HTTP: {error}."))?;
    // The connection moves in the same task, and ends with it: nothing of an answer is kept.
    let answered = async { sender.send_request(request).await };
    let (answered, connection) = (std::pin::pin!(answered), std::pin::pin!(connection));
    match futures::future::select(answered, connection).await {
        futures::future::Either::Left((answered, _)) => answered,
        futures::future::Either::Right((_, answered)) => answered.await,
    }
    .map(|response| response.status().as_u16())
    .map_err(|error| format!("No answer: {error}."))
}
