//! What several test binaries share.

#![allow(dead_code, reason = "every test binary uses another part of it")]

pub(crate) mod document;
pub(crate) mod fragile;
pub(crate) mod heard;
pub(crate) mod person;
pub(crate) mod push_service;
pub(crate) mod receiver;
pub(crate) mod server;

use hongbao_domain::runtime::Clock;
use hongbao_engine::app::App;
use hongbao_shared::Timestamp;
use std::sync::atomic::{AtomicI64, Ordering};
use tokio_util::sync::CancellationToken;

/// A clock that stands until it is moved.
#[derive(Debug)]
pub(crate) struct ManualClock(AtomicI64);

impl ManualClock {
    /// Stands at this moment.
    pub(crate) fn at(moment: &str) -> Self {
        let moment: Timestamp = moment.parse().unwrap();
        Self(AtomicI64::new(moment.millis()))
    }

    /// Moves on, or back.
    pub(crate) fn advance_s(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1000, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

/// Ends every packet whose time is over, as the node does by itself once a second.
pub(crate) async fn end_due(app: &App) {
    for expirer in &app.packets.expirers {
        expirer.round(&CancellationToken::new()).await.unwrap();
    }
}
