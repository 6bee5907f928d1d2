//! The statements of the 31 day tables that sends and opens wait for, written out once at
//! first use.

use super::{
    super::{
        Dialect,
        statement::{SERVER_CLOCK, any},
    },
    rows::PACKET_COLUMNS,
};
use hongbao_shared::Day;
use std::sync::LazyLock;

/// How many claims one INSERT takes: handing a statement to SQLite's thread costs more than a claim.
pub(super) const CLAIM_CHUNKS: [usize; 9] = [256, 128, 64, 32, 16, 8, 4, 2, 1];

/// The statements on one day's tables.
pub(super) struct Statements {
    pub(super) packet: &'static str,
    /// Of packets and tombstones: on SQLite, on PostgreSQL.
    pub(super) states: (&'static str, &'static str),
    pub(super) append: &'static str,
    /// On SQLite, on PostgreSQL.
    pub(super) end: (&'static str, &'static str),
    /// The claims of one packet as arrays, for PostgreSQL.
    pub(super) insert_claim_arrays: &'static str,
    /// A lane's whole batch, for PostgreSQL; see [`append_batch`].
    pub(super) append_batch: &'static str,
    /// For SQLite, in the order of [`CLAIM_CHUNKS`].
    pub(super) insert_claims: [&'static str; CLAIM_CHUNKS.len()],
}

static STATEMENTS: LazyLock<Vec<Statements>> =
    LazyLock::new(|| (1..=31).map(|day| Statements::of(&format!("{day:02}"))).collect());

/// Open packets whose time has ended, over all days: on SQLite, on PostgreSQL.
pub(super) static DUE: LazyLock<(&'static str, &'static str)> =
    LazyLock::new(|| (for_ever(due(Dialect::Sqlite)), for_ever(due(Dialect::Postgres))));

/// The earlier of two clocks: the node's, which is `$1`, and the server's, where the server
/// is another machine (R-CTRL-5).
fn earlier_clock(dialect: Dialect) -> String {
    match dialect {
        Dialect::Sqlite => "$1".to_owned(),
        Dialect::Postgres => format!("least($1, {SERVER_CLOCK})"),
    }
}

fn due(dialect: Dialect) -> String {
    let now = earlier_clock(dialect);
    let days: Vec<_> = (1..=31)
        .map(|day| {
            format!(
                "SELECT order_no, expires_at FROM packets_{day:02}
                 WHERE state = 0 AND expires_at <= {now}"
            )
        })
        .collect();
    format!("{} ORDER BY 2, 1 LIMIT $2", days.join(" UNION ALL "))
}

fn end(day: &str, dialect: Dialect) -> String {
    let (now, any) = (earlier_clock(dialect), any(dialect, "$2"));
    format!(
        "UPDATE packets_{day} SET state = 2, finished_at = $1
         WHERE order_no {any} AND state = 0 AND expires_at <= {now}
         RETURNING order_no, sender_id, total_fen - claimed_fen"
    )
}

fn states(day: &str, dialect: Dialect) -> String {
    let any = any(dialect, "$1");
    format!(
        "SELECT order_no, state FROM packets_{day} WHERE order_no {any}
         UNION ALL SELECT order_no, state FROM given_up WHERE order_no {any}"
    )
}

pub(super) fn statements(day: Day) -> &'static Statements {
    &STATEMENTS[usize::from(day.get())]
}

/// Statement texts live as long as the process; there are a few hundred.
fn for_ever(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}

impl Statements {
    fn of(day: &str) -> Self {
        let columns = PACKET_COLUMNS;
        Self {
            packet: for_ever(format!(
                "SELECT {columns} FROM packets_{day} WHERE order_no = $1
                 UNION ALL SELECT {columns} FROM given_up WHERE order_no = $1"
            )),
            states: (
                for_ever(states(day, Dialect::Sqlite)),
                for_ever(states(day, Dialect::Postgres)),
            ),
            append: for_ever(format!(
                "UPDATE packets_{day}
                 SET claimed = $3, claimed_fen = $4, state = $5, finished_at = $6
                 WHERE order_no = $1 AND claimed = $2 AND state = 0"
            )),
            end: (for_ever(end(day, Dialect::Sqlite)), for_ever(end(day, Dialect::Postgres))),
            insert_claim_arrays: for_ever(format!(
                "INSERT INTO claims_{day} (order_no, seq, user_id, amount_fen, opened_at)
                 SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[],
                                      $5::bigint[])"
            )),
            append_batch: for_ever(append_batch(day)),
            insert_claims: CLAIM_CHUNKS.map(|rows| {
                let values = vec!["(?, ?, ?, ?, ?)"; rows].join(", ");
                // OR FAIL: a row that breaks a constraint leaves those before it, and the
                // transaction is rolled back whole. Undoing just the statement would need
                // a copy of every page that it touches, which cost a sixth of a commit.
                for_ever(format!(
                    "INSERT OR FAIL INTO claims_{day}
                         (order_no, seq, user_id, amount_fen, opened_at)
                     VALUES {values}"
                ))
            }),
        }
    }
}

/// Compare-and-append for many packets of a day, their claims, and the outbox rows of
/// those that held, in one statement: one round trip, which is its own transaction.
/// Answers the numbers of the packets that held.
///
/// - `$1` to `$6`: a row for each packet: number, believed, and claimed, fen, state and
///   end after it, -1 for none;
/// - `$7` to `$11`: a row for each claim;
/// - `$12` to `$15`: a row for each announcement: its packet, destination, moment and
///   event, in the order in which they are told;
/// - `$16`: now;
/// - `$17`, `$18`: what the server's clock must show, or NULL.
fn append_batch(day: &str) -> String {
    format!(
        "WITH held AS (
             UPDATE packets_{day} AS packet
             SET claimed = item.claimed, claimed_fen = item.claimed_fen, state = item.state,
                 finished_at = nullif(item.finished_at, -1)
             FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[],
                         $6::bigint[])
                  AS item (order_no, believed, claimed, claimed_fen, state, finished_at)
             WHERE packet.order_no = item.order_no AND packet.claimed = item.believed
               AND packet.state = 0 
               AND {SERVER_CLOCK} BETWEEN coalesce($17, {SERVER_CLOCK})
                                      AND coalesce($18, {SERVER_CLOCK})
             RETURNING packet.order_no
         ), inserted AS (
             INSERT INTO claims_{day} (order_no, seq, user_id, amount_fen, opened_at)
             SELECT claim.*
             FROM unnest($7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[])
                  AS claim (order_no, seq, user_id, amount_fen, opened_at)
             WHERE claim.order_no IN (SELECT order_no FROM held)
         ), told AS (
             INSERT INTO outbox (order_no, destination, payload, created_at, due_at)
             SELECT order_no, destination, '[' || string_agg(event, ',' ORDER BY place) || ']',
                    $16, due_at
             FROM unnest($12::bigint[], $13::bigint[], $14::bigint[], $15::text[])
                  WITH ORDINALITY AS told (order_no, destination, due_at, event, place)
             WHERE order_no IN (SELECT order_no FROM held)
             GROUP BY order_no, destination, due_at
             ORDER BY min(place)
         )
         SELECT order_no FROM held"
    )
}
