//! What the person has typed, checked by the rules that the server runs too.

use hongbao_shared::{
    ErrorCode, Fen, GroupId, Kind, Terms, UserId,
    api::{groups::Group, packets::PreOrderRequest},
    draft::{COVERS, Checked, Draft},
};
use leptos::prelude::{Get as _, RwSignal, With as _};

use crate::{
    i18n::lang,
    money::{Typed, parse_count, parse_yuan},
    state::session,
};

/// The fields, as typed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Form {
    pub(super) kind: RwSignal<Kind>,
    /// The total; of an equal packet what each share holds, so that there is never a
    /// remainder (R-SPLIT-4).
    pub(super) amount: RwSignal<String>,
    pub(super) shares: RwSignal<String>,
    pub(super) greeting: RwSignal<String>,
    pub(super) cover: RwSignal<&'static str>,
    pub(super) recipient: RwSignal<Option<UserId>>,
}

/// A field that can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Amount,
    Shares,
    Greeting,
}

/// Why there is no valid draft.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Something is not filled in yet; nobody needs to be told.
    Incomplete,
    /// The amount is no amount.
    Unreadable,
    /// The amount has more than two decimals.
    TooFine,
    /// A rule of the server is broken.
    Broken(ErrorCode),
}

impl Form {
    pub(super) fn new() -> Self {
        Self {
            kind: RwSignal::new(Kind::Lucky),
            amount: RwSignal::new(String::new()),
            shares: RwSignal::new(String::new()),
            greeting: RwSignal::new(String::new()),
            cover: RwSignal::new(COVERS[0]),
            recipient: RwSignal::new(None),
        }
    }

    fn typed(self) -> Typed {
        self.amount.with(|amount| parse_yuan(amount))
    }

    pub(super) fn share_count(self) -> Option<i64> {
        if self.kind.get() == Kind::Exclusive {
            return Some(1);
        }
        self.shares.with(|shares| (!shares.trim().is_empty()).then(|| parse_count(shares)))
    }

    /// What the packet costs, as far as it can be told.
    pub(super) fn total_fen(self) -> Option<i64> {
        let Typed::Fen(fen) = self.typed() else { return None };
        match self.kind.get() {
            Kind::Equal => Some(fen.saturating_mul(self.share_count()?)),
            Kind::Lucky | Kind::Exclusive => Some(fen),
        }
    }

    /// What the house takes on top of the total (R-API-4).
    pub(super) fn fee(self) -> Fen {
        session::limits().fee(self.total_fen().and_then(Fen::from_signed).unwrap_or_default())
    }

    pub(super) fn recipient_id(self) -> Option<UserId> {
        self.recipient.get().filter(|_| self.kind.get() == Kind::Exclusive)
    }

    fn with_draft<T>(self, use_it: impl FnOnce(Draft<'_>) -> T) -> Result<T, Fault> {
        match self.typed() {
            Typed::Empty => return Err(Fault::Incomplete),
            Typed::Unreadable => return Err(Fault::Unreadable),
            Typed::TooFine => return Err(Fault::TooFine),
            Typed::Fen(_) => {}
        }
        let shares = self.share_count().ok_or(Fault::Incomplete)?;
        let total_fen = self.total_fen().ok_or(Fault::Incomplete)?;
        let greeting = self.greeting.get();
        Ok(use_it(Draft {
            kind: self.kind.get(),
            total_fen,
            shares,
            greeting: Some(&greeting),
            cover: Some(self.cover.get()),
            recipient_id: self.recipient_id(),
        }))
    }

    /// The draft, if it obeys every rule.
    pub(super) fn checked(self) -> Result<Checked, Fault> {
        let limits = session::limits();
        self.with_draft(|draft| draft.check(&limits))?.map_err(Fault::Broken)
    }

    /// What the preview needs.
    pub(super) fn terms(self) -> Result<Terms, Fault> {
        let limits = session::limits();
        self.with_draft(|draft| draft.terms(&limits))?.map_err(Fault::Broken)
    }

    /// The field that is wrong, and the sentence that stands below it.
    pub(super) fn fault(self) -> Option<(Part, String)> {
        let (part, sentence) = match self.checked().err()? {
            // Nobody was picked yet: nothing is wrong.
            Fault::Incomplete | Fault::Broken(ErrorCode::RecipientRequired) => return None,
            Fault::Unreadable => (Part::Amount, lang().amount_unreadable().to_owned()),
            Fault::TooFine => (Part::Amount, lang().amount_too_fine()),
            Fault::Broken(code) => {
                let part = match code {
                    ErrorCode::SharesOutOfRange => Part::Shares,
                    ErrorCode::GreetingInvalid => Part::Greeting,
                    _ => Part::Amount,
                };
                (part, lang().error(code, &session::limits()))
            }
        };
        Some((part, sentence))
    }

    /// What comes of more shares than there are people: it is allowed, for others may still join.
    pub(super) fn too_many_shares(self, group: RwSignal<Option<Group>>) -> Option<String> {
        let people = group.with(|group| group.as_ref().map(|group| group.members.len()))?;
        let shares = usize::try_from(self.share_count()?).ok()?;
        let more = shares.checked_sub(people).filter(|more| *more > 0)?;
        let fits = self.kind.get() != Kind::Exclusive && self.fault().is_none();
        fits.then(|| lang().too_many_shares(people, more))
    }

    /// What is asked of the server.
    pub(super) fn order(self, group_id: GroupId) -> Option<PreOrderRequest> {
        let checked = self.checked().ok()?;
        Some(PreOrderRequest {
            group_id,
            kind: checked.terms.kind(),
            total_fen: checked.terms.total().signed(),
            shares: checked.terms.shares().into(),
            greeting: (!checked.greeting.is_empty()).then_some(checked.greeting),
            cover: Some(checked.cover.to_owned()),
            recipient_id: checked.recipient_id,
        })
    }
}
