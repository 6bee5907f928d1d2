//! What outlives a screen.
//!
//! These are reference-counted signals in statics rather than context: they belong
//! to no screen, so that none of them can be read after its owner has gone.

pub(crate) mod feed;
pub(crate) mod groups;
mod log;
pub(crate) mod notify;
pub(crate) mod outbox;
pub(crate) mod payments;
pub(crate) mod session;
pub(crate) mod stream;
pub(crate) mod theme;
pub(crate) mod toast;
pub(crate) mod watch;

pub(crate) use log::LogRow;
