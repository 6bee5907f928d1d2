//! What goes wrong, and where each of it can.

use clap::ValueEnum;

/// What the program keeps everything in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Storage {
    /// Files; one server.
    Sqlite,
    /// PostgreSQL and Redis; a fleet of nodes.
    Postgres,
}

/// Something that goes wrong. With several nodes it happens to one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Fault {
    /// `kill -9`, and a start.
    Kill,
    /// The same, with a second `kill -9` in the first moments of a start.
    KillEarly,
    /// SIGTERM, which has to end it in good order, and a start.
    Terminate,
    /// SIGSTOP, and SIGCONT after some seconds.
    Stall,
    /// The wall clock is set ahead, and later back.
    Clock,
    /// `hongbao audit` beside the server, which has to be clean.
    Audit,
    /// Another key seals from now on.
    Keys,
    /// `hongbao backup` beside the server, restored elsewhere, where the audit has to be clean.
    Backup,
    /// The server is lost, and its backup served from now on.
    Restored,
    /// A second server on the same data, which has to refuse.
    Second,
    /// The disk is full for some seconds.
    DiskFull,
    /// Nobody reads the log any more.
    LogClosed,
    /// The log is on the disk that is full.
    LogOnDisk,
    /// A PostgreSQL server ends without warning, and is started again.
    DatabaseKill,
    /// A PostgreSQL server is restarted in good order.
    DatabaseRestart,
    /// All processes of a PostgreSQL server stand still.
    DatabaseStall,
    /// A Redis ends without warning, and is started again, empty.
    CacheKill,
    /// A Redis stands still.
    CacheStall,
    /// A Redis forgets everything.
    CacheFlush,
    /// Ways from nodes to what they keep take 20 to 200 ms longer.
    LinkSlow,
    /// Ways from nodes to what they keep are cut, or lead nowhere.
    LinkCut,
    /// Replies of what nodes keep end half-way, one after the other.
    LinkTorn,
}

impl Fault {
    /// Those that the program withstands. One that stands in the enumeration and not here
    /// was found and waits for its mend (docs/ROGUE.md).
    pub const WITHSTOOD: &'static [Self] = &[
        Self::Kill,
        Self::KillEarly,
        Self::Terminate,
        Self::Stall,
        Self::Clock,
        Self::Audit,
        Self::Keys,
        Self::Backup,
        Self::Restored,
        Self::Second,
        Self::DiskFull,
        Self::LogClosed,
        Self::LogOnDisk,
        Self::DatabaseKill,
        Self::DatabaseRestart,
        Self::DatabaseStall,
        Self::CacheKill,
        Self::CacheStall,
        Self::CacheFlush,
        Self::LinkSlow,
        Self::LinkCut,
        Self::LinkTorn,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Kill => "kill",
            Self::KillEarly => "kill-early",
            Self::Terminate => "terminate",
            Self::Stall => "stall",
            Self::Clock => "clock",
            Self::Audit => "audit",
            Self::Keys => "keys",
            Self::Backup => "backup",
            Self::Restored => "restored",
            Self::Second => "second",
            Self::DiskFull => "disk-full",
            Self::LogClosed => "log-closed",
            Self::LogOnDisk => "log-on-disk",
            Self::DatabaseKill => "database-kill",
            Self::DatabaseRestart => "database-restart",
            Self::DatabaseStall => "database-stall",
            Self::CacheKill => "cache-kill",
            Self::CacheStall => "cache-stall",
            Self::CacheFlush => "cache-flush",
            Self::LinkSlow => "link-slow",
            Self::LinkCut => "link-cut",
            Self::LinkTorn => "link-torn",
        }
    }

    /// Can it happen with this storage?
    pub(crate) fn concerns(self, storage: Storage) -> bool {
        match self {
            Self::Kill
            | Self::KillEarly
            | Self::Terminate
            | Self::Stall
            | Self::Clock
            | Self::Audit
            | Self::Keys
            | Self::LogClosed => true,
            Self::Backup | Self::Restored | Self::Second | Self::DiskFull | Self::LogOnDisk => {
                storage == Storage::Sqlite
            }
            Self::DatabaseKill
            | Self::DatabaseRestart
            | Self::DatabaseStall
            | Self::CacheKill
            | Self::CacheStall
            | Self::CacheFlush
            | Self::LinkSlow
            | Self::LinkCut
            | Self::LinkTorn => storage == Storage::Postgres,
        }
    }
}
