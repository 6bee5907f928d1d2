//! The handlers, a file per group of routes.

pub(super) mod accounts;
#[cfg(feature = "bench")]
pub(super) mod bench;
pub(super) mod control;
pub(super) mod groups;
pub(super) mod lists;
pub(super) mod live;
pub(super) mod me;
pub(super) mod packets;
pub(super) mod push;
pub(super) mod services;
pub(super) mod wallet;
pub(super) mod webhooks;

use hongbao_engine::{control::Control, lists::ListPart};
use hongbao_shared::api::{control::LetterState, history::HistoryWindow};
use serde::Deserialize;
use utoipa::IntoParams;

/// Which part of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Part {
    /// `next_cursor` of the part before; absent for the first.
    cursor: Option<String>,
}

/// Which part of which year.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct YearPart {
    /// Which year, in the server's time zone; absent for the present one.
    year: Option<i16>,
    /// `next_cursor` of the part before; absent for the first.
    cursor: Option<String>,
}

impl YearPart {
    fn part(&self, control: &Control) -> ListPart<'_> {
        let two_screens = control.two_screen_lists();
        ListPart { year: self.year, cursor: self.cursor.as_deref(), limit: None, two_screens }
    }
}

/// Which part of which letters.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Letters {
    /// Only those that are `dead`, which is what you get without this; or those that are
    /// `failing` and tried again by themselves.
    state: Option<LetterState>,
    /// `next_cursor` of the part before; absent for the first.
    cursor: Option<String>,
}

/// Which part of the history.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Window {
    /// How far back to look; absent for a quarter of an hour.
    window: Option<HistoryWindow>,
}

/// Where a stream goes on.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct After {
    /// The newest entry of the log that the reader has; absent to begin with what comes
    /// next. The header `Last-Event-ID` wins.
    #[param(pattern = "^(0|[1-9][0-9]{0,18})$")]
    after: Option<String>,
}
