//! Names and pictures, for everyone who shows them.

use super::{Accounts, avatar};
use crate::cache::Found;
use hongbao_domain::{
    board::{Place, Rung},
    cache::Note,
};
use hongbao_shared::{UserId, api::accounts::Profile};
use std::{collections::HashMap, sync::Arc, time::Duration};

/// How long another node may still show an old name.
pub(super) const CACHED_FOR: Duration = Duration::from_mins(5);
/// The name of somebody who cannot be looked up.
const NAMELESS: &str = "…";

impl Accounts {
    /// What others see of this person; never fails (R-CACHE-3).
    pub async fn profile(&self, id: UserId) -> Profile {
        if let Some(profile) = self.profiles.get(&id) {
            return Profile::clone(&profile);
        }
        self.profiles(&[id]).await.pop().unwrap_or_else(|| unknown(id))
    }

    /// What others see of these people, in the same order; never fails: whoever is
    /// unknown, or not to be had because the database does not answer, has a default
    /// name and their own picture (R-CACHE-3).
    pub async fn profiles(&self, ids: &[UserId]) -> Vec<Profile> {
        let mut found: HashMap<UserId, Arc<Profile>> = HashMap::with_capacity(ids.len());
        let mut missing = Vec::new();
        for id in ids {
            match self.profiles.get(id) {
                Some(profile) => {
                    found.insert(*id, profile);
                }
                None => missing.push(*id),
            }
        }
        missing.sort_unstable();
        missing.dedup();
        let seen = self.profiles.mark();
        let (noted, eras) = self.noted(&missing).await;
        missing.retain(|id| !noted.iter().any(|profile| profile.id == *id));
        let mut read = noted;
        if !missing.is_empty() {
            match self.store.profiles(&missing).await {
                Ok(profiles) => {
                    for profile in &profiles {
                        let era = eras.get(&profile.id).copied();
                        self.notes.write(Note::Profile, profile.id, era, profile).await;
                    }
                    read.extend(profiles);
                }
                Err(error) => self.board.enter(Rung::DefaultProfiles, Place::Node, error),
            }
        }
        for profile in read.into_iter().map(Arc::new) {
            self.profiles.keep(&profile.id, Arc::clone(&profile), seen);
            found.insert(profile.id, profile);
        }
        ids.iter()
            .map(|id| found.get(id).map_or_else(|| unknown(*id), |p| Profile::clone(p)))
            .collect()
    }

    /// What other nodes have looked up, and the eras of what they have not.
    async fn noted(&self, ids: &[UserId]) -> (Vec<Profile>, HashMap<UserId, u64>) {
        let (mut profiles, mut eras) = (Vec::new(), HashMap::new());
        let found = self.notes.read::<Profile>(Note::Profile, ids).await;
        for (id, Found { value, era }) in ids.iter().zip(found) {
            profiles.extend(value.filter(|profile| profile.id == *id));
            eras.extend(era.map(|era| (*id, era)));
        }
        (profiles, eras)
    }
}

fn unknown(id: UserId) -> Profile {
    Profile { id, name: NAMELESS.to_owned(), avatar: avatar(id), is_demo: false }
}
