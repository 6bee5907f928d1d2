//! The Hongbao server: HTTP, the command line, and what a node is put together of.
//! `ARCHITECTURE.md` tells how the parts fit together.
//!
//! The only crate that knows axum and the command line. Must never know a statement of SQL or a
//! command of Redis, which it opens and hands to the engine as traits, nor decide about money:
//! handlers extract, call and map.

pub mod cli;
mod courier;
pub mod http;
pub mod node;
pub mod telemetry;

/// May a webhook be there, as far as its address tells? For fuzz targets.
#[cfg(fuzzing)]
pub fn webhook_url(url: &str) -> Result<(), String> {
    use hongbao_engine::courier::Courier as _;
    courier::HttpCourier::new(false).check(url)
}
