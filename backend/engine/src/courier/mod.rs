//! What carries a letter to a webhook, or a push service. The engine knows no HTTP.

mod anybody;

pub(crate) use anybody::{Anybody, LOOK_AGAIN};

use async_trait::async_trait;
use std::fmt;

/// What is posted.
#[derive(Clone, Debug)]
pub struct Letter {
    /// Where to.
    pub url: String,
    /// Headers beside those that every post has.
    pub headers: Vec<(&'static str, String)>,
    /// As `content-type` says.
    pub body: Vec<u8>,
}

/// Carries letters.
#[async_trait]
pub trait Courier: Send + Sync + fmt::Debug {
    /// Can a letter go there, as far as the address itself tells? Else why not, in a sentence.
    fn check(&self, url: &str) -> Result<(), String>;

    /// Posts a letter, within a bounded time; the status of the answer, or why there is none, in
    /// a sentence.
    async fn post(&self, letter: Letter) -> Result<u16, String>;
}
