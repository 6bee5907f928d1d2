//! Wallets, what the house gives to those who come to them, and demo money.

use super::{Answer, Client, TRIES_MAX};
use crate::trouble::Needs;
use hongbao_domain::store::ledger::Grantor;
use hongbao_shared::{ErrorCode, Fen, ServiceId, UserId, api::wallet::Wallet};

/// How many keys there are for top-ups and grants, for everybody.
const KEYS: u64 = 12;

impl Client {
    /// Comes to a wallet, as everybody does who looks at theirs.
    pub(super) async fn wallet(&mut self) {
        let user = *self.dice.pick(&self.people.users);
        let node = self.world.any_node(&mut self.dice).await;
        let app = &node.app;
        let wallet = async {
            let stated = app.ledger.come(user).await?;
            app.ledger.shown(user, stated, &app.lists).await
        };
        let show = |wallet: &Wallet| wallet.balance_fen.get().to_string();
        drop(self.call(&node, Needs::Wallet, format!("wallet of {user}"), wallet, show).await);
    }

    /// Brings demo money, sometimes twice under one key. Keys come from a small pool, so that
    /// different people use the same ones, and people use theirs again.
    pub(super) async fn top_up(&mut self) {
        let user = *self.dice.pick(&self.people.users);
        let key = format!("key-{}", self.dice.below(KEYS));
        let by = match self.dice.below(4) {
            0 => Some(Grantor::Administrator(*self.dice.pick(&self.people.users))),
            1 => Some(Grantor::Service(ServiceId::from_random(self.dice.below(2)))),
            _ => None,
        };
        // Under a key that was used, mostly the same amount again.
        let before = self.world.witness.tried(user, &own(by, &key));
        let before = before.filter(|_| self.dice.chance(700));
        let amount = before.unwrap_or_else(|| self.dice.range(1, 20_000));
        self.bring(user, by, &key, amount).await;
    }

    /// Brings so much under this key, as a grant or as one's own, if it comes to it.
    pub(super) async fn bring(
        &mut self,
        user: UserId,
        by: Option<Grantor>,
        key: &str,
        amount: u64,
    ) {
        let owned = own(by, key);
        for _ in 0..TRIES_MAX {
            let node = self.world.any_node(&mut self.dice).await;
            self.world.witness.tries(user, &owned, amount);
            let signed = i64::try_from(amount).unwrap_or(i64::MAX);
            let (ledger, config) = (&node.app.ledger, &node.app.config);
            let brought = async {
                if let Some(by) = by {
                    let most = config.treasury.grant_max_fen;
                    let granted = ledger.grant(by, user, signed, key, most).await?;
                    return Ok((granted.amount_fen, granted.balance_fen));
                }
                let topped = ledger.top_up(user, signed, key, &config.limits).await?;
                Ok((topped.amount_fen, topped.balance_fen))
            };
            let show = |(_, balance): &(Fen, Fen)| balance.get().to_string();
            let what = format!("{amount} for {user} under {owned}");
            match self.call(&node, Needs::Wallet, what, brought, show).await {
                Answer::Yes((amount, balance)) => {
                    self.world.witness.brought(user, &owned, amount, balance);
                    crate::laws::after_step(&self.world, None).await;
                    if self.dice.chance(800) {
                        return;
                    }
                }
                Answer::No(refusal) if refusal.code == ErrorCode::KeyReused => {
                    return self.world.witness.key_reused(user, &owned, amount);
                }
                Answer::No(_) | Answer::None => {}
            }
            self.pause().await;
        }
    }
}

/// A key together with whose it is.
fn own(by: Option<Grantor>, key: &str) -> String {
    by.map_or_else(|| key.to_owned(), |by| format!("{by}'s {key}"))
}
