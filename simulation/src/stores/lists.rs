use super::gated;
use crate::{fault::Step, gate::Gate};
use hongbao_domain::{
    runtime::Zone,
    store::{
        StoreError,
        lists::{
            List, ListBatch, ListKey, ListReads, ListStore, Listed, ReceivedLine, ReceivedRow,
            SentRow, Totals, TotalsOff,
        },
    },
};
use hongbao_memory::MemoryLists;
use hongbao_shared::{Fen, OrderNo, Timestamp, UserId};
use std::sync::Arc;

/// The database of lists behind a gate.
#[derive(Debug)]
pub(crate) struct GatedLists {
    pub(crate) inner: Arc<MemoryLists>,
    pub(crate) gate: Gate,
}

gated! {
    impl ListStore for GatedLists, StoreError;
    reads {}
    writes {
        Step::List => fn record(batch: ListBatch, zone: &Zone) -> ();
        Step::List => fn restore(batch: ListBatch, zone: &Zone) -> ();
    }
    free {}
}

gated! {
    impl ListReads for GatedLists, StoreError;
    reads {
        fn sent(user: UserId, year: i16, after: Option<ListKey>, limit: u32) -> Vec<SentRow>;
        fn received(user: UserId, year: i16, after: Option<ListKey>, limit: u32)
            -> Vec<ReceivedLine>;
        fn months(user: UserId, year: i16) -> Vec<(u8, Totals)>;
        fn years(user: UserId, list: List) -> Vec<i16>;
        fn listed_shares(order_no: OrderNo, from_seq: u32, limit: u32) -> Vec<ReceivedRow>;
        fn received_fen(user: UserId) -> Fen;
        fn received_since(user: UserId, year: i16, since: Timestamp) -> Fen;
        fn listed(order_no: OrderNo) -> Listed;
        fn sent_page(after: Option<OrderNo>, limit: u32) -> Vec<SentRow>;
        fn received_page(after: Option<(OrderNo, UserId)>, limit: u32) -> Vec<ReceivedRow>;
        fn best_lucks_page(after: Option<OrderNo>, limit: u32) -> Vec<(OrderNo, UserId)>;
        fn totals_off(after: Option<UserId>, limit: u32) -> Option<(UserId, Vec<TotalsOff>)>;
    }
    writes {}
    free {}
}
