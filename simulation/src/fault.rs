//! What can go wrong, and where.

use std::{collections::BTreeMap, fmt};

/// How long a write is delayed at most.
pub(crate) const DELAY_MAX_MS: u64 = 3_000;
/// How long a machine stands still at most.
pub(crate) const STALL_MAX_MS: u64 = 75_000;

macro_rules! named {
    ($(#[$type_doc:meta])* $type:ident { $($(#[$doc:meta])* $variant:ident = $name:literal,)* }) => {
        $(#[$type_doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $type {
            $($(#[$doc])* $variant,)*
        }

        impl $type {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its stable name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.name())
            }
        }
    };
}
pub(crate) use named;

named! {
    /// A durable step: a call of a store that changes what is stored.
    Step {
        /// A block of numbers, or a lease of the local generator, is granted.
        RaiseMark = "raise_mark",
        /// A pre-order goes to the database, because the cache is down.
        PreOrder = "pre_order",
        /// Pre-orders that nobody paid are forgotten.
        PurgePreOrders = "purge_pre_orders",
        /// Demo money comes into a wallet.
        TopUp = "top_up",
        /// A packet's total goes into its escrow.
        Pay = "pay",
        /// A paid packet comes into its shard.
        Land = "land",
        /// A tombstone comes into a shard.
        GiveUp = "give_up",
        /// Claims are appended.
        Open = "open",
        /// A packet's time ends.
        Expire = "expire",
        /// Rows of an outbox are leased.
        Lease = "lease",
        /// What became of them is written.
        Settle = "settle",
        /// Shares come into wallets.
        Credit = "credit",
        /// What is left goes back.
        Refund = "refund",
        /// The lists are written.
        List = "list",
        /// A card comes into the chat.
        PostCard = "post_card",
        /// What became of packets is told in the chat.
        PostLines = "post_lines",
        /// A key is noted before it seals.
        NoteKey = "note_key",
        /// A day takes no more landings.
        SealDay = "seal_day",
        /// A node begins to move a day.
        MoveDay = "move_day",
        /// How far a day has been copied is noted.
        NoteCopied = "note_copied",
        /// Packets or claims are copied to cold storage.
        KeepCold = "keep_cold",
        /// A day's tables are emptied.
        EmptyDay = "empty_day",
    }
}

named! {
    /// What goes wrong at a durable step.
    StepFault {
        /// The database is down.
        Down = "down",
        /// Its disk is full.
        Full = "full",
        /// It takes no writes.
        ReadOnly = "read_only",
        /// It says something that nobody has a name for.
        Other = "other",
        /// A constraint that nobody expects refuses the change, for ever as it seems.
        Constraint = "constraint",
        /// What is stored cannot be read.
        Corrupt = "corrupt",
        /// The task panics that makes the call.
        Panic = "panic",
        /// The change is committed, and the answer is lost.
        LostReply = "lost_reply",
        /// The call is lost, and nobody can tell it from one whose answer was.
        LostCall = "lost_call",
        /// The call takes its time, so that others overtake it.
        Delay = "delay",
        /// The process stops before the change.
        StopBefore = "stop_before",
        /// The process stops right after the change.
        StopAfter = "stop_after",
    }
}

named! {
    /// What goes wrong elsewhere.
    WorldFault {
        /// Nobody reaches a database for a while.
        Outage = "outage",
        /// A database does not answer to a read.
        ReadError = "read_error",
        /// What a read finds cannot be read.
        ReadCorrupt = "read_corrupt",
        /// A read takes its time.
        ReadDelay = "read_delay",
        /// Rows of an outbox are delivered twice at the same time.
        DuplicateDelivery = "duplicate_delivery",
        /// Rows of an outbox are delivered after their lease has ended.
        LateDelivery = "late_delivery",
        /// The shared cache does not answer for a while.
        CacheDown = "cache_down",
        /// The shared cache loses a write and says so.
        CacheWriteLost = "cache_write_lost",
        /// The shared cache forgets everything.
        CacheWiped = "cache_wiped",
        /// A machine's clock steps.
        ClockStep = "clock_step",
        /// A machine comes up with a clock that is ahead, and no database tells it the time.
        ClockUnheard = "clock_unheard",
        /// A machine stands still for a while.
        Stall = "stall",
        /// A client goes away in the middle of a call.
        ClientGone = "client_gone",
        /// A process is stopped, whatever it does.
        Kill = "kill",
        /// A node is far from one of its databases.
        SlowLink = "slow_link",
        /// A database takes nothing of one packet for a while.
        BadPacket = "bad_packet",
        /// Hundreds open one packet at once.
        Crowd = "crowd",
        /// A key is added to the ring, or another one seals from now on.
        KeyChange = "key_change",
        /// A row of an outbox is lost that reconciliation has to make up for.
        RowLost = "row_lost",
        /// A node ends in good order because a task of it has panicked.
        Fall = "fall",
        /// Cold storage is put back to before a day that is being moved.
        ColdRestore = "cold_restore",
        /// Many people open many packets at once, one of which its database does not take.
        Rush = "rush",
        /// Every database is put back, each to a moment of its own.
        Restore = "restore",
    }
}

/// How often each fault met each step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Faults at durable steps.
    pub steps: BTreeMap<(Step, StepFault), u64>,
    /// Faults elsewhere.
    pub world: BTreeMap<WorldFault, u64>,
    /// How often each step was done at all.
    pub done: BTreeMap<Step, u64>,
    /// The most claims that one commit of a lane held.
    pub largest_batch: usize,
}

/// Claims of a batch that counts as one of hundreds.
const LARGE_BATCH: usize = 200;

impl Coverage {
    pub(crate) fn met(&mut self, step: Step, fault: StepFault) {
        *self.steps.entry((step, fault)).or_default() += 1;
    }

    pub(crate) fn befell(&mut self, fault: WorldFault) {
        *self.world.entry(fault).or_default() += 1;
    }

    pub(crate) fn did(&mut self, step: Step) {
        *self.done.entry(step).or_default() += 1;
    }

    pub(crate) fn committed(&mut self, claims: usize) {
        self.largest_batch = self.largest_batch.max(claims);
    }

    /// All faults together.
    pub fn faults(&self) -> u64 {
        self.steps.values().sum::<u64>() + self.world.values().sum::<u64>()
    }

    /// Adds what another run met.
    pub fn add(&mut self, other: &Self) {
        for (cell, count) in &other.steps {
            *self.steps.entry(*cell).or_default() += count;
        }
        for (fault, count) in &other.world {
            *self.world.entry(*fault).or_default() += count;
        }
        for (step, count) in &other.done {
            *self.done.entry(*step).or_default() += count;
        }
        self.committed(other.largest_batch);
    }

    /// Cells that nothing has met.
    pub fn empty_cells(&self) -> Vec<String> {
        let steps = Step::ALL.iter().flat_map(|step| {
            StepFault::ALL
                .iter()
                .filter(|fault| !may_be_missing(*step, **fault))
                .filter(|fault| !self.steps.contains_key(&(*step, **fault)))
                .map(move |fault| format!("{step} × {fault}"))
        });
        let world = WorldFault::ALL.iter().filter(|fault| !self.world.contains_key(fault));
        let batch = (self.largest_batch < LARGE_BATCH).then(|| "a batch of hundreds".to_owned());
        steps.chain(world.map(ToString::to_string)).chain(batch).collect()
    }
}

/// A pre-order is stored by the call that makes it alone, which is no task of the node's.
fn may_be_missing(step: Step, fault: StepFault) -> bool {
    matches!((step, fault), (Step::PreOrder, StepFault::Panic))
}

/// A table for people: a line for each step, a column for each fault.
impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<18} {:>12}", "durable step", "done")?;
        for fault in StepFault::ALL {
            write!(f, " {fault:>13}")?;
        }
        for step in Step::ALL {
            write!(f, "\n{step:<18} {:>12}", self.done.get(step).copied().unwrap_or(0))?;
            for fault in StepFault::ALL {
                let count = self.steps.get(&(*step, *fault)).copied().unwrap_or(0);
                write!(f, " {count:>13}")?;
            }
        }
        write!(f, "\n\nelsewhere")?;
        for fault in WorldFault::ALL {
            write!(f, "\n{fault:<18} {:>12}", self.world.get(fault).copied().unwrap_or(0))?;
        }
        write!(f, "\n{:<18} {:>12}", "largest batch", self.largest_batch)
    }
}
