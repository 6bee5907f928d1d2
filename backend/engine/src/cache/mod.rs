//! Two tiers of cache (R-CACHE): this node's memory, and a tier that all nodes
//! share. A cache may refuse or speed up; it never decides money.

mod compare;
mod entry;
mod in_process;
mod local;
mod notes;
mod writer;

pub use compare::{Compared, Comparison};
pub use entry::{Live, PacketEntry};
pub use in_process::InProcess;
pub use local::LocalTier;
pub use notes::{Found, Notes};
pub use writer::SharedWriter;
