//! What the house gives (R-API-4), and what one person may send in a day. All of it comes from
//! the issuer's account, by transfers whose keys say for what: each is entered once, whoever
//! asks for it how often.

use super::{Ledger, held};
use hongbao_config as config;
use hongbao_domain::{
    Refusal,
    planted::Bug,
    runtime::{Clock, Zone},
    store::ledger::{Account, AccountState, DayCap, Grantor, PostRefusal, Posting},
};
use hongbao_shared::{
    ErrorCode, Fen, Limits, Timestamp, UserId,
    api::wallet::{Grant, TopUp},
    limits::is_key,
};
use std::sync::Arc;

/// How the house gives.
#[derive(Clone, Debug)]
pub struct Treasury {
    /// As configured.
    pub settings: config::Treasury,
    /// What each newcomer is given.
    pub welcome: Fen,
    /// When days begin.
    pub zone: Zone,
    /// Which day it is.
    pub clock: Arc<dyn Clock>,
}

impl Ledger {
    /// Moves demo money into a wallet. The same key again answers the same and moves
    /// nothing; with another amount it is refused as `key_reused`.
    pub async fn top_up(
        &self,
        user: UserId,
        amount: i64,
        key: &str,
        limits: &Limits,
    ) -> Result<TopUp, Refusal> {
        let amount = amount_of(amount, key, limits.max_top_up_fen, ErrorCode::TopUpOutOfRange)?;
        let posting = Posting::top_up(user, amount, key);
        let (balance_fen, at) = self.bring(posting, ErrorCode::TopUpOutOfRange).await?;
        Ok(TopUp { amount_fen: amount, balance_fen, at })
    }

    /// Moves money into a wallet in the name of the house; who did it stands in the books. The
    /// same key again of the same grantor for the same person answers the same and moves
    /// nothing; with another amount it is refused as `key_reused`. `amount_out_of_range`,
    /// `key_invalid`.
    pub async fn grant(
        &self,
        by: Grantor,
        user: UserId,
        amount: i64,
        key: &str,
        most: Fen,
    ) -> Result<Grant, Refusal> {
        let amount = amount_of(amount, key, most, ErrorCode::AmountOutOfRange)?;
        let posting = Posting::grant(by, user, amount, key);
        let (balance_fen, at) = self.bring(posting, ErrorCode::AmountOutOfRange).await?;
        Ok(Grant { user_id: user, amount_fen: amount, balance_fen, at })
    }

    async fn bring(
        &self,
        posting: Posting,
        out_of_range: ErrorCode,
    ) -> Result<(Fen, Timestamp), Refusal> {
        match self.lane.interactive(posting).await? {
            Ok(posted) => Ok((held(posted.credit_balance)?, posted.at)),
            Err(PostRefusal::KeyConflict) => Err(ErrorCode::KeyReused.into()),
            Err(PostRefusal::OutOfRange) => {
                Err(Refusal::new(out_of_range).detail("The wallet cannot hold that much."))
            }
            Err(refusal) => Err(Refusal::internal(refusal)),
        }
    }

    /// What is in the wallet of somebody who comes to it, after the house has given what it
    /// gives: their welcome (R-WEB-6), whatever they have done before, and the day's allowance.
    /// Both once, because their keys say to whom and for which day. Neither is
    /// part of signing up or of midnight, which thus cost nothing; where they cannot be entered
    /// now, they are when the person comes again.
    pub async fn come(&self, user: UserId) -> Result<AccountState, Refusal> {
        let account = Account::Wallet(user);
        let state = self.store.account(account).await?;
        let Some(treasury) = &self.treasury else { return Ok(state) };
        let mut gifts = Vec::new();
        if !treasury.welcome.is_zero() {
            gifts.push(Posting::welcome(user, treasury.welcome));
        }
        let allowance = treasury.settings.daily_allowance_fen;
        if !allowance.is_zero() {
            let now = treasury.clock.now();
            let day = if Bug::AllowanceDayOfUtc.is_planted() {
                now.millis().div_euclid(24 * 60 * 60 * 1_000)
            } else {
                treasury.zone.epoch_day(now)
            };
            gifts.push(Posting::allowance(user, allowance, day));
        }
        // To a wallet that never held anything nothing has been given.
        if !gifts.is_empty() && state != AccountState::default() {
            let keys = gifts.iter().map(|gift| gift.key().to_owned()).collect();
            let mut given = self.store.transfers_by_key(keys).await?.into_iter();
            gifts.retain(|_| given.next().flatten().is_none());
        }
        if gifts.is_empty() {
            return Ok(state);
        }
        for gift in gifts {
            match self.lane.gift(gift).await {
                // A conflict: they were given another amount, which was the setting then. Out of
                // range: what is full to the brim needs nothing.
                Ok(Ok(_) | Err(PostRefusal::KeyConflict | PostRefusal::OutOfRange)) => {}
                Ok(Err(refusal)) => return Err(Refusal::internal(refusal)),
                Err(refusal) => {
                    tracing::debug!(code = refusal.code.as_str(), "somebody is given it later");
                }
            }
        }
        Ok(self.store.account(account).await?)
    }

    /// What one person may send in the day that it is; `None` without a cap.
    pub(crate) fn cap(&self) -> Option<DayCap> {
        let treasury = self.treasury.as_ref()?;
        let most = treasury.settings.send_max_per_day_fen;
        let since = || treasury.zone.day_begins(treasury.clock.now());
        (!most.is_zero()).then(|| DayCap { since: since(), most })
    }
}

fn amount_of(amount: i64, key: &str, most: Fen, out_of_range: ErrorCode) -> Result<Fen, Refusal> {
    if !is_key(key) {
        return Err(ErrorCode::KeyInvalid.into());
    }
    let amount = Fen::from_signed(amount).filter(|it| !it.is_zero() && *it <= most);
    amount.ok_or_else(|| {
        let bounds = format!("`amount_fen` must be from 1 to {}.", most.get());
        Refusal::new(out_of_range).detail(bounds)
    })
}
