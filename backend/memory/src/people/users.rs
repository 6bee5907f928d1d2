//! People: what they are called, and what they sign in with.

use super::{State, ensure};
use hongbao_domain::store::{
    StoreError,
    people::{
        DemoMember, Login, NewAccount, NewSession, NewUser, PasswordDraft, PeopleError, Person,
        ProfileDraft, TokenHash,
    },
};
use hongbao_shared::{GroupId, UserId, api::accounts::Profile};
use std::collections::BTreeSet;

pub(super) struct User {
    pub(super) profile: Profile,
    pub(super) account: Option<NewAccount>,
    pub(super) is_admin: bool,
    /// Those that the person is in.
    pub(super) groups: BTreeSet<GroupId>,
}

impl User {
    fn new(profile: Profile, account: Option<NewAccount>) -> Self {
        Self { profile, account, is_admin: false, groups: BTreeSet::new() }
    }

    pub(super) fn is_guest(&self) -> bool {
        self.account.is_none()
    }
}

impl State {
    pub(super) fn add_user(
        &mut self,
        user: NewUser,
        session: NewSession,
    ) -> Result<(), PeopleError> {
        let NewUser { mut profile, account, at: _ } = user;
        let id = profile.id;
        check_seen(&profile.name, &profile.avatar)?;
        if self.users.contains_key(&id) {
            return Err(PeopleError::IdTaken);
        }
        if let Some(account) = &account {
            self.check_name_free(account, id)?;
        }
        if session.user_id != id {
            self.check_user(session.user_id)?;
        }
        let gone = self.make_room(&session)?;

        profile.is_demo = false;
        if let Some(account) = &account {
            self.name_login(account, id);
        }
        self.users.insert(id, User::new(profile, account));
        self.put_session(session, &gone);
        Ok(())
    }

    pub(super) fn login(&self, name: &str, key: &str) -> Option<Login> {
        let named = self.by_login_name.get(&name.to_lowercase());
        let user = self.users.get(named.or_else(|| self.by_login_key.get(key))?)?;
        let password_hash = user.account.as_ref()?.password_hash.clone();
        Some(Login { profile: user.profile.clone(), password_hash })
    }

    pub(super) fn person(&self, id: UserId) -> Option<Person> {
        let user = self.users.get(&id)?;
        let (is_admin, is_guest) = (user.is_admin, user.is_guest());
        let login_name = user.account.as_ref().map(|account| account.login_name.clone());
        Some(Person { profile: user.profile.clone(), is_admin, is_guest, login_name })
    }

    pub(super) fn profiles(&self, ids: &[UserId]) -> Vec<Profile> {
        let ids: BTreeSet<_> = ids.iter().collect();
        ids.into_iter().filter_map(|id| Some(self.users.get(id)?.profile.clone())).collect()
    }

    pub(super) fn make_admin(&mut self, id: UserId) -> bool {
        let user = self.users.get_mut(&id);
        user.map(|user| user.is_admin = true).is_some()
    }

    pub(super) fn change_profile(&mut self, change: ProfileDraft) -> Result<(), PeopleError> {
        let ProfileDraft { user_id, name, avatar } = change;
        let Some(user) = self.users.get_mut(&user_id) else { return Ok(()) };
        let name = name.unwrap_or_else(|| user.profile.name.clone());
        let avatar = avatar.unwrap_or_else(|| user.profile.avatar.clone());
        check_seen(&name, &avatar)?;
        (user.profile.name, user.profile.avatar) = (name, avatar);
        Ok(())
    }

    pub(super) fn make_account(
        &mut self,
        id: UserId,
        name: String,
        account: NewAccount,
    ) -> Result<(), PeopleError> {
        let guest = self.users.get(&id).filter(|user| user.is_guest());
        let guest = guest.ok_or(PeopleError::AlreadyAccount)?;
        check_seen(&name, &guest.profile.avatar)?;
        ensure(!guest.profile.is_demo, "users_demo_member_never_signs_in")?;
        self.check_name_free(&account, id)?;
        self.name_login(&account, id);
        if let Some(user) = self.users.get_mut(&id) {
            user.profile.name = name;
            user.account = Some(account);
        }
        Ok(())
    }

    pub(super) fn password_hash(&self, id: UserId) -> Option<&str> {
        let account = self.users.get(&id)?.account.as_ref()?;
        Some(&account.password_hash)
    }

    pub(super) fn rehash_password(&mut self, id: UserId, from: &str, to: &str) -> bool {
        let account = self.users.get_mut(&id).and_then(|user| user.account.as_mut());
        let account = account.filter(|account| account.password_hash == from);
        account.map(|account| to.clone_into(&mut account.password_hash)).is_some()
    }

    pub(super) fn change_password(
        &mut self,
        change: PasswordDraft,
    ) -> Result<Vec<TokenHash>, PeopleError> {
        let account = self.users.get_mut(&change.user_id).and_then(|user| user.account.as_mut());
        let account = account.filter(|account| account.password_hash == change.from_hash);
        let account = account.ok_or(PeopleError::PasswordChanged)?;
        account.password_hash = change.to_hash;
        Ok(self.end_other_sessions(change.user_id, change.keep))
    }

    pub(super) fn put_demo_member(&mut self, member: DemoMember) -> Result<Profile, PeopleError> {
        let DemoMember { key, id, name, avatar, at: _ } = member;
        check_seen(&name, &avatar)?;
        ensure(!key.is_empty(), "users_demo_member_never_signs_in")?;
        let known = self.by_demo_key.get(&key).and_then(|id| self.users.get_mut(id));
        if let Some(user) = known {
            (user.profile.name, user.profile.avatar) = (name, avatar);
            return Ok(user.profile.clone());
        }
        if self.users.contains_key(&id) {
            return Err(PeopleError::IdTaken);
        }
        let profile = Profile { id, name, avatar, is_demo: true };
        self.by_demo_key.insert(key, id);
        self.users.insert(id, User::new(profile.clone(), None));
        Ok(profile)
    }

    /// Whoever is named by a row exists.
    pub(super) fn check_user(&self, id: UserId) -> Result<(), StoreError> {
        ensure(self.users.contains_key(&id), "users_pkey")
    }

    fn check_name_free(&self, account: &NewAccount, id: UserId) -> Result<(), PeopleError> {
        let named = self.by_login_name.get(&account.login_name.to_lowercase());
        let is_taken = |holder: Option<&UserId>| holder.is_some_and(|holder| *holder != id);
        if is_taken(named) || is_taken(self.by_login_key.get(&account.key)) {
            return Err(PeopleError::NameTaken);
        }
        Ok(())
    }

    fn name_login(&mut self, account: &NewAccount, id: UserId) {
        self.by_login_name.insert(account.login_name.to_lowercase(), id);
        self.by_login_key.insert(account.key.clone(), id);
    }
}

fn check_seen(name: &str, avatar: &str) -> Result<(), StoreError> {
    ensure(!name.is_empty(), "users_name")?;
    ensure(!avatar.is_empty(), "users_avatar")
}
