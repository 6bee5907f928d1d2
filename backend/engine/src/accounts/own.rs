//! What people change about themselves (R-PEOPLE-1).

use super::{AVATARS, Accounts, password::Match, token};
use hongbao_domain::{
    Refusal,
    store::people::{NewAccount, PasswordDraft, Person, ProfileDraft},
    text, whole,
};
use hongbao_shared::{
    ErrorCode, UserId,
    api::accounts::{PasswordChange, ProfileChange, Registration},
    text::{CODE_POINTS_PER_CHARACTER_MAX, TextFault},
};
use std::sync::Arc;

/// What is tried first on every account, a line each, in small letters: the most common ones of
/// published lists that are long enough.
const COMMON_PASSWORDS: &str = include_str!("common_passwords.txt");

impl Accounts {
    /// The person as they see themselves. `unauthenticated` if they are gone.
    pub async fn me(&self, user: UserId) -> Result<Person, Refusal> {
        self.store.person(user).await?.ok_or_else(|| ErrorCode::Unauthenticated.into())
    }

    /// Is somebody an administrator, whatever is remembered of their session? Looked up once a second
    /// at most: whoever keeps asking for what is not theirs is no load. `unauthenticated` if they are
    /// gone.
    pub async fn is_admin(&self, user: UserId) -> Result<bool, Refusal> {
        let look = async { self.me(user).await.map(|person| Some(person.is_admin)) };
        Ok(self.admins.get_or_load(user, look).await?.unwrap_or_default())
    }

    /// Is there such a person?
    pub async fn exists(&self, user: UserId) -> Result<bool, Refusal> {
        Ok(self.store.person(user).await?.is_some())
    }

    /// Changes name and picture. What an account signs in with stays (R-PEOPLE-4).
    /// `name_invalid`, `avatar_invalid`.
    pub async fn change_profile(
        self: &Arc<Self>,
        user: UserId,
        change: ProfileChange,
    ) -> Result<Person, Refusal> {
        let name = change.name.map(|name| self.name(&name)).transpose()?;
        if change.avatar.as_deref().is_some_and(|avatar| !is_avatar(avatar)) {
            return Err(ErrorCode::AvatarInvalid.into());
        }
        let draft = ProfileDraft { user_id: user, name, avatar: change.avatar };
        let accounts = Arc::clone(self);
        whole(async move {
            accounts.store.change_profile(draft).await?;
            accounts.forget_profile(user).await;
            accounts.me(user).await
        })
        .await
    }

    /// Makes an account of a guest, who keeps everything and stays signed in: the name that
    /// others know too, unless a login name beside it says that `name` is how to be called
    /// (R-PEOPLE-1, R-PEOPLE-4).
    /// `already_account`, `name_invalid`, `password_invalid`, `name_taken`.
    pub async fn become_account(
        self: &Arc<Self>,
        user: UserId,
        registration: impl Into<Registration>,
    ) -> Result<Person, Refusal> {
        // The transaction decides; this spares the hash.
        if !self.me(user).await?.is_guest {
            return Err(ErrorCode::AlreadyAccount.into());
        }
        let registration = registration.into();
        let is_renamed = registration.login_name.is_some();
        let (name, account) = self.new_account(registration).await?;
        let accounts = Arc::clone(self);
        whole(async move {
            // Asked for now: hashing takes a while, in which a name can change.
            let name = if is_renamed { name } else { accounts.me(user).await?.profile.name };
            // Guests do not sign in: there will be no more sessions than these.
            let sessions = accounts.store.sessions_of(user, accounts.clock.now(), u32::MAX).await?;
            accounts.store.make_account(user, name, account).await?;
            accounts.forget_profile(user).await;
            for session in sessions {
                accounts.forget_session(session.token_hash);
            }
            accounts.me(user).await
        })
        .await
    }

    /// Replaces the password and ends all sessions but that of `token`.
    /// `guest_has_no_password`, `password_invalid`, `wrong_credentials`.
    pub async fn change_password(
        self: &Arc<Self>,
        user: UserId,
        token: &str,
        change: PasswordChange,
    ) -> Result<(), Refusal> {
        let keep = token::read(token).ok_or(ErrorCode::Unauthenticated)?;
        let from_hash = self.store.password_hash(user).await?;
        let from_hash = from_hash.ok_or(ErrorCode::GuestHasNoPassword)?;
        let login_name = self.me(user).await?.login_name;
        self.check_password(&change.new, login_name.as_deref().unwrap_or_default())?;
        if self.matches(&change.current, Some(from_hash.clone())).await? == Match::No {
            return Err(ErrorCode::WrongCredentials.into());
        }
        let to_hash = self.passwords.hash(text::password(&change.new)).await?;
        let accounts = Arc::clone(self);
        whole(async move {
            let draft = PasswordDraft { user_id: user, from_hash, to_hash, keep };
            for ended in accounts.store.change_password(draft).await? {
                accounts.forget_session(ended);
            }
            Ok(())
        })
        .await
    }

    /// What an account is made of. `name_invalid`, `password_invalid`.
    pub(super) async fn new_account(
        &self,
        registration: Registration,
    ) -> Result<(String, NewAccount), Refusal> {
        let name = self.name(&registration.name)?;
        let login_name = registration.login_name.map(|name| self.name(&name)).transpose()?;
        let login_name = login_name.unwrap_or_else(|| name.clone());
        self.check_password(&registration.password, &login_name)?;
        let password_hash = self.passwords.hash(text::password(&registration.password)).await?;
        let account = NewAccount { key: text::key(&login_name), login_name, password_hash };
        Ok((name, account))
    }

    /// May it become the password of whoever signs in with `login_name`? One that is one already
    /// is never asked (R-PEOPLE-1).
    fn check_password(&self, password: &str, login_name: &str) -> Result<(), Refusal> {
        let (least, most) = (self.limits.password_chars_min, self.limits.password_chars_max);
        let folded = text::password(password).to_lowercase();
        let folded = folded.trim();
        let fault = match text::length(password, most) {
            Ok(length) if length > most => TextFault::TooLong.to_string(),
            Ok(_) if !text::shows(password, least) => "too short".to_owned(),
            Ok(_) if folded.is_empty() => TextFault::Empty.to_string(),
            Ok(_) if text::key(password) == text::key(login_name) => {
                "the same as the login name".to_owned()
            }
            Ok(_) if is_common(folded) => "among the first that anybody would try".to_owned(),
            Ok(_) => return Ok(()),
            Err(fault) => fault.to_string(),
        };
        Err(Refusal::new(ErrorCode::PasswordInvalid).detail(fault))
    }

    /// Is this the password with that hash? Takes as long where there is no hash. Hashes of
    /// before R-PEOPLE-4 are of what was typed.
    pub(super) async fn matches(
        &self,
        typed: &str,
        hash: Option<String>,
    ) -> Result<Match, Refusal> {
        let chars_max = usize::try_from(self.limits.password_chars_max).unwrap_or(usize::MAX);
        let code_points_max = chars_max.saturating_mul(CODE_POINTS_PER_CHARACTER_MAX);
        if typed.chars().nth(code_points_max).is_some() {
            // Nobody has such a password, and hashing megabytes is work.
            return Ok(Match::No);
        }
        self.passwords.verify(text::password(typed), typed.to_owned(), hash).await
    }

    /// Hashes a password that matched as it was typed anew, so that it matches however it is
    /// typed; gives the hash that holds.
    pub(super) async fn rehash(
        &self,
        user: UserId,
        from: String,
        typed: &str,
    ) -> Result<String, Refusal> {
        let to = self.passwords.hash(text::password(typed)).await?;
        let changed = self.store.rehash_password(user, &from, &to).await?;
        Ok(if changed { to } else { from })
    }
}

/// Is it one of [`COMMON_PASSWORDS`]?
fn is_common(folded: &str) -> bool {
    COMMON_PASSWORDS.lines().any(|common| common == folded)
}

/// `a00` to `a23`.
fn is_avatar(text: &str) -> bool {
    (0..AVATARS).any(|number| text == format!("a{number:02}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_passwords_stand_as_they_are_compared() {
        let lines: Vec<_> = COMMON_PASSWORDS.lines().collect();
        assert!(lines.is_sorted() && lines.len() > 100);
        for line in lines {
            assert_eq!(text::password(line).to_lowercase(), line);
            assert!(line.len() >= 8, "{line} is refused for its length");
        }
    }
}
