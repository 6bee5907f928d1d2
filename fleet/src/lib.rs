//! The engines of a fleet, each as a private server of its own: on loopback, on a free
//! port, with its data in a temporary folder, and gone with the process that started it,
//! however that ends. For tests, and for trying a fleet on one machine.

mod account;
mod engines;
mod fleet;
mod nginx;
mod node;
mod postgres;
mod program;
mod proxy;
mod redis;
mod watchdog;

pub use engines::{Cache, Engines, Links, Place, Reached, Site};
pub use fleet::{Fleet, Plan};
pub use nginx::{Nginx, Routing};
pub use node::Node;
pub use postgres::Postgres;
pub use program::free_port;
pub use proxy::{Fault, Proxy};
pub use redis::{Redis, RedisCluster};
pub use watchdog::Watchdog;
