//! The accounts of programs, whom and which rooms they link, and what they did.

use super::{super::size, MemoryPeople, State, ensure, sessions::Token, users::User};
use async_trait::async_trait;
use hongbao_domain::store::{
    StoreError,
    people::{
        Act, AskingService, NewEntry, NewService, NewToken, NumberedAct, PeopleError, PersonLink,
        RoomLink, RoomLinked, ServiceStore, StoredService, TokenHash,
    },
};
use hongbao_shared::{
    GroupId, ServiceId, Timestamp, UserId,
    api::{accounts::Profile, services::External},
};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Default)]
pub(super) struct Services {
    all: BTreeMap<String, NewService>,
    seen: BTreeMap<ServiceId, Timestamp>,
    revoked: BTreeMap<ServiceId, Timestamp>,
    tokens: BTreeMap<Token, (ServiceId, Timestamp)>,
    people: BTreeMap<(ServiceId, External), UserId>,
    rooms: BTreeMap<(ServiceId, External), GroupId>,
    acts: Vec<NumberedAct>,
    /// Ever.
    acts_recorded: i64,
}

impl Services {
    fn live(&self, name: &str) -> Option<ServiceId> {
        let service = self.all.get(name)?;
        (!self.revoked.contains_key(&service.id)).then_some(service.id)
    }

    pub(super) fn is_live(&self, id: ServiceId) -> bool {
        !self.revoked.contains_key(&id)
    }

    pub(super) fn people_of(
        &self,
        service: ServiceId,
    ) -> impl Iterator<Item = (&External, UserId)> {
        let theirs = self.people.iter().filter(move |((of, _), _)| *of == service);
        theirs.map(|((_, external), user)| (external, *user))
    }

    pub(super) fn rooms_of(
        &self,
        service: ServiceId,
    ) -> impl Iterator<Item = (&External, GroupId)> {
        let theirs = self.rooms.iter().filter(move |((of, _), _)| *of == service);
        theirs.map(|((_, external), group)| (external, *group))
    }

    pub(super) fn exists(&self, id: ServiceId) -> bool {
        self.all.values().any(|service| service.id == id)
    }

    pub(super) fn acts(&self) -> &[NumberedAct] {
        &self.acts
    }

    /// Those up to this one; how many.
    pub(super) fn remove_acts(&mut self, to: i64) -> u64 {
        let before = self.acts.len();
        self.acts.retain(|act| act.id > to);
        before.saturating_sub(self.acts.len()).try_into().unwrap_or(u64::MAX)
    }

    fn check_token(&self, token: &NewToken) -> Result<(), StoreError> {
        ensure(!self.tokens.contains_key(&token.hash.0), "service_tokens_pkey")
    }
}

#[async_trait]
impl ServiceStore for MemoryPeople {
    async fn add_service(&self, service: NewService, entry: NewEntry) -> Result<(), PeopleError> {
        let State { services, journal, .. } = &mut *self.state.lock();
        ensure((1..=64).contains(&service.name.chars().count()), "services_name_long")?;
        ensure(service.scopes.bits() != 0, "services_scopes_known")?;
        ensure(service.calls_per_minute >= 1, "services_calls_positive")?;
        if services.exists(service.id) {
            return Err(PeopleError::IdTaken);
        }
        if services.all.contains_key(&service.name) {
            return Err(PeopleError::NameTaken);
        }
        services.check_token(&service.token)?;
        journal.enter(&entry)?;
        services.tokens.insert(service.token.hash.0, (service.id, service.token.expires_at));
        services.all.insert(service.name.clone(), service);
        Ok(())
    }

    async fn services(&self, limit: u32) -> Result<Vec<StoredService>, PeopleError> {
        let services = &self.state.lock().services;
        let stored = |service: &NewService| StoredService {
            id: service.id,
            name: service.name.clone(),
            scopes: service.scopes,
            calls_per_minute: service.calls_per_minute,
            created_at: service.token.at,
            seen_at: services.seen.get(&service.id).copied(),
            revoked_at: services.revoked.get(&service.id).copied(),
            expires_at: services
                .tokens
                .values()
                .filter(|(of, _)| *of == service.id)
                .map(|(_, expires_at)| *expires_at)
                .max(),
        };
        Ok(services.all.values().take(size(limit)).map(stored).collect())
    }

    async fn rotate_service(
        &self,
        name: &str,
        token: NewToken,
        old_until: Timestamp,
        entry: NewEntry,
    ) -> Result<bool, PeopleError> {
        let State { services, journal, .. } = &mut *self.state.lock();
        let Some(id) = services.all.get(name).map(|service| service.id) else { return Ok(false) };
        services.check_token(&token)?;
        journal.enter(&entry)?;
        services.revoked.remove(&id);
        services.tokens.retain(|_, (of, expires_at)| *of != id || *expires_at > token.at);
        for (of, expires_at) in services.tokens.values_mut() {
            if *of == id {
                *expires_at = (*expires_at).min(old_until);
            }
        }
        services.tokens.insert(token.hash.0, (id, token.expires_at));
        Ok(true)
    }

    async fn revoke_service(
        &self,
        name: &str,
        at: Timestamp,
        entry: NewEntry,
    ) -> Result<bool, PeopleError> {
        let State { services, journal, .. } = &mut *self.state.lock();
        let Some(id) = services.live(name) else { return Ok(false) };
        journal.enter(&entry)?;
        services.revoked.insert(id, at);
        services.tokens.retain(|_, (of, _)| *of != id);
        Ok(true)
    }

    async fn service(
        &self,
        token: TokenHash,
        now: Timestamp,
    ) -> Result<Option<AskingService>, PeopleError> {
        let services = &self.state.lock().services;
        let Some((id, expires_at)) = services.tokens.get(&token.0) else { return Ok(None) };
        let service = services.all.values().find(|service| service.id == *id);
        let asking = |service: &NewService| AskingService {
            id: *id,
            name: service.name.clone(),
            scopes: service.scopes,
            calls_per_minute: service.calls_per_minute,
            seen_at: services.seen.get(id).copied(),
            expires_at: *expires_at,
        };
        Ok(service.filter(|_| *expires_at > now).map(asking))
    }

    async fn touch_service(&self, id: ServiceId, seen_at: Timestamp) -> Result<(), PeopleError> {
        self.state.lock().services.seen.insert(id, seen_at);
        Ok(())
    }

    async fn record_act(&self, act: Act) -> Result<(), PeopleError> {
        let state = &mut *self.state.lock();
        ensure((1..=256).contains(&act.call.chars().count()), "service_acts_call")?;
        ensure(state.services.exists(act.service), "service_acts_service_id_fkey")?;
        if let Some(user) = act.user {
            state.check_user(user)?;
        }
        let services = &mut state.services;
        services.acts_recorded = services.acts_recorded.saturating_add(1);
        services.acts.push(NumberedAct { id: services.acts_recorded, act });
        Ok(())
    }

    async fn acts(&self, service: ServiceId, limit: u32) -> Result<Vec<Act>, PeopleError> {
        let acts = &self.state.lock().services.acts;
        let theirs = acts.iter().rev().map(|act| &act.act);
        let theirs = theirs.filter(|act| act.service == service);
        Ok(theirs.take(size(limit)).cloned().collect())
    }

    async fn link_people(
        &self,
        service: ServiceId,
        people: Vec<PersonLink>,
        _at: Timestamp,
    ) -> Result<Vec<Profile>, PeopleError> {
        let mut held = self.state.lock();
        // A transaction: what is refused changes nothing.
        let mut state = held.clone();
        ensure(state.services.exists(service), "linked_people_service_id_fkey")?;
        let mut linked = Vec::with_capacity(people.len());
        for PersonLink { external, profile } in people {
            linked.push(state.link_person(service, external, profile)?);
        }
        *held = state;
        Ok(linked)
    }

    async fn linked_people(
        &self,
        service: ServiceId,
        provider: &str,
        ids: &[String],
    ) -> Result<Vec<(String, UserId)>, PeopleError> {
        let people = &self.state.lock().services.people;
        let linked = |id: &String| {
            let external = External { provider: provider.to_owned(), id: id.clone() };
            Some((id.clone(), *people.get(&(service, external))?))
        };
        Ok(ids.iter().collect::<BTreeSet<_>>().into_iter().filter_map(linked).collect())
    }

    async fn link_room(
        &self,
        service: ServiceId,
        room: RoomLink,
    ) -> Result<RoomLinked, PeopleError> {
        let mut held = self.state.lock();
        let mut state = held.clone();
        let linked = state.link_room(service, room)?;
        *held = state;
        Ok(linked)
    }
}

impl State {
    fn link_person(
        &mut self,
        service: ServiceId,
        external: External,
        profile: Profile,
    ) -> Result<Profile, PeopleError> {
        check_external(&external, "linked_people")?;
        let key = (service, external);
        if let Some(known) = self.services.people.get(&key) {
            let user = self.users.get(known);
            return Ok(user.map_or(profile, |user| user.profile.clone()));
        }
        ensure(!profile.name.is_empty(), "users_name")?;
        if self.users.contains_key(&profile.id) {
            return Err(PeopleError::IdTaken);
        }
        self.users.insert(profile.id, User::new(profile.clone(), None));
        self.services.people.insert(key, profile.id);
        Ok(profile)
    }

    fn link_room(&mut self, service: ServiceId, room: RoomLink) -> Result<RoomLinked, PeopleError> {
        let RoomLink { external, group: draft, members, group_members_max } = room;
        check_external(&external, "linked_rooms")?;
        ensure(self.services.exists(service), "linked_rooms_service_id_fkey")?;
        let key = (service, external);
        let mut lines = Vec::new();
        let group_id = if let Some(known) = self.services.rooms.get(&key) {
            *known
        } else {
            self.check_group(&draft)?;
            lines.push(self.put_group(&draft)?);
            self.services.rooms.insert(key, draft.id);
            draft.id
        };
        for member in members {
            if self.is_member(group_id, member) {
                continue;
            }
            let count = self.groups.get(&group_id).map_or(0, |group| group.members.len());
            if count >= size(group_members_max) {
                return Err(PeopleError::GroupFull);
            }
            self.check_count(member, draft.groups_per_user_max)?;
            self.put_member(group_id, member);
            lines.push(self.announce_joined(group_id, member, draft.at)?);
        }
        Ok(RoomLinked { group_id, lines })
    }
}

fn check_external(external: &External, table: &str) -> Result<(), StoreError> {
    let provider = (1..=32).contains(&external.provider.chars().count());
    ensure(provider, &format!("{table}_provider"))?;
    ensure((1..=128).contains(&external.id.chars().count()), &format!("{table}_id"))
}
