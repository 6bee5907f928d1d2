//! Wallets, and demo money.

use super::{Answer, Client, TRIES_MAX};
use crate::trouble::Needs;
use hongbao_shared::{
    ErrorCode, UserId,
    api::wallet::{TopUp, Wallet},
};

/// How many keys there are for top-ups, for everybody.
const KEYS: u64 = 12;

impl Client {
    pub(super) async fn wallet(&mut self) {
        let user = *self.dice.pick(&self.people.users);
        let node = self.world.any_node(&mut self.dice).await;
        let wallet = node.app.ledger.wallet(user, &node.app.lists);
        let show = |wallet: &Wallet| wallet.balance_fen.get().to_string();
        drop(self.call(&node, Needs::Wallet, format!("wallet of {user}"), wallet, show).await);
    }

    /// Brings demo money, sometimes twice under one key. Keys come from a small pool, so that
    /// different people use the same ones, and people use theirs again.
    pub(super) async fn top_up(&mut self) {
        let user = *self.dice.pick(&self.people.users);
        let key = format!("key-{}", self.dice.below(KEYS));
        // Under a key that was used, mostly the same amount again.
        let before = self.world.witness.tried(user, &key).filter(|_| self.dice.chance(700));
        let amount = before.unwrap_or_else(|| self.dice.range(1, 20_000));
        self.bring(user, &key, amount).await;
    }

    /// Brings so much under this key, if it comes to it.
    pub(super) async fn bring(&mut self, user: UserId, key: &str, amount: u64) {
        for _ in 0..TRIES_MAX {
            let node = self.world.any_node(&mut self.dice).await;
            self.world.witness.tries(user, key, amount);
            let signed = i64::try_from(amount).unwrap_or(i64::MAX);
            let topped = node.app.ledger.top_up(user, signed, key, &node.app.config.limits);
            let show = |done: &TopUp| done.balance_fen.get().to_string();
            let what = format!("top-up {amount} of {user} under {key}");
            match self.call(&node, Needs::Wallet, what, topped, show).await {
                Answer::Yes(done) => {
                    self.world.witness.top_up(user, key, done.amount_fen, done.balance_fen);
                    crate::laws::after_step(&self.world, None).await;
                    if self.dice.chance(800) {
                        return;
                    }
                }
                Answer::No(refusal) if refusal.code == ErrorCode::KeyReused => {
                    return self.world.witness.key_reused(user, key, amount);
                }
                Answer::No(_) | Answer::None => {}
            }
            self.pause().await;
        }
    }
}
