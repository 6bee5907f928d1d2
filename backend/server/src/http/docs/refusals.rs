//! What each call refuses (R-API-6). What follows from its shape is read off the shape; the
//! rest stands here. Tests over HTTP hold every refusal that they meet against it.

#![cfg_attr(not(test), expect(clippy::enum_glob_use, reason = "a table of codes"))]

use super::keys;
use crate::http::problem::asks_to_come_back;
use hongbao_engine::calls::Repeat;
use hongbao_shared::{
    ErrorCode::{self, *},
    api::problem::Problem,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use utoipa::openapi::{
    ContentBuilder, Header, ObjectBuilder, Ref, RefOr, ResponseBuilder, SecurityRequirement, Type,
    path::{Operation, ParameterIn},
};

/// What a call refuses that its shape does not tell, by its `operationId`.
fn own(operation: &str) -> &'static [ErrorCode] {
    match operation {
        "create_guest" => &[NameInvalid, GuestsOff, KeyNotTaken],
        "register" => &[NameInvalid, NameTaken, PasswordInvalid, KeyNotTaken],
        "sign_in" => &[WrongCredentials, KeyNotTaken],
        "sign_out" | "end_other_sessions" => &[KeyNotTaken],
        "update_me" => &[NameInvalid, AvatarInvalid],
        "become_account" => &[NameInvalid, NameTaken, PasswordInvalid, AlreadyAccount, KeyNotTaken],
        "change_password" => &[WrongCredentials, PasswordInvalid, GuestHasNoPassword, KeyNotTaken],
        "end_session" => &[SessionNotFound, KeyNotTaken],
        "subscribe_to_pushes" => &[PushInvalid],
        "create_group" => &[GroupNameInvalid, TooManyGroups],
        "enter_demo_group" => &[DemoOff, TooManyGroups],
        "join_group" => &[InvitationInvalid, GroupFull, TooManyGroups],
        "get_group"
        | "list_messages"
        | "stream_group_events"
        | "list_invitations"
        | "create_invitation"
        | "mark_group_read"
        | "mute_group"
        | "pin_group" => &[GroupNotFound],
        "revoke_invitation" => &[GroupNotFound, InvitationInvalid, NotOwner],
        "remove_member" => &[GroupNotFound, MemberNotFound, NotOwner],
        "post_message" => &[GroupNotFound, MessageInvalid, KeyInvalid, KeyReused],
        "top_up" => &[TopUpOutOfRange, KeyInvalid, KeyReused],
        "grant_money" => &[AmountOutOfRange, NotFound, KeyInvalid, KeyReused],
        "create_packet" => &[
            GroupNotFound,
            AmountOutOfRange,
            SharesOutOfRange,
            MoreSharesThanFen,
            ShareTooLarge,
            DoesNotDivide,
            ExclusiveShares,
            RecipientRequired,
            RecipientUnexpected,
            RecipientInvalid,
            GreetingInvalid,
            CoverUnknown,
            PacketsOff,
            ShardUnavailable,
        ],
        "pay_packet" => &[
            PreOrderExpired,
            ClientSeedInvalid,
            ClientSeedDiffers,
            InsufficientBalance,
            SendCapReached,
            PacketGivenUp,
            PacketsOff,
            GroupNotFound,
            RecipientInvalid,
            ShardUnavailable,
        ],
        "grab_packet" => {
            &[PacketNotFound, PacketBusy, ReceiveCapReached, PacketsOff, ShardUnavailable]
        }
        "open_packet" => &[
            PacketNotFound,
            PacketFinished,
            PacketExpired,
            PacketNotForYou,
            TicketInvalid,
            TicketExpired,
            LaneFull,
            PacketsOff,
            ShardUnavailable,
        ],
        "get_packet" | "list_claims" => &[PacketNotFound, PacketGivenUp, ShardUnavailable],
        "link_people" => &[TooManyAtOnce, LinkInvalid, NameInvalid],
        "link_rooms" => &[
            TooManyAtOnce,
            LinkInvalid,
            PersonNotLinked,
            GroupNameInvalid,
            GroupFull,
            TooManyGroups,
        ],
        "open_packet_for_many" => &[TooManyAtOnce],
        "create_webhook" => &[WebhookUrlInvalid, WebhookExists, TooManyWebhooks],
        "get_webhook"
        | "delete_webhook"
        | "rotate_webhook_secret"
        | "test_webhook"
        | "resume_webhook"
        | "list_webhook_attempts" => &[WebhookNotFound],
        "replay_webhook" => &[WebhookNotFound, WebhookEventNotFound, ReplayInvalid],
        "turn_switches" => &[SwitchInvalid, ControlChanged],
        "retry_dead_letter" => &[NotFound],
        _ => &[],
    }
}

/// What a call refuses, by status and name.
fn of(operation: &Operation) -> BTreeMap<u16, BTreeMap<&'static str, ErrorCode>> {
    let mut codes = vec![NotAcceptable, RateLimited, Unavailable, Internal];
    let anybody = SecurityRequirement::default();
    if !operation.security.as_ref().is_some_and(|security| *security == [anybody]) {
        codes.extend([Unauthenticated, PersonChanged, Forbidden]);
        codes.extend([ScopeMissing, PersonRequired, PersonNotLinked]);
    }
    if operation.request_body.is_some() {
        codes.extend([InvalidBody, UnknownField, UnsupportedMediaType, BodyTooLarge]);
    }
    for parameter in operation.parameters.iter().flatten() {
        let RefOr::T(parameter) = parameter else { continue };
        match (&parameter.parameter_in, parameter.name.as_str()) {
            (ParameterIn::Path, "order_no") => codes.push(OrderNoInvalid),
            (ParameterIn::Path, "code") => codes.push(InvitationInvalid),
            (ParameterIn::Path, _) => codes.push(InvalidId),
            (ParameterIn::Header, "Idempotency-Key") => {
                codes.extend([KeyInvalid, KeyReused, KeyInUse]);
                if keys::repeat(operation.operation_id.as_deref().unwrap_or_default())
                    == Some(Repeat::Other)
                {
                    codes.push(OutcomeUnknown);
                }
            }
            (_, "cursor") => codes.extend([InvalidCursor, InvalidQuery]),
            _ => codes.push(InvalidQuery),
        }
    }
    codes.extend(own(operation.operation_id.as_deref().unwrap_or_default()));
    let mut statuses: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
    for code in codes {
        statuses.entry(code.status()).or_default().insert(code.as_str(), code);
    }
    statuses
}

/// Adds to a call how it refuses: a response for each status, with the codes in its description
/// for people and in `x-codes` for programs, and the first of them as the example: that of the
/// schema would stand under each status alike.
pub(super) fn add(operation: &mut Operation) {
    for (status, codes) in of(operation) {
        let names: Vec<_> = codes.keys().collect();
        let quoted: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
        let example = codes.values().next().map(|code| json!(Problem::new(*code, code.title())));
        let mut refusal = problem(quoted.join(", "), example)
            .extensions(Some([("x-codes", json!(names))].into_iter().collect()));
        if asks_to_come_back(status) || codes.contains_key(KeyInUse.as_str()) {
            let seconds = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1));
            let mut header = Header::new(seconds);
            header.description = Some("Come back after this many seconds.".to_owned());
            refusal = refusal.header("Retry-After", header);
        }
        if status == Unauthenticated.status() {
            refusal = refusal.header("WWW-Authenticate", Header::default());
        }
        operation.responses.responses.insert(status.to_string(), refusal.build().into());
    }
    let other = problem("Refusals that came later than this document; `code` says which.", None);
    operation.responses.responses.insert("default".to_owned(), other.build().into());
}

fn problem(description: impl Into<String>, example: Option<Value>) -> ResponseBuilder {
    let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem")));
    let problem = problem.example(example).build();
    ResponseBuilder::new().description(description).content("application/problem+json", problem)
}
