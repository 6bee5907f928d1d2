//! People: what they are called, and what they sign in with.

use super::{MemoryPeople, State, ensure};
use async_trait::async_trait;
use hongbao_domain::store::{
    StoreError,
    people::{
        DemoMember, Login, LoginStore, NewAccount, NewEntry, NewSession, NewUser, PasswordDraft,
        PeopleError, Person, ProfileDraft, TokenHash, UserStore,
    },
};
use hongbao_shared::{GroupId, UserId, api::accounts::Profile};
use std::collections::BTreeSet;

#[derive(Clone)]
pub(super) struct User {
    pub(super) profile: Profile,
    pub(super) account: Option<NewAccount>,
    pub(super) is_admin: bool,
    /// Those that the person is in.
    pub(super) groups: BTreeSet<GroupId>,
}

impl User {
    pub(super) fn new(profile: Profile, account: Option<NewAccount>) -> Self {
        Self { profile, account, is_admin: false, groups: BTreeSet::new() }
    }

    pub(super) fn is_guest(&self) -> bool {
        self.account.is_none()
    }
}

#[async_trait]
impl UserStore for MemoryPeople {
    async fn add_user(&self, user: NewUser, session: NewSession) -> Result<(), PeopleError> {
        let state = &mut *self.state.lock();
        let NewUser { mut profile, account, at: _ } = user;
        let id = profile.id;
        check_seen(&profile.name, &profile.avatar)?;
        if state.users.contains_key(&id) {
            return Err(PeopleError::IdTaken);
        }
        if let Some(account) = &account {
            state.check_name_free(account, id)?;
        }
        if session.user_id != id {
            state.check_user(session.user_id)?;
        }
        let gone = state.make_room(&session)?;

        profile.is_demo = false;
        if let Some(account) = &account {
            state.name_login(account, id);
        }
        state.users.insert(id, User::new(profile, account));
        state.put_session(session, &gone);
        Ok(())
    }

    async fn person(&self, id: UserId) -> Result<Option<Person>, PeopleError> {
        Ok(self.state.lock().person(id))
    }

    async fn profiles(&self, ids: &[UserId]) -> Result<Vec<Profile>, PeopleError> {
        let state = self.state.lock();
        let ids: BTreeSet<_> = ids.iter().collect();
        Ok(ids.into_iter().filter_map(|id| Some(state.users.get(id)?.profile.clone())).collect())
    }

    async fn make_admin(&self, id: UserId, entry: NewEntry) -> Result<bool, PeopleError> {
        let state = &mut *self.state.lock();
        let Some(user) = state.users.get_mut(&id) else { return Ok(false) };
        state.journal.enter(&entry)?;
        user.is_admin = true;
        Ok(true)
    }

    async fn change_profile(&self, change: ProfileDraft) -> Result<(), PeopleError> {
        let state = &mut *self.state.lock();
        let ProfileDraft { user_id, name, avatar } = change;
        let Some(user) = state.users.get_mut(&user_id) else { return Ok(()) };
        let name = name.unwrap_or_else(|| user.profile.name.clone());
        let avatar = avatar.unwrap_or_else(|| user.profile.avatar.clone());
        check_seen(&name, &avatar)?;
        (user.profile.name, user.profile.avatar) = (name, avatar);
        Ok(())
    }

    async fn make_account(
        &self,
        id: UserId,
        name: String,
        account: NewAccount,
    ) -> Result<(), PeopleError> {
        let state = &mut *self.state.lock();
        let guest = state.users.get(&id).filter(|user| user.is_guest());
        let guest = guest.ok_or(PeopleError::AlreadyAccount)?;
        check_seen(&name, &guest.profile.avatar)?;
        ensure(!guest.profile.is_demo, "users_demo_member_never_signs_in")?;
        state.check_name_free(&account, id)?;
        state.name_login(&account, id);
        if let Some(user) = state.users.get_mut(&id) {
            user.profile.name = name;
            user.account = Some(account);
        }
        Ok(())
    }

    async fn put_demo_member(&self, member: DemoMember) -> Result<Profile, PeopleError> {
        let state = &mut *self.state.lock();
        let DemoMember { key, id, name, avatar, at: _ } = member;
        check_seen(&name, &avatar)?;
        ensure(!key.is_empty(), "users_demo_member_never_signs_in")?;
        let known = state.by_demo_key.get(&key).and_then(|id| state.users.get_mut(id));
        if let Some(user) = known {
            (user.profile.name, user.profile.avatar) = (name, avatar);
            return Ok(user.profile.clone());
        }
        if state.users.contains_key(&id) {
            return Err(PeopleError::IdTaken);
        }
        let profile = Profile { id, name, avatar, is_demo: true };
        state.by_demo_key.insert(key, id);
        state.users.insert(id, User::new(profile.clone(), None));
        Ok(profile)
    }
}

#[async_trait]
impl LoginStore for MemoryPeople {
    async fn login(&self, name: &str, key: &str) -> Result<Option<Login>, PeopleError> {
        Ok(self.state.lock().login(name, key))
    }

    async fn password_hash(&self, user: UserId) -> Result<Option<String>, PeopleError> {
        Ok(self.state.lock().password_hash(user).map(str::to_owned))
    }

    async fn rehash_password(&self, id: UserId, from: &str, to: &str) -> Result<bool, PeopleError> {
        let state = &mut *self.state.lock();
        let account = state.users.get_mut(&id).and_then(|user| user.account.as_mut());
        let account = account.filter(|account| account.password_hash == from);
        Ok(account.map(|account| to.clone_into(&mut account.password_hash)).is_some())
    }

    async fn change_password(&self, change: PasswordDraft) -> Result<Vec<TokenHash>, PeopleError> {
        let state = &mut *self.state.lock();
        let account = state.users.get_mut(&change.user_id).and_then(|user| user.account.as_mut());
        let account = account.filter(|account| account.password_hash == change.from_hash);
        let account = account.ok_or(PeopleError::PasswordChanged)?;
        account.password_hash = change.to_hash;
        Ok(state.end_other_sessions(change.user_id, change.keep))
    }
}

impl State {
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

    pub(super) fn password_hash(&self, id: UserId) -> Option<&str> {
        let account = self.users.get(&id)?.account.as_ref()?;
        Some(&account.password_hash)
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
