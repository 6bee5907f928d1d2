//! What an account says of itself, against its transfers.

use super::{Law, Violations};
use hongbao_domain::store::ledger::{Account, AccountState};

/// The laws of what an account says of itself.
pub(super) fn sums_are_true(
    account: Account,
    stated: AccountState,
    summed: Option<AccountState>,
    violations: &mut Violations,
) {
    let holds = account == Account::Issuer || stated.balance >= 0;
    violations.check(holds, Law::NoneNegative, account, || format!("holds {}", stated.balance));
    let sum = |part: fn(AccountState) -> i64| {
        summed.map_or_else(|| "more than 64 bits".to_owned(), |summed| part(summed).to_string())
    };
    violations.check(
        summed.is_some_and(|summed| summed.balance == stated.balance),
        Law::BalanceIsSum,
        account,
        || {
            let sum = sum(|summed| summed.balance);
            format!("holds {}, but its transfers add up to {sum}", stated.balance)
        },
    );
    violations.check(
        summed.is_some_and(|summed| summed.credited == stated.credited),
        Law::CreditedIsSum,
        account,
        || {
            let sum = sum(|summed| summed.credited);
            format!("was credited {}, but its credits add up to {sum}", stated.credited)
        },
    );
}
