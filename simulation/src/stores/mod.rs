//! Every store as one node sees it: the databases of the world behind the node's gate.

mod cache;
mod keys;
mod ledger;
mod lists;
mod orders;
mod outbox;
mod people;

pub(crate) use cache::{GatedCache, SharedCache};
pub(crate) use keys::GatedKeys;
pub(crate) use ledger::GatedLedger;
pub(crate) use lists::GatedLists;
pub(crate) use orders::{GatedCold, GatedOrders};
pub(crate) use people::GatedPeople;

/// Implements a store trait by asking `self.inner` through `self.gate`: calls under
/// `reads` change nothing, those under `writes` are a durable step each, and those under
/// `free` are not interesting.
macro_rules! gated {
    (
        impl $trait:ident for $type:ident, $error:ty;
        reads { $(fn $read:ident($($read_arg:ident: $read_type:ty),*) -> $read_out:ty;)* }
        writes { $($step:expr => fn $write:ident($($write_arg:ident: $write_type:ty),*) -> $write_out:ty;)* }
        free { $(fn $free:ident($($free_arg:ident: $free_type:ty),*) -> $free_out:ty;)* }
        $($rest:item)*
    ) => {
        #[async_trait::async_trait]
        impl $trait for $type {
            $(async fn $read(&self, $($read_arg: $read_type),*) -> Result<$read_out, $error> {
                self.gate.read(self.inner.$read($($read_arg),*)).await
            })*
            $(async fn $write(&self, $($write_arg: $write_type),*) -> Result<$write_out, $error> {
                self.gate.write(&[$step], self.inner.$write($($write_arg),*)).await
            })*
            $(async fn $free(&self, $($free_arg: $free_type),*) -> Result<$free_out, $error> {
                self.gate.alive().await;
                self.inner.$free($($free_arg),*).await
            })*
            $($rest)*
        }
    };
    (impl $trait:ident for $type:ident, $error:ty; free { $($free:tt)* }) => {
        gated! { impl $trait for $type, $error; reads {} writes {} free { $($free)* } }
    };
}
use gated;
