//! What the store of people takes and gives: calls that may come twice (R-API-5).

use super::PeopleError;
use async_trait::async_trait;
use hongbao_shared::{ServiceId, Timestamp, UserId};
use std::fmt;

/// The longest answer that is kept, in bytes.
pub const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Whose keys these are: somebody's, a program's, or a program's for somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Caller {
    /// The program that asks.
    pub service: Option<ServiceId>,
    /// Who asks, or for whom the program does.
    pub user: Option<UserId>,
}

/// A call that is about to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallDraft {
    /// SHA-256 of all that makes it another call.
    pub request: [u8; 32],
    /// When.
    pub at: Timestamp,
    /// Until when its key stands for it.
    pub expires_at: Timestamp,
    /// A call of before that has no answer will have none: whoever was doing it is gone.
    pub lost_before: Timestamp,
    /// Doing it a second time is the same as doing it once.
    pub is_repeatable: bool,
    /// How many keys a caller may have.
    pub keys_max: u32,
}

/// A call that was begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallId {
    /// Whose.
    pub caller: Caller,
    /// Under which key, 1 to 64 characters.
    pub key: String,
    /// When it was begun.
    pub at: Timestamp,
}

/// What was answered.
#[derive(Clone, PartialEq, Eq)]
pub struct CallAnswer {
    /// 200 to 499.
    pub status: u16,
    /// At most [`ANSWER_BYTES_MAX`].
    pub body: Vec<u8>,
}

/// It may hold a ticket.
impl fmt::Debug for CallAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallAnswer").field("status", &self.status).finish_non_exhaustive()
    }
}

/// What is known of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallState {
    /// Nothing was; from now on the call is being done.
    Begun,
    /// It was done.
    Answered(CallAnswer),
    /// It is being done.
    OnItsWay,
    /// It was being done by somebody who is gone. Nobody knows how far it came.
    Lost,
    /// The key stands for another call.
    Differs,
}

/// Calls that may come twice.
#[async_trait]
pub trait CallStore: Send + Sync + fmt::Debug {
    /// Begins a call, unless its key stands for one. One that is lost, and may be repeated, is
    /// begun again. `TooManyKeys`.
    async fn begin_call(
        &self,
        caller: Caller,
        key: String,
        draft: CallDraft,
    ) -> Result<CallState, PeopleError>;

    /// Keeps what was answered; false if the call has been begun again since, or is forgotten.
    async fn answer_call(&self, call: CallId, answer: CallAnswer) -> Result<bool, PeopleError>;

    /// Forgets a call without an answer: its key is free again.
    async fn free_call(&self, call: CallId) -> Result<(), PeopleError>;

    /// Nobody will answer this call any more.
    async fn lose_call(&self, call: CallId) -> Result<(), PeopleError>;

    /// Forgets calls whose time is over at `now`, at most `limit`; how many.
    async fn forget_calls(&self, now: Timestamp, limit: u32) -> Result<u64, PeopleError>;
}
