//! Meet: groups, invitations, messages.

use super::Part;
use crate::http::{
    Answer, Http,
    extract::{Json, Path, Query},
    session::Session,
};
use axum::{extract::State, http::StatusCode};
use hongbao_shared::{
    GroupId,
    api::{
        Page,
        groups::{Group, GroupSummary, Invitation, JoinRequest, Message, NewGroup, NewMessage},
    },
};

/// Make a group; you are its first member.
#[utoipa::path(post, path = "/groups", tag = "Groups",
    responses((status = 201, description = "The group.", body = Group)))]
pub(in crate::http) async fn create(
    State(http): State<Http>,
    session: Session,
    Json(request): Json<NewGroup>,
) -> Answer<(StatusCode, Json<Group>)> {
    let group = http.app.groups.create(session.user_id, request).await?;
    Ok((StatusCode::CREATED, Json(group)))
}

/// Your groups, the one with the newest message first.
#[utoipa::path(get, path = "/groups", tag = "Groups",
    responses((status = 200, description = "Your groups.", body = Vec<GroupSummary>)))]
pub(in crate::http) async fn list(
    State(http): State<Http>,
    session: Session,
) -> Answer<Json<Vec<GroupSummary>>> {
    http.app.groups.list(session.user_id, &*http.app.packets).await.map(Json)
}

/// Join a group with the code of an invitation.
#[utoipa::path(post, path = "/groups/join", tag = "Groups",
    responses((status = 200, description = "The group that you are in now.", body = Group)))]
pub(in crate::http) async fn join(
    State(http): State<Http>,
    session: Session,
    Json(request): Json<JoinRequest>,
) -> Answer<Json<Group>> {
    http.app.groups.join(session.user_id, &request).await.map(Json)
}

/// A group with its members.
#[utoipa::path(get, path = "/groups/{id}", tag = "Groups",
    params(("id" = GroupId, Path, description = "The group.")),
    responses((status = 200, description = "The group.", body = Group)))]
pub(in crate::http) async fn get(
    State(http): State<Http>,
    Path(group): Path<GroupId>,
    session: Session,
) -> Answer<Json<Group>> {
    http.app.groups.get(session.user_id, group).await.map(Json)
}

/// Get a code by which others can join.
#[utoipa::path(post, path = "/groups/{id}/invitations", tag = "Groups",
    params(("id" = GroupId, Path, description = "The group.")),
    responses((status = 201, description = "The invitation.", body = Invitation)))]
pub(in crate::http) async fn invite(
    State(http): State<Http>,
    Path(group): Path<GroupId>,
    session: Session,
) -> Answer<(StatusCode, Json<Invitation>)> {
    let invitation = http.app.groups.invite(session.user_id, group).await?;
    Ok((StatusCode::CREATED, Json(invitation)))
}

/// The chat, newest first.
#[utoipa::path(get, path = "/groups/{id}/messages", tag = "Groups",
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
    groups.messages(session.user_id, group, cursor, None, &*http.app.packets).await.map(Json)
}

/// Say something.
#[utoipa::path(post, path = "/groups/{id}/messages", tag = "Groups",
    params(("id" = GroupId, Path, description = "The group.")),
    responses((status = 201, description = "The message as posted.", body = Message)))]
pub(in crate::http) async fn post(
    State(http): State<Http>,
    Path(group): Path<GroupId>,
    session: Session,
    Json(request): Json<NewMessage>,
) -> Answer<(StatusCode, Json<Message>)> {
    let message = http.app.groups.post_text(session.user_id, group, request).await?;
    Ok((StatusCode::CREATED, Json(message)))
}
