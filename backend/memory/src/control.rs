use async_trait::async_trait;
use hongbao_domain::store::{
    StoreError,
    control::{ControlChange, ControlStore},
};
use parking_lot::Mutex;

/// The switches of a process that keeps nothing.
#[derive(Debug, Default)]
pub struct MemoryControl(Mutex<Vec<ControlChange>>);

#[async_trait]
impl ControlStore for MemoryControl {
    async fn version(&self) -> Result<u64, StoreError> {
        Ok(self.0.lock().last().map_or(0, |change| change.version))
    }

    async fn changes(&self, limit: u32) -> Result<Vec<ControlChange>, StoreError> {
        Ok(self.0.lock().iter().rev().take(super::size(limit)).cloned().collect())
    }

    async fn change(&self, change: ControlChange) -> Result<bool, StoreError> {
        let mut changes = self.0.lock();
        let follows = change.version == changes.last().map_or(1, |last| last.version + 1);
        if follows {
            changes.push(change);
        }
        Ok(follows)
    }
}
