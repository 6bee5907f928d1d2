//! Line icons on a field of 24, drawn in the colour of the text around them.

/// A picture for a button.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Icon {
    Chats,
    Wallet,
    Person,
    Back,
    Close,
    Plus,
    Invite,
    Packet,
    Send,
    Sun,
    Moon,
    Dice,
    Check,
    Cross,
    Crown,
    Shield,
    More,
    Muted,
    Pin,
    Pen,
    Next,
}

/// Its SVG.
pub(crate) fn icon(icon: Icon) -> String {
    let path = match icon {
        Icon::Chats => {
            r#"<path d="M4 5.5h11a2 2 0 0 1 2 2V12a2 2 0 0 1-2 2H9l-4 3v-3H4a2 2 0 0 1-2-2V7.5a2 2 0 0 1 2-2z"/><path d="M19.5 9.5H20a2 2 0 0 1 2 2v4a2 2 0 0 1-2 2v2.5L16.5 17.5H12"/>"#
        }
        Icon::Wallet => {
            r#"<path d="M5 6h13a2 2 0 0 1 2 2v10a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2V7a3 3 0 0 1 3-3h10"/><path d="M20 11h-4.5a2 2 0 0 0 0 4H20"/>"#
        }
        Icon::Person => {
            r#"<circle cx="12" cy="8" r="4"/><path d="M4 20.5c0-4 3.6-6.5 8-6.5s8 2.5 8 6.5"/>"#
        }
        Icon::Back => r#"<path d="M15 4.5 7.5 12l7.5 7.5"/>"#,
        Icon::Close => r#"<path d="m6 6 12 12M18 6 6 18"/>"#,
        Icon::Plus => r#"<path d="M12 5v14M5 12h14"/>"#,
        Icon::Invite => {
            r#"<circle cx="9.5" cy="8" r="4"/><path d="M2 20.5c0-4 3.3-6.5 7.5-6.5 2 0 3.8.6 5.2 1.6M19 14v7m-3.5-3.5h7"/>"#
        }
        Icon::Packet => {
            r#"<rect x="4.5" y="2.5" width="15" height="19" rx="2.5"/><path d="M4.5 7c4.5 4.5 10.5 4.5 15 0"/><circle cx="12" cy="11.5" r="2.6"/>"#
        }
        Icon::Send => r#"<path d="M12 20V5m-6.5 6.5L12 5l6.5 6.5"/>"#,
        Icon::Sun => {
            r#"<circle cx="12" cy="12" r="4.2"/><path d="M12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M5.3 18.7l1.4-1.4M17.3 6.7l1.4-1.4"/>"#
        }
        Icon::Moon => r#"<path d="M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z"/>"#,
        Icon::Dice => {
            r#"<rect x="3.5" y="3.5" width="17" height="17" rx="4"/><path stroke-width="2.6" d="M8.5 8.5h.01M15.5 15.5h.01M15.5 8.5h.01M8.5 15.5h.01M12 12h.01"/>"#
        }
        Icon::Check => r#"<path stroke-width="2.4" d="m5 12.5 4.5 4.5L19 7.5"/>"#,
        Icon::Cross => r#"<path stroke-width="2.4" d="m6.5 6.5 11 11m0-11-11 11"/>"#,
        Icon::Crown => {
            r#"<path fill="currentColor" stroke-linejoin="round" d="M4 18.5 2.8 8l5 3.8L12 5l4.2 6.8 5-3.8L20 18.5z"/>"#
        }
        Icon::Shield => {
            r#"<path d="M12 2.8 4.5 5.5V11c0 5 3.2 8.5 7.5 10.2 4.3-1.7 7.5-5.2 7.5-10.2V5.5z"/><path d="m8.5 11.8 2.6 2.6 4.6-4.8"/>"#
        }
        Icon::More => r#"<path stroke-width="2.8" d="M5.5 12h.01M12 12h.01M18.5 12h.01"/>"#,
        Icon::Muted => {
            r#"<path d="M6.3 8.2A6 6 0 0 1 18 10c0 2.6.5 4.4 1.2 5.7M16 17.5H4.5c1-1.3 1.5-3.5 1.5-6M10 20.5a2.2 2.2 0 0 0 4 0M3.5 3.5l17 17"/>"#
        }
        Icon::Pin => {
            r#"<path d="M8.5 3.5h7M10 3.5v6.2c0 1-3.5 2.3-3.5 5.3h11c0-3-3.5-4.3-3.5-5.3V3.5M12 15v6"/>"#
        }
        Icon::Pen => r#"<path d="m14.5 5.5 4 4L8 20l-4.5.5L4 16zM12.5 7.5l4 4"/>"#,
        Icon::Next => r#"<path d="m9.5 5.5 6.5 6.5-6.5 6.5"/>"#,
    };
    format!(
        r#"<svg class="icon" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false">{path}</svg>"#
    )
}
