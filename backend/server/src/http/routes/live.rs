//! Hear what happens, without asking.

use super::After;
use crate::http::{
    Answer, Http,
    client::Client,
    doors::{Full, Visit},
    extract::{Path, Query},
    session::{Own, Session},
};
use axum::{
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, header},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures::{Stream, StreamExt, stream};
use hongbao_domain::Refusal;
use hongbao_engine::{
    control::Deed,
    live::{Frame, Viewer},
};
use hongbao_shared::{ErrorCode, GroupId, MessageId, api::live};
use std::{convert::Infallible, time::Duration};

/// How long browsers wait before they come back.
const RETRY: Duration = Duration::from_secs(1);
const RETRY_WHEN_FULL: Duration = Duration::from_secs(5);
/// A beat this often keeps proxies from closing a quiet stream, and tells its reader that it is one.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// What happens in a group, as server-sent events: `message` (a `Message`), `packet` (a
/// `PacketChange`), `groups` (a `GroupNews` of another group), `reset`, `gone`, `replaced` and `beat`. Their
/// `id` resumes the stream without a gap.
#[utoipa::path(get, path = "/api/v1/groups/{id}/events", operation_id = "stream_group_events", tag = "Groups",
    params(
        ("id" = GroupId, Path, description = "The group."),
        After,
        ("Last-Event-ID" = Option<String>, Header, description = "As browsers send it.",
            pattern = "^(0|[1-9][0-9]{0,18})$")),
    responses((status = 200, description = "The stream.", body = String,
        content_type = "text/event-stream")))]
pub(in crate::http) async fn group(
    State(http): State<Http>,
    Path(group): Path<GroupId>,
    Query(after): Query<After>,
    headers: HeaderMap,
    client: Client,
    Own(session): Own,
) -> Answer<Response> {
    http.app.pace.check(Deed::Stream, session.user_id)?;
    let visit = enter(&http, &client)?;
    let after = after.entry(&headers)?;
    let stop = http.draining.clone();
    let frames = http.app.live.group(session.viewer(), group, after, stop).await?;
    Ok(events(frames, visit))
}

/// That your groups have grown, or were joined or left, as server-sent events: `groups`
/// (a `GroupNews`).
#[utoipa::path(get, path = "/api/v1/events", operation_id = "stream_events", tag = "Groups",
    responses((status = 200, description = "The stream.", body = String,
        content_type = "text/event-stream")))]
pub(in crate::http) async fn hints(
    State(http): State<Http>,
    client: Client,
    Own(session): Own,
) -> Answer<Response> {
    http.app.pace.check(Deed::Stream, session.user_id)?;
    let visit = enter(&http, &client)?;
    Ok(events(http.app.live.hints(session.viewer(), http.draining.clone())?, visit))
}

/// Before anything is looked up: one address cannot take all streams.
fn enter(http: &Http, client: &Client) -> Result<Visit, Refusal> {
    let full = |_: Full| Refusal::new(ErrorCode::Unavailable).retry_after(RETRY_WHEN_FULL);
    http.streams.enter(Some(client.address)).map_err(full)
}

impl Session {
    fn viewer(self) -> Viewer {
        Viewer { user: self.user_id, token: self.token }
    }
}

impl After {
    fn entry(&self, headers: &HeaderMap) -> Result<Option<MessageId>, Refusal> {
        let refused = || {
            Refusal::new(ErrorCode::InvalidQuery)
                .detail("A stream goes on after the id of an event.")
        };
        let text = match headers.get(LAST_EVENT_ID) {
            Some(value) => Some(value.to_str().map_err(|_| refused())?),
            None => self.after.as_deref(),
        };
        text.map(|text| text.parse().map_err(|_| refused())).transpose()
    }
}

fn events(frames: impl Stream<Item = Frame> + Send + 'static, visit: Visit) -> Response {
    let first = stream::once(async { beat().retry(RETRY) });
    let events = first.chain(frames.map(event)).map(move |event| {
        // Counted for as long as the stream is.
        let _open = &visit;
        Ok::<_, Infallible>(event)
    });
    let sse = Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE).event(beat()));
    let mut response = sse.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Proxies that gather answers before they pass them on would gather for ever.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

fn beat() -> Event {
    Event::default().event(live::BEAT).data("{}")
}

fn event(frame: Frame) -> Event {
    let mut event = Event::default();
    if let Some(id) = frame.id {
        event = event.id(id.to_string());
    }
    if let Some((name, data)) = frame.event {
        event = event.event(name).data(data);
    }
    event
}
