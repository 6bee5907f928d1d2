//! The pure heart of Hongbao, the same code in the browser (WASM), in plain
//! JavaScript and on the server: integer money, the split of a packet, the
//! fairness proof, order numbers, limits and the types of the REST contract.
//!
//! Nothing here does I/O, reads a clock or draws from a global random number
//! generator: time and entropy come in as arguments. Nothing here uses floating
//! point. Ids such as R-SPLIT-2 name requirements; `docs/REQUIREMENTS.md` lists them.

pub mod api;
pub mod draft;
pub mod error;
pub mod fairness;
pub mod ids;
pub mod limits;
pub mod money;
pub mod order_no;
pub mod proof;
pub mod split;
pub mod terms;
pub mod text;
pub mod timestamp;
pub mod unit;

pub use error::ErrorCode;
pub use ids::{GroupId, MessageId, ServiceId, UserId, WebhookId};
pub use limits::Limits;
pub use money::Fen;
pub use order_no::{Day, OrderNo, Shard, Site};
pub use split::Splitter;
pub use terms::{Kind, Terms};
pub use timestamp::Timestamp;
pub use unit::Unit;
