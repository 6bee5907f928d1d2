//! Where the reader is in the log.
//!
//! The end stays in view while the reader is there; anything else that they look at
//! stays where it is, whatever is drawn or taken away above and below. Done by hand
//! (`overflow-anchor: none`), for not every browser does it by itself.

use leptos::{html, prelude::*};
use wasm_bindgen::JsCast as _;
use web_sys::{HtmlDivElement, HtmlElement};

use crate::state::feed::Feed;

/// This close to the end counts as reading the end, in CSS pixels.
const NEAR_END_PX: i32 = 80;
/// This close to an end of what is drawn, more is drawn.
const AHEAD_PX: i32 = 900;

#[derive(Clone, Copy)]
pub(super) struct Scroll {
    place: NodeRef<html::Div>,
    feed: Feed,
    /// Something new came while the reader was elsewhere.
    behind: RwSignal<bool>,
    /// The first row in view and how far its top is from the log's.
    held: RwSignal<Option<(String, i32)>>,
    /// Where the log was scrolled to when it moved last.
    top: RwSignal<i32>,
}

impl Scroll {
    /// Keeps what is read in view whenever the rows change.
    pub(super) fn keep(place: NodeRef<html::Div>, feed: Feed) -> Self {
        let scroll = Self {
            place,
            feed,
            behind: RwSignal::new(false),
            held: RwSignal::new(None),
            top: RwSignal::new(0),
        };
        let rows = feed.rows();
        Effect::new(move |before: Option<i64>| {
            rows.with(|_| ());
            // Not that of the rows: far up, what is new is not drawn.
            let newest = feed.newest();
            if before.is_some_and(|before| newest > before) && !feed.is_at_end() {
                scroll.behind.set(true);
            }
            // The rows are on the page before the next frame is drawn.
            request_animation_frame(move || scroll.settle());
            before.map_or(newest, |before| before.max(newest))
        });
        // A keyboard that comes up makes the log smaller.
        let resized = window_event_listener(leptos::ev::resize, move |_| scroll.settle());
        on_cleanup(move || resized.remove());
        scroll
    }

    pub(super) fn is_behind(self) -> bool {
        self.behind.get()
    }

    pub(super) fn to_end(self) {
        self.behind.set(false);
        self.feed.to_end();
        request_animation_frame(move || self.settle());
    }

    pub(super) fn on_scroll(self) {
        let Some(log) = self.place.get_untracked() else { return };
        let above = log.scroll_top();
        let below = log.scroll_height() - above - log.client_height();
        let more_below = self.feed.has_newer();
        // While rows come faster than they are scrolled to, the end runs ahead of a
        // reader who has not moved. Only going up is leaving.
        let went_up = above < self.top.get_untracked();
        self.top.set(above);
        let stays = self.feed.is_at_end() && !went_up;
        let at_end = (below < NEAR_END_PX || stays) && !more_below;
        self.feed.set_at_end(at_end);
        if at_end && self.behind.get_untracked() {
            self.behind.set(false);
        }
        self.hold(&log);
        if above < AHEAD_PX && self.feed.has_older_now() {
            self.feed.up();
        } else if below < AHEAD_PX && more_below {
            self.feed.down();
        }
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
        let held = row(&rows, low)
            .map(|row| (row.get_attribute("data-id").unwrap_or_default(), row.offset_top() - top));
        self.held.set(held);
    }

    /// Puts what was in view back to where it was.
    fn settle(self) {
        // The screen may have gone before the frame came.
        let Some(Some(log)) = self.place.try_get_untracked() else { return };
        if self.feed.try_is_at_end() == Some(true) {
            log.set_scroll_top(log.scroll_height());
        } else if let Some(Some((id, above))) = self.held.try_get_untracked() {
            let selector = format!(".log-row[data-id=\"{id}\"]");
            let held = log.query_selector(&selector).ok().flatten();
            if let Some(row) = held.and_then(|row| row.dyn_into::<HtmlElement>().ok()) {
                log.set_scroll_top(row.offset_top() - above);
            }
        }
    }
}

fn rows(log: &HtmlDivElement) -> Option<web_sys::HtmlCollection> {
    log.query_selector(".log-rows").ok().flatten().map(|rows| rows.children())
}

fn row(rows: &web_sys::HtmlCollection, number: u32) -> Option<HtmlElement> {
    rows.item(number)?.dyn_into().ok()
}
