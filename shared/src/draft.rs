//! A packet that somebody is about to send, and the rules that it must obey; the
//! send form and the server run the same ones (R-WEB-2).

use crate::{
    error::ErrorCode,
    ids::UserId,
    limits::Limits,
    money::Fen,
    terms::{Kind, Terms, TermsError},
    text,
};

/// The pictures that a packet can be wrapped in; the first is the default.
pub const COVERS: &[&str] = &["classic", "lantern", "blossom", "dragon"];

/// What the sender asks for, as it came in: amounts may be negative, texts may be
/// anything.
#[derive(Clone, Copy, Debug)]
pub struct Draft<'a> {
    /// How to cut it.
    pub kind: Kind,
    /// The total in fen.
    pub total_fen: i64,
    /// The number of shares.
    pub shares: i64,
    /// Words that go with it; empty or absent takes the default greeting.
    pub greeting: Option<&'a str>,
    /// One of [`COVERS`]; absent takes the first.
    pub cover: Option<&'a str>,
    /// For whom an exclusive packet is.
    pub recipient_id: Option<UserId>,
}

/// A draft that obeys every rule that needs no look-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// What will be cut.
    pub terms: Terms,
    /// The greeting, cleaned; empty for the default one.
    pub greeting: String,
    /// One of [`COVERS`].
    pub cover: &'static str,
    /// Set exactly if the packet is exclusive.
    pub recipient_id: Option<UserId>,
}

impl Draft<'_> {
    /// Checks everything but who is in the group. The first broken rule is the
    /// answer, in the order in which a person fills the form.
    pub fn check(&self, limits: &Limits) -> Result<Checked, ErrorCode> {
        Ok(Checked {
            terms: self.terms(limits)?,
            greeting: self.greeting(limits)?,
            cover: self.cover()?,
            recipient_id: self.recipient()?,
        })
    }

    /// The terms alone; what a live preview needs.
    pub fn terms(&self, limits: &Limits) -> Result<Terms, ErrorCode> {
        let total = Fen::from_signed(self.total_fen)
            .filter(|total| !total.is_zero() && *total <= limits.max_total_fen)
            .ok_or(ErrorCode::AmountOutOfRange)?;
        let shares = u32::try_from(self.shares)
            .ok()
            .filter(|shares| (1..=limits.max_shares).contains(shares))
            .ok_or(ErrorCode::SharesOutOfRange)?;
        Terms::new(self.kind, total, shares, limits.max_share_fen).map_err(|error| match error {
            TermsError::NoShares => ErrorCode::SharesOutOfRange,
            TermsError::MoreSharesThanFen => ErrorCode::MoreSharesThanFen,
            TermsError::ShareTooLarge => ErrorCode::ShareTooLarge,
            TermsError::DoesNotDivide => ErrorCode::DoesNotDivide,
            TermsError::ExclusiveShares => ErrorCode::ExclusiveShares,
        })
    }

    fn greeting(&self, limits: &Limits) -> Result<String, ErrorCode> {
        let chars_max = usize::try_from(limits.greeting_chars_max).unwrap_or(usize::MAX);
        match text::one_line(self.greeting.unwrap_or_default(), chars_max) {
            Ok(greeting) => Ok(greeting),
            Err(text::TextFault::Empty) => Ok(String::new()),
            Err(_) => Err(ErrorCode::GreetingInvalid),
        }
    }

    fn cover(&self) -> Result<&'static str, ErrorCode> {
        let wanted = self.cover.unwrap_or(COVERS[0]);
        COVERS.iter().copied().find(|cover| *cover == wanted).ok_or(ErrorCode::CoverUnknown)
    }

    fn recipient(&self) -> Result<Option<UserId>, ErrorCode> {
        match (self.kind, self.recipient_id) {
            (Kind::Exclusive, None) => Err(ErrorCode::RecipientRequired),
            (Kind::Lucky | Kind::Equal, Some(_)) => Err(ErrorCode::RecipientUnexpected),
            (_, recipient) => Ok(recipient),
        }
    }
}
