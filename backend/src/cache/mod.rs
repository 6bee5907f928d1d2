//! Two tiers of cache (R-CACHE): this node's memory, and a tier that all nodes
//! share. A cache may refuse or speed up; it never decides money.

mod absent;
mod compare;
mod entry;
mod in_process;
mod local;
mod notes;
mod redis;
mod shared;
mod writer;

pub use absent::Absent;
pub use compare::{Compared, Comparison};
pub use entry::{Live, PacketEntry};
pub use in_process::InProcess;
pub use local::LocalTier;
pub use notes::{Found, Note, Noted, Notes};
pub use redis::{RedisSettings, RedisTier};
pub use shared::{CacheDown, Dress, NewsStream, SharedTier};
pub use writer::SharedWriter;
