//! What the house gives: everybody who comes to their wallet has had their welcome then, and
//! the allowance of that day, whatever went wrong when they came before (R-API-4).

use crate::{Dice, naive, people::People, twice, witness::Promise, world::World};
use hongbao_domain::{runtime::Clock as _, store::ledger::Account};
use std::{collections::BTreeMap, time::Duration};
use tokio::time::sleep;

/// Nodes hear what time it is from their databases within this.
const CLOCKS_HEARD: Duration = Duration::from_secs(90);

/// All come, at some hour of the day, while nothing goes wrong.
pub(crate) async fn all_come(world: &World, people: &People, dice: &mut Dice) {
    let hour = dice.range(0, 23);
    world.time.skip_s(i64::try_from(hour).unwrap_or_default() * 60 * 60);
    sleep(CLOCKS_HEARD).await;
    let today = || naive::day_in_china(world.time.now().millis());
    let before = today();
    for user in &people.users {
        let node = world.any_node(dice).await;
        let came = node.app.ledger.come(*user).await;
        world.history.note(format_args!("{user} comes → {came:?}"));
        if let Err(refusal) = came {
            world.witness.note(Promise::HouseGives, format!("{user} comes: {refusal}"));
        }
    }
    if today() != before {
        // Some came before midnight, and it would have to be known who.
        return;
    }
    let mut given: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for transfer in twice::transfers(world).await {
        if let (Account::Issuer, Account::Wallet(user)) = (transfer.debit, transfer.credit) {
            given.entry((user, transfer.key)).or_default().push(transfer.amount);
        }
    }
    let limits = &world.plan.config.limits;
    for user in &people.users {
        for (key, due) in [
            (format!("welcome:{user}"), limits.welcome_grant_fen),
            (format!("allowance:{user}:{before}"), world.plan.config.treasury.daily_allowance_fen),
        ] {
            let got = given.remove(&(*user, key.clone())).unwrap_or_default();
            let due = if due.is_zero() { vec![] } else { vec![due] };
            if got != due {
                let what = format!("{key} is {got:?} instead of {due:?}");
                world.witness.note(Promise::HouseGives, what);
            }
        }
    }
}
