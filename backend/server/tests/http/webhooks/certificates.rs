//! Who listens at an address has to show a certificate for its name from somebody whom the
//! system trusts.

use crate::common::{
    person::{Person, client},
    server::TestServer,
};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use serde_json::json;
use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

/// A certificate for a name, signed by itself, and its key.
fn certificate(folder: &Path, file: &str, name: &str) -> (PathBuf, PathBuf) {
    let (cert, key) = (folder.join(format!("{file}.pem")), folder.join(format!("{file}.key")));
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"])
        .args(["-days", "30", "-subj", &format!("/CN={file}")])
        .args(["-addext", &format!("subjectAltName=DNS:{name}")])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .arg("-keyout")
        .arg(&key)
        .arg("-out")
        .arg(&cert)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    (cert, key)
}

/// Answers one request with 204, if it comes to that; the port.
async fn listen((cert, key): (PathBuf, PathBuf)) -> u16 {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let chain = vec![CertificateDer::from_pem_file(cert).unwrap()];
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, PrivateKeyDer::from_pem_file(key).unwrap())
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let Ok(mut stream) = TlsAcceptor::from(Arc::new(config)).accept(stream).await else {
            return;
        };
        let mut head = [0; 16];
        stream.read_exact(&mut head).await.unwrap();
        stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
        while stream.read(&mut head).await.unwrap_or_default() > 0 {}
    });
    port
}

#[tokio::test]
async fn a_wrong_certificate_hears_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let right = certificate(folder.path(), "right", "localhost");
    let stranger = certificate(folder.path(), "stranger", "localhost");
    let other = certificate(folder.path(), "other", "elsewhere.example");
    let trusted = folder.path().join("trusted.pem");
    let read = |path: &Path| std::fs::read_to_string(path).unwrap();
    std::fs::write(&trusted, read(&right.0) + &read(&other.0)).unwrap();
    let trusted = trusted.to_str().unwrap();
    let settings = [("HONGBAO_WEBHOOKS_ALLOW_PRIVATE", "true"), ("SSL_CERT_FILE", trusted)];
    let server = TestServer::spawn(&settings);
    let add = ["admin", "service", "add", "bot", "--scopes", "webhooks"];
    let added = String::from_utf8(server.subcommand(&add).output().unwrap().stdout).unwrap();
    let token = added.split_whitespace().find(|word| word.starts_with("hbs_")).unwrap().to_owned();
    let (url, id) = (server.url.clone(), String::new());
    let bot = Person { url, client: client(), id, token };
    for (certificate, status) in [(right, Some(204)), (stranger, None), (other, None)] {
        let url = format!("https://localhost:{}/", listen(certificate).await);
        let added = bot.post("/service/webhooks", &json!({"url": url})).await.ok(201);
        let id = added["webhook"]["id"].as_str().unwrap();
        let tested = bot.post(&format!("/service/webhooks/{id}/test"), &json!({})).await.ok(200);
        assert_eq!(tested["status"].as_u64(), status, "{tested}");
        let error = tested["error"].as_str().unwrap_or_default();
        assert!(status.is_some() || error.starts_with("No TLS"), "{tested}");
    }
}
