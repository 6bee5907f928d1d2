//! The settings, a struct per concern. The doc comment of a field is what the
//! configuration reference says about it.

use super::{
    key::MasterKeySetting,
    network::Network,
    section::{describe, section},
    value::{CreditMode, HomeSite, Listen, LogFormat, Origin, PushService, Weights},
};
use hongbao_shared::{Fen, Limits, Site, Unit};
use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
};

section! {
    /// Where the server listens, and what stands in front of it.
    Server at "server" {
        /// Address, or name, and port to listen at; port 0 takes a free one, which the first
        /// line of output names. Also `--listen`.
        listen: Listen = Listen(SocketAddr::from((Ipv4Addr::LOCALHOST, 8080))), as "HONGBAO_LISTEN";
        /// Addresses of proxies, or networks of nothing else such as `10.244.0.0/16`, whose
        /// `X-Forwarded-For` and `X-Forwarded-Proto` are believed. Without it all clients
        /// behind a proxy share one address, and with it the limits per address.
        trusted_proxies: Vec<Network> = Vec::new();
        /// True if browsers reach the server over https only; the session cookie is then
        /// `Secure` always, and browsers are told to come by https alone, not only where a
        /// trusted proxy says so.
        https: bool = false;
        /// Origins of pages that may call the REST interface from a browser, such as
        /// `https://forum.example.com`; with a token of their own, never with the session's cookie.
        cors_origins: Vec<Origin> = Vec::new();
        /// Addresses, or networks, beside this machine's own from which `/metrics` may be read,
        /// such as that of Prometheus; everybody else is answered 403.
        metrics_addresses: Vec<Network> = Vec::new();
        /// The most connections at a time; one more is refused at once. The limit of open files
        /// is raised at the start as far as it goes; where that leaves fewer, this is lowered,
        /// with a warning.
        connections_max: u32 = 15_000;
        /// Likewise of one address, though never more than half of all; IPv6 addresses count by
        /// their /64. A browser takes up to six. Connections of trusted proxies count in all
        /// alone.
        connections_per_address_max: u32 = 2_000;
        /// Seconds after which a connection is closed that has said nothing, has not finished
        /// the head of its request, has asked nothing more, or takes nothing of its answer.
        /// Longer than proxies in front keep theirs (nginx: 60).
        idle_s: u32 = 75;
        /// The most seconds that requests in flight get to finish after SIGTERM. Too
        /// short, and clients lose answers of calls that did happen.
        drain_s: u32 = 10;
    }
}

section! {
    /// Where data is kept.
    Storage at "storage" {
        /// The folder of databases and keys, made at the first start. Also `--data`.
        data: PathBuf = PathBuf::from("data"), as "HONGBAO_DATA";
        /// The key that seals seeds and signs tickets: 64 symbols of hex; or several with
        /// commas between, of which the first seals and all open. Unset, keys are read from
        /// `storage.keys`. Lost, open packets cannot be opened any more.
        master_key: MasterKeySetting = MasterKeySetting::default(), as "HONGBAO_MASTER_KEY";
        /// The folder of keys (`hongbao keys`), read again each second; `keys` in the data
        /// folder if unset. The first key is made at the first start, but never by a node of
        /// a fleet, whose nodes all need the same files.
        keys: PathBuf = PathBuf::new();
        /// Whole days that a packet stays in the hot tables after its own, 1 to 28; then it
        /// moves to cold storage. Packets must live shorter than that.
        hot_days: u32 = 3;
        /// MiB that must be free on the disk of the data folder, where the databases are in it.
        /// Below, what people send, post, join, found and top up is refused with 503, so that
        /// what is paid can be opened, credited and sent back; 0 lets the disk fill up.
        free_min_mib: u32 = 64;
    }
}

section! {
    /// Sessions of people who are signed in.
    Sessions at "sessions" {
        /// Seconds without use after which a session ends.
        ttl_s: u32 = 30 * 24 * 60 * 60;
        /// The most sessions that one person has at a time; the oldest gives way.
        per_user_max: u32 = 20;
    }
}

section! {
    /// People without a password.
    Guests at "guests" {
        /// Off, nobody can look around without making an account.
        enabled: bool = true;
    }
}

section! {
    /// Limits per client address on what needs no session; 0 switches one off. IPv6
    /// addresses count by their /64. Without them one address can guess passwords and
    /// fill the database with guests as fast as it can send.
    Addresses at "addresses" {
        /// Passwords tried per minute: sign-ins and changes of a password.
        sign_ins_per_minute: u32 = 60;
        /// Passwords tried per minute for one account from all addresses together, beyond the
        /// first two of each. Without it, many addresses guess as fast as they are many.
        sign_ins_per_account_per_minute: u32 = 30;
        /// New accounts per minute, also from guests.
        accounts_per_minute: u32 = 10;
        /// New guests per minute, and as many looks at invitations by people without a session.
        guests_per_minute: u32 = 60;
        /// As many of these may come at once after a quiet while: a party behind one address.
        guests_at_once: u32 = 300;
        /// The most addresses that are counted one by one; those beyond share a count.
        tracked_max: u32 = 100_000;
    }
}

section! {
    /// Where programs are told what happens (docs/WEBHOOKS.md).
    Webhooks at "webhooks" {
        /// Post events also to private, loopback and link-local addresses, and by `http`. Off, a
        /// program cannot have the server ask what stands beside it.
        allow_private: bool = false;
        /// The most webhooks of one program.
        per_service_max: u32 = 5;
        /// The most events that wait for one webhook; beyond, it takes no more until its
        /// program resumes it.
        pending_max: u32 = 100_000;
    }
}

section! {
    /// Whether browsers are told of red packets while no page of the app is open, by the push
    /// services that their makers run (R-WEB-8); it takes https.
    Push at "push" {
        /// Off, browsers are told for as long as a page is open.
        enabled: bool = true;
        /// The push services that are believed to be some: nothing else that a browser names is
        /// called. Those of Chrome, Firefox, Safari and Edge, unless it says otherwise; also one of
        /// your own, wherever it stands.
        services: Vec<PushService> = super::value::push_services();
        /// Whom a push service writes to when something is wrong with what this server sends, as
        /// `mailto:` or `https:`; Apple's takes nothing without.
        contact: String = String::new();
    }
}

section! {
    /// Sites and their logical shards (R-SITE).
    Sites at "sites" {
        /// The site that this node belongs to: S or N.
        home: HomeSite = HomeSite(Site::S);
        /// Which share of new packets each site takes: `home` for the site that received
        /// the request, or percentages such as `S=60,N=40`.
        weights: Weights = Weights::Home;
        /// Logical shards of each site. Only ever raise it: packets of a shard that is
        /// gone cannot be found.
        shards: u16 = 4;
    }
}

section! {
    /// How long a paid packet may take to its group (R-SEND-2).
    Landing at "landing" {
        /// Seconds after which a paid packet that has not landed is given up: a tombstone
        /// takes its place, and the money goes back. Pre-order, this wait and the packet's
        /// life together must end while its day is kept in the hot tables.
        give_up_after_s: u32 = 60 * 60;
    }
}

section! {
    /// Whether what the databases say of each other is compared (R-MONEY-3).
    Reconcile at "reconcile" {
        /// Seconds from one reconciliation to the next; 0 leaves it to the command and the
        /// call. It mends what went missing and reports what differs. The shared cache of a
        /// fleet is compared with the databases as often.
        interval_s: u32 = 60 * 60;
    }
}

section! {
    /// When claims reach the wallets (R-MONEY-2).
    Credit at "credit" {
        /// `split`: large shares at once, small ones through the queue; `queue`: all
        /// through the queue; `deferred`: all later.
        mode: CreditMode = CreditMode::Split;
        /// In mode `split`, the fen from which a share counts as large.
        large_share_fen: Fen = super::fen(10_000);
        /// In mode `deferred`, the seconds after which a share is credited.
        deferred_interval_s: u32 = 60;
    }
}

section! {
    /// How much of what costs little is still too much (R-CTRL-1, R-CTRL-6): so often in a
    /// minute on each node, 0 for no limit. One more is answered 429 with `Retry-After`.
    Flow at "flow" {
        /// Off, nothing is counted per person or per group, whatever the settings below say:
        /// for load tests, in which one person stands for many.
        per_person: bool = true;
        /// Packets that one person pre-orders in a minute, until a switch says otherwise. At
        /// most 16 times as many wait to be paid.
        sends_per_user_per_minute: u32 = 120;
        /// Messages of one person in a minute.
        messages_per_user_per_minute: u32 = 120;
        /// Messages in one group in a minute, of all its members.
        messages_per_group_per_minute: u32 = 1_200;
        /// Top-ups of one person in a minute.
        top_ups_per_user_per_minute: u32 = 60;
        /// Invitations that one person makes or revokes in a minute.
        invitations_per_user_per_minute: u32 = 30;
        /// Groups that one person makes, joins or leaves, and members that they remove, in a
        /// minute.
        groups_per_user_per_minute: u32 = 60;
        /// Changes of one person's own name, picture, password, sessions, pinned and muted groups in
        /// a minute.
        changes_per_user_per_minute: u32 = 60;
        /// Marks of how far one person has read in a minute.
        marks_per_user_per_minute: u32 = 600;
        /// Calls with an `Idempotency-Key` that one person makes in a minute, or a program for
        /// them.
        keyed_calls_per_user_per_minute: u32 = 600;
        /// Streams of events that one person begins in a minute.
        streams_per_user_per_minute: u32 = 120;
        /// Packets, pre-orders and invitations that one person looks for in a minute and that
        /// are not there: each is asked for at every database that could know it.
        misses_per_user_per_minute: u32 = 300;
        /// Grabs of one person in a minute, on each node; 0 for no limit. One more is
        /// answered 429.
        grabs_per_user_per_minute: u32 = 600;
        /// Tickets of a packet that may be outstanding for each share that is left, on each
        /// node, though never fewer than 20; 0 for no limit. Whoever grabs then is answered
        /// 429 until somebody has opened or a ticket has expired.
        tickets_per_share: u32 = 10;
    }
}

section! {
    /// Calls that come with an `Idempotency-Key` (R-API-5).
    Calls at "calls" {
        /// Seconds that a key stands for its call, and the first answer is given again.
        key_ttl_s: u32 = 24 * 60 * 60;
        /// The most keys of one caller at a time; one more is answered 429. A program has as
        /// many again for each person for whom it acts.
        keys_per_caller_max: u32 = 1_000;
        /// Seconds after which a call that has no answer is taken for lost with the node that
        /// was doing it. Too short, and a slow one is done twice, if it can be. A node without
        /// a fleet does not wait: what was begun before it started is lost.
        lost_after_s: u32 = 60;
    }
}

section! {
    /// What administrators and services did (R-API-6).
    Journal at "journal" {
        /// Days for which each act of a service is kept, from when an entry covers it; at least 1.
        /// The entries themselves stay for ever.
        acts_kept_days: u32 = 90;
    }
}

section! {
    /// What the house gives, and what it lets people do with money (R-API-4).
    Treasury at "treasury" {
        /// What the house gives everybody each day, in fen, when they come to their wallet;
        /// days follow `time.zone`, and one on which they do not come brings nothing. 0 gives
        /// nothing. People whom a program has brought get what that program grants.
        daily_allowance_fen: Fen = Fen::ZERO;
        /// The most fen that one person may send in a day, in packets that they pay for; what
        /// comes back counts as sent. 0 for no cap. It does not hold for demo members.
        send_max_per_day_fen: Fen = Fen::ZERO;
        /// The most fen that one person may receive in a day before they get no more tickets:
        /// once what they have opened since midnight (`time.zone`) has reached it, grabs are
        /// refused until the next one. The share that reaches it may pass it, and so may tickets
        /// that they hold already. 0 for no cap. It does not hold for demo members.
        receive_max_per_day_fen: Fen = Fen::ZERO;
        /// What the house takes from the sender of a packet on top of its total, in hundredths of
        /// a percent of the total, rounded up to a whole fen; at most 1000, which is 10 %. 0 takes
        /// nothing. Fixed at the pre-order; it goes back with a packet that cannot be delivered,
        /// and not with one that expires. Demo members pay none. Set it once all nodes are of a
        /// version that knows it; once a fee was taken, they cannot go back to the version before.
        fee_bp: u32 = 0;
        /// The most fen of one grant by an administrator or a program.
        grant_max_fen: Fen = super::fen(1_000_000);
        /// Off, people bring no money into their own wallets; programs with the scope `grant`
        /// still do it for them. Welcome, allowance and demo members (`limits.demo`) are not
        /// switched off by it, and bring money too.
        self_top_up: bool = true;
    }
}

section! {
    /// The single writer of each shard (R-OPEN-3, R-OPEN-4).
    Lanes at "lanes" {
        /// The most opens that wait in one lane; one more is answered 503 at once.
        queue_max: u32 = 20_000;
        /// The most claims that one transaction commits.
        batch_max: u32 = 1_000;
    }
}

section! {
    /// Streams of live events (R-WEB-1).
    Live at "live" {
        /// The most streams that are open on this node; one more is answered 503. Each
        /// holds a connection.
        streams_max: u32 = 10_000;
        /// The most streams of one client address, also behind a trusted proxy, though never
        /// more than half of all; one more is answered 503.
        streams_per_address_max: u32 = 1_000;
        /// The most streams of one person on this node; with one more, the oldest ends.
        streams_per_user_max: u32 = 8;
    }
}

section! {
    /// How many entries each cache of this node holds; a smaller one costs speed only.
    Cache at "cache" {
        /// Packets as grabs see them.
        packets_max: u32 = 20_000;
        /// Pre-orders that wait to be paid in the memory of a node without a fleet. None gives
        /// way before it expires; those beyond wait in the ledger's database.
        preorders_max: u32 = 100_000;
        /// Names and avatars.
        profiles_max: u32 = 100_000;
        /// Who is in which group.
        memberships_max: u32 = 200_000;
        /// Sessions of people who are signed in.
        sessions_max: u32 = 100_000;
    }
}

section! {
    /// Logs.
    Telemetry at "telemetry" {
        /// `text` or `json`.
        format: LogFormat = LogFormat::Text;
        /// What is logged, as in `RUST_LOG`: `info,hongbao::http=debug` shows every
        /// request.
        filter: String = String::from("info");
    }
}

section! {
    /// The calendar.
    Time at "time" {
        /// The IANA time zone of days and years (R-ORDER-4). Changed while packets are
        /// open, it moves the moment at which a day begins.
        zone: String = String::from("Asia/Shanghai");
    }
}

describe! {
    Unit at "unit" {
        name_zh: "What amounts are counted in, as it is called in Chinese.",
        name_en: "What one of it is called in English.",
        plural_en: "What several are called in English.",
        symbol: "What stands beside every amount: 1 to 4 characters, without digits, points and signs.",
        symbol_behind: "Whether the symbol stands behind the amount.",
        decimals: "How many decimals amounts are shown with, 0 to 2. What is stored stays as it is: with 0, what was ¥1.00 is shown as 100.",
    }
}

describe! {
    Limits at "limits" {
        max_share_fen: "The most fen that one share may hold; a packet keeps the limit that it was made with.",
        max_shares: "The most shares of one packet.",
        max_total_fen: "The most fen that one packet may hold.",
        max_top_up_fen: "The most fen that one top-up may bring.",
        welcome_grant_fen: "What the house gives each newcomer once, in fen, when they come to their wallet; 0 gives nothing.",
        greeting_chars_max: "The longest greeting, in characters.",
        name_chars_max: "The longest name of a person, and login name, in characters.",
        group_name_chars_max: "The longest name of a group, in characters.",
        message_chars_max: "The longest message, in characters.",
        password_chars_min: "The shortest password, in characters.",
        password_chars_max: "The longest password, in characters; bounds what a sign-in costs.",
        group_members_max: "The most members of one group.",
        groups_per_user_max: "The most groups of one person.",
        preorder_ttl_s: "Seconds that a pre-order waits to be paid.",
        packet_lifetime_s: "Seconds that a packet stays open after it came into the group; then what is left goes back.",
        ticket_ttl_s: "Seconds that a ticket from a grab allows to open.",
        demo: "Whether newcomers get a demo group, whose members chat, send and grab.",
    } elsewhere fee_bp
}
