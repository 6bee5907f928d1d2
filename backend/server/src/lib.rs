//! The Hongbao server: HTTP, the command line, and what a node is put together of.
//! `ARCHITECTURE.md` tells how the parts fit together.
//!
//! The only crate that knows axum and the command line.

pub mod cli;
mod courier;
pub mod http;
pub mod node;
pub mod telemetry;
