//! The switches and the record of their changes (R-CTRL-3).

use super::StoreError;
use async_trait::async_trait;
use hongbao_shared::{Timestamp, UserId};
use std::fmt;

/// One change of the switches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlChange {
    /// Counted from 1 without gaps.
    pub version: u64,
    /// All switches after it, as JSON.
    pub switches: String,
    /// What was changed, as JSON.
    pub changed: String,
    /// By whom.
    pub changed_by: UserId,
    /// When.
    pub changed_at: Timestamp,
}

/// Where the switches are kept; every node looks here for the newest.
#[async_trait]
pub trait ControlStore: Send + Sync + fmt::Debug {
    /// The version in force; 0 before the first change.
    async fn version(&self) -> Result<u64, StoreError>;

    /// Up to `limit` changes, the newest first.
    async fn changes(&self, limit: u32) -> Result<Vec<ControlChange>, StoreError>;

    /// Records a change. False, and nothing happens, unless its version follows the one
    /// in force.
    async fn change(&self, change: ControlChange) -> Result<bool, StoreError>;
}
