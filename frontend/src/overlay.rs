//! What lies over a screen has an entry of its own in the browser's history, so that Back
//! leaves it and not the screen beneath.
//!
//! An overlay that goes by itself takes its entry with it; one that Back asked to go may
//! stay, such as a form that asks first, and is in history again then. Entries are marked:
//! one whose overlay is there no more, because the page was loaded again for instance, is
//! stepped over.

use std::cell::RefCell;

use leptos::prelude::{Callable as _, Callback, on_cleanup};
use wasm_bindgen::JsValue;

use crate::{browser, tasks};

/// One overlay.
struct Open {
    id: u32,
    leave: Callback<()>,
    /// Is there an entry for it?
    is_in_history: bool,
}

#[derive(Default)]
struct Overlays {
    /// The topmost last.
    open: Vec<Open>,
    last_id: u32,
    /// Entries of overlays that have gone, which history is to forget.
    owed: i32,
    /// Steps back that are ours and nobody's wish.
    own_steps: u32,
    /// The address that the last of them leads to.
    then: Option<String>,
}

thread_local! {
    static OVERLAYS: RefCell<Overlays> = RefCell::default();
}

fn with<T>(act: impl FnOnce(&mut Overlays) -> T) -> T {
    OVERLAYS.with_borrow_mut(act)
}

fn push() {
    if let Some(history) = browser::history() {
        history.push_state(&JsValue::TRUE, "").ok();
    }
}

/// Steps over the entry that the page is at if it is of an overlay; none is there.
pub(crate) fn step_over() {
    let marked = browser::history().and_then(|history| history.state().ok());
    if marked.is_some_and(|mark| mark.is_truthy()) {
        with(|all| all.owed += 1);
        tasks::detach(forget());
    }
}

/// The calling component is an overlay until it is gone; `leave` takes it away, or asks.
pub(crate) fn open(leave: Callback<()>) {
    let (id, reuse) = with(|all| {
        all.last_id = all.last_id.wrapping_add(1);
        let reuse = all.owed > 0;
        all.owed -= i32::from(reuse);
        all.open.push(Open { id: all.last_id, leave, is_in_history: true });
        (all.last_id, reuse)
    });
    if !reuse {
        push();
    }
    on_cleanup(move || {
        with(|all| {
            let place = all.open.iter().position(|one| one.id == id);
            let gone = place.map(|place| all.open.remove(place));
            all.owed += i32::from(gone.is_some_and(|gone| gone.is_in_history));
        });
        tasks::detach(forget());
    });
}

async fn forget() {
    // What is shown next in the same moment takes over the entry.
    tasks::sleep_ms(0).await;
    step_back(with(|all| core::mem::take(&mut all.owed)), None);
}

/// Goes back over `entries` in one step, for browsers merge several, and says whether
/// there were any.
fn step_back(entries: i32, then: Option<&str>) -> bool {
    let some = entries > 0;
    if some && let Some(history) = browser::history() {
        with(|all| {
            all.own_steps += 1;
            all.then = then.map(str::to_owned);
        });
        history.go_with_delta(-entries).ok();
    }
    some
}

/// Puts this address in place of the screen's, and of what lies over it.
pub(crate) fn replace(href: &str) {
    if !step_back(with(Overlays::take_entries), Some(href)) {
        put(href);
    }
}

/// Puts this address in place of the topmost entry's.
pub(crate) fn put(href: &str) {
    if let Some(history) = browser::history() {
        history.replace_state_with_url(&JsValue::NULL, "", Some(href)).ok();
    }
}

/// The browser went back or forward, to a place on the same screen or not. Was that about
/// an overlay alone?
pub(crate) fn popped(same_screen: bool) -> bool {
    let top = with(|all| {
        if all.own_steps > 0 {
            all.own_steps -= 1;
            return Some(Err(all.then.take()));
        }
        if !same_screen {
            all.take_entries();
            return None;
        }
        let top = all.open.iter_mut().rev().find(|one| one.is_in_history)?;
        top.is_in_history = false;
        Some(Ok((top.id, top.leave)))
    });
    let (id, leave) = match top {
        None => {
            step_over();
            return false;
        }
        Some(Err(then)) => {
            match then {
                Some(href) => put(&href),
                None if with(|all| all.open.is_empty()) => step_over(),
                None => {}
            }
            return true;
        }
        Some(Ok(top)) => top,
    };
    leave.run(());
    tasks::detach(async move {
        tasks::sleep_ms(0).await;
        let stays = with(|all| {
            let top = all.open.iter_mut().find(|one| one.id == id && !one.is_in_history);
            top.map(|top| top.is_in_history = true).is_some()
        });
        if stays {
            push();
        }
    });
    true
}

/// Another screen is about to be shown: does it take the place of an overlay?
pub(crate) fn gives_way() -> bool {
    with(Overlays::take_entries) > 0
}

impl Overlays {
    /// How many entries there are; from now on they belong to nobody.
    fn take_entries(&mut self) -> i32 {
        let open =
            self.open.iter_mut().map(|one| i32::from(core::mem::take(&mut one.is_in_history)));
        open.sum::<i32>() + core::mem::take(&mut self.owed)
    }
}
