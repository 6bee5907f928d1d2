//! The engines of a fleet, each as a private server of its own: on loopback, on a free
//! port, with its data in a temporary folder, and gone with the process that started it,
//! however that ends. For tests, and for trying a fleet on one machine.

mod account;
mod postgres;
mod program;
mod redis;
mod watchdog;

pub use postgres::Postgres;
pub use redis::{Redis, RedisCluster};
