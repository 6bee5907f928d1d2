//! The contract of cold stores, on every implementation there is.

#[path = "../contract/cold.rs"]
mod contract;

use hongbao_memory::MemoryCold;
use hongbao_storage::{Database, Schema, SqlCold};

macro_rules! holds {
    ($($law:ident),+ $(,)?) => {
        mod memory {
            use super::*;
            $(
                #[tokio::test]
                async fn $law() {
                    contract::$law(&MemoryCold::default()).await;
                }
            )+
        }
        mod postgres {
            use super::*;
            $(
                #[tokio::test]
                async fn $law() {
                    let database = crate::postgres::database(Schema::Cold).await;
                    contract::$law(&SqlCold::new(database)).await;
                }
            )+
        }
        mod sqlite {
            use super::*;
            $(
                #[tokio::test]
                async fn $law() {
                    let folder = tempfile::tempdir().unwrap();
                    let file = folder.path().join("cold.sqlite");
                    let database = Database::open_file(&file, Schema::Cold).await.unwrap();
                    contract::$law(&SqlCold::new(database)).await;
                }
            )+
        }
    };
}

holds!(keeping_is_idempotent, open_packets_are_refused, places_are_kept_apart, a_day_is_summed_up,);
