//! As much HTTP/1.1 as one keep-alive connection to our own server needs. A general
//! client costs more per call than the handlers that are measured.

use anyhow::{Context, Result, bail, ensure};
use hongbao_shared::OrderNo;
use serde::{Serialize, de::DeserializeOwned};
use std::net::SocketAddr;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const HEAD_END: &[u8] = b"\r\n\r\n";
/// More than the largest answer that a phase asks for.
const ANSWER_BYTES_MAX: usize = 64 * 1024;
const BUFFER_BYTES: usize = 4 * 1024;

/// Where a packet is, or what one does with it.
pub fn packet_path(order_no: OrderNo, what: &str) -> String {
    format!("/api/v1/packets/{order_no}{what}")
}

/// The bytes of a POST with a JSON body.
pub fn post(path: &str, token: Option<&str>, body: &str) -> Vec<u8> {
    let authorization = authorization(token);
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\n{authorization}\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

fn authorization(token: Option<&str>) -> String {
    token.map(|token| format!("authorization: Bearer {token}\r\n")).unwrap_or_default()
}

/// The bytes of a GET.
pub fn get(path: &str, token: Option<&str>) -> Vec<u8> {
    let authorization = authorization(token);
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n{authorization}\r\n").into_bytes()
}

/// Where an answer's parts are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Head {
    status: u16,
    body_from: usize,
    body_len: usize,
}

/// Reads an answer's head; `None` while it is incomplete.
fn head(bytes: &[u8]) -> Result<Option<Head>> {
    let Some(end) = bytes.windows(HEAD_END.len()).position(|window| window == HEAD_END) else {
        return Ok(None);
    };
    let text = std::str::from_utf8(&bytes[..end]).context("an answer's head is not UTF-8")?;
    let mut lines = text.split("\r\n");
    let status = lines
        .next()
        .and_then(|line| line.strip_prefix("HTTP/1.1 "))
        .and_then(|rest| rest.get(..3)?.parse().ok())
        .with_context(|| format!("not an answer of HTTP/1.1: {text:.80}"))?;
    let mut body_len = None;
    for line in lines {
        let Some((name, value)) = line.split_once(':') else { continue };
        if name.eq_ignore_ascii_case("content-length") {
            body_len = Some(value.trim().parse().context("content-length is not a number")?);
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            bail!("the answer comes in chunks, which this client does not read");
        }
    }
    // Our server always says how long an answer is, but for those that have no body.
    let body_len = body_len.unwrap_or(0);
    Ok(Some(Head { status, body_from: end + HEAD_END.len(), body_len }))
}

/// What came back.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// The status code.
    pub status: u16,
    /// The whole body.
    pub body: &'a [u8],
}

/// One keep-alive connection, one call at a time.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    /// Connects without waiting for segments to fill up, as browsers do.
    pub async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await.context("cannot connect")?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(BUFFER_BYTES) })
    }

    /// Sends a request and waits for its whole answer.
    pub async fn call(&mut self, request: &[u8]) -> Result<Answer<'_>> {
        self.stream.write_all(request).await.context("cannot send")?;
        self.buffer.clear();
        loop {
            let read = self.stream.read_buf(&mut self.buffer).await.context("cannot receive")?;
            ensure!(read > 0, "the server closed the connection");
            ensure!(self.buffer.len() <= ANSWER_BYTES_MAX, "an answer is too large");
            let Some(head) = head(&self.buffer)? else { continue };
            let end = head.body_from + head.body_len;
            if self.buffer.len() < end {
                continue;
            }
            ensure!(self.buffer.len() == end, "there is more than one answer");
            return Ok(Answer { status: head.status, body: &self.buffer[head.body_from..end] });
        }
    }
}

/// Calls with a JSON body behind the API's prefix, and reads the answer.
pub async fn call<T: DeserializeOwned>(
    api: &mut Connection,
    path: &str,
    token: Option<&str>,
    body: &impl Serialize,
) -> Result<T> {
    let request = post(&format!("/api/v1{path}"), token, &serde_json::to_string(body)?);
    answered(api, &request).await.with_context(|| path.to_owned())
}

/// Sends a request and reads its answer, which must be a success.
pub async fn answered<T: DeserializeOwned>(api: &mut Connection, request: &[u8]) -> Result<T> {
    let answer = api.call(request).await?;
    let text = String::from_utf8_lossy(answer.body);
    ensure!((200..300).contains(&answer.status), "answered {}: {text}", answer.status);
    serde_json::from_str(&text).with_context(|| format!("answered {text}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_read_once_they_are_whole() {
        let whole = b"HTTP/1.1 409 Conflict\r\nContent-Length: 5\r\nx: y\r\n\r\nabc";
        let expected = Head { status: 409, body_from: whole.len() - 3, body_len: 5 };
        assert_eq!(head(whole).unwrap(), Some(expected));
        for cut in 0..expected.body_from {
            assert_eq!(head(&whole[..cut]).unwrap(), None, "{cut}");
        }
        let bare = b"HTTP/1.1 204 No Content\r\n\r\n";
        assert_eq!(
            head(bare).unwrap(),
            Some(Head { status: 204, body_from: bare.len(), body_len: 0 })
        );
    }

    #[test]
    fn what_this_client_cannot_read_is_an_error() {
        for bytes in [
            "HTTP/2 200\r\n\r\n",
            "HTTP/1.1 2x0 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
        ] {
            assert!(head(bytes.as_bytes()).is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn requests_are_whole() {
        let request = String::from_utf8(post("/a", Some("t"), "{}")).unwrap();
        assert_eq!(
            request,
            "POST /a HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer t\r\n\
             content-type: application/json\r\ncontent-length: 2\r\n\r\n{}"
        );
        assert!(!String::from_utf8(post("/a", None, "{}")).unwrap().contains("authorization"));
    }
}
