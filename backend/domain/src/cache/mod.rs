//! The caches beside the databases, as traits (R-CACHE). A cache may refuse or speed up; it
//! never decides money.

mod absent;
mod shared;

pub use absent::Absent;
pub use shared::{CacheDown, NewsStream, SendCache, SharedTier};

/// What a note tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Note {
    /// A person's name and picture.
    Profile,
    /// The newest two screens of what a person sent.
    Sent,
    /// The newest two screens of what a person received.
    Received,
}

/// A note as it is found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Noted {
    /// Changes whenever the note is outdated: what is read from a database after it was
    /// seen may be noted under it.
    pub era: u64,
    /// What was noted in this era.
    pub text: Option<Vec<u8>>,
}
