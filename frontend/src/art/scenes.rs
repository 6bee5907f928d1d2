//! Larger pictures for empty screens and for the ends of a grab.

/// What a picture is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scene {
    /// Nothing here yet.
    Quiet,
    /// An empty packet.
    Finished,
    /// A packet whose time is over.
    Expired,
    /// A packet for somebody else.
    NotForYou,
    /// A packet that was opened before.
    Opened,
    /// A page that does not exist.
    Lost,
    /// No connection.
    Away,
}

/// Its SVG, on a field of 160 × 120.
pub(crate) fn scene(scene: Scene) -> String {
    let drawing = match scene {
        Scene::Quiet => format!("{SPARKS}{SEALED}"),
        Scene::Finished => format!("{EMPTY}{DUST}"),
        Scene::Expired => format!("{SEALED_FADED}{CLOCK}"),
        Scene::NotForYou => format!("{SEALED}{LOCK}"),
        Scene::Opened => format!("{SPARKS}{EMPTY}{COIN}"),
        Scene::Lost => format!("{EMPTY}{QUESTION}"),
        Scene::Away => format!("{SEALED_FADED}{PLUG}"),
    };
    format!(
        r#"<svg class="scene" viewBox="0 0 160 120" aria-hidden="true" focusable="false"><ellipse cx="80" cy="110" rx="46" ry="5" fill="currentColor" opacity=".09"/>{drawing}</svg>"#
    )
}

const SEALED: &str = r##"<g transform="rotate(-5 80 62)"><rect x="46" y="16" width="68" height="90" rx="8" fill="#d8402f"/><path fill="#b92d22" d="M46 24a8 8 0 0 1 8-8h52a8 8 0 0 1 8 8v14c-20 18-48 18-68 0z"/><path fill="none" stroke="#f2c566" stroke-width="1.6" d="M46 39c20 18 48 18 68 0"/><circle cx="80" cy="52" r="11" fill="#f2c566"/><circle cx="80" cy="52" r="8" fill="none" stroke="#c98d2b" stroke-width="1.3"/><path fill="#c98d2b" d="M77 49h6v6h-6z"/></g>"##;
const SEALED_FADED: &str = r##"<g transform="rotate(-5 80 62)"><rect x="46" y="16" width="68" height="90" rx="8" fill="#d39a8a"/><path fill="#c08575" d="M46 24a8 8 0 0 1 8-8h52a8 8 0 0 1 8 8v14c-20 18-48 18-68 0z"/><circle cx="80" cy="52" r="11" fill="#ecd9b0"/><path fill="#c9ab79" d="M77 49h6v6h-6z"/></g>"##;
const EMPTY: &str = r##"<g transform="rotate(4 80 66)"><path fill="#a8271d" d="M46 40 80 10l34 30v10H46z"/><path fill="#fff3da" d="M54 34h52v34H54z"/><path fill="#d8402f" d="M46 42c20 20 48 20 68 0v58a8 8 0 0 1-8 8H54a8 8 0 0 1-8-8z"/><path fill="none" stroke="#f2c566" stroke-width="1.6" d="M46 42c20 20 48 20 68 0"/></g>"##;
const SPARKS: &str = r##"<g fill="#e6ae45"><path d="m28 34 2.5 6.5L37 43l-6.5 2.5L28 52l-2.5-6.5L19 43l6.5-2.5zM132 20l2 5 5 2-5 2-2 5-2-5-5-2 5-2zM138 76l1.6 4.4 4.4 1.6-4.4 1.6L138 88l-1.6-4.4L132 82l4.4-1.6z"/></g>"##;
const COIN: &str = r##"<g><circle cx="116" cy="88" r="15" fill="#f2c566"/><circle cx="116" cy="88" r="11" fill="none" stroke="#c98d2b" stroke-width="1.6"/><path fill="#c98d2b" d="M112 84h8v8h-8z"/></g>"##;
const DUST: &str = r#"<g fill="none" stroke="currentColor" stroke-width="2.4" stroke-linecap="round" opacity=".35"><path d="M24 76h12M18 88h14M126 66h14M130 78h10M124 90h14"/></g>"#;
const CLOCK: &str = r##"<circle cx="112" cy="84" r="19" fill="#fffaf0" stroke="#8f7c6b" stroke-width="3"/><path fill="none" stroke="#8f7c6b" stroke-width="3" stroke-linecap="round" d="M112 73v11l7 5"/>"##;
const LOCK: &str = r##"<path fill="none" stroke="#c98d2b" stroke-width="4" d="M104 80v-7a9 9 0 0 1 18 0v7"/><rect x="98" y="80" width="30" height="24" rx="5" fill="#f2c566"/><circle cx="113" cy="90" r="3.2" fill="#8a5a16"/><path stroke="#8a5a16" stroke-width="2.6" stroke-linecap="round" d="M113 91v6"/>"##;
const QUESTION: &str = r##"<path fill="none" stroke="#e6ae45" stroke-width="5" stroke-linecap="round" d="M122 30c0-14 20-14 20-1 0 9-10 9-10 17"/><circle cx="132" cy="57" r="3.4" fill="#e6ae45"/>"##;
const PLUG: &str = r##"<g fill="none" stroke="#8f7c6b" stroke-width="4" stroke-linecap="round"><path d="M104 76a18 18 0 0 1 26 0M110 84a9.5 9.5 0 0 1 14 0"/></g><circle cx="117" cy="92" r="3" fill="#8f7c6b"/><path stroke="#d8402f" stroke-width="4" stroke-linecap="round" d="m101 98 32-32"/>"##;
