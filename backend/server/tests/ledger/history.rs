//! Random histories: whatever is asked in whatever order, the books balance, nobody is
//! below zero, and every answer is the one that a far simpler model gives.

use crate::{
    contract::{self, fen, order, payment, user},
    postgres,
    sqlite::Fixture,
};
use hongbao_domain::store::ledger::{Account, LedgerReads, LedgerStore, PostRefusal, Posting};
use hongbao_shared::Timestamp;
use hongbao_storage::{Schema, SqlLedger};
use proptest::prelude::*;
use std::collections::HashMap;
use tokio::runtime::Runtime;

#[derive(Clone, Copy, Debug)]
enum Ask {
    TopUp { who: i64, amount: u64, key: u8 },
    Pay { who: i64, order: u64, total: u64, client_seed: u8 },
    Credit { order: u64, seq: u32, who: i64, amount: u64 },
    Refund { order: u64, who: i64, amount: u64 },
}

impl Ask {
    fn posting(self) -> Posting {
        match self {
            Self::TopUp { who, amount, key } => {
                Posting::top_up(user(who), fen(amount), &key.to_string())
            }
            Self::Pay { who, order, total, client_seed } => {
                Posting::pay(payment(order, user(who), total, 1, &[client_seed]))
            }
            Self::Credit { order: of, seq, who, amount } => {
                Posting::credit(order(of), seq, user(who), fen(amount))
            }
            Self::Refund { order: of, who, amount } => {
                Posting::refund(order(of), user(who), fen(amount))
            }
        }
    }
}

/// Small ranges, so that keys repeat, conflict and overdraw all the time.
fn asks() -> impl Strategy<Value = Vec<Vec<Ask>>> {
    let ask = prop_oneof![
        (0..4_i64, 0..60_u64, 0..6_u8).prop_map(|(who, amount, key)| Ask::TopUp {
            who,
            amount,
            key
        }),
        (0..4_i64, 0..6_u64, 0..50_u64, 0..2_u8).prop_map(|(who, order, total, client_seed)| {
            Ask::Pay { who, order, total, client_seed }
        }),
        (0..6_u64, 0..4_u32, 0..4_i64, 0..20_u64)
            .prop_map(|(order, seq, who, amount)| { Ask::Credit { order, seq, who, amount } }),
        (0..6_u64, 0..4_i64, 0..40_u64).prop_map(|(order, who, amount)| Ask::Refund {
            order,
            who,
            amount
        }),
    ];
    prop::collection::vec(prop::collection::vec(ask, 1..20), 1..12)
}

#[derive(Default)]
struct Model {
    balances: HashMap<Account, i64>,
    done: HashMap<String, (Posting, i64, i64)>,
}

impl Model {
    /// The balances after, and whether it is a repeat.
    fn post(&mut self, posting: &Posting) -> Result<(i64, i64, bool), PostRefusal> {
        if let Some((earlier, debit, credit)) = self.done.get(posting.key()) {
            if earlier == posting {
                return Ok((*debit, *credit, true));
            }
            let seeds = [earlier, posting].map(|posting| {
                posting.payment().map(|payment| (&payment.record, &payment.client_seed))
            });
            return match seeds {
                [Some((one, _)), Some((other, _))] if one == other => {
                    Err(PostRefusal::ClientSeedDiffers)
                }
                _ => Err(PostRefusal::KeyConflict),
            };
        }
        let amount = posting.amount().signed();
        if amount == 0 {
            return Err(PostRefusal::NothingToMove);
        }
        let balance = *self.balances.entry(posting.debit()).or_default();
        if posting.debit() != Account::Issuer && balance < amount {
            return Err(PostRefusal::InsufficientBalance { balance });
        }
        let debit = balance - amount;
        self.balances.insert(posting.debit(), debit);
        let credit = self.balances.entry(posting.credit_account()).or_default();
        *credit += amount;
        let credit = *credit;
        self.done.insert(posting.key().to_owned(), (posting.clone(), debit, credit));
        Ok((debit, credit, false))
    }
}

/// Plays a history on a fresh ledger.
async fn play(store: SqlLedger, history: Vec<Vec<Ask>>) {
    let mut model = Model::default();
    for (batch, now) in history.into_iter().zip(1..) {
        let postings: Vec<_> = batch.into_iter().map(Ask::posting).collect();
        let outcomes = store.post(postings.clone(), Timestamp::from_millis(now)).await.unwrap();
        assert_eq!(outcomes.len(), postings.len());
        for (posting, outcome) in postings.iter().zip(outcomes) {
            let outcome =
                outcome.map(|done| (done.debit_balance, done.credit_balance, done.repeated));
            assert_eq!(outcome, model.post(posting), "{posting:?}");
        }
        assert_eq!(store.total().await.unwrap(), 0);
    }
    for (account, balance) in &model.balances {
        assert_eq!(store.account(*account).await.unwrap().balance, *balance);
    }
    contract::books_balance(&store).await;
    store.close().await;
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn any_history_balances(history in asks()) {
        runtime().block_on(async {
            let fixture = Fixture::open().await;
            play(fixture.store.clone(), history).await;
        });
    }

    #[test]
    fn any_history_balances_on_postgres(history in asks()) {
        runtime().block_on(async {
            play(SqlLedger::new(postgres::database(Schema::Ledger).await), history).await;
        });
    }
}
