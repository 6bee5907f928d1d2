//! Programs that ask (R-API-5): who they are, what they may, and for whom they act.

use super::{
    Http,
    problem::Answered,
    token::{is_safe, token},
};
use axum::{extract::FromRequestParts, http::request::Parts};
use hongbao_domain::{Refusal, store::people::AskingService};
use hongbao_engine::services::TOKEN_BEGINS;
use hongbao_shared::{
    ErrorCode, ServiceId, UserId,
    api::services::{External, FOR, Scope},
};
use std::sync::Arc;

/// Is this a token of a service, as far as one can see?
pub(super) fn is_token(token: &str) -> bool {
    token.starts_with(TOKEN_BEGINS)
}

/// A service, whatever it may do.
#[derive(Debug)]
pub(super) struct Asking(pub(super) Arc<AskingService>);

/// A service, whatever it may do, that is about to change what it has linked: without links no
/// scope is worth anything.
#[derive(Debug)]
pub(super) struct Linking(pub(super) Arc<AskingService>);

/// A service that may act, for nobody in particular.
#[derive(Debug)]
pub(super) struct Actor(pub(super) Arc<AskingService>);

/// A service that may hear by webhooks what happens.
#[derive(Debug)]
pub(super) struct Hearing(pub(super) Arc<AskingService>);

impl FromRequestParts<Http> for Asking {
    type Rejection = Answered;

    async fn from_request_parts(parts: &mut Parts, http: &Http) -> Result<Self, Answered> {
        let (token, from_cookie) = token(&parts.headers).ok_or(ErrorCode::Unauthenticated)?;
        if from_cookie || !is_token(token) {
            // A person is not a program, but may have a session: then it is not theirs to do.
            return Err(match http.app.accounts.authenticate(token).await? {
                Some(_) => ErrorCode::Forbidden.into(),
                None => ErrorCode::Unauthenticated.into(),
            });
        }
        let service = http.app.services.authenticate(token).await?;
        let service = service.ok_or(ErrorCode::Unauthenticated)?;
        http.app.pace.check_service(service.id, service.calls_per_minute)?;
        Ok(Self(service))
    }
}

impl FromRequestParts<Http> for Linking {
    type Rejection = Answered;

    async fn from_request_parts(parts: &mut Parts, http: &Http) -> Result<Self, Answered> {
        let Asking(service) = Asking::from_request_parts(parts, http).await?;
        record(parts, http, &service, None).await?;
        Ok(Self(service))
    }
}

impl FromRequestParts<Http> for Actor {
    type Rejection = Answered;

    async fn from_request_parts(parts: &mut Parts, http: &Http) -> Result<Self, Answered> {
        let Asking(service) = Asking::from_request_parts(parts, http).await?;
        needs(&service, &[Scope::Act])?;
        record(parts, http, &service, None).await?;
        Ok(Self(service))
    }
}

impl FromRequestParts<Http> for Hearing {
    type Rejection = Answered;

    async fn from_request_parts(parts: &mut Parts, http: &Http) -> Result<Self, Answered> {
        let Asking(service) = Asking::from_request_parts(parts, http).await?;
        needs(&service, &[Scope::Webhooks])?;
        record(parts, http, &service, None).await?;
        Ok(Self(service))
    }
}

/// Whom a service names for whom it acts.
pub(super) fn named(parts: &Parts) -> Option<External> {
    parts.headers.get(FOR)?.to_str().ok()?.parse().ok()
}

/// For whom a service acts that has one of these scopes. What changes anything is written down
/// first.
pub(super) async fn act(
    parts: &mut Parts,
    http: &Http,
    scopes: &[Scope],
) -> Result<UserId, Answered> {
    Ok(acting(parts, http, scopes).await?.1)
}

/// The same, and which service it is.
pub(super) async fn acting(
    parts: &mut Parts,
    http: &Http,
    scopes: &[Scope],
) -> Result<(ServiceId, UserId), Answered> {
    let Asking(service) = Asking::from_request_parts(parts, http).await?;
    needs(&service, scopes)?;
    let named = named(parts).ok_or(ErrorCode::PersonRequired)?;
    let user = http.app.services.person(service.id, named);
    let user = user.await?;
    record(parts, http, &service, Some(user)).await?;
    Ok((service.id, user))
}

fn needs(service: &AskingService, scopes: &[Scope]) -> Result<(), Refusal> {
    if scopes.iter().any(|scope| service.scopes.has(*scope)) {
        return Ok(());
    }
    let scopes: Vec<_> = scopes.iter().map(|scope| scope.as_str()).collect();
    let detail = format!("This call needs the scope {}.", scopes.join(" or "));
    Err(Refusal::new(ErrorCode::ScopeMissing).detail(detail))
}

async fn record(
    parts: &Parts,
    http: &Http,
    service: &AskingService,
    user: Option<UserId>,
) -> Result<(), Refusal> {
    if is_safe(&parts.method) {
        return Ok(());
    }
    let (method, path) = (parts.method.as_str(), parts.uri.path());
    http.app.services.record(service.id, user, method, path).await
}
