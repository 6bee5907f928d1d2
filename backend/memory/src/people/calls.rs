//! Calls that may come twice.

use super::{super::size, MemoryPeople, State, ensure};
use async_trait::async_trait;
use hongbao_domain::store::people::{
    ANSWER_BYTES_MAX, CallAnswer, CallDraft, CallId, CallState, CallStore, Caller, PeopleError,
};
use hongbao_shared::Timestamp;

#[derive(Clone)]
pub(super) struct Call {
    request: [u8; 32],
    /// `None` once nobody will answer it.
    begun_at: Option<Timestamp>,
    expires_at: Timestamp,
    answer: Option<CallAnswer>,
}

impl Call {
    fn state(&self, draft: &CallDraft) -> Option<CallState> {
        let is_lost = self.begun_at.is_none_or(|begun_at| begun_at < draft.lost_before);
        match &self.answer {
            _ if self.expires_at <= draft.at => None,
            _ if self.request != draft.request => Some(CallState::Differs),
            Some(answer) => Some(CallState::Answered(answer.clone())),
            None if !is_lost => Some(CallState::OnItsWay),
            None if draft.is_repeatable => None,
            None => Some(CallState::Lost),
        }
    }
}

impl State {
    /// The call that was begun so and has no answer.
    fn call(&mut self, id: &CallId) -> Option<&mut Call> {
        let call = self.calls.get_mut(&(id.caller, id.key.clone()))?;
        (call.begun_at == Some(id.at) && call.answer.is_none()).then_some(call)
    }
}

#[async_trait]
impl CallStore for MemoryPeople {
    async fn begin_call(
        &self,
        caller: Caller,
        key: String,
        draft: CallDraft,
    ) -> Result<CallState, PeopleError> {
        let state = &mut *self.state.lock();
        let at = (caller, key);
        let known = state.calls.get(&at);
        if let Some(known) = known.and_then(|call| call.state(&draft)) {
            return Ok(known);
        }
        ensure(caller.service.is_some() || caller.user.is_some(), "keyed_calls_somebody")?;
        ensure((1..=64).contains(&at.1.chars().count()), "keyed_calls_key")?;
        if let Some(service) = caller.service {
            ensure(state.services.exists(service), "keyed_calls_service_id_fkey")?;
        }
        if let Some(user) = caller.user {
            state.check_user(user)?;
        }
        let others = state.calls.iter().filter(|(other, call)| {
            other.0 == caller && **other != at && call.expires_at > draft.at
        });
        if others.count() >= size(draft.keys_max) {
            return Err(PeopleError::TooManyKeys);
        }
        let CallDraft { request, at: begun_at, expires_at, .. } = draft;
        let call = Call { request, begun_at: Some(begun_at), expires_at, answer: None };
        state.calls.insert(at, call);
        Ok(CallState::Begun)
    }

    async fn answer_call(&self, call: CallId, answer: CallAnswer) -> Result<bool, PeopleError> {
        let mut state = self.state.lock();
        ensure((200..=499).contains(&answer.status), "keyed_calls_status")?;
        ensure(answer.body.len() <= ANSWER_BYTES_MAX, "keyed_calls_long")?;
        let found = state.call(&call);
        let is_found = found.is_some();
        if let Some(found) = found {
            found.answer = Some(answer);
        }
        Ok(is_found)
    }

    async fn free_call(&self, call: CallId) -> Result<(), PeopleError> {
        let mut state = self.state.lock();
        if state.call(&call).is_some() {
            state.calls.remove(&(call.caller, call.key));
        }
        Ok(())
    }

    async fn lose_call(&self, call: CallId) -> Result<(), PeopleError> {
        if let Some(found) = self.state.lock().call(&call) {
            found.begun_at = None;
        }
        Ok(())
    }

    async fn forget_calls(&self, now: Timestamp, limit: u32) -> Result<u64, PeopleError> {
        let state = &mut *self.state.lock();
        let mut over: Vec<_> =
            state.calls.iter().filter(|(_, call)| call.expires_at <= now).collect();
        over.sort_by_key(|(_, call)| call.expires_at);
        let over: Vec<_> = over.into_iter().take(size(limit)).map(|(at, _)| at.clone()).collect();
        for at in &over {
            state.calls.remove(at);
        }
        Ok(over.len().try_into().unwrap_or(u64::MAX))
    }
}
