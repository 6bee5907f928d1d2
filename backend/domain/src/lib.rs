//! What the backend talks about: records, events and laws, and what it asks of whoever
//! stores or caches them. No I/O happens here.
//!
//! Knows the shared crate alone. Must never know a database, a cache, the network, or how
//! anything is configured: those know this.

pub mod board;
pub mod book;
pub mod cache;
pub mod crash;
pub mod keys;
pub mod planted;
pub mod record;
pub mod refusal;
pub mod runtime;
pub mod store;
pub mod text;
mod whole;

pub use refusal::Refusal;
pub use whole::{ended, whole};
