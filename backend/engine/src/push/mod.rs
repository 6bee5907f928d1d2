//! Tells browsers of packets while no page of the app is open (R-WEB-8), by the push services that
//! their makers run.
//!
//! What comes into a chat is written down for the browsers of its members (`ringing`); each node
//! carries what is due (`pusher`), sealed for the browser alone (`web_push`). Nothing waits for it,
//! and nothing of amounts is in it.

mod pusher;
mod ringing;
mod web_push;
mod words;

pub use pusher::Pusher;
pub use ringing::Ringing;

use crate::{
    accounts::token,
    courier::{Anybody, Courier, LOOK_AGAIN, Letter},
    keys::{
        Keys,
        secret::{self, Purpose},
    },
};
use data_encoding::BASE64URL_NOPAD;
use hongbao_config::PushService;
use hongbao_domain::{
    Refusal,
    keys::KeyId,
    runtime::{Clock, Entropy},
    store::people::{DuePush, NewSubscription, PeopleError, PeopleStore, PushTarget},
};
use hongbao_shared::{ErrorCode, Timestamp, api::push::NewPushSubscription};
use std::sync::Arc;
use tokio::sync::{Notify, OnceCell};
use web_push::ServerKey;

/// The longest address of a push service, in characters; theirs have some 200.
const ENDPOINT_CHARS_MAX: usize = 1_024;

/// What is set.
#[derive(Clone, Debug)]
pub struct PushSettings {
    /// Whom a push service writes to, as `mailto:` or `https:`.
    pub contact: Option<String>,
    /// Seconds that a push service keeps what it cannot deliver yet.
    pub ttl_s: u32,
    /// Is anybody told?
    pub enabled: bool,
    /// Where alone.
    pub services: Vec<PushService>,
}

/// Where browsers are told.
#[derive(Debug)]
pub struct Pushes {
    store: Arc<dyn PeopleStore>,
    keys: Keys,
    courier: Option<Arc<dyn Courier>>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    settings: PushSettings,
    /// Drawn once for all nodes, and never another: browsers subscribe to it.
    server_key: OnceCell<ServerKey>,
    subscribers: Anybody,
    /// Something may be due.
    bell: Notify,
}

impl Pushes {
    /// On the store of people; without a courier nobody is told.
    pub fn new(
        store: Arc<dyn PeopleStore>,
        keys: Keys,
        courier: Option<Arc<dyn Courier>>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        settings: PushSettings,
    ) -> Self {
        Self {
            store,
            keys,
            courier,
            clock,
            entropy,
            settings,
            server_key: OnceCell::new(),
            subscribers: Anybody::default(),
            bell: Notify::new(),
        }
    }

    /// Is anybody ever told?
    pub(crate) fn tells(&self) -> bool {
        self.has_courier() && self.settings.enabled
    }

    /// Could anybody be?
    pub(crate) fn has_courier(&self) -> bool {
        self.courier.is_some()
    }

    /// What browsers subscribe with: a point of P-256 in base64url; `None` where nobody is told.
    pub async fn public_key(&self) -> Result<Option<String>, Refusal> {
        if !self.tells() {
            return Ok(None);
        }
        Ok(Some(BASE64URL_NOPAD.encode(self.server_key().await?.public())))
    }

    /// Has the browser of this session told. `push_invalid`.
    pub async fn subscribe(&self, token: &str, new: NewPushSubscription) -> Result<(), Refusal> {
        let session = token::read(token).ok_or(ErrorCode::Unauthenticated)?;
        let NewPushSubscription { endpoint, public_key, auth, language } = new;
        let invalid = |why: &str| Refusal::new(ErrorCode::PushInvalid).detail(why);
        let Some(courier) = self.courier.as_ref().filter(|_| self.tells()) else {
            return Err(invalid("This server tells nobody."));
        };
        if endpoint.chars().count() > ENDPOINT_CHARS_MAX {
            let why = format!("The endpoint is longer than {ENDPOINT_CHARS_MAX} characters.");
            return Err(invalid(&why));
        }
        if !self.settings.services.iter().any(|service| service.serves(&endpoint)) {
            return Err(invalid(
                "The endpoint is none of the push services that this server knows.",
            ));
        }
        courier.check(&endpoint).map_err(|why| invalid(&format!("The endpoint: {why}")))?;
        let public_key = decoded(&public_key)
            .filter(web_push::is_point)
            .ok_or_else(|| invalid("The public key is no point of P-256 in base64url."))?;
        let auth = decoded(&auth).ok_or_else(|| invalid("auth is not 16 bytes in base64url."))?;
        let target = PushTarget { endpoint, public_key, auth };
        let subscription = NewSubscription { session, target, language, at: self.clock.now() };
        if !self.store.subscribe(subscription).await? {
            return Err(ErrorCode::Unauthenticated.into());
        }
        self.subscribers.came();
        Ok(())
    }

    /// Has the browser of this session told nothing more.
    pub async fn unsubscribe(&self, token: &str) -> Result<(), Refusal> {
        let session = token::read(token).ok_or(ErrorCode::Unauthenticated)?;
        Ok(self.store.unsubscribe(session).await?)
    }

    /// Is anybody to be told?
    async fn anybody(&self) -> bool {
        self.subscribers.is_there(self.store.is_subscribed()).await
    }

    /// The key that says who pushes; drawn by whichever node needs it first.
    async fn server_key(&self) -> Result<&ServerKey, Refusal> {
        self.server_key
            .get_or_try_init(async || {
                loop {
                    if let Some(sealed) = self.store.push_key().await? {
                        let opened = secret::open(&self.keys, Purpose::Push, &sealed);
                        let key = opened.and_then(|bytes| ServerKey::read(&bytes));
                        return key.ok_or_else(|| {
                            Refusal::new(ErrorCode::Unavailable)
                                .detail("The key that the key of pushes is sealed with is missing.")
                                .retry_after(LOOK_AGAIN)
                        });
                    }
                    let drawn = ServerKey::draw();
                    let sealed = secret::seal(&self.keys, Purpose::Push, &drawn, &*self.entropy)?;
                    // Or another node was first.
                    self.store.put_push_key(None, Some(sealed)).await?;
                }
            })
            .await
    }

    /// Seals the key with the key of now, if another has sealed it, so that no key is needed for
    /// long.
    async fn reseal(&self) -> Result<(), Refusal> {
        let Some(sealed) = self.store.push_key().await? else { return Ok(()) };
        if secret::key_of(&sealed) == Some(self.keys.sealing()) {
            return Ok(());
        }
        if let Some(bytes) = secret::open(&self.keys, Purpose::Push, &sealed) {
            let anew = secret::seal(&self.keys, Purpose::Push, &bytes, &*self.entropy)?;
            self.store.put_push_key(Some(sealed), Some(anew)).await?;
        }
        Ok(())
    }

    async fn letter(&self, push: &DuePush, now: Timestamp) -> Result<Letter, String> {
        let key = self.server_key().await.map_err(|refusal| refusal.to_string())?;
        let body = web_push::seal(&push.target, words::body(push).as_bytes());
        let body = body.ok_or("Its public key is none.")?;
        let contact = self.settings.contact.as_deref();
        let headers = vec![
            ("authorization", key.authorization(&push.target.endpoint, now, contact)),
            ("content-encoding", "aes128gcm".to_owned()),
            ("content-type", "application/octet-stream".to_owned()),
            ("ttl", self.settings.ttl_s.to_string()),
            ("urgency", "high".to_owned()),
            // One that has not been delivered gives way to the same.
            ("topic", push.order_no.to_string()),
        ];
        Ok(Letter { url: push.target.endpoint.clone(), headers, body })
    }
}

/// Forgets the key that says who pushes, if the key that sealed it, `lost`, or whichever it was, is
/// lost: servers that start draw another, to which browsers subscribe when the app is opened in them
/// again.
pub async fn give_up(
    people: &dyn PeopleStore,
    keys: &Keys,
    lost: Option<KeyId>,
) -> Result<(), PeopleError> {
    if let Some(sealed) = people.push_key().await?
        && (lost.is_none() || secret::key_of(&sealed) == lost)
        && secret::open(keys, Purpose::Push, &sealed).is_none()
    {
        people.put_push_key(Some(sealed), None).await?;
    }
    Ok(())
}

/// So many bytes in base64url, with or without padding.
fn decoded<const N: usize>(text: &str) -> Option<[u8; N]> {
    let bytes = BASE64URL_NOPAD.decode(text.trim_end_matches('=').as_bytes()).ok()?;
    bytes.try_into().ok()
}
