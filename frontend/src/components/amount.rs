//! An amount that counts up to what it is.

use hongbao_shared::Fen;
use leptos::prelude::*;

use crate::{
    browser,
    money::{self, yuan},
    tasks,
    tasks::Scope,
};

const STEPS: u64 = 24;
const STEP_MS: u32 = 32;

/// The unit beside the field of an amount, if it stands on this side.
pub(crate) fn field_symbol(behind: bool) -> Option<impl IntoView> {
    let symbol = money::symbol(behind)?;
    Some(view! { <span class="field-suffix" aria-hidden="true">{symbol}</span> })
}

/// Counts up from zero once, in integers. A screen reader hears the end alone. The
/// test id arrives together with the final amount.
#[component]
pub(crate) fn CountUp(fen: Fen) -> impl IntoView {
    let step = RwSignal::new(if browser::reduced_motion() { STEPS } else { 0 });
    Scope::new().spawn(async move {
        while step.get_untracked() < STEPS {
            tasks::sleep_ms(STEP_MS).await;
            step.update(|step| *step += 1);
        }
    });
    let shown = move || {
        let left = STEPS.saturating_sub(step.get());
        // Slows down towards the end: the rest shrinks with its square.
        let rest = fen.checked_mul(left * left).map_or(0, |rest| rest.get() / (STEPS * STEPS));
        yuan(fen.checked_sub(Fen::new(rest).unwrap_or_default()).unwrap_or_default())
    };
    let done = move || step.get() >= STEPS;
    view! {
        <span class="count-up money" data-testid=move || done().then_some("envelope-amount")>
            {shown}
        </span>
    }
}
