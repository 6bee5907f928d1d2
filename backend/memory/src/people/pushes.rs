//! Where browsers are told of packets, and what they are still to be told.

use super::{super::size, MemoryPeople, State, sessions::Token};
use async_trait::async_trait;
use hongbao_domain::store::people::{
    DuePush, NewPush, NewSubscription, PeopleError, PushStore, PushTarget, Pushed, SealedSecret,
    StoredBody, TokenHash,
};
use hongbao_shared::{GroupId, OrderNo, Timestamp, api::groups::Language};
use std::collections::BTreeMap;

#[derive(Clone, Default)]
pub(super) struct Pushes {
    key: Option<SealedSecret>,
    subscriptions: BTreeMap<Token, Subscription>,
    waiting: BTreeMap<(Token, GroupId), Waiting>,
    last_row: i64,
}

#[derive(Clone)]
struct Subscription {
    target: PushTarget,
    language: Language,
}

#[derive(Clone)]
struct Waiting {
    row: i64,
    order_no: OrderNo,
    queued_at: Timestamp,
    due_at: Timestamp,
    attempts: u32,
}

#[async_trait]
impl PushStore for MemoryPeople {
    async fn push_key(&self) -> Result<Option<SealedSecret>, PeopleError> {
        Ok(self.state.lock().pushes.key.clone())
    }

    async fn put_push_key(
        &self,
        from: Option<SealedSecret>,
        to: Option<SealedSecret>,
    ) -> Result<bool, PeopleError> {
        let key = &mut self.state.lock().pushes.key;
        let is_it = *key == from;
        if is_it {
            *key = to;
        }
        Ok(is_it)
    }

    async fn subscribe(&self, subscription: NewSubscription) -> Result<bool, PeopleError> {
        let state = &mut *self.state.lock();
        let NewSubscription { session, target, language, at } = subscription;
        state.forget_ended();
        if state.session(session, at).is_none() {
            return Ok(false);
        }
        let all = &mut state.pushes.subscriptions;
        all.retain(|token, one| *token == session.0 || one.target.endpoint != target.endpoint);
        all.insert(session.0, Subscription { target, language });
        Ok(true)
    }

    async fn unsubscribe(&self, session: TokenHash) -> Result<(), PeopleError> {
        self.state.lock().pushes.subscriptions.remove(&session.0);
        Ok(())
    }

    async fn is_subscribed(&self) -> Result<bool, PeopleError> {
        let state = &mut *self.state.lock();
        state.forget_ended();
        Ok(!state.pushes.subscriptions.is_empty())
    }

    async fn queue_pushes(&self, packets: Vec<NewPush>, now: Timestamp) -> Result<(), PeopleError> {
        let state = &mut *self.state.lock();
        state.forget_ended();
        for packet in packets {
            state.queue(packet, now);
        }
        Ok(())
    }

    async fn lease_pushes(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<DuePush>, PeopleError> {
        let state = &mut *self.state.lock();
        state.forget_ended();
        let mut due: Vec<_> = state
            .pushes
            .waiting
            .iter()
            .filter(|(_, one)| one.due_at <= now)
            .map(|(at, one)| (one.due_at, one.row, *at))
            .collect();
        due.sort_unstable();
        due.truncate(size(limit));
        due.sort_unstable_by_key(|(_, row, _)| *row);
        let mut leased = Vec::new();
        for (_, _, at) in due {
            let Some(push) = state.due(at, now) else {
                state.pushes.waiting.remove(&at);
                continue;
            };
            if let Some(one) = state.pushes.waiting.get_mut(&at) {
                one.due_at = until;
            }
            leased.push(push);
        }
        Ok(leased)
    }

    async fn settle_push(&self, push: DuePush, pushed: Pushed) -> Result<(), PeopleError> {
        let Pushes { waiting, subscriptions, .. } = &mut self.state.lock().pushes;
        let at = (push.session.0, push.group);
        let is_it =
            waiting.get_mut(&at).filter(|one| one.row == push.row && one.order_no == push.order_no);
        match (pushed, is_it) {
            (Pushed::Over, Some(_)) => {
                waiting.remove(&at);
            }
            (Pushed::Again(due), Some(one)) => {
                one.due_at = due;
                one.attempts += 1;
            }
            (Pushed::Gone, _) => {
                let there = subscriptions.get(&push.session.0);
                if there.is_some_and(|there| there.target.endpoint == push.target.endpoint) {
                    subscriptions.remove(&push.session.0);
                }
            }
            (Pushed::Over | Pushed::Again(_), None) => {}
        }
        Ok(())
    }
}

impl State {
    /// What a session brought goes with it.
    fn forget_ended(&mut self) {
        let State { sessions, pushes: Pushes { subscriptions, waiting, .. }, .. } = self;
        subscriptions.retain(|token, _| sessions.contains_key(token));
        waiting.retain(|(token, _), _| subscriptions.contains_key(token));
    }

    fn queue(&mut self, packet: NewPush, now: Timestamp) {
        let NewPush { order_no, group, sender, recipient, at } = packet;
        if self.is_demo(sender) {
            return;
        }
        let tokens: Vec<_> = self.pushes.subscriptions.keys().copied().collect();
        for token in tokens {
            let Some(user) = self.person_of(token) else { continue };
            let is_told = user != sender
                && recipient.is_none_or(|recipient| recipient == user)
                && self.member(group, user).is_some_and(|member| !member.muted);
            let waiting = self.pushes.waiting.get(&(token, group));
            let stays = |one: &Waiting| one.order_no == order_no || one.queued_at > at;
            if !is_told || waiting.is_some_and(stays) {
                continue;
            }
            let row = waiting.map_or_else(
                || {
                    self.pushes.last_row += 1;
                    self.pushes.last_row
                },
                |one| one.row,
            );
            let new = Waiting { row, order_no, queued_at: at, due_at: now, attempts: 0 };
            self.pushes.waiting.insert((token, group), new);
        }
    }

    fn due(&self, at: (Token, GroupId), now: Timestamp) -> Option<DuePush> {
        let (token, group) = at;
        let session = TokenHash(token);
        let Waiting { row, order_no, queued_at, attempts, .. } = self.pushes.waiting.get(&at)?;
        let Subscription { target, language } = self.pushes.subscriptions.get(&token)?;
        let user = self.session(session, now)?.user_id;
        self.member(group, user).filter(|member| !member.muted)?;
        let (_, posted) = self.posted(*order_no)?;
        let StoredBody::Packet(packet) = &posted.body else { return None };
        Some(DuePush {
            row: *row,
            session,
            target: target.clone(),
            language: *language,
            order_no: *order_no,
            group,
            group_name: self.groups.get(&group)?.name.clone(),
            sender_name: self.users.get(&posted.sender_id)?.profile.name.clone(),
            greeting: packet.dress.greeting.clone(),
            queued_at: *queued_at,
            attempts: *attempts,
        })
    }
}
