//! Meet: groups, invitations, messages.

use super::Part;
use crate::http::{
    Answer, Http,
    client::Client,
    extract::{InvitationCode, Json, Path, Query},
    keyed::Key,
    session::Session,
    throttle::Counted,
};
use axum::{extract::State, http::StatusCode};
use hongbao_engine::control::Deed;
use hongbao_shared::{
    GroupId, UserId,
    api::{
        Page,
        groups::{
            DemoRequest, Group, GroupSummary, Invitation, InvitationPreview, JoinRequest, Message,
            MuteRequest, NewGroup, NewMessage, OpenInvitation, PinRequest, ReadRequest,
        },
    },
};

/// Make a group; you are its first member.
#[utoipa::path(post, path = "/api/v1/groups", operation_id = "create_group", tag = "Groups",
    responses((status = 201, description = "The group.", body = Group)))]
pub(in crate::http) async fn create(
    State(http): State<Http>,
    session: Session,
    Json(request): Json<NewGroup>,
) -> Answer<(StatusCode, Json<Group>)> {
    http.app.pace.check(Deed::Group, session.user_id)?;
    let group = http.app.groups.create(session.user_id, request).await?;
    Ok((StatusCode::CREATED, Json(group)))
}

/// Get a group of your own with demo members, who chat, send and grab; the same one again
/// for as long as you are in it.
#[utoipa::path(post, path = "/api/v1/groups/demo", operation_id = "enter_demo_group", tag = "Groups",
    responses((status = 200, description = "The group.", body = Group)))]
pub(in crate::http) async fn demo(
    State(http): State<Http>,
    session: Session,
    Json(request): Json<DemoRequest>,
) -> Answer<Json<Group>> {
    http.app.pace.check(Deed::Group, session.user_id)?;
    Ok(Json(http.app.demo.enter(session.user_id, request.language).await?))
}

/// Your groups, the one with the newest message first.
#[utoipa::path(get, path = "/api/v1/groups", operation_id = "list_groups", tag = "Groups",
    responses((status = 200, description = "Your groups.", body = Vec<GroupSummary>)))]
pub(in crate::http) async fn list(
    State(http): State<Http>,
    session: Session,
) -> Answer<Json<Vec<GroupSummary>>> {
    Ok(Json(http.app.groups.list(session.user_id, &*http.app.packets).await?))
}

/// See to what an invitation invites, also without a session.
#[utoipa::path(get, path = "/api/v1/invitations/{code}", operation_id = "preview_invitation", tag = "Groups", security((), ("bearer" = []), ("cookie" = [])),
    params(("code" = String, Path, description = "The invitation's code.", min_length = 1)),
    responses((status = 200, description = "What you may see before joining.", body = InvitationPreview)))]
pub(in crate::http) async fn preview(
    State(http): State<Http>,
    Path(InvitationCode(code)): Path<InvitationCode>,
    client: Client,
    session: Option<Session>,
) -> Answer<Json<InvitationPreview>> {
    let groups = &http.app.groups;
    if let Some(session) = session {
        let look = groups.preview(Some(session.user_id), &code);
        return Ok(Json(http.app.pace.look(session.user_id, look).await?));
    }
    http.throttle.check(Counted::Preview, &client)?;
    Ok(Json(groups.preview(None, &code).await?))
}

/// Join a group with the code of an invitation.
#[utoipa::path(post, path = "/api/v1/groups/join", operation_id = "join_group", tag = "Groups",
    responses((status = 200, description = "The group that you are in now.", body = Group)))]
pub(in crate::http) async fn join(
    State(http): State<Http>,
    session: Session,
    Json(request): Json<JoinRequest>,
) -> Answer<Json<Group>> {
    let (pace, user) = (&http.app.pace, session.user_id);
    pace.check(Deed::Group, user)?;
    Ok(Json(pace.look(user, http.app.groups.join(user, &request)).await?))
}

/// A group with its members.
#[utoipa::path(get, path = "/api/v1/groups/{id}", operation_id = "get_group", tag = "Groups",
    params(("id" = GroupId, Path, description = "The group.")),
    responses((status = 200, description = "The group.", body = Group)))]
pub(in crate::http) async fn get(
    State(http): State<Http>,
    Path(group): Path<GroupId>,
    session: Session,
) -> Answer<Json<Group>> {
    Ok(Json(http.app.groups.get(session.user_id, group).await?))
}

/// Get a code by which others can join.
#[utoipa::path(post, path = "/api/v1/groups/{id}/invitations", operation_id = "create_invitation", tag = "Groups",
    params(("id" = GroupId, Path, description = "The group.")),
    responses((status = 201, description = "The invitation.", body = Invitation)))]
pub(in crate::http) async fn invite(
    State(http): State<Http>,
    Path(group): Path<GroupId>,
    session: Session,
) -> Answer<(StatusCode, Json<Invitation>)> {
    http.app.pace.check(Deed::Invitation, session.user_id)?;
    let invitation = http.app.groups.invite(session.user_id, group).await?;
    Ok((StatusCode::CREATED, Json(invitation)))
}

/// The invitations that you may revoke, the newest first: your own, or as the group's owner
/// all that are valid.
#[utoipa::path(get, path = "/api/v1/groups/{id}/invitations", operation_id = "list_invitations", tag = "Groups",
    params(("id" = GroupId, Path, description = "The group.")),
    responses((status = 200, description = "The invitations.", body = Vec<OpenInvitation>)))]
pub(in crate::http) async fn invitations(
    State(http): State<Http>,
    Path(group): Path<GroupId>,
    session: Session,
) -> Answer<Json<Vec<OpenInvitation>>> {
    Ok(Json(http.app.groups.invitations(session.user_id, group).await?))
}

/// End an invitation of your own; as the group's owner, any. Nobody joins by it any more.
#[utoipa::path(delete, path = "/api/v1/groups/{id}/invitations/{code}", operation_id = "revoke_invitation", tag = "Groups",
    params(("id" = GroupId, Path, description = "The group."),
        ("code" = String, Path, description = "The invitation's code.", min_length = 1)),
    responses((status = 204, description = "It has ended.")))]
pub(in crate::http) async fn revoke(
    State(http): State<Http>,
    Path((group, code)): Path<(GroupId, InvitationCode)>,
    session: Session,
) -> Answer<StatusCode> {
    http.app.pace.check(Deed::Invitation, session.user_id)?;
    http.app.groups.revoke(session.user_id, group, &code.0).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The chat, newest first.
#[utoipa::path(get, path = "/api/v1/groups/{id}/messages", operation_id = "list_messages", tag = "Groups",
    params(("id" = GroupId, Path, description = "The group."), Part),
    responses((status = 200, description = "A part of the chat.", body = Page<Message>)))]
pub(in crate::http) async fn messages(
    State(http): State<Http>,
    Path(group): Path<GroupId>,
    Query(part): Query<Part>,
    session: Session,
) -> Answer<Json<Page<Message>>> {
    let groups = &http.app.groups;
    let cursor = part.cursor.as_deref();
    Ok(Json(groups.messages(session.user_id, group, cursor, None, &*http.app.packets).await?))
}

/// Say something. Without a `key` in the body, that of the header is the message's.
#[utoipa::path(post, path = "/api/v1/groups/{id}/messages", operation_id = "post_message", tag = "Groups",
    params(("id" = GroupId, Path, description = "The group.")),
    responses((status = 201, description = "The message as posted.", body = Message)))]
pub(in crate::http) async fn post(
    State(http): State<Http>,
    Path(group): Path<GroupId>,
    session: Session,
    Key(key): Key,
    Json(mut request): Json<NewMessage>,
) -> Answer<(StatusCode, Json<Message>)> {
    http.app.pace.check_message(session.user_id, group)?;
    request.key = request.key.or(key);
    let message = http.app.groups.post_text(session.user_id, group, request).await?;
    Ok((StatusCode::CREATED, Json(message)))
}

/// Say how far you have read. Never goes backwards.
#[utoipa::path(put, path = "/api/v1/groups/{id}/read", operation_id = "mark_group_read", tag = "Groups",
    params(("id" = GroupId, Path, description = "The group.")),
    responses((status = 204, description = "It is written down.")))]
pub(in crate::http) async fn read(
    State(http): State<Http>,
    Path(group): Path<GroupId>,
    session: Session,
    Json(request): Json<ReadRequest>,
) -> Answer<StatusCode> {
    http.app.pace.check(Deed::Mark, session.user_id)?;
    http.app.groups.read(session.user_id, group, request.message_id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Mute a group for yourself, or not any more.
#[utoipa::path(put, path = "/api/v1/groups/{id}/mute", operation_id = "mute_group", tag = "Groups",
    params(("id" = GroupId, Path, description = "The group.")),
    responses((status = 204, description = "It is as you want it.")))]
pub(in crate::http) async fn mute(
    State(http): State<Http>,
    Path(group): Path<GroupId>,
    session: Session,
    Json(request): Json<MuteRequest>,
) -> Answer<StatusCode> {
    http.app.pace.check(Deed::Profile, session.user_id)?;
    http.app.groups.mute(session.user_id, group, request.muted).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Pin a group to the top of your list, or not any more.
#[utoipa::path(put, path = "/api/v1/groups/{id}/pin", operation_id = "pin_group", tag = "Groups",
    params(("id" = GroupId, Path, description = "The group.")),
    responses((status = 204, description = "It is as you want it.")))]
pub(in crate::http) async fn pin(
    State(http): State<Http>,
    Path(group): Path<GroupId>,
    session: Session,
    Json(request): Json<PinRequest>,
) -> Answer<StatusCode> {
    http.app.pace.check(Deed::Profile, session.user_id)?;
    http.app.groups.pin(session.user_id, group, request.pinned).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Leave a group; as its owner, remove anybody.
#[utoipa::path(delete, path = "/api/v1/groups/{id}/members/{user_id}", tag = "Groups",
    params(("id" = GroupId, Path, description = "The group."),
        ("user_id" = UserId, Path, description = "Who goes: you, or whom you remove.")),
    responses((status = 204, description = "They are in the group no more.")))]
pub(in crate::http) async fn remove_member(
    State(http): State<Http>,
    Path((group, user)): Path<(GroupId, UserId)>,
    session: Session,
) -> Answer<StatusCode> {
    http.app.pace.check(Deed::Group, session.user_id)?;
    http.app.groups.remove(session.user_id, group, user).await?;
    Ok(StatusCode::NO_CONTENT)
}
