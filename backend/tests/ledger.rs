//! The ledger on real SQLite files: the contract that every ledger store keeps, random
//! histories, and the lane in front of it (R-MONEY-1, R-SEND-2, R-SEND-4).

#[path = "contract/ledger.rs"]
mod contract;
#[path = "ledger/faulty.rs"]
mod faulty;
#[path = "ledger/history.rs"]
mod history;
#[path = "ledger/lane.rs"]
mod lane;
#[path = "ledger/sqlite.rs"]
mod sqlite;
#[path = "ledger/throughput.rs"]
mod throughput;
