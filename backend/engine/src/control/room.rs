//! Whether the disk of the data folder has room (R-STORE-4): before SQLite fails, people are
//! refused what would fill it further, so that what is paid can go on to its end.

use crate::files::free_bytes;
use hongbao_domain::board::{Board, Place, Rung};
use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// How often the file system is asked; what a second of writing takes is far below the floor.
const ASK_EVERY: Duration = Duration::from_secs(1);

/// What is known of the room.
#[derive(Debug)]
pub struct Room {
    folder: PathBuf,
    /// In bytes; 0 asks for nothing.
    free_min: u64,
    board: Arc<Board>,
    is_low: AtomicBool,
}

impl Room {
    /// There is some, as far as is known. At least `free_min_mib` must be free where `folder`
    /// is.
    pub fn new(folder: PathBuf, free_min_mib: u32, board: Arc<Board>) -> Self {
        let free_min = u64::from(free_min_mib) << 20;
        Self { folder, free_min, board, is_low: AtomicBool::new(false) }
    }

    /// Is less free than there must be?
    pub fn is_low(&self) -> bool {
        self.is_low.load(Ordering::Relaxed)
    }

    /// Asks again and again, until `stop`.
    pub async fn watch(&self, stop: &CancellationToken) {
        if self.free_min == 0 {
            return;
        }
        loop {
            let folder = self.folder.clone();
            // A file system can hang; the runtime must not.
            let asked = tokio::task::spawn_blocking(move || free_bytes(&folder)).await;
            if let Ok(Some(free)) = asked {
                let is_low = free < self.free_min;
                self.is_low.store(is_low, Ordering::Relaxed);
                let why = format!("{} MiB are free", free >> 20);
                self.board.set(Rung::DiskLow, Place::Node, is_low, why);
            }
            if stop.run_until_cancelled(sleep(ASK_EVERY)).await.is_none() {
                return;
            }
        }
    }
}
