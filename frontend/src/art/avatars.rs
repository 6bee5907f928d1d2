//! The 24 built-in avatars: the twelve animals of the zodiac, six more, and six
//! things that one eats at New Year. Each is put together from the same few parts,
//! so that they look like one family.

/// The SVG of an avatar, `a00` to `a23`; anything else gets the first.
pub(crate) fn avatar(name: &str) -> String {
    let number = name.strip_prefix('a').and_then(|number| number.parse().ok()).unwrap_or(0);
    let (ground, parts) = PARTS.get(number).unwrap_or(&PARTS[0]);
    let mut svg = format!(
        r#"<svg viewBox="0 0 48 48" aria-hidden="true" focusable="false"><path fill="{ground}" d="M0 0h48v48H0z"/>"#
    );
    for part in *parts {
        svg.push_str(&part.draw());
    }
    svg.push_str("</svg>");
    svg
}

enum Part {
    /// Round ears: outer and inner colour.
    RoundEars(&'static str, &'static str),
    /// Pointed ears: outer and inner colour.
    PointedEars(&'static str, &'static str),
    /// Ears that stand: outer and inner colour.
    LongEars(&'static str, &'static str),
    /// Ears that hang.
    HangingEars(&'static str),
    /// Horns.
    Horns(&'static str),
    /// The head.
    Head(&'static str),
    /// The lighter part around the nose.
    Muzzle(&'static str),
    /// Two eyes and a smile.
    Smile,
    /// A nose in this colour.
    Nose(&'static str),
    /// Rosy cheeks.
    Cheeks,
    /// Whiskers.
    Whiskers,
    /// Anything else.
    Raw(&'static str),
}

impl Part {
    fn draw(&self) -> String {
        match self {
            Self::RoundEars(outer, inner) => format!(
                r#"<g fill="{outer}"><circle cx="12" cy="15" r="7"/><circle cx="36" cy="15" r="7"/></g><g fill="{inner}"><circle cx="12.5" cy="15.5" r="3.8"/><circle cx="35.5" cy="15.5" r="3.8"/></g>"#
            ),
            Self::PointedEars(outer, inner) => format!(
                r#"<path fill="{outer}" stroke="{outer}" stroke-width="3" stroke-linejoin="round" d="M10.5 23 11 8.5l11 7.5zM37.5 23 37 8.5 26 16z"/><path fill="{inner}" d="m12.5 19 .5-7 5.5 4zM35.5 19l-.5-7-5.5 4z"/>"#
            ),
            Self::LongEars(outer, inner) => format!(
                r#"<g fill="{outer}"><ellipse cx="17.5" cy="12" rx="4.6" ry="10.5"/><ellipse cx="30.5" cy="12" rx="4.6" ry="10.5"/></g><g fill="{inner}"><ellipse cx="17.5" cy="12.5" rx="2.2" ry="7.5"/><ellipse cx="30.5" cy="12.5" rx="2.2" ry="7.5"/></g>"#
            ),
            Self::HangingEars(colour) => format!(
                r#"<g fill="{colour}"><ellipse cx="9.5" cy="24" rx="5" ry="9.5" transform="rotate(14 9.5 24)"/><ellipse cx="38.5" cy="24" rx="5" ry="9.5" transform="rotate(-14 38.5 24)"/></g>"#
            ),
            Self::Horns(colour) => format!(
                r#"<path fill="none" stroke="{colour}" stroke-width="4" stroke-linecap="round" d="M14 17C9 16 8 12 9 8.5M34 17c5-1 6-5 5-8.5"/>"#
            ),
            Self::Head(colour) => {
                format!(r#"<ellipse cx="24" cy="27.5" rx="15.5" ry="14" fill="{colour}"/>"#)
            }
            Self::Muzzle(colour) => {
                format!(r#"<ellipse cx="24" cy="32.5" rx="8" ry="5.8" fill="{colour}"/>"#)
            }
            Self::Smile => r##"<g fill="#35241f"><circle cx="17.8" cy="26" r="2"/><circle cx="30.2" cy="26" r="2"/></g><path fill="none" stroke="#35241f" stroke-width="1.5" stroke-linecap="round" d="M21 33.5q3 2.8 6 0"/>"##.to_owned(),
            Self::Nose(colour) => {
                format!(r#"<ellipse cx="24" cy="30.3" rx="2.3" ry="1.6" fill="{colour}"/>"#)
            }
            Self::Cheeks => r##"<g fill="#f2766b" opacity=".45"><circle cx="14" cy="31" r="2.6"/><circle cx="34" cy="31" r="2.6"/></g>"##.to_owned(),
            Self::Whiskers => r##"<path stroke="#35241f" stroke-width="1" stroke-linecap="round" opacity=".55" d="m7 29 6 1m-6 4 6-1.5M41 29l-6 1m6 4-6-1.5"/>"##.to_owned(),
            Self::Raw(svg) => (*svg).to_owned(),
        }
    }
}

use Part::{
    Cheeks, HangingEars, Head, Horns, LongEars, Muzzle, Nose, PointedEars, Raw, RoundEars, Smile,
    Whiskers,
};

/// How many there are.
pub(crate) const AVATARS: usize = 24;

const PARTS: [(&str, &[Part]); AVATARS] = [
    // Rat, ox, tiger, rabbit, dragon, snake.
    (
        "#d7e3ea",
        &[
            RoundEars("#8e9aa6", "#f3b9b4"),
            Head("#a3afba"),
            Muzzle("#e6ebee"),
            Smile,
            Nose("#e98c86"),
            Whiskers,
        ],
    ),
    (
        "#f6dfb8",
        &[
            Horns("#fff6e0"),
            HangingEars("#8a5a3c"),
            Head("#a06a45"),
            Muzzle("#f1d3b3"),
            Smile,
            Raw(
                r##"<g fill="#7b4f35"><circle cx="21.5" cy="31" r="1.2"/><circle cx="26.5" cy="31" r="1.2"/></g>"##,
            ),
        ],
    ),
    (
        "#fbe7c6",
        &[
            RoundEars("#e98a2e", "#fff1dc"),
            Head("#f29b38"),
            Raw(
                r##"<path stroke="#4a2d1c" stroke-width="2.2" stroke-linecap="round" d="M24 14.5v5M19.5 15.5l1 3.5M28.5 15.5l-1 3.5M9.5 27l4 .5M38.5 27l-4 .5"/>"##,
            ),
            Muzzle("#fff1dc"),
            Smile,
            Nose("#c4574b"),
        ],
    ),
    ("#f9d9dc", &[LongEars("#fffaf6", "#f5aeb2"), Head("#fffaf6"), Cheeks, Smile, Nose("#ee8d92")]),
    (
        "#fde3a7",
        &[
            Raw(
                r##"<path fill="none" stroke="#e6a93c" stroke-width="3.2" stroke-linecap="round" d="M16 16 12 7m1 4-4-1m23 6 4-9m-1 4 4-1"/>"##,
            ),
            Head("#3f9b6d"),
            Raw(r##"<path fill="#e6a93c" d="m24 11 3 6h-6z"/>"##),
            Muzzle("#a9dcb0"),
            Smile,
            Raw(
                r##"<g fill="#2d6f4d"><circle cx="22" cy="30.3" r="1.1"/><circle cx="26" cy="30.3" r="1.1"/></g><path fill="none" stroke="#e6a93c" stroke-width="1.6" stroke-linecap="round" d="M14 33q-5 0-7 5m27-5q5 0 7 5"/>"##,
            ),
        ],
    ),
    (
        "#dcebc8",
        &[
            Head("#7fb24d"),
            Raw(
                r##"<g fill="#6a9a3c"><path d="m24 14.5 3.5 4-3.5 4-3.5-4z"/></g><path fill="none" stroke="#d84a45" stroke-width="1.6" stroke-linecap="round" d="M24 36v5m0 0-2 2.5M24 41l2 2.5"/>"##,
            ),
            Cheeks,
            Smile,
        ],
    ),
    // Horse, sheep, monkey, rooster, dog, pig.
    (
        "#e7d6c6",
        &[
            PointedEars("#8c5434", "#d9a67f"),
            Head("#a5663f"),
            Raw(r##"<path fill="#4a2c1e" d="M24 8c4 2 5.5 7 3.5 14h-7C18.5 15 20 10 24 8z"/>"##),
            Muzzle("#e4bd98"),
            Smile,
        ],
    ),
    (
        "#cfe2d8",
        &[
            HangingEars("#d8b796"),
            Raw(
                r##"<g fill="#fffaf2"><circle cx="13" cy="20" r="6"/><circle cx="20" cy="14.5" r="6.5"/><circle cx="29" cy="14.5" r="6.5"/><circle cx="35.5" cy="20.5" r="6"/></g>"##,
            ),
            Raw(r##"<ellipse cx="24" cy="29" rx="12.5" ry="12.5" fill="#f0d3b4"/>"##),
            Cheeks,
            Smile,
        ],
    ),
    (
        "#f8d8a8",
        &[
            RoundEars("#8a5634", "#f0c49a"),
            Head("#8a5634"),
            Raw(
                r##"<path fill="#f3cfa6" d="M24 22c3-4 11-3 11 4 0 9-5 13-11 13s-11-4-11-13c0-7 8-8 11-4z"/>"##,
            ),
            Smile,
            Nose("#8a5634"),
        ],
    ),
    (
        "#fbe3bd",
        &[
            Raw(r##"<path fill="#dc3b32" d="M17 15c-3-6 3-8 4-4 1-6 7-6 7 0 3-3 7 1 3 5z"/>"##),
            Head("#fff5e2"),
            Cheeks,
            Raw(
                r##"<g fill="#35241f"><circle cx="17.5" cy="25.5" r="2"/><circle cx="30.5" cy="25.5" r="2"/></g><path fill="#f0a52d" d="m19.5 29.5 4.5-2 4.5 2-4.5 4.5z"/><path fill="#dc3b32" d="M22 35c-2 5 4 5 3 0z"/>"##,
            ),
        ],
    ),
    (
        "#d5dff0",
        &[
            HangingEars("#7a4d31"),
            Head("#d99a5b"),
            Raw(r##"<ellipse cx="17.5" cy="25" rx="5" ry="5.5" fill="#7a4d31" opacity=".55"/>"##),
            Muzzle("#fff0dc"),
            Smile,
            Nose("#3a2620"),
        ],
    ),
    (
        "#fbd3d3",
        &[
            PointedEars("#ee9aa0", "#dd7d86"),
            Head("#f5b1b5"),
            Raw(
                r##"<g fill="#35241f"><circle cx="16.8" cy="25" r="2"/><circle cx="31.2" cy="25" r="2"/></g><ellipse cx="24" cy="31" rx="5.6" ry="4.2" fill="#e88890"/><g fill="#a94b56"><circle cx="22" cy="31" r="1.2"/><circle cx="26" cy="31" r="1.2"/></g><path fill="none" stroke="#35241f" stroke-width="1.5" stroke-linecap="round" d="M21 37.3q3 1.8 6 0"/>"##,
            ),
        ],
    ),
    // Panda, cat, fox, bear, frog, penguin.
    (
        "#cfe3c3",
        &[
            RoundEars("#2e2a2a", "#2e2a2a"),
            Head("#fffdf8"),
            Raw(
                r##"<g fill="#2e2a2a"><ellipse cx="17" cy="26.5" rx="4.2" ry="5" transform="rotate(25 17 26.5)"/><ellipse cx="31" cy="26.5" rx="4.2" ry="5" transform="rotate(-25 31 26.5)"/></g><g fill="#fff"><circle cx="17.8" cy="26" r="1.6"/><circle cx="30.2" cy="26" r="1.6"/></g><path fill="none" stroke="#2e2a2a" stroke-width="1.5" stroke-linecap="round" d="M21 34q3 2.5 6 0"/>"##,
            ),
            Nose("#2e2a2a"),
        ],
    ),
    (
        "#f4e0ee",
        &[
            PointedEars("#5d5560", "#e9a8ae"),
            Head("#6d6470"),
            Muzzle("#f3ecef"),
            Raw(
                r##"<g fill="#f6d25a"><circle cx="17.5" cy="25.5" r="3.2"/><circle cx="30.5" cy="25.5" r="3.2"/></g>"##,
            ),
            Smile,
            Nose("#e98c86"),
            Whiskers,
        ],
    ),
    (
        "#fbe0c0",
        &[
            PointedEars("#df6a2b", "#4a2a1b"),
            Head("#e8772f"),
            Raw(
                r##"<path fill="#fff4e4" d="M8.8 29c5-3 12-1 15.2 5 3.2-6 10.2-8 15.2-5-1 8-7.5 12.5-15.2 12.5S9.8 37 8.8 29z"/>"##,
            ),
            Smile,
            Nose("#35241f"),
        ],
    ),
    (
        "#e0d3ea",
        &[
            RoundEars("#7d5238", "#b98a64"),
            Head("#8f6042"),
            Muzzle("#e7c8a6"),
            Smile,
            Nose("#3a2620"),
            Cheeks,
        ],
    ),
    (
        "#d2ecd2",
        &[
            Raw(
                r##"<g fill="#62ad52"><circle cx="15.5" cy="15.5" r="6.5"/><circle cx="32.5" cy="15.5" r="6.5"/></g>"##,
            ),
            Head("#6fbe5c"),
            Raw(
                r##"<g fill="#fff"><circle cx="15.5" cy="15.5" r="4.2"/><circle cx="32.5" cy="15.5" r="4.2"/></g><g fill="#26351f"><circle cx="16" cy="16" r="2.2"/><circle cx="32" cy="16" r="2.2"/></g><path fill="none" stroke="#2f5a28" stroke-width="1.8" stroke-linecap="round" d="M15 30q9 8 18 0"/>"##,
            ),
            Cheeks,
        ],
    ),
    (
        "#cfe4f3",
        &[
            Head("#33415c"),
            Raw(
                r##"<path fill="#fffdf8" d="M24 23c3-4 11-3 11 4 0 9-5 13-11 13s-11-4-11-13c0-7 8-8 11-4z"/><g fill="#26304a"><circle cx="18.5" cy="27" r="1.9"/><circle cx="29.5" cy="27" r="1.9"/></g><path fill="#f2a33a" d="m20 31 4-1.6 4 1.6-4 3.6z"/>"##,
            ),
            Cheeks,
        ],
    ),
    // Tangerine, peach, persimmon, strawberry, watermelon, dumpling.
    (
        "#fff0cf",
        &[
            Raw(
                r##"<circle cx="24" cy="27.5" r="15" fill="#f5942b"/><path fill="#4e9a45" d="M24 14c1-6 8-8 12-5-2 5-8 7-12 5z"/><path stroke="#6b4a2b" stroke-width="2" stroke-linecap="round" d="M24 14v-3"/>"##,
            ),
            Cheeks,
            Smile,
        ],
    ),
    (
        "#e3f0d9",
        &[
            Raw(
                r##"<path fill="#f7a9a0" d="M24 11c9 0 15.5 8 15.5 16S32 42 24 42 8.5 35 8.5 27 15 11 24 11z"/><path fill="#ef8079" d="M24 11c9 0 15.5 8 15.5 16S32 42 24 42c6-4 9-9 9-15s-3-12-9-16z" opacity=".5"/><path fill="#5aa04c" d="M24 13c-2-5-9-6-12-4 2 5 8 6 12 4zm0 0c2-5 9-6 12-4-2 5-8 6-12 4z"/>"##,
            ),
            Smile,
            Cheeks,
        ],
    ),
    (
        "#dbe9ea",
        &[
            Raw(
                r##"<ellipse cx="24" cy="28.5" rx="16" ry="13" fill="#e8622c"/><path fill="#5d9149" d="M24 10l3 4 6-1-2 5 3 3-7-.5-3 3.5-3-3.5-7 .5 3-3-2-5 6 1z"/>"##,
            ),
            Cheeks,
            Smile,
        ],
    ),
    (
        "#fde2df",
        &[
            Raw(
                r##"<path fill="#e0413f" d="M24 43C15 40 8 31 9 22c1-6 8-8 15-6 7-2 14 0 15 6 1 9-6 18-15 21z"/><g fill="#ffd98a"><ellipse cx="24" cy="21" rx="1" ry="1.5"/><ellipse cx="14" cy="24" rx="1" ry="1.5"/><ellipse cx="34" cy="24" rx="1" ry="1.5"/><ellipse cx="24" cy="39" rx="1" ry="1.5"/><ellipse cx="18" cy="36" rx="1" ry="1.5"/><ellipse cx="30" cy="36" rx="1" ry="1.5"/></g><path fill="#559a48" d="M24 9l2 5 7-3-2 6-7 1-7-1-2-6 7 3z"/>"##,
            ),
            Smile,
        ],
    ),
    (
        "#d9efdf",
        &[Raw(
            r##"<path fill="#3c8a47" d="M5 20h38c0 13-8 22-19 22S5 33 5 20z"/><path fill="#eaf6dc" d="M8 20h32c0 11-6.5 19-16 19S8 31 8 20z"/><path fill="#ee5350" d="M10 20h28c0 9.5-5.5 16.5-14 16.5S10 29.5 10 20z"/><g fill="#35241f"><ellipse cx="15" cy="23.5" rx=".9" ry="1.4"/><ellipse cx="33" cy="23.5" rx=".9" ry="1.4"/><ellipse cx="24" cy="22.8" rx=".9" ry="1.4"/><circle cx="19.5" cy="27.5" r="1.7"/><circle cx="28.5" cy="27.5" r="1.7"/></g><path fill="none" stroke="#35241f" stroke-width="1.5" stroke-linecap="round" d="M21.5 31.5q2.5 2 5 0"/>"##,
        )],
    ),
    (
        "#ead9cf",
        &[
            Raw(
                r##"<path fill="#fff6e3" d="M5 31c0-11 9-17 19-17s19 6 19 17c0 5-9 8-19 8S5 36 5 31z"/><path fill="none" stroke="#e2c79c" stroke-width="1.8" stroke-linecap="round" d="M11 21q3 0 3.5 4M16.5 17.5q3 .5 3 4.5M24 15.5q2 2 1 5M31 17q.5 2.5-2 4.5M37 21q-1 3-3.5 4"/>"##,
            ),
            Raw(
                r##"<g fill="#35241f"><circle cx="18.5" cy="29" r="1.9"/><circle cx="29.5" cy="29" r="1.9"/></g><path fill="none" stroke="#35241f" stroke-width="1.5" stroke-linecap="round" d="M21.5 33.5q2.5 2.2 5 0"/>"##,
            ),
            Cheeks,
        ],
    ),
];
