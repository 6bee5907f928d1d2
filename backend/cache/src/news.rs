//! News of other nodes, by publish and subscribe (R-WEB-1 in a fleet).

use super::pool::{ANSWER_WITHIN, CONNECT_WITHIN};
use deadpool_redis::redis::{
    Client, RedisResult, Value,
    aio::{PubSubSink, PubSubStream},
};
use futures::{StreamExt, stream};
use hongbao_domain::cache::{CacheDown, NewsStream};
use std::time::Duration;
use tokio::time::timeout;

/// In a cluster every server passes news on to all others.
pub(super) const CHANNEL: &str = "hongbao:1:news";
/// How often a silent connection is asked whether it is still there.
const ASK_EVERY: Duration = Duration::from_secs(1);

/// Listens to the first of these servers that answers.
pub(super) async fn subscribe(addresses: &[String]) -> Result<NewsStream, CacheDown> {
    let mut why = "it has no address".to_owned();
    for address in addresses {
        match timeout(CONNECT_WITHIN + ANSWER_WITHIN, connect(address)).await {
            Ok(Ok((sink, messages))) => {
                return Ok(stream::unfold((sink, messages), next).boxed());
            }
            Ok(Err(error)) => why = error.to_string(),
            Err(_) => "no answer in time".clone_into(&mut why),
        }
    }
    Err(CacheDown(why))
}

async fn connect(address: &str) -> RedisResult<(PubSubSink, PubSubStream)> {
    let mut pubsub = Client::open(address)?.get_async_pubsub().await?;
    pubsub.subscribe(CHANNEL).await?;
    Ok(pubsub.split())
}

/// The next message; none when the connection is gone.
async fn next(
    (mut sink, mut messages): (PubSubSink, PubSubStream),
) -> Option<(Vec<u8>, (PubSubSink, PubSubStream))> {
    loop {
        tokio::select! {
            biased;
            message = messages.next() => {
                let payload = message?.get_payload_bytes().to_vec();
                return Some((payload, (sink, messages)));
            }
            () = tokio::time::sleep(ASK_EVERY) => {
                timeout(ANSWER_WITHIN, sink.ping::<Value>()).await.ok()?.ok()?;
            }
        }
    }
}
