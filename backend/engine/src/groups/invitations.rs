//! Into a group by invitation (R-PEOPLE-2).

use super::{FACES_MAX, Groups};
use crate::news::News;
use data_encoding::BASE32_NOPAD;
use hongbao_domain::{
    Refusal,
    store::people::{InvitationDraft, JoinDraft, ListedInvitation, Revocation},
    text, whole,
};
use hongbao_shared::{
    ErrorCode, GroupId, UserId,
    api::{
        accounts::Profile,
        groups::{Group, Invitation, InvitationPreview, JoinRequest, OpenInvitation},
    },
};
use std::sync::Arc;

/// How long an invitation is valid.
const INVITATION_TTL_S: i64 = 7 * 24 * 60 * 60;
/// The most invitations of one member to one group that are valid at a time; the oldest
/// gives way to one more.
const INVITATIONS_PER_MEMBER_MAX: u32 = 20;
/// The most invitations that one list shows, the newest.
const INVITATIONS_LISTED_MAX: u32 = 500;
/// 80 bits: not to be guessed in seven days at any rate.
const INVITATION_BYTES: usize = 10;
/// As text: five bits a symbol.
const INVITATION_SYMBOLS: usize = 16;
/// The longest text in which a code is looked for, in bytes: a message with a link in it.
const PASTED_BYTES_MAX: usize = 2_000;

impl Groups {
    /// A new invitation to a group, valid for seven days, until it is revoked, or until its
    /// inviter leaves or anybody is removed (R-PEOPLE-5). `group_not_found`.
    pub async fn invite(&self, user: UserId, group: GroupId) -> Result<Invitation, Refusal> {
        let mut code = [0; INVITATION_BYTES];
        self.entropy.fill(&mut code);
        let at = self.clock.now();
        let invitation = self
            .store
            .invite(InvitationDraft {
                code: BASE32_NOPAD.encode(&code).to_ascii_lowercase(),
                group_id: group,
                inviter_id: user,
                at,
                expires_at: at.plus_seconds(INVITATION_TTL_S),
                per_member_max: INVITATIONS_PER_MEMBER_MAX,
            })
            .await?;
        Ok(Invitation { code: invitation.code, expires_at: invitation.expires_at })
    }

    /// What somebody who was invited may see before joining, signed in or not.
    /// `invitation_invalid`.
    pub async fn preview(
        &self,
        reader: Option<UserId>,
        code: &str,
    ) -> Result<InvitationPreview, Refusal> {
        let code = code_in(code)?;
        let invitation = self.store.invitation(&code, self.clock.now()).await?;
        let invitation = invitation.ok_or(ErrorCode::InvitationInvalid)?;
        let id = invitation.group_id;
        let group = self.store.group(id).await?.ok_or(ErrorCode::InvitationInvalid)?;
        let faces = self.store.faces(&[id], FACES_MAX).await?;
        let faces: Vec<_> = faces.into_iter().map(|(_, face)| face).collect();
        let is_member = match reader {
            Some(reader) => self.is_member(id, reader).await?,
            None => false,
        };
        Ok(InvitationPreview {
            group_name: group.name,
            member_count: group.member_count,
            faces: self.accounts.profiles(&faces).await,
            inviter: self.accounts.profile(invitation.inviter_id).await,
            expires_at: invitation.expires_at,
            group_id: is_member.then_some(id),
        })
    }

    /// The invitations that a member may revoke, the newest first: their own, and as the
    /// group's owner all. `group_not_found`.
    pub async fn invitations(
        &self,
        user: UserId,
        group: GroupId,
    ) -> Result<Vec<OpenInvitation>, Refusal> {
        self.admit(group, user).await?;
        let now = self.clock.now();
        let open = self.store.invitations(group, user, now, INVITATIONS_LISTED_MAX).await?;
        let inviters: Vec<_> = open.iter().map(|invitation| invitation.inviter_id).collect();
        let inviters = self.accounts.profiles(&inviters).await;
        let shown = |(invitation, inviter): (ListedInvitation, Profile)| OpenInvitation {
            code: invitation.code,
            inviter,
            created_at: invitation.created_at,
            expires_at: invitation.expires_at,
        };
        Ok(open.into_iter().zip(inviters).map(shown).collect())
    }

    /// Ends an invitation, one's own or as the group's owner any: nobody joins by it any
    /// more. `group_not_found`, `invitation_invalid`, `not_owner`.
    pub async fn revoke(&self, user: UserId, group: GroupId, code: &str) -> Result<(), Refusal> {
        let (code, at) = (code_in(code)?, self.clock.now());
        self.store.revoke(Revocation { code, group_id: group, by: user, at }).await?;
        Ok(())
    }

    /// Joins by an invitation; whoever is a member already just gets the group.
    /// `invitation_invalid`, `group_full`, `too_many_groups`.
    pub async fn join(
        self: &Arc<Self>,
        user: UserId,
        request: &JoinRequest,
    ) -> Result<Group, Refusal> {
        let draft = JoinDraft {
            code: code_in(&request.code)?,
            user_id: user,
            at: self.clock.now(),
            group_members_max: self.limits.group_members_max,
            groups_per_user_max: self.limits.groups_per_user_max,
        };
        let groups = Arc::clone(self);
        whole(async move {
            let seen = groups.members.mark();
            let joined = groups.store.join(draft).await?;
            groups.accounts.herald().tell(News::Joined(joined.group_id, user));
            groups.has_joined(joined.group_id, user, seen).await;
            if let Some(message) = joined.message {
                groups.tell(joined.group_id, message.id).await;
            }
            groups.with_members(user, joined.group_id).await
        })
        .await
    }
}

/// The code in what somebody pasted: the code itself however it is written, in groups of letters
/// too, with whatever stands around it, or a whole link. What holds none is not looked up.
fn code_in(pasted: &str) -> Result<String, Refusal> {
    if pasted.len() > PASTED_BYTES_MAX {
        return Err(ErrorCode::InvitationInvalid.into());
    }
    let pasted = text::key(pasted);
    let words: Vec<_> = pasted
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    // A host may look like a code; what follows `join` is one.
    let linked = words.windows(2).find(|pair| pair[0] == "join" && is_code(pair[1]));
    let whole = linked.map(|pair| pair[1]).or_else(|| words.iter().rfind(|w| is_code(w)).copied());
    let code = whole.map(str::to_owned).or_else(|| in_groups(&words));
    code.ok_or_else(|| ErrorCode::InvitationInvalid.into())
}

/// The last words that make up a code together; words of one length are likelier meant.
fn in_groups(words: &[&str]) -> Option<String> {
    let starting = |start: usize| {
        let words = words.get(start..)?;
        let (mut length, mut count) = (0, 0);
        for word in words.iter().take_while(|word| word.len() < INVITATION_SYMBOLS) {
            (length, count) = (length + word.len(), count + 1);
            if length >= INVITATION_SYMBOLS {
                break;
            }
        }
        let words = words.get(..count)?;
        let code = Some(words.concat()).filter(|code| is_code(code))?;
        Some((words.iter().all(|word| word.len() == words[0].len()), code))
    };
    (0..words.len()).filter_map(starting).max_by_key(|(alike, _)| *alike).map(|(_, code)| code)
}

/// As [`Groups::invite`] writes it.
fn is_code(word: &str) -> bool {
    word.len() == INVITATION_SYMBOLS
        && word.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'2'..=b'7'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_found_in_what_people_paste() {
        let code = "abcdefghijklmno7";
        let capitals = code.to_uppercase();
        for pasted in [
            code,
            &capitals,
            &format!(" {code}\n"),
            &format!("{code}."),
            &format!("({capitals})!"),
            &format!("邀请码：{code}。"),
            &format!("https://hongbao.example/join/{code}"),
            &format!("HTTPS://HONGBAO.EXAMPLE/JOIN/{capitals}"),
            &format!("Come: <http://hongbaoexamplehh.example/join/{code}?x=aaaaaaaaaaaaaaaa>,"),
            "abcd efgh ijkl mno7 ok so",
            "Come: ABCD–EFGH–IJKL–MNO7.",
            "abcdefghij klmno7",
            "ａｂｃｄｅｆｇｈｉｊｋｌｍｎｏ７",
        ] {
            assert_eq!(code_in(pasted).unwrap(), code, "{pasted}");
        }
        for pasted in ["", "nonsense", "\0", "abcdefghijklmno1", &"x".repeat(100_000)] {
            assert_eq!(code_in(pasted).unwrap_err().code, ErrorCode::InvitationInvalid);
        }
    }
}
