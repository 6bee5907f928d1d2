//! A link as a picture that the camera of a phone reads.

use std::fmt::Write as _;

use leptos::prelude::*;
use qrcodegen::{QrCode, QrCodeEcc};

use crate::i18n::tr;

/// Modules of nothing around it, which readers ask for.
const QUIET: i32 = 4;

/// Dark on light in any theme: many readers take nothing else.
#[component]
pub(super) fn QrPicture(link: String) -> impl IntoView {
    let drawn = QrCode::encode_text(&link, QrCodeEcc::Medium).ok().map(|code| {
        let size = code.size() + 2 * QUIET;
        let path = path(&code);
        view! {
            <svg class="qr" data-testid="invite-qr" role="img" aria-label=tr!(invite_qr) viewBox=format!("0 0 {size} {size}")>
                <path fill="#fff" d=format!("M0 0h{size}v{size}H0z")/>
                <path fill="#000" d=path/>
            </svg>
        }
    });
    // What is too long for any picture is still a link.
    drawn
}

/// Each run of dark modules in a row as a rectangle.
fn path(code: &QrCode) -> String {
    let mut path = String::new();
    for y in 0..code.size() {
        let mut x = 0;
        while x < code.size() {
            let start = x;
            while code.get_module(x, y) {
                x += 1;
            }
            let run = x - start;
            if run > 0 {
                // Writing to a string does not fail.
                let _written = write!(path, "M{} {}h{run}v1h-{run}z", start + QUIET, y + QUIET);
            }
            x += 1;
        }
    }
    path
}
