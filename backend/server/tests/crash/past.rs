//! A data folder with a past, which no test could wait for: days that are over and go to
//! cold storage, and payments whose packets can only be given up. Made through the
//! library, on a clock that is moved; the real server then works on copies of it.

use crate::{
    common::{
        ManualClock, end_due,
        person::{self, Person},
    },
    databases, now,
    told::{Facts, Sent, Told},
    traffic::{Cast, MEMBERS, packet, recipient_of},
};
use hongbao::node::{Outside, create_stores, start_on};
use hongbao_config::Config;
use hongbao_domain::runtime::Clock;
use hongbao_engine::{app::App, packets::Paid};
use hongbao_shared::{
    Day, Kind, OrderNo, Site, Timestamp, UserId,
    api::{
        groups::{JoinRequest, NewGroup},
        packets::{PayRequest, PreOrderRequest},
    },
};
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use std::{collections::BTreeSet, path::Path, sync::Arc};
use tempfile::TempDir;

/// Seconds that a packet lives.
const LIFETIME_S: u32 = 3;
const LARGE_SHARE_FEN: u64 = 150;
const HOUR_S: i64 = 60 * 60;
const DAY_S: i64 = 24 * HOUR_S;
/// Days before yesterday that have gone to cold storage before the server is up for long.
pub(crate) const OLD_DAYS: [i64; 3] = [6, 5, 4];

/// The settings of every server here; packets end within the test.
pub(crate) fn variables() -> Vec<(String, String)> {
    [
        ("HONGBAO_SITES_WEIGHTS", "S=50,N=50".to_owned()),
        ("HONGBAO_SITES_SHARDS", "1".to_owned()),
        ("HONGBAO_LIMITS_PACKET_LIFETIME_S", LIFETIME_S.to_string()),
        ("HONGBAO_LIMITS_DEMO", "false".to_owned()),
        ("HONGBAO_CALLS_LOST_AFTER_S", "1".to_owned()),
        ("HONGBAO_LIMITS_WELCOME_GRANT_FEN", "0".to_owned()),
        ("HONGBAO_FLOW_GRABS_PER_USER_PER_MINUTE", "0".to_owned()),
        ("HONGBAO_CREDIT_LARGE_SHARE_FEN", LARGE_SHARE_FEN.to_string()),
        ("HONGBAO_CREDIT_DEFERRED_INTERVAL_S", "1".to_owned()),
        // What is meant to happen here would be many warnings.
        ("HONGBAO_TELEMETRY_FILTER", "error".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

/// The same settings, for the library.
pub(crate) fn config(data: &Path) -> Config {
    let variables = variables();
    let flags = hongbao_config::Flags {
        data: Some(data.to_owned()),
        file: databases::file_of(data),
        ..hongbao_config::Flags::default()
    };
    let value = |name: &str| {
        variables.iter().find(|(variable, _)| variable == name).map(|(_, value)| value.into())
    };
    Config::load(&flags, &value).unwrap()
}

/// The folder, and what was told to people in that past.
pub(crate) struct Past {
    folder: TempDir,
    group: String,
    people: Vec<Person>,
    facts: Facts,
}

impl Past {
    pub(crate) async fn make() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let noon = yesterday_noon();
        let past = PastDays::begin(&folder, noon.plus_seconds(-OLD_DAYS[0] * DAY_S)).await;
        for day in OLD_DAYS {
            past.wait_until(noon.plus_seconds(-day * DAY_S));
            past.an_ordinary_day().await;
        }
        past.wait_until(noon);
        past.an_ordinary_day().await;
        let (day, today) = past.a_day_that_takes_nothing().await;
        let past = past.end(folder).await;
        say_what_day_it_holds(past.folder.path(), day, today).await;
        past
    }

    /// On PostgreSQL, whose clock no test moves: of today alone. No day goes cold; what waits to
    /// land is said to have waited for too long.
    pub(crate) async fn make_on_postgres() -> Self {
        let folder = tempfile::tempdir().unwrap();
        databases::begin(folder.path()).await;
        create_stores(&config(folder.path())).await.unwrap().close().await;
        let past = PastDays::begin(&folder, now()).await;
        past.an_ordinary_day().await;
        let (day, today) = past.a_day_that_takes_nothing().await;
        let past = past.end(folder).await;
        databases::have_landings_wait(past.folder.path(), 2 * HOUR_S * 1_000).await;
        say_what_day_it_holds(past.folder.path(), day, today).await;
        past
    }

    /// A copy of the folder, and the people with their sessions.
    pub(crate) async fn copy(&self) -> (TempDir, Cast) {
        let folder = tempfile::tempdir().unwrap();
        copy_folder(self.folder.path(), folder.path());
        databases::copy(self.folder.path(), folder.path()).await;
        let told = Arc::new(Told::from(self.facts.clone()));
        (folder, Cast { group: self.group.clone(), people: self.people.clone(), told })
    }
}

pub(crate) fn copy_folder(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            std::fs::create_dir_all(&target).unwrap();
            copy_folder(&entry.path(), &target);
        } else if kind.is_file() {
            // What was killed leaves the socket at which a backup asks.
            std::fs::copy(entry.path(), &target).unwrap();
        }
    }
}

/// Far from both midnights of the default time zone, in which there is no summer time.
fn yesterday_noon() -> Timestamp {
    const SHANGHAI_S: i64 = 8 * HOUR_S;
    let local_s = now().millis() / 1000 + SHANGHAI_S;
    let noon_s = local_s - local_s % DAY_S - DAY_S / 2;
    Timestamp::from_millis((noon_s - SHANGHAI_S) * 1000)
}

struct PastDays {
    app: App,
    clock: Arc<ManualClock>,
    group: hongbao_shared::GroupId,
    people: Vec<Person>,
    told: Told,
}

impl PastDays {
    async fn begin(folder: &TempDir, at: Timestamp) -> Self {
        let clock = Arc::new(ManualClock::at(&at.to_string()));
        let outside = Outside { clock: Arc::clone(&clock) as _, ..Outside::default() };
        let app = start_on(config(folder.path()), outside).await.unwrap();
        let mut people = Vec::new();
        let client = person::client();
        for n in 0..MEMBERS {
            let guest = app.accounts.guest(&format!("guest {n}"), "").await.unwrap();
            people.push(Person {
                url: String::new(),
                client: client.clone(),
                id: guest.user.id.to_string(),
                token: guest.token,
            });
        }
        let owner = id(&people[0]);
        let new = NewGroup { name: "past".to_owned() };
        let group = app.groups.create(owner, new).await.unwrap().id;
        let code = app.groups.invite(owner, group).await.unwrap().code;
        for person in &people[1..] {
            let request = JoinRequest { code: code.clone() };
            app.groups.join(id(person), &request).await.unwrap();
        }
        let told = Told::default();
        let (key, amount_fen) = told.new_top_up(0);
        let amount = i64::try_from(amount_fen).unwrap();
        app.ledger.top_up(owner, amount, &key, &app.config.limits).await.unwrap();
        told.topped_up(0, &key);
        Self { app, clock, group, people, told }
    }

    async fn end(self, folder: TempDir) -> Past {
        self.app.shutdown().await;
        let facts = self.told.facts().clone();
        Past { folder, group: self.group.to_string(), people: self.people, facts }
    }

    fn wait_until(&self, moment: Timestamp) {
        self.clock.advance_s(moment.millis_since(self.clock.now()) / 1000);
    }

    /// Packets of all kinds at both sites, which end.
    async fn an_ordinary_day(&self) {
        let mut sent = Vec::new();
        while sites(&sent) < Site::ALL.len() || sent.len() < 6 {
            let (order_no, paid) = self.send(packet(sent.len(), 0)).await;
            assert!(matches!(paid, Paid::Landed(_)), "{order_no}");
            self.open_all(order_no).await;
            sent.push(order_no);
        }
        self.clock.advance_s(i64::from(LIFETIME_S) + 1);
        end_due(&self.app).await;
    }

    /// The day refuses what is paid on it from now on; what is paid waits to land, and by
    /// the time of the test it has waited for too long.
    async fn a_day_that_takes_nothing(&self) -> (Day, i64) {
        // Its tables seem to be another month's.
        let (zone, now) = (&self.app.mover.zone, self.clock.now());
        let (day, today) = (zone.day(now), zone.epoch_day(now));
        say_what_day_it_holds(&self.app.config.storage.data, day, today - 31).await;
        let mut sent = Vec::new();
        while sites(&sent) < Site::ALL.len() {
            let (order_no, paid) = self.send(Sent { stuck: true, ..packet(0, 0) }).await;
            assert!(matches!(paid, Paid::Landing(_)), "{order_no}");
            sent.push(order_no);
        }
        (day, today)
    }

    async fn send(&self, sent: Sent) -> (OrderNo, Paid) {
        let recipient = id(&self.people[recipient_of(sent.sender)]);
        let request = PreOrderRequest {
            group_id: self.group,
            kind: sent.kind,
            total_fen: i64::try_from(sent.total_fen).unwrap(),
            shares: sent.shares.into(),
            greeting: None,
            cover: None,
            recipient_id: (sent.kind == Kind::Exclusive).then_some(recipient),
        };
        let (packets, sender) = (&self.app.packets, id(&self.people[sent.sender]));
        let order_no = packets.pre_order(sender, request).await.unwrap().order_no;
        self.told.pre_ordered(order_no, sent);
        let paid = packets.pay(sender, order_no, PayRequest::default()).await.unwrap();
        self.told.paid(order_no);
        (order_no, paid)
    }

    async fn open_all(&self, order_no: OrderNo) {
        let packets = &self.app.packets;
        for (who, person) in self.people.iter().enumerate() {
            if let Some(ticket) = packets.grab(id(person), order_no).await.unwrap().ticket {
                let opened = packets.open(id(person), order_no, &ticket).await.unwrap();
                self.told.opened(order_no, who, &opened);
            }
        }
    }
}

fn id(person: &Person) -> UserId {
    person.id.parse().unwrap()
}

fn sites(orders: &[OrderNo]) -> usize {
    orders.iter().map(|order_no| order_no.site()).collect::<BTreeSet<_>>().len()
}

/// In the databases of both sites.
async fn say_what_day_it_holds(data: &Path, day: Day, epoch_day: i64) {
    if databases::file_of(data).is_some() {
        return databases::say_what_day_it_holds(data, day.get(), epoch_day).await;
    }
    for site in Site::ALL {
        let file = data.join(format!("db/orders-{site}-0.sqlite"));
        let options = SqliteConnectOptions::new().filename(file);
        let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
        let said = sqlx::query("UPDATE days SET epoch_day = ?1 WHERE slot = ?2");
        let said = said.bind(epoch_day).bind(i64::from(day.get()));
        assert_eq!(said.execute(&mut connection).await.unwrap().rows_affected(), 1);
        connection.close().await.unwrap();
    }
}
