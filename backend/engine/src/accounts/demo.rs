//! The server's own people (R-WEB-6): no session, no password, marked everywhere.

use super::{Accounts, ID_DRAWS_MAX};
use hongbao_domain::{
    Refusal,
    store::people::{DemoMember, PeopleError},
};
use hongbao_shared::{UserId, api::accounts::Profile};

impl Accounts {
    /// The demo member with this key, which the server's script keeps for ever; made if
    /// there is none yet, else given this name and picture.
    pub async fn demo_member(
        &self,
        key: &str,
        name: &str,
        avatar: &str,
    ) -> Result<Profile, Refusal> {
        let mut draws = 0;
        loop {
            let member = DemoMember {
                key: key.to_owned(),
                id: UserId::from_random(self.entropy.bits()),
                name: name.to_owned(),
                avatar: avatar.to_owned(),
                at: self.clock.now(),
            };
            draws += 1;
            match self.store.put_demo_member(member).await {
                Ok(profile) => {
                    self.forget_profile(profile.id).await;
                    return Ok(profile);
                }
                Err(PeopleError::IdTaken) if draws < ID_DRAWS_MAX => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}
