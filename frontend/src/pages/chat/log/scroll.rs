//! Where the reader is in the log.
//!
//! The end stays in view while the reader is there; anything else that they look at
//! stays where it is, whatever is drawn or taken away above and below. Done by hand
//! (`overflow-anchor: none`), for not every browser does it by itself.

use leptos::{html, prelude::*};
use wasm_bindgen::{JsCast as _, closure::Closure};
use web_sys::{HtmlDivElement, HtmlElement, ResizeObserver};

use super::ALL;
use crate::{
    components::effect,
    state::{feed::Feed, outbox},
    tasks::Scope,
};

/// This close to the end counts as reading the end, in CSS pixels.
const NEAR_END_PX: i32 = 80;
/// This close to an end of what is drawn, more is drawn.
const AHEAD_PX: i32 = 900;

#[derive(Clone, Copy)]
pub(super) struct Scroll {
    place: NodeRef<html::Div>,
    feed: Feed,
    /// How many of the rows are on the page already.
    count: RwSignal<usize>,
    /// Is what is drawn far from the newest?
    far: RwSignal<bool>,
    /// The first row in view, and where it was when it was last seen.
    held: StoredValue<Option<(String, i32)>>,
    /// Where the log was scrolled to when it moved last, and how high it was.
    moved: StoredValue<(i32, i32)>,
}

impl Scroll {
    /// Keeps what is read in view whenever the rows change.
    pub(super) fn keep(place: NodeRef<html::Div>, feed: Feed, count: RwSignal<usize>) -> Self {
        let scroll = Self {
            place,
            feed,
            count,
            far: RwSignal::new(false),
            held: StoredValue::new(None),
            moved: StoredValue::new((0, 0)),
        };
        let rows = feed.rows();
        effect(move || {
            rows.with(|_| ());
            count.track();
            outbox::lines(feed.group());
            // The rows are on the page before the next frame is drawn.
            request_animation_frame(move || scroll.settle());
        });
        // A keyboard that comes up, or a notice, makes the log smaller.
        let scope = Scope::new();
        effect(move || {
            if let Some(log) = place.get() {
                scope.spawn(async move {
                    let _watch = SizeWatch::start(&log, move || scroll.settle());
                    futures::future::pending::<()>().await;
                });
            }
        });
        scroll
    }

    pub(super) fn is_far(self) -> bool {
        self.far.get()
    }

    pub(super) fn to_end(self) {
        self.far.set(false);
        self.feed.to_end();
        request_animation_frame(move || self.settle());
    }

    pub(super) fn on_scroll(self) {
        // Rows may have come or gone since the last frame.
        let was_at_end = self.feed.try_is_at_end() == Some(true);
        if !was_at_end {
            self.settle_held();
        }
        let Some(log) = self.place.get_untracked() else { return };
        let above = log.scroll_top();
        let height = log.scroll_height();
        let below = height - above - log.client_height();
        let more_below = self.feed.has_newer();
        // While rows come faster than they are scrolled to, the end runs ahead of a
        // reader who has not moved. Only going up is leaving; and where rows came and
        // went at the same time, it was they that moved the log.
        let (was_above, was_high) = self.moved.get_value();
        let went_up = above < was_above && height == was_high;
        self.moved.set_value((above, height));
        let stays = was_at_end && !went_up;
        let at_end = (below < NEAR_END_PX || stays) && !more_below;
        self.feed.set_at_end(at_end);
        if self.far.get_untracked() != more_below {
            self.far.set(more_below);
        }
        self.hold(&log);
        if above < AHEAD_PX && self.wants_older() {
            self.feed.up();
        } else if below < AHEAD_PX && more_below {
            self.feed.down();
        }
    }

    /// Is there more than what is known, all of which is on the page?
    fn wants_older(self) -> bool {
        self.count.try_get_untracked() == Some(ALL) && self.feed.has_older_now()
    }

    /// Remembers what is in view.
    fn hold(self, log: &HtmlDivElement) {
        let Some(rows) = rows(log) else { return };
        let top = log.scroll_top();
        // The first row whose end is in view, by bisection.
        let (mut low, mut high) = (0, rows.length());
        while low < high {
            let middle = u32::midpoint(low, high);
            let ends_above =
                row(&rows, middle).is_some_and(|row| row.offset_top() + row.offset_height() <= top);
            if ends_above {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        // A line that grows goes to the end, and holds nothing in its place.
        while row(&rows, low).is_some_and(|row| grows(&row)) {
            low += 1;
        }
        let held = row(&rows, low)
            .map(|row| (row.get_attribute("data-id").unwrap_or_default(), row.offset_top()));
        self.held.set_value(held);
    }

    /// Puts what was in view back to where it was.
    fn settle(self) {
        // The screen may have gone before the frame came.
        if self.feed.try_is_at_end() == Some(true) {
            if let Some(Some(log)) = self.place.try_get_untracked() {
                log.set_scroll_top(log.scroll_height());
                self.moved.set_value((log.scroll_top(), log.scroll_height()));
                // A page of entries that are drawn as one line is not a screen, and what does
                // not scroll asks for nothing.
                if log.scroll_height() <= log.client_height() && self.wants_older() {
                    self.feed.up();
                }
            }
        } else {
            self.settle_held();
        }
    }

    /// Scrolls by as much as the held row has moved since it was last seen, so that
    /// what the reader scrolled meanwhile counts too.
    fn settle_held(self) {
        let Some(Some(log)) = self.place.try_get_untracked() else { return };
        let Some(Some((id, was))) = self.held.try_get_value() else { return };
        let selector = format!(".log-row[data-id=\"{id}\"]");
        let held = log.query_selector(&selector).ok().flatten();
        if let Some(row) = held.and_then(|row| row.dyn_into::<HtmlElement>().ok()) {
            let now = row.offset_top();
            if now != was {
                log.set_scroll_top(log.scroll_top() + now - was);
                self.held.set_value(Some((id, now)));
            }
        }
    }
}

/// Calls back whenever an element changes its size, until it is dropped.
struct SizeWatch {
    observer: ResizeObserver,
    _listener: Closure<dyn FnMut()>,
}

impl SizeWatch {
    fn start(element: &HtmlDivElement, listener: impl FnMut() + 'static) -> Option<Self> {
        let listener = Closure::<dyn FnMut()>::new(listener);
        let observer = ResizeObserver::new(listener.as_ref().unchecked_ref()).ok()?;
        observer.observe(element);
        Some(Self { observer, _listener: listener })
    }
}

impl Drop for SizeWatch {
    fn drop(&mut self) {
        self.observer.disconnect();
    }
}

fn rows(log: &HtmlDivElement) -> Option<web_sys::HtmlCollection> {
    log.query_selector(".log-rows").ok().flatten().map(|rows| rows.children())
}

fn row(rows: &web_sys::HtmlCollection, number: u32) -> Option<HtmlElement> {
    rows.item(number)?.dyn_into().ok()
}

/// Is it of those who opened a packet, more of whom may come?
fn grows(row: &HtmlElement) -> bool {
    row.query_selector("[data-type=opened]").ok().flatten().is_some()
}
