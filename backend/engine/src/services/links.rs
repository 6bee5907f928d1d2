//! Whom and which rooms of another system a service has linked to people and groups here.

use super::Services;
use crate::accounts::{ID_DRAWS_MAX, avatar};
use hongbao_domain::{
    Refusal,
    store::people::{PeopleError, PersonLink, RoomLink},
    text,
};
use hongbao_shared::{
    ErrorCode, ServiceId, UserId,
    api::{
        accounts::{Profile, ProfileChange},
        services::{
            External, LinkedPerson, LinkedRoom, PEOPLE_PER_CALL_MAX, PersonToLink,
            ROOMS_PER_CALL_MAX, RoomToLink,
        },
    },
};
use std::collections::{BTreeMap, BTreeSet};

impl Services {
    /// Who somebody is whom a service has linked. `link_invalid`, `person_not_linked`.
    pub async fn person(&self, service: ServiceId, external: External) -> Result<UserId, Refusal> {
        if !external.is_valid() {
            return Err(ErrorCode::LinkInvalid.into());
        }
        let key = (service, external.clone());
        let load = async {
            let ids = [external.id];
            let found = self.store.linked_people(service, &external.provider, &ids).await?;
            Ok::<_, PeopleError>(found.into_iter().next().map(|(_, user)| user))
        };
        let found = self.links.get_or_load(key, load).await?;
        found.ok_or_else(|| ErrorCode::PersonNotLinked.into())
    }

    /// Links people, who become somebody here; whoever is linked already stays who they are, by
    /// the new name. `too_many_at_once`, `link_invalid`, `name_invalid`.
    pub async fn link_people(
        &self,
        service: ServiceId,
        people: Vec<PersonToLink>,
    ) -> Result<Vec<LinkedPerson>, Refusal> {
        bounded(people.len(), PEOPLE_PER_CALL_MAX)?;
        let mut wanted = Vec::with_capacity(people.len());
        for PersonToLink { provider, id, name } in people {
            let name = text::name(&name, self.limits.name_chars_max).map_err(|fault| {
                let what = format!("The name of {provider}:{id} is not one: {fault}.");
                Refusal::new(ErrorCode::NameInvalid).detail(what)
            })?;
            wanted.push((valid(External { provider, id })?, name));
        }
        let mut draws = 0;
        let linked = loop {
            let links = wanted.iter().map(|(external, name)| {
                let id = UserId::from_random(self.entropy.bits());
                let profile =
                    Profile { id, name: name.clone(), avatar: avatar(id), is_demo: false };
                PersonLink { external: external.clone(), profile }
            });
            draws += 1;
            match self.store.link_people(service, links.collect(), self.clock.now()).await {
                Ok(linked) => break linked,
                Err(PeopleError::IdTaken) if draws < ID_DRAWS_MAX => {}
                Err(error) => return Err(error.into()),
            }
        };
        let mut answer = Vec::with_capacity(linked.len());
        for ((External { provider, id }, name), profile) in wanted.into_iter().zip(linked) {
            if profile.name != name {
                let change = ProfileChange { name: Some(name), avatar: None };
                self.accounts.change_profile(profile.id, change).await?;
            }
            answer.push(LinkedPerson { provider, id, user_id: profile.id });
        }
        Ok(answer)
    }

    /// Links rooms, which become groups here, and adds the members that they lack. Each room is
    /// linked whole or not at all, in their order: what is refused leaves those before it as they
    /// are, and the same call again goes on. `too_many_at_once`, `link_invalid`,
    /// `person_not_linked`, `group_name_invalid`, `group_full`, `too_many_groups`.
    pub async fn link_rooms(
        &self,
        service: ServiceId,
        rooms: Vec<RoomToLink>,
    ) -> Result<Vec<LinkedRoom>, Refusal> {
        bounded(rooms.len(), ROOMS_PER_CALL_MAX)?;
        let mut wanted = Vec::with_capacity(rooms.len());
        // All is looked at before anything is linked.
        for RoomToLink { provider, id, name, members } in rooms {
            let external = valid(External { provider, id })?;
            let members = self.members(service, &external.provider, members).await?;
            let owner = *members.first().ok_or_else(|| {
                Refusal::new(ErrorCode::LinkInvalid).detail("A room has at least one member.")
            })?;
            let draft = self.groups.draft(owner, &name)?;
            wanted.push(RoomLink {
                external,
                group: draft,
                members,
                group_members_max: self.limits.group_members_max,
            });
        }
        let mut answer = Vec::with_capacity(wanted.len());
        for room in wanted {
            let External { provider, id } = room.external.clone();
            let group_id = self.groups.link(service, room).await?;
            answer.push(LinkedRoom { provider, id, group_id });
        }
        Ok(answer)
    }

    async fn members(
        &self,
        service: ServiceId,
        provider: &str,
        ids: Vec<String>,
    ) -> Result<Vec<UserId>, Refusal> {
        let found = self.store.linked_people(service, provider, &ids).await?;
        let found: BTreeMap<_, _> = found.into_iter().collect();
        let mut seen = BTreeSet::new();
        let mut members = Vec::with_capacity(ids.len());
        for id in ids {
            let user = *found.get(&id).ok_or_else(|| {
                let what = format!("Nobody is linked to {provider}:{id}.");
                Refusal::new(ErrorCode::PersonNotLinked).detail(what)
            })?;
            if seen.insert(user) {
                members.push(user);
            }
        }
        Ok(members)
    }
}

fn valid(external: External) -> Result<External, Refusal> {
    if external.is_valid() { Ok(external) } else { Err(ErrorCode::LinkInvalid.into()) }
}

fn bounded(items: usize, max: usize) -> Result<(), Refusal> {
    if items <= max {
        return Ok(());
    }
    Err(Refusal::new(ErrorCode::TooManyAtOnce).detail(format!("This call takes {max} at a time.")))
}
