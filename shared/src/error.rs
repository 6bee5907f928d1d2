//! The closed set of error codes (R-API-2): what a client may branch on.

use serde::{Deserialize, Serialize};

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $status:literal, $title:literal;)*) => {
        /// A stable, machine-readable reason for a refusal. The server answers it
        /// in `application/problem+json`; the web app turns it into a sentence.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum ErrorCode {
            $($(#[$doc])* #[serde(rename = $text)] $name,)*
        }

        impl ErrorCode {
            /// Every code there is.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The code as text.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The HTTP status that goes with it.
            pub const fn status(self) -> u16 {
                match self { $(Self::$name => $status,)* }
            }

            /// One English sentence for people who read the raw answer.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }
        }
    };
}

codes! {
    // The request itself.
    /// Not JSON, or a field is missing or of the wrong type.
    InvalidBody = "invalid_body", 400, "The body is not what this call takes.";
    /// A field that this call does not know.
    UnknownField = "unknown_field", 400, "The body has a field that this call does not know.";
    /// A query parameter that cannot be read.
    InvalidQuery = "invalid_query", 400, "The query is not what this call takes.";
    /// An id in the path that cannot be read.
    InvalidId = "invalid_id", 400, "The id in the path is not canonical.";
    /// A cursor that this server did not give.
    InvalidCursor = "invalid_cursor", 400, "The cursor was not given by this server.";
    /// Not `application/json`.
    UnsupportedMediaType = "unsupported_media_type", 415, "The body must be application/json.";
    /// `Accept` excludes what the call answers.
    NotAcceptable = "not_acceptable", 406, "This call does not answer what you accept.";
    /// More bytes than the limit.
    BodyTooLarge = "body_too_large", 413, "The body is too large.";
    /// No such route, or nothing there for you.
    NotFound = "not_found", 404, "There is nothing here.";
    /// The route does not know this method.
    MethodNotAllowed = "method_not_allowed", 405, "This method is not allowed here.";
    /// Too many requests; Retry-After tells when to come back.
    RateLimited = "rate_limited", 429, "Too many requests; come back later.";

    /// A switch would be set to what it cannot be.
    SwitchInvalid = "switch_invalid", 422, "A switch cannot be set to that.";
    /// The switches were changed meanwhile.
    ControlChanged = "control_changed", 409, "Somebody else changed the switches meanwhile.";

    // Who is asking.
    /// No session, or one that has ended.
    Unauthenticated = "unauthenticated", 401, "Sign in first.";
    /// The header `hongbao-person` names somebody else than whose session it is.
    PersonChanged = "person_changed", 409, "Somebody else is signed in here now; nothing was done.";
    /// Signed in, but without the right.
    Forbidden = "forbidden", 403, "You may not do this.";
    /// A service without the scope that this call needs.
    ScopeMissing = "scope_missing", 403, "The service does not have the scope that this call needs.";
    /// A service that does not say for whom it acts.
    PersonRequired = "person_required", 400, "The header hongbao-for names for whom a service acts, as provider:id.";
    /// A service names somebody whom it has not linked.
    PersonNotLinked = "person_not_linked", 404, "The service has not linked this person.";
    /// A provider or an id that cannot be one, or a room without members.
    LinkInvalid = "link_invalid", 422, "A provider is 1 to 32 lower-case letters, digits, '.', '_' and '-'; an id is 1 to 128 printable ASCII characters without spaces; a room has at least one member.";
    /// More at a time than a call takes.
    TooManyAtOnce = "too_many_at_once", 422, "This call takes fewer at a time.";
    /// No such webhook of this service.
    WebhookNotFound = "webhook_not_found", 404, "The service has no such webhook.";
    /// A URL that no event may be posted to.
    WebhookUrlInvalid = "webhook_url_invalid", 422, "Events cannot be posted to this URL.";
    /// The service has a webhook of this URL.
    WebhookExists = "webhook_exists", 409, "The service has a webhook with this URL.";
    /// The service has as many webhooks as it may.
    TooManyWebhooks = "too_many_webhooks", 409, "The service has as many webhooks as it may.";
    /// Neither an event nor a moment, or both.
    ReplayInvalid = "replay_invalid", 422, "A replay names either an event or a moment.";
    /// No such event of this webhook, or it is forgotten by now.
    WebhookEventNotFound = "webhook_event_not_found", 404, "The webhook has no such event any more.";
    /// Name and password do not match.
    WrongCredentials = "wrong_credentials", 401, "Name and password do not match.";
    /// Guests are switched off.
    GuestsOff = "guests_off", 403, "Guests are not admitted here.";
    /// A name that is empty, too long or has control characters.
    NameInvalid = "name_invalid", 422, "The name is empty, too long or has control characters.";
    /// Somebody has this account name.
    NameTaken = "name_taken", 409, "An account with this name exists.";
    /// A password that is too short or too long.
    PasswordInvalid = "password_invalid", 422, "The password is too short, too long or too easy to guess.";
    /// Not one of the built-in pictures.
    AvatarInvalid = "avatar_invalid", 422, "There is no such avatar.";
    /// The person has a password already.
    AlreadyAccount = "already_account", 409, "This is an account already.";
    /// A guest has no password to change.
    GuestHasNoPassword = "guest_has_no_password", 409, "A guest has no password; make an account first.";
    /// No such session of yours.
    SessionNotFound = "session_not_found", 404, "There is no such session.";

    /// No place where a browser can be told.
    PushInvalid = "push_invalid", 422, "A browser cannot be told there.";

    // Groups and messages.
    /// No such group, or you are not in it.
    GroupNotFound = "group_not_found", 404, "There is no such group.";
    /// The person named is not in the group.
    MemberNotFound = "member_not_found", 404, "This person is not in the group.";
    /// Only the owner of a group removes others.
    NotOwner = "not_owner", 403, "Only the group's owner may do this.";
    /// Demo groups are switched off.
    DemoOff = "demo_off", 403, "There are no demo groups here.";
    /// A group name that is empty, too long or has control characters.
    GroupNameInvalid = "group_name_invalid", 422, "The group's name is empty, too long or has control characters.";
    /// The group has all the members it may have.
    GroupFull = "group_full", 409, "The group is full.";
    /// You are in as many groups as you may be.
    TooManyGroups = "too_many_groups", 409, "You are in too many groups.";
    /// No such invitation, or it has ended.
    InvitationInvalid = "invitation_invalid", 404, "The invitation is not valid or has ended.";
    /// A message that is empty, too long or has control characters.
    MessageInvalid = "message_invalid", 422, "The message is empty, too long or has control characters.";

    // Sending.
    /// A total below 1 fen or above the limit.
    AmountOutOfRange = "amount_out_of_range", 422, "The amount is outside the limits.";
    /// No shares, or more than the limit.
    SharesOutOfRange = "shares_out_of_range", 422, "The number of shares is outside the limits.";
    /// Fewer fen than shares.
    MoreSharesThanFen = "more_shares_than_fen", 422, "Every share needs at least 1 fen.";
    /// A share would hold more than a share may.
    ShareTooLarge = "share_too_large", 422, "A share would hold more than a share may.";
    /// An equal packet whose total does not divide.
    DoesNotDivide = "does_not_divide", 422, "The total of an equal packet must divide by its shares.";
    /// An exclusive packet with more than one share.
    ExclusiveShares = "exclusive_shares", 422, "An exclusive packet has exactly one share.";
    /// An exclusive packet without a recipient.
    RecipientRequired = "recipient_required", 422, "An exclusive packet names its recipient.";
    /// A recipient on a packet for the whole group.
    RecipientUnexpected = "recipient_unexpected", 422, "Only an exclusive packet names a recipient.";
    /// The recipient is not in the group, or is the sender.
    RecipientInvalid = "recipient_invalid", 422, "The recipient must be another member of the group.";
    /// A greeting that is too long or has control characters.
    GreetingInvalid = "greeting_invalid", 422, "The greeting is too long or has control characters.";
    /// A cover that does not exist.
    CoverUnknown = "cover_unknown", 422, "There is no such cover.";
    /// Packets are switched off.
    PacketsOff = "packets_off", 503, "Packets are switched off at the moment.";

    // Paying.
    /// The pre-order was not paid in time, or never existed.
    PreOrderExpired = "preorder_expired", 410, "The pre-order has expired; nothing was paid.";
    /// Not 0 to 32 bytes of lower-case hex.
    ClientSeedInvalid = "client_seed_invalid", 422, "The client seed is 0 to 32 bytes as lower-case hex.";
    /// Paid before with another client seed.
    ClientSeedDiffers = "client_seed_differs", 409, "This packet was paid with another client seed.";
    /// The wallet does not hold enough.
    InsufficientBalance = "insufficient_balance", 409, "The wallet does not hold enough.";
    /// More than one person may send in a day.
    SendCapReached = "send_cap_reached", 409, "This is more than you may still send today.";
    /// Paid, could not be delivered, and the money went back.
    PacketGivenUp = "packet_given_up", 409, "The packet could not be delivered; the money went back to its sender.";

    // Grabbing and opening.
    /// One has received what one may in a day; `Retry-After` says when the next begins.
    ReceiveCapReached = "receive_cap_reached", 429, "You have received as much as one may today.";
    /// Not a canonical order number.
    OrderNoInvalid = "order_no_invalid", 400, "This is not a canonical order number.";
    /// No such packet, or you are not in its group.
    PacketNotFound = "packet_not_found", 404, "There is no such packet.";
    /// Every share is taken.
    PacketFinished = "packet_finished", 409, "All shares are taken.";
    /// Its time is over.
    PacketExpired = "packet_expired", 409, "The packet has expired.";
    /// Somebody else's exclusive packet.
    PacketNotForYou = "packet_not_for_you", 403, "The packet is for somebody else.";
    /// No ticket of this server for this packet and person.
    TicketInvalid = "ticket_invalid", 403, "The ticket is not valid for this packet and you; grab again.";
    /// The ticket's minute is over.
    TicketExpired = "ticket_expired", 403, "The ticket has expired; grab again.";
    /// As many hold a ticket as may with the shares that are left; Retry-After tells when to come back.
    PacketBusy = "packet_busy", 429, "Enough people are about to open what is left; try again.";
    /// Too many are opening at once; Retry-After tells when to come back.
    LaneFull = "lane_full", 503, "Too many are opening at this moment; try again.";

    // Wallet.
    /// A top-up below 1 fen or above the limit.
    TopUpOutOfRange = "top_up_out_of_range", 422, "The top-up is outside the limits.";
    /// A key that is empty, too long, or not printable ASCII without spaces.
    KeyInvalid = "key_invalid", 422, "The key must be 1 to 64 printable ASCII characters without spaces.";
    /// The key was used for something else.
    KeyReused = "key_reused", 409, "This key was used for something else.";
    /// The call with this key is being done; Retry-After tells when to ask again.
    KeyInUse = "key_in_use", 409, "The call with this key is being done; ask again.";
    /// The call with this key was cut off, and doing it again could do it twice.
    OutcomeUnknown = "outcome_unknown", 409, "The call with this key was cut off, and it is not known whether it was done; look, and use another key.";
    /// A call that takes no `Idempotency-Key`.
    KeyNotTaken = "key_not_taken", 400, "This call takes no Idempotency-Key; nothing was done.";

    // The server.
    /// A part that this call needs is down; Retry-After tells when to come back.
    Unavailable = "unavailable", 503, "A part that this call needs is not available; try again.";
    /// The packet's shard is down; nothing is lost.
    ShardUnavailable = "shard_unavailable", 503, "The place where this packet lives is not available; nothing is lost.";
    /// A fault of the server.
    Internal = "internal", 500, "Something went wrong on our side.";
}

impl core::fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for ErrorCode {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        crate::ids::string_schema("A stable, machine-readable reason for a refusal.")
            .enum_values(Some(Self::ALL.iter().map(|code| code.as_str())))
            .into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for ErrorCode {}
