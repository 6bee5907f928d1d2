//! Be somebody: name, picture, password, sessions (R-PEOPLE-1).

use crate::http::{
    Answer, Http,
    client::Client,
    extract::{Json, Path},
    session::{self, Own, Session},
    throttle::Counted,
};
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use hongbao_domain::{Refusal, store::people::Person};
use hongbao_engine::{accounts::SessionId, control::Deed};
use hongbao_shared::{
    ErrorCode, Fen,
    api::accounts::{Me, PasswordChange, ProfileChange, Registration, SessionInfo},
};

/// Who am I, and what is in my wallet?
#[utoipa::path(get, path = "/api/v1/me", operation_id = "get_me", tag = "People",
    responses((status = 200, description = "You.", body = Me)))]
pub(in crate::http) async fn me(State(http): State<Http>, session: Session) -> Answer<Json<Me>> {
    let person = http.app.accounts.me(session.user_id).await?;
    let balance = session.come(&http).await.and_then(|wallet| Ok(wallet.held()?));
    Ok(described(person, if_known(balance)?))
}

/// Who is signed in: you, or `null`, which is no error. A page asks before it offers
/// anything to a stranger.
#[utoipa::path(get, path = "/api/v1/session", operation_id = "get_session", tag = "People",
    security((), ("bearer" = []), ("cookie" = [])),
    responses((status = 200, description = "You, or nobody.", body = Option<Me>)))]
pub(in crate::http) async fn present(
    http: State<Http>,
    session: Option<Session>,
) -> Answer<Json<Option<Me>>> {
    let Some(session) = session else { return Ok(Json(None)) };
    let Json(me) = me(http, session).await?;
    Ok(Json(Some(me)))
}

/// Change your name or picture. What an account signs in with stays.
#[utoipa::path(patch, path = "/api/v1/me", operation_id = "update_me", tag = "People",
    responses((status = 200, description = "You.", body = Me)))]
pub(in crate::http) async fn change(
    State(http): State<Http>,
    session: Session,
    Json(request): Json<ProfileChange>,
) -> Answer<Json<Me>> {
    http.app.pace.check(Deed::Profile, session.user_id)?;
    let person = http.app.accounts.change_profile(session.user_id, request).await?;
    changed(&http, person).await
}

/// Become an account from a guest, and keep everything. Without `login_name`, `name` is what you
/// sign in with from now on, and what you are called stays.
#[utoipa::path(post, path = "/api/v1/me/account", tag = "People",
    responses((status = 200, description = "You.", body = Me)))]
pub(in crate::http) async fn become_account(
    State(http): State<Http>,
    client: Client,
    Own(session): Own,
    Json(registration): Json<Registration>,
) -> Answer<Json<Me>> {
    http.app.pace.check(Deed::Profile, session.user_id)?;
    http.throttle.check(Counted::NewAccount, &client)?;
    let person = http.app.accounts.become_account(session.user_id, registration).await?;
    changed(&http, person).await
}

/// Change your password. All your other sessions end.
#[utoipa::path(put, path = "/api/v1/me/password", tag = "People",
    responses((status = 204, description = "The new password holds.")))]
pub(in crate::http) async fn change_password(
    State(http): State<Http>,
    client: Client,
    Own(session): Own,
    Json(request): Json<PasswordChange>,
) -> Answer<StatusCode> {
    http.app.pace.check(Deed::Profile, session.user_id)?;
    http.throttle.check_password(&client, &session.user_id.to_string())?;
    http.app.accounts.change_password(session.user_id, &session.token, request).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Where you are signed in, the session seen last first.
#[utoipa::path(get, path = "/api/v1/me/sessions", operation_id = "list_sessions", tag = "People",
    responses((status = 200, description = "Your sessions.", body = Vec<SessionInfo>)))]
pub(in crate::http) async fn sessions(
    State(http): State<Http>,
    Own(session): Own,
) -> Answer<Json<Vec<SessionInfo>>> {
    Ok(Json(http.app.accounts.sessions(session.user_id, &session.token).await?))
}

/// End all your sessions but this one.
#[utoipa::path(delete, path = "/api/v1/me/sessions", tag = "People",
    responses((status = 204, description = "The others have ended.")))]
pub(in crate::http) async fn end_other_sessions(
    State(http): State<Http>,
    Own(session): Own,
) -> Answer<StatusCode> {
    http.app.pace.check(Deed::Profile, session.user_id)?;
    http.app.accounts.end_other_sessions(session.user_id, &session.token).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// End one of your sessions. Ending this one is signing out.
#[utoipa::path(delete, path = "/api/v1/me/sessions/{id}", tag = "People",
    params(("id" = String, Path, description = "The session.", pattern = "^[0-9a-f]{32}$")),
    responses((status = 204, description = "The session has ended.")))]
pub(in crate::http) async fn end_session(
    State(http): State<Http>,
    Path(id): Path<SessionId>,
    client: Client,
    Own(session): Own,
) -> Answer<Response> {
    http.app.pace.check(Deed::Profile, session.user_id)?;
    let accounts = &http.app.accounts;
    let was_this_one = accounts.end_session(session.user_id, &session.token, id).await?;
    Ok(if was_this_one { session::ended(&client) } else { StatusCode::NO_CONTENT.into_response() })
}

async fn changed(http: &Http, person: Person) -> Answer<Json<Me>> {
    let balance = http.app.ledger.balance(person.profile.id).await;
    Ok(described(person, if_known(balance)?))
}

/// Without the ledger people come in, grab and open all the same (R-CTRL-6).
fn if_known(balance: Result<Fen, Refusal>) -> Result<Option<Fen>, Refusal> {
    match balance {
        Err(refusal) if refusal.code == ErrorCode::Unavailable => Ok(None),
        balance => balance.map(Some),
    }
}

fn described(person: Person, balance_fen: Option<Fen>) -> Json<Me> {
    Json(Me {
        user: person.profile,
        balance_fen,
        is_admin: person.is_admin,
        is_guest: person.is_guest,
        login_name: person.login_name,
    })
}
