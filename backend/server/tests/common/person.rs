//! People who talk to a server over HTTP, and the answers they get.

use super::document;
use hongbao_shared::{
    OrderNo,
    api::packets::{Opened, PacketDetails},
};
use reqwest::{Method, RequestBuilder, StatusCode, header::HeaderMap};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::time::Duration;

pub(crate) fn client() -> reqwest::Client {
    reqwest::Client::builder().timeout(Duration::from_mins(1)).build().unwrap()
}

/// Somebody with a session.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) url: String,
    pub(crate) client: reqwest::Client,
    pub(crate) id: String,
    pub(crate) token: String,
}

impl Person {
    /// A request under `/api/v1`.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}/api/v1{path}", self.url);
        self.client.request(method, url).bearer_auth(&self.token)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        send(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        send(self.request(Method::POST, path).json(body)).await
    }

    /// Invites somebody, who joins.
    pub(crate) async fn bring(&self, group: &str, other: &Self) {
        let invitation = self.post(&format!("/groups/{group}/invitations"), &json!({})).await;
        let code = invitation.ok(201)["code"].clone();
        other.post("/groups/join", &json!({"code": code})).await.ok(200);
    }

    pub(crate) async fn top_up(&self, fen: u64, key: &str) {
        let body = json!({"amount_fen": fen, "key": key});
        self.post("/wallet/top-ups", &body).await.ok(201);
    }

    pub(crate) async fn balance_fen(&self) -> u64 {
        self.get("/wallet").await.ok(200)["balance_fen"].as_u64().unwrap()
    }

    /// Waits until a packet's card is in the chat; cards are delivered after the
    /// payment was answered.
    pub(crate) async fn wait_for_card(&self, group: &str, order_no: OrderNo) {
        let (path, order_no) = (format!("/groups/{group}/messages"), order_no.to_string());
        for _ in 0..3_000 {
            let messages = self.get(&path).await.ok(200);
            let mut messages = messages["items"].as_array().unwrap().iter();
            if messages.any(|message| message["packet"]["order_no"] == order_no.as_str()) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the card of {order_no} does not arrive");
    }

    /// Sends a lucky packet and pays it; it can be grabbed then.
    pub(crate) async fn send_packet(&self, group: &str, fen: u64, shares: u32) -> OrderNo {
        let body = json!({"group_id": group, "kind": "lucky", "total_fen": fen, "shares": shares});
        let order_no = self.pre_order(&body).await;
        self.pay(order_no).await;
        order_no
    }

    /// Pays, and again while the packet is said to arrive later, as it may on a busy machine.
    pub(crate) async fn pay(&self, order_no: OrderNo) {
        for _ in 0..200 {
            let paid = self.post(&format!("/packets/{order_no}/pay"), &json!({})).await;
            if paid.status != StatusCode::ACCEPTED {
                paid.ok(200);
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{order_no} never arrives");
    }

    pub(crate) async fn pre_order(&self, body: &Value) -> OrderNo {
        let answer = self.post("/packets", body).await.ok(201);
        answer["order_no"].as_str().unwrap().parse().unwrap()
    }

    pub(crate) async fn grab(&self, order_no: OrderNo) -> Value {
        self.post(&format!("/packets/{order_no}/grab"), &json!({})).await.ok(200)
    }

    /// The ticket of a grab that may open.
    pub(crate) async fn ticket(&self, order_no: OrderNo) -> String {
        let grabbed = self.grab(order_no).await;
        grabbed["ticket"].as_str().expect("can open").to_owned()
    }

    pub(crate) async fn open_with(&self, order_no: OrderNo, ticket: &str) -> Answer {
        self.post(&format!("/packets/{order_no}/open"), &json!({"ticket": ticket})).await
    }

    /// Grabs and opens.
    pub(crate) async fn open(&self, order_no: OrderNo) -> Opened {
        let ticket = self.ticket(order_no).await;
        self.open_with(order_no, &ticket).await.read()
    }

    pub(crate) async fn details(&self, order_no: OrderNo) -> PacketDetails {
        self.get(&format!("/packets/{order_no}")).await.read()
    }
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

/// Sends, and reads the whole answer.
pub(crate) async fn send(request: RequestBuilder) -> Answer {
    let (client, request) = request.build_split();
    let request = request.unwrap();
    let (method, path) = (request.method().clone(), request.url().path().to_owned());
    let response = client.execute(request).await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    let body = response.text().await.unwrap();
    document::expects(&method, &path, status, &body);
    Answer { status, headers, body }
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    /// The body of a success with exactly this status.
    pub(crate) fn ok(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
        self.json()
    }

    /// The body of a success.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> T {
        assert!(self.status.is_success(), "{self:?}");
        serde_json::from_str(&self.body).unwrap()
    }

    /// Status and code of a refusal, which must be a problem in every respect.
    pub(crate) fn refused(&self) -> (u16, String) {
        let status = self.status.as_u16();
        let problem = self.json();
        assert_eq!(self.headers["content-type"], "application/problem+json", "{self:?}");
        assert_eq!(problem["status"], status, "{self:?}");
        let code = problem["code"].as_str().unwrap().to_owned();
        assert_eq!(problem["type"], format!("urn:hongbao:error:{code}"));
        assert!(!problem["title"].as_str().unwrap().is_empty(), "{self:?}");
        assert!(!problem["detail"].as_str().unwrap().is_empty(), "{self:?}");
        (status, code)
    }
}
