//! Bugs that are planted on purpose. A simulation that finds nothing proves something only
//! if it finds what is wrong: each of these can be switched on in tests, through a fail
//! point of its name, and must be caught. Without the feature `failpoints` of the crate
//! `fail`, which nothing but tests switches on, they do not exist.

macro_rules! bugs {
    ($($(#[doc = $doc:literal])* $bug:ident = $name:literal;)*) => {
        /// A bug that tests can plant.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Bug {
            $($(#[doc = $doc])* $bug,)*
        }

        impl Bug {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$bug,)*];

            /// The name of its fail point.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$bug => $name,)* }
            }

            /// What it does.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$bug => concat!($($doc),*).trim_ascii(),)* }
            }
        }
    };
}

bugs! {
    /// A lane answers an append whose guard did not match (R-OPEN-3).
    LostRaceIsWon = "bug::lost_race_is_won";
    /// A lane answers before it has committed (R-OPEN-2).
    ReplyBeforeCommit = "bug::reply_before_commit";
    /// A lane writes its memory before it has committed, so that the cache decides who wins.
    CacheBeforeCommit = "bug::cache_before_commit";
    /// A lane takes a commit whose answer was lost for one that happened.
    UnknownIsSuccess = "bug::unknown_is_success";
    /// A lane does not look whether somebody has a share already (R-OPEN-2).
    OwnClaimForgotten = "bug::own_claim_forgotten";
    /// All shares but the last are a fen too small, as if a mark were off by one (R-SPLIT-2).
    MarksOffByOne = "bug::marks_off_by_one";
    /// A lane that takes over a packet goes on one share too far (R-FAIR-5).
    ResumeOffByOne = "bug::resume_off_by_one";
    /// What goes back of a packet is what was left before its last share (R-MONEY-4).
    RestOfBefore = "bug::rest_of_before";
    /// A landing that comes again overwrites the packet (R-SEND-2).
    LandingOverwrites = "bug::landing_overwrites";
    /// A landing that is given up is paid back without a tombstone (R-SEND-2).
    RefundWithoutTombstone = "bug::refund_without_tombstone";
    /// A credit is entered again under a key that was used (R-MONEY-1).
    CreditTwice = "bug::credit_twice";
    /// An outbox row is struck off before it is delivered.
    SettleBeforeDelivery = "bug::settle_before_delivery";
    /// A lane tells of what it has committed in a transaction of its own (R-MONEY-3).
    RowsApart = "bug::rows_apart";
    /// A block of numbers is used without raising the mark (R-ORDER-2).
    BlockWithoutMark = "bug::block_without_mark";
    /// The mover copies packets, forgets their claims and compares nothing (R-STORE-2).
    ClaimsNotCopied = "bug::claims_not_copied";
    /// Tombstones are emptied away with the packets of their day (R-SEND-2).
    TombstoneGoesToo = "bug::tombstone_goes_too";
    /// The audit takes any row of the shard for this packet's (R-MONEY-5).
    AnyRowBrings = "bug::any_row_brings";
    /// What a clock put off that was ahead stays put off.
    WrongClockStays = "bug::wrong_clock_stays";
    /// A ticket is bound to no packet (R-OPEN-1).
    TicketForAny = "bug::ticket_for_any";
    /// A ticket is not looked at (R-OPEN-1).
    TicketUnseen = "bug::ticket_unseen";
    /// Any member may pay another's pre-order with the sender's money (R-SEND-2).
    AnotherPayer = "bug::another_payer";
    /// Best luck takes the latest on a tie (R-SPLIT-5).
    BestLuckLatest = "bug::best_luck_latest";
    /// The client's seed is left out of the split (R-FAIR-3).
    ClientSeedLeftOut = "bug::client_seed_left_out";
    /// The commitment that is answered binds to no seed (R-FAIR-1).
    CommitmentToNothing = "bug::commitment_to_nothing";
    /// A top-up's key is not its person's own (R-MONEY-1).
    TopUpKeyGlobal = "bug::top_up_key_global";
    /// The house's welcome has one key for everybody, so that it welcomes one person (R-MONEY-1).
    WelcomeKeyGlobal = "bug::welcome_key_global";
    /// The day of an allowance is that of UTC, not that of the configured zone (R-API-4).
    AllowanceDayOfUtc = "bug::allowance_day_of_utc";
    /// An end is guarded by a clock that is two minutes ahead (R-CTRL-5).
    EndByAClockAhead = "bug::end_by_a_clock_ahead";
    /// A packet lands with half the life that the settings give it (R-MONEY-4).
    HalfALife = "bug::half_a_life";
    /// A pre-order can be paid for an hour after it has expired (R-SEND-2).
    PaidAnHourLate = "bug::paid_an_hour_late";
    /// A line of the chat has another key each time that it is delivered (R-PEOPLE-2).
    LineToldTwice = "bug::line_told_twice";
    /// A connection whose commit failed is used again, and refuses from then on (R-STORE-4).
    ConnectionStaysPoisoned = "bug::connection_stays_poisoned";
    /// What a database says that is on no list counts as final (R-MONEY-6).
    OtherIsFinal = "bug::other_is_final";
    /// A lane that lost a race to another node takes it for corrupt data (R-OPEN-3).
    LostRaceIsFault = "bug::lost_race_is_fault";
    /// What a database says of one packet refuses the whole batch (R-CTRL-6).
    BatchFailsAsOne = "bug::batch_fails_as_one";
    /// Reconciliation leaves dead credits and refunds dead (R-MONEY-6).
    DeadStayDead = "bug::dead_stay_dead";
    /// Deferred credits are due at once (R-MONEY-2).
    DeferredIsDue = "bug::deferred_is_due";
    /// A packet ends only where a node remembers it from its lane (R-MONEY-6).
    EndNeedsMemory = "bug::end_needs_memory";
    /// Nobody notices that a task has panicked (R-CTRL-5).
    PanicIsUnnoticed = "bug::panic_is_unnoticed";
    /// Seeds are sealed with the last key of the ring, whichever seals (R-STORE-7).
    LastKeySeals = "bug::last_key_seals";
    /// Only the key that seals opens (R-STORE-7).
    OnlySealingKeyOpens = "bug::only_sealing_key_opens";
    /// Two nodes that reconcile at once count what both of them mend twice (R-LIST-1).
    MendedTwice = "bug::mended_twice";
    /// A mover begins a day from its beginning each time (R-STORE-5).
    MoverStartsOver = "bug::mover_starts_over";
    /// The mover empties a day without a look at what cold storage holds of it (R-STORE-2).
    NothingCompared = "bug::nothing_compared";
    /// A batch that is refused is halved again and again, and each half's attempts are those of
    /// every packet in it (R-CTRL-6).
    AttemptsPerBatch = "bug::attempts_per_batch";
    /// A ledger that was restored goes on with the numbers of then (R-ORDER-2).
    NumbersAgain = "bug::numbers_again";
}

impl Bug {
    /// What stands in statements and connections, of which databases in memory have none: no
    /// simulation meets it, and tests on real databases have to catch it.
    pub const OF_STATEMENTS: &'static [Self] = &[Self::RowsApart, Self::ConnectionStaysPoisoned];

    /// Is it planted? Never outside of tests.
    pub fn is_planted(self) -> bool {
        fail::fail_point!(self.name(), |_| true);
        false
    }
}
