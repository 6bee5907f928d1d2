//! The four covers. Each draws gold on the red that the style sheet gives it
//! (`.cover-…`), in a field of 240 × 320, the middle of which is seen on a card.

/// The SVG of a cover; an unknown one gets the first, so that a picture of a later
/// version never leaves a hole.
pub(crate) fn cover(name: &str) -> String {
    let drawing = match name {
        "lantern" => LANTERN,
        "blossom" => BLOSSOM,
        "dragon" => DRAGON,
        _ => CLASSIC,
    };
    format!(
        r#"<svg viewBox="0 0 240 320" preserveAspectRatio="xMidYMid slice" aria-hidden="true" focusable="false">{drawing}</svg>"#
    )
}

/// The class that gives a cover its red.
pub(crate) fn ground(name: &str) -> &'static str {
    match name {
        "lantern" => "cover-lantern",
        "blossom" => "cover-blossom",
        "dragon" => "cover-dragon",
        _ => "cover-classic",
    }
}

/// A square on its corner with an endless knot.
const CLASSIC: &str = r##"<g fill="none" stroke="#f6cf7a" opacity=".22" stroke-width="2"><circle cx="0" cy="320" r="40"/><circle cx="0" cy="320" r="62"/><circle cx="0" cy="320" r="84"/><circle cx="240" cy="320" r="40"/><circle cx="240" cy="320" r="62"/><circle cx="240" cy="320" r="84"/><circle cx="120" cy="330" r="40"/><circle cx="120" cy="330" r="62"/><circle cx="0" cy="0" r="40"/><circle cx="0" cy="0" r="62"/><circle cx="240" cy="0" r="40"/><circle cx="240" cy="0" r="62"/></g><path fill="#f6cf7a" opacity=".16" d="m120 92 68 68-68 68-68-68z"/><g fill="none" stroke="#f6cf7a" stroke-width="4" stroke-linejoin="round"><path d="m120 92 68 68-68 68-68-68z"/><path stroke-width="1.5" d="m120 80 80 80-80 80-80-80z" opacity=".6"/><path stroke-width="6" stroke-linecap="round" d="M98 160l22-22 22 22-22 22zM109 149l22 22M131 149l-22 22M87 149l22 22-22-22 11-11M153 149l-22 22M120 116v22M120 182v22M76 160h22M142 160h22"/></g>"##;

const LANTERN: &str = r##"<g stroke="#f6cf7a" stroke-width="2.5"><path d="M72 0v70M168 0v112"/></g><g><path fill="#e2574a" d="M72 82c30 0 44 16 44 38s-14 38-44 38-44-16-44-38 14-38 44-38z"/><path fill="none" stroke="#f6cf7a" stroke-width="2" opacity=".75" d="M72 82c10 0 15 16 15 38s-5 38-15 38-15-16-15-38 5-38 15-38zM72 82c20 0 30 16 30 38s-10 38-30 38-30-16-30-38 10-38 30-38z"/><path fill="#f6cf7a" d="M52 70h40v12H52zM52 158h40v12H52z"/><path stroke="#f6cf7a" stroke-width="3" stroke-linecap="round" d="M60 170v30M72 170v40M84 170v30"/></g><g><path fill="#f0705c" d="M168 124c24 0 36 13 36 31s-12 31-36 31-36-13-36-31 12-31 36-31z"/><path fill="none" stroke="#f6cf7a" stroke-width="2" opacity=".75" d="M168 124c8 0 12 13 12 31s-4 31-12 31-12-13-12-31 4-31 12-31zM168 124c16 0 24 13 24 31s-8 31-24 31-24-13-24-31 8-31 24-31z"/><path fill="#f6cf7a" d="M152 113h32v11h-32zM152 186h32v11h-32z"/><path stroke="#f6cf7a" stroke-width="3" stroke-linecap="round" d="M158 197v24M168 197v32M178 197v24"/></g><g fill="none" stroke="#f6cf7a" stroke-width="3" stroke-linecap="round" opacity=".5"><path d="M20 268c10-16 32-14 34 0 12-8 24 2 18 12H24c-12 0-14-10-4-12zM150 276c8-13 26-11 28 0 10-6 20 2 15 10h-40c-10 0-11-8-3-10z"/></g><g fill="#f6cf7a" opacity=".7"><circle cx="120" cy="48" r="2.5"/><circle cx="206" cy="72" r="2"/><circle cx="30" cy="44" r="2"/><circle cx="126" cy="236" r="2.5"/><circle cx="216" cy="250" r="2"/></g>"##;

const BLOSSOM: &str = r##"<g fill="none" stroke="#6d1d26" stroke-linecap="round" stroke-linejoin="round"><path stroke-width="11" d="M-6 292c40-22 58-58 66-92 6-26 26-40 52-46"/><path stroke-width="7" d="M112 154c32-8 56-30 66-66"/><path stroke-width="5" d="M58 208c34 4 62 24 86 20s44-16 58-36M128 150c26 4 46 2 66-6M178 88c2-14 10-26 22-34"/></g><g><g transform="translate(112 150)"><g fill="#ffd9d2"><circle cy="-15" r="11.5"/><circle cx="14.3" cy="-4.6" r="11.5"/><circle cx="8.8" cy="12.1" r="11.5"/><circle cx="-8.8" cy="12.1" r="11.5"/><circle cx="-14.3" cy="-4.6" r="11.5"/></g><circle r="6" fill="#f6cf7a"/></g><g transform="translate(178 88) scale(.82)"><g fill="#fff0e8"><circle cy="-15" r="11.5"/><circle cx="14.3" cy="-4.6" r="11.5"/><circle cx="8.8" cy="12.1" r="11.5"/><circle cx="-8.8" cy="12.1" r="11.5"/><circle cx="-14.3" cy="-4.6" r="11.5"/></g><circle r="6" fill="#f6cf7a"/></g><g transform="translate(142 228) scale(.74)"><g fill="#fff0e8"><circle cy="-15" r="11.5"/><circle cx="14.3" cy="-4.6" r="11.5"/><circle cx="8.8" cy="12.1" r="11.5"/><circle cx="-8.8" cy="12.1" r="11.5"/><circle cx="-14.3" cy="-4.6" r="11.5"/></g><circle r="6" fill="#f6cf7a"/></g><g transform="translate(64 196) scale(.62)"><g fill="#ffc9c2"><circle cy="-15" r="11.5"/><circle cx="14.3" cy="-4.6" r="11.5"/><circle cx="8.8" cy="12.1" r="11.5"/><circle cx="-8.8" cy="12.1" r="11.5"/><circle cx="-14.3" cy="-4.6" r="11.5"/></g><circle r="6" fill="#f6cf7a"/></g></g><g fill="#ffd9d2"><circle cx="200" cy="50" r="7"/><circle cx="198" cy="142" r="7.5"/><circle cx="204" cy="190" r="6.5"/><circle cx="150" cy="116" r="5.5"/></g><g fill="#ffe6df" opacity=".75"><ellipse cx="60" cy="84" rx="6" ry="4" transform="rotate(30 60 84)"/><ellipse cx="92" cy="262" rx="6" ry="4" transform="rotate(-20 92 262)"/><ellipse cx="190" cy="262" rx="6" ry="4" transform="rotate(15 190 262)"/><ellipse cx="34" cy="140" rx="5" ry="3.5" transform="rotate(-35 34 140)"/></g>"##;

const DRAGON: &str = r##"<circle cx="120" cy="152" r="92" fill="#f6cf7a" opacity=".12"/><path fill="none" stroke="#e2ad48" stroke-width="27" stroke-linecap="round" d="M58 236c36 28 108 22 122-18s-34-54-66-50-56-16-44-46 50-34 74-22"/><path fill="none" stroke="#f9dc97" stroke-width="14" stroke-linecap="round" stroke-dasharray="1 15" d="M66 240c36 22 100 16 114-22s-34-54-66-50-56-16-44-46 50-34 74-22"/><path fill="#e2ad48" d="M58 236c-14-4-26-18-26-34 8 8 16 10 24 8-4 8-4 16 2 26z"/><path fill="#f6cf7a" d="M134 78c14-12 42-10 54 6 8 10 22 14 32 12-2 12-14 20-28 20-4 12-18 20-34 16-20-4-36-36-24-54z"/><path fill="none" stroke="#f6cf7a" stroke-width="6" stroke-linecap="round" d="M146 76c-8-14-4-28 8-36m-6 18-12-8M170 74c-2-14 6-26 18-30m-12 14-10-9"/><circle cx="170" cy="92" r="5.5" fill="#7c1018"/><circle cx="171.5" cy="90.5" r="1.7" fill="#fff"/><path fill="none" stroke="#7c1018" stroke-width="3" stroke-linecap="round" d="M160 116c12 4 24 2 32-4"/><path fill="none" stroke="#f6cf7a" stroke-width="3.5" stroke-linecap="round" d="M206 100c14 4 18 16 12 28M196 114c8 10 6 22-4 28"/><path fill="#d98a3d" d="M134 84c-14-2-24 4-30 14 8-2 12 0 16 4-6 4-10 10-10 18 10-6 20-8 30-4z"/><g fill="none" stroke="#f6cf7a" stroke-width="4" stroke-linecap="round" opacity=".7"><path d="M18 292c8-14 28-12 30 0 11-7 21 2 16 10M150 300c8-14 28-12 30 0 11-7 21 2 16 10M22 66c7-12 24-10 26 0 10-6 18 2 14 9"/></g><circle cx="82" cy="60" r="11" fill="#ffe9b8"/><circle cx="82" cy="60" r="17" fill="none" stroke="#f6cf7a" stroke-width="2" opacity=".7"/>"##;
