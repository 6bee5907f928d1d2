use super::{Point, Side};

macro_rules! steps {
    ($(
        $(#[$about:meta])*
        $step:ident = $name:literal {
            $( $side:ident: $on_disk:literal => $recovery:literal; )+
        }
    )+) => {
        /// What changes something on disk, and is all there or not at all.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Step {
            $( $(#[$about])* $step, )+
        }

        /// All crash points, along the life of a packet.
        pub const POINTS: &[Point] = &[
            $( $( Point {
                step: Step::$step,
                side: side!($side),
                name: concat!($name, ".", stringify!($side)),
                on_disk: $on_disk,
                recovery: $recovery,
            }, )+ )+
        ];
    };
}

macro_rules! side {
    (before) => {
        Side::Before
    };
    (inside) => {
        Side::Inside
    };
    (commit) => {
        Side::Commit
    };
    (after) => {
        Side::After
    };
}

steps! {
    /// The key of a new data folder.
    MasterKey = "key" {
        before: "a draft of a key, and no database" => "the next start draws another key";
        after: "the key, and its draft beside it" => "the next start takes the key";
    }
    /// One database is made, or brought up to date.
    MigrateDatabase = "migrate.database" {
        before: "some of the databases; of this one not even a file" =>
            "the next start makes it and goes on";
        after: "this database, whole; others may be missing" =>
            "the next start makes the others";
    }
    /// The databases of a folder are taken into its manifest.
    Manifest = "manifest" {
        before: "all databases, each with its id, and no manifest that names them" =>
            "the next start takes them into the manifest";
        after: "all databases, and the manifest that names them" =>
            "from now on none of them is made anew";
    }
    /// One migration of one database.
    Migrate = "migrate.step" {
        before: "the migrations before it" => "the next start applies it";
        inside: "a part of its transaction, never committed" =>
            "SQLite drops the part; the next start applies the migration from its beginning";
        after: "it and the row that says so, in one commit" =>
            "the next start goes on with the one after it";
    }
    /// A block of numbers for the shared cache.
    NumberBlock = "number.block" {
        before: "the mark as it was" => "the next pre-order raises it";
        after: "a mark above a block that nobody counts in" =>
            "the block stays unused, the next pre-order takes the one after it (R-ORDER-2)";
    }
    /// A lease of numbers for the local generator.
    NumberLease = "number.lease" {
        before: "the mark as it was" => "the next start leases ahead";
        after: "a mark above a lease that nobody holds" =>
            "the lease stays unused, the next start takes the one after it";
    }
    /// A pre-order goes to the shared cache.
    PreOrderCached = "pre_order.cache" {
        before: "nothing" => "nothing was promised; a new pre-order gets a new number";
        after: "nothing; the embedded cache ends with the process" =>
            "paying it is refused as `preorder_expired`, and no money moves";
    }
    /// A pre-order goes to the ledger's database, because the cache is down.
    PreOrderStored = "pre_order.database" {
        before: "nothing" => "nothing was promised; a new pre-order gets a new number";
        after: "the pre-order" => "it can be paid until it expires (R-SEND-4)";
    }
    /// Demo money comes into a wallet.
    TopUp = "top_up" {
        before: "nothing" => "the same key again brings the money";
        after: "the transfer" => "the same key again moves nothing and answers the same";
    }
    /// A call with a key begins.
    CallBegin = "call.begin" {
        before: "nothing" => "the call under the same key is done";
        after: "the key, without an answer" =>
            "the call under the same key is done, if it can be done again, else refused as `outcome_unknown`";
    }
    /// The answer to a call with a key is kept.
    CallAnswer = "call.answer" {
        before: "what was done, and the key without an answer" =>
            "the call under the same key is done again, which does nothing new and answers the same, or refused as `outcome_unknown`";
        after: "what was done, and its answer" => "the call under the same key answers the same";
    }
    /// Money goes into a packet's escrow.
    Pay = "pay" {
        before: "the pre-order, where it was" => "nothing has moved; it can be paid while it is kept";
        inside: "the pre-order, where it was; the transfer and the payment, never committed" =>
            "nothing has moved; it can be paid while it is kept";
        commit: "the pre-order, where it was; the transfer, the payment and the row *land*, never committed" =>
            "nothing has moved; it can be paid while it is kept";
        after: "the transfer, the payment with both seeds, the outbox row *land*" =>
            "the row makes the packet land; paying again answers the same";
    }
    /// A packet comes into its shard.
    Land = "land" {
        before: "the payment and its outbox row *land*" => "the row makes it land";
        inside: "the payment and its row *land*; the packet, never committed" =>
            "the row makes it land";
        commit: "the payment and its row *land*; the packet and its rows, never committed" =>
            "the row makes it land";
        after: "the packet, the outbox rows *chat* and *lists*; the row *land* as well" =>
            "the row comes again, finds the packet, and goes";
    }
    /// A tombstone comes into the shard, for a packet that cannot land.
    GiveUp = "give_up" {
        before: "the payment and its outbox row *land*" =>
            "the row comes again; the packet lands if it can by now, else it is given up";
        inside: "the payment and its row *land*; the tombstone, never committed" =>
            "the row comes again; the packet is given up";
        commit: "the payment and its row *land*; the tombstone and the row *refund*, never committed" =>
            "the row comes again; the packet is given up";
        after: "the tombstone, the outbox row *refund*; the row *land* as well" =>
            "the money goes back; the row *land* finds the tombstone, and goes";
    }
    /// Claims of a batch.
    Open = "open" {
        before: "the packet as it was; nobody was answered" =>
            "whoever asks again gets the next share";
        inside: "the packet as it was; claims and counters, never committed" =>
            "whoever asks again gets the next share";
        commit: "the packet as it was; claims, counters and rows, never committed" =>
            "whoever asks again gets the next share";
        after: "the claims, the counters, the outbox rows *credit*, *lists*, *chat*" =>
            "whoever asks again gets the same share; the rows are delivered";
    }
    /// The end of a packet's time.
    Expire = "expire" {
        before: "an open packet whose time is over" =>
            "no open succeeds; the next look, within a second, ends it";
        inside: "an open packet whose time is over; its end, never committed" =>
            "the next look, within a second, ends it";
        commit: "an open packet whose time is over; its end and its rows, never committed" =>
            "the next look, within a second, ends it";
        after: "the state, the outbox rows *refund* and *chat*" =>
            "the rows are delivered; the end is final";
    }
    /// Outbox rows are taken for delivery.
    Lease = "outbox.lease" {
        before: "the rows, due" => "they are taken at the start";
        after: "the rows, leased by a process that is gone" =>
            "the next start makes them due at once";
    }
    /// Shares go to their wallets.
    Credit = "credit" {
        before: "the claims and the outbox row *credit*" => "the row is delivered";
        inside: "the claims and the row *credit*; transfers, never committed" =>
            "the row is delivered";
        commit: "the claims and the row *credit*; all of the batch, never committed" =>
            "the row is delivered";
        after: "the transfers under `credit:{order}:{seq}`; the row as well" =>
            "the row comes again, finds every key, and moves nothing";
    }
    /// What is left goes back to its sender.
    Refund = "refund" {
        before: "the end, or the tombstone, and the outbox row *refund*" => "the row is delivered";
        inside: "the end, or the tombstone, and the row *refund*; the transfer, never committed" =>
            "the row is delivered";
        commit: "the end, or the tombstone, and the row *refund*; all of the batch, never committed" =>
            "the row is delivered";
        after: "the transfer under `refund:{order}`; the row as well" =>
            "the row comes again, finds the key, and moves nothing";
    }
    /// A packet's card comes into the chat.
    ChatCard = "chat.card" {
        before: "the packet and the outbox row *chat*" => "the row is delivered";
        after: "the card under the packet's number; the row as well" =>
            "the row comes again, finds the card, and posts nothing";
    }
    /// What became of packets is told in the chat.
    ChatLines = "chat.lines" {
        before: "the outbox row *chat*" => "the row is delivered";
        after: "the lines under their keys; the row as well" =>
            "the row comes again, finds the lines, and posts nothing";
    }
    /// What became of a packet is written down for webhooks.
    TellWebhooks = "webhooks.tell" {
        before: "what was delivered to the chat or a wallet, and its outbox row" =>
            "the row comes again, delivers nothing twice, and tells webhooks";
        after: "the events under their ids; the outbox row as well" =>
            "the row comes again, and finds the events";
    }
    /// An event is posted to a webhook.
    PostWebhook = "webhooks.post" {
        before: "the event, leased by a process that is gone" =>
            "the next start posts it";
        after: "the same; the program has it" =>
            "the next start posts it again, under the same id";
    }
    /// A packet is written down for browsers.
    QueuePushes = "pushes.queue" {
        before: "what was delivered to the chat, and its outbox row" =>
            "the row comes again, posts nothing twice, and has browsers told";
        after: "what browsers are to be told; the outbox row as well" =>
            "the row comes again; what a browser has not been told of waits once";
    }
    /// A browser is told, by its push service.
    Push = "pushes.post" {
        before: "what it is to be told, leased by a process that is gone" =>
            "it is told when the lease ends";
        after: "the same; it may have been told" =>
            "it is told again, and shows one packet once";
    }
    /// The lists "sent" and "received" are written.
    Lists = "lists" {
        before: "the outbox row *lists*" => "the row is delivered";
        after: "the lines with their totals; the row as well" =>
            "the row comes again, finds the lines, and counts nothing twice";
    }
    /// What became of outbox rows is written.
    Settle = "outbox.settle" {
        before: "what was delivered, and its rows, leased" =>
            "the rows come again; every delivery is idempotent by key";
        after: "what was delivered; its rows are gone" => "nothing is left to do";
    }
    /// A day takes no more landings.
    Seal = "archive.seal" {
        before: "a day that is over" => "the mover's next round, at the start, seals it";
        after: "the day, sealed" => "the next round goes on with copying";
    }
    /// Some of a day's packets come into cold storage.
    KeepPackets = "archive.packets" {
        before: "the sealed day, perhaps a part of its packets in cold storage, and how far it has come" =>
            "the next round goes on with this page";
        after: "these packets as well, hot and cold; the mark is before them" =>
            "reads find them hot; the next round copies this page again, which must be the same";
    }
    /// Some of a day's claims come into cold storage.
    KeepClaims = "archive.claims" {
        before: "the sealed day, its packets hot and cold, perhaps a part of its claims, and how far it has come" =>
            "the next round goes on with this page";
        after: "these claims as well, hot and cold; the mark is before them" =>
            "reads find them hot; the next round copies this page again, which must be the same";
    }
    /// A day's hot tables are emptied.
    Empty = "archive.empty" {
        before: "the whole day, hot and cold, compared" =>
            "the next round copies nothing, compares again, and empties the hot tables";
        after: "the day in cold storage alone; the mark of its seal" =>
            "reads fall through; the mark still refuses a landing of that day";
    }
}
