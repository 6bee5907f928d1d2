//! Calls that come with a key, so that they may come twice (R-API-5).
//!
//! A key's row is written before anything is done, and the answer before the caller hears it.
//! Whoever finds a row without an answer either waits, or, once whoever was doing it must be
//! gone, does again what can be done again; of the rest nobody knows how far it came, and that
//! is what is said.

use hongbao_config as config;
use hongbao_domain::{
    Refusal,
    crash::{self, Step},
    runtime::Clock,
    store::people::{
        ANSWER_BYTES_MAX, CallAnswer, CallDraft, CallId, CallState, Caller, PeopleError,
        PeopleStore,
    },
};
use hongbao_shared::{ErrorCode, Timestamp, limits};
use std::{sync::Arc, time::Duration};

/// When to ask again for a call that is being done.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// What can become of a call that is done twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// The same as if it had been done once.
    Same,
    /// Something else, such as a second group.
    Other,
}

/// A call with a key: it is to be done now, or was done.
#[derive(Debug)]
pub enum Keyed {
    /// To be done, and to be ended by [`Calls::end`].
    Now(Begun),
    /// This is what was answered.
    Before(CallAnswer),
}

/// A call that is being done.
#[derive(Debug)]
pub struct Begun {
    id: CallId,
    repeat: Repeat,
}

/// The keys of calls.
#[derive(Debug)]
pub struct Calls {
    store: Arc<dyn PeopleStore>,
    clock: Arc<dyn Clock>,
    settings: config::Calls,
    /// Nobody but this process does anything, so what was begun before it is lost.
    alone_since: Option<Timestamp>,
}

impl Calls {
    /// On the store of people; `alone` without other nodes.
    pub fn new(
        store: Arc<dyn PeopleStore>,
        clock: Arc<dyn Clock>,
        settings: config::Calls,
        alone: bool,
    ) -> Self {
        let alone_since = alone.then(|| clock.now());
        Self { store, clock, settings, alone_since }
    }

    /// Begins a call unless its key stands for one already: `key_invalid`; `key_reused` where
    /// that is another call, by the hash of the request; `key_in_use` while it is being done;
    /// `outcome_unknown`; `rate_limited` with too many keys.
    pub async fn begin(
        &self,
        caller: Caller,
        key: &str,
        request: [u8; 32],
        repeat: Repeat,
    ) -> Result<Keyed, Refusal> {
        if !limits::is_key(key) {
            return Err(ErrorCode::KeyInvalid.into());
        }
        let at = self.clock.now();
        let late = at.minus(Duration::from_secs(self.settings.lost_after_s.into()));
        let draft = CallDraft {
            request,
            at,
            expires_at: at.plus(Duration::from_secs(self.settings.key_ttl_s.into())),
            lost_before: self.alone_since.map_or(late, |since| since.max(late)),
            is_repeatable: repeat == Repeat::Same,
            keys_max: self.settings.keys_per_caller_max,
        };
        crash::before(Step::CallBegin);
        match self.store.begin_call(caller, key.to_owned(), draft).await? {
            CallState::Begun => {
                crash::after(Step::CallBegin);
                Ok(Keyed::Now(Begun { id: CallId { caller, key: key.to_owned(), at }, repeat }))
            }
            CallState::Answered(answer) => Ok(Keyed::Before(answer)),
            CallState::Differs => Err(ErrorCode::KeyReused.into()),
            CallState::OnItsWay => Err(Refusal::new(ErrorCode::KeyInUse).retry_after(RETRY_AFTER)),
            CallState::Lost => Err(ErrorCode::OutcomeUnknown.into()),
        }
    }

    /// What was answered, before anybody hears it; `None` for what is too long to keep. A refusal
    /// for who asks, or for how often, has not looked at the call, and leaves the key free; so does
    /// an answer that is too long to keep, one that says that the end is still to come, or a fault,
    /// if the call can be done again. After a fault of any other the outcome is unknown.
    pub async fn end(&self, call: Begun, status: u16, body: Option<&[u8]>) {
        let Begun { id, repeat } = call;
        let is_undecided = matches!(status, 401 | 403 | 429);
        let ended = if is_undecided {
            self.store.free_call(id).await
        } else if let Some(body) = body.filter(|body| is_kept(status, body)) {
            crash::before(Step::CallAnswer);
            let kept = self.store.answer_call(id, CallAnswer { status, body: body.to_vec() }).await;
            crash::after(Step::CallAnswer);
            kept.map(drop)
        } else if repeat == Repeat::Same {
            self.store.free_call(id).await
        } else {
            self.store.lose_call(id).await
        };
        if let Err(error) = ended {
            // What was done was done: whoever asks again hears that it is on its way, and then
            // what a crash here would have left.
            tracing::debug!(%error, "the end of a call with a key was not written down");
        }
    }

    /// Forgets keys whose time is over, at most `limit`.
    pub async fn forget(&self, limit: u32) -> Result<u64, PeopleError> {
        self.store.forget_calls(self.clock.now(), limit).await
    }
}

/// 202 is no answer yet: whoever asks again wants to hear the end.
fn is_kept(status: u16, body: &[u8]) -> bool {
    (200..500).contains(&status) && status != 202 && body.len() <= ANSWER_BYTES_MAX
}
