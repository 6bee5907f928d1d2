//! The Hongbao server. `ARCHITECTURE.md` tells how the parts fit together; the
//! folders follow the life of a packet.

pub mod accounts;
pub mod app;
pub mod archive;
pub mod audit;
pub mod cache;
pub mod cli;
pub mod config;
pub mod control;
pub mod crash;
pub mod delivery;
pub mod demo;
mod files;
pub mod groups;
pub mod http;
pub mod keys;
pub mod ledger;
pub mod lists;
pub mod live;
pub mod news;
pub mod packets;
pub mod planted;
pub mod reconcile;
pub mod refusal;
pub mod runtime;
pub mod store;
pub mod telemetry;
pub mod text;

pub use refusal::Refusal;
