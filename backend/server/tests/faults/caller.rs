//! A client that comes back as long as it is refused for now.

use reqwest::{Client, Method};
use serde_json::{Value, json};
use std::time::Duration;

/// Says every call until it is answered.
pub(crate) struct Caller {
    client: Client,
    pub(crate) url: String,
}

impl Caller {
    /// At this address.
    pub(crate) fn at(url: String) -> Self {
        let client = Client::builder().timeout(Duration::from_mins(1)).build().unwrap();
        Self { client, url }
    }

    /// Until it is answered: refusals say when to come back.
    pub(crate) async fn call(
        &self,
        method: Method,
        token: &str,
        path: &str,
        body: &Value,
    ) -> Value {
        for _ in 0..200 {
            let url = format!("{}/api/v1{path}", self.url);
            let request = self.client.request(method.clone(), url).bearer_auth(token).json(body);
            // nginx that takes another configuration closes connections.
            let Ok(response) = request.send().await else { continue };
            let status = response.status().as_u16();
            let answer: Value = response.json().await.unwrap();
            match status {
                200..=299 => return answer,
                429 | 503 => tokio::time::sleep(Duration::from_millis(50)).await,
                _ => panic!("{path}: {status} {answer}"),
            }
        }
        panic!("{path} is not answered");
    }

    pub(crate) async fn post(&self, token: &str, path: &str, body: &Value) -> Value {
        self.call(Method::POST, token, path, body).await
    }

    /// A guest's token.
    pub(crate) async fn guest(&self, name: &str) -> String {
        let guest = self.post("", "/session/guest", &json!({"name": name})).await;
        guest["token"].as_str().unwrap().to_owned()
    }

    /// The id of a new group.
    pub(crate) async fn group(&self, token: &str) -> String {
        let group = self.post(token, "/groups", &json!({"name": "group"})).await;
        group["id"].as_str().unwrap().to_owned()
    }
}
