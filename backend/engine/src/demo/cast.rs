//! Who the demo members are.

use hongbao_shared::api::groups::Language;

/// How many demo members a group has.
pub(super) const CAST: usize = 5;

/// A demo member's ways.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manner {
    /// How long they take to tap a packet, in milliseconds: from, to.
    pub(super) tap_ms: (u32, u32),
    /// How readily they speak, beside the others.
    pub(super) chatty: u32,
    /// How readily they send, beside the others.
    pub(super) generous: u32,
}

struct Role {
    /// Key and name, by language.
    zh: (&'static str, &'static str),
    en: (&'static str, &'static str),
    avatar: &'static str,
    manner: Manner,
}

const ROLES: [Role; CAST] = [
    // The host: speaks first, sends first.
    Role {
        zh: ("zh-0", "阿福"),
        en: ("en-0", "Fay"),
        avatar: "a03",
        manner: Manner { tap_ms: (3_500, 9_000), chatty: 4, generous: 5 },
    },
    // The quick one.
    Role {
        zh: ("zh-1", "小满"),
        en: ("en-1", "Max"),
        avatar: "a07",
        manner: Manner { tap_ms: (900, 2_600), chatty: 3, generous: 1 },
    },
    // The slow one, who sends when least expected.
    Role {
        zh: ("zh-2", "老周"),
        en: ("en-2", "Joe"),
        avatar: "a11",
        manner: Manner { tap_ms: (6_000, 16_000), chatty: 1, generous: 4 },
    },
    Role {
        zh: ("zh-3", "糖糖"),
        en: ("en-3", "Coco"),
        avatar: "a16",
        manner: Manner { tap_ms: (1_800, 6_000), chatty: 4, generous: 2 },
    },
    Role {
        zh: ("zh-4", "木木"),
        en: ("en-4", "Momo"),
        avatar: "a21",
        manner: Manner { tap_ms: (2_500, 11_000), chatty: 2, generous: 2 },
    },
];

/// The ways of the member at this place; places wrap.
pub(super) fn manner(place: usize) -> Manner {
    ROLES.get(place).unwrap_or(&ROLES[0]).manner
}

/// A demo member as accounts know them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Member {
    /// By what they are found again.
    pub(super) key: &'static str,
    /// What they are called.
    pub(super) name: &'static str,
    /// Their picture.
    pub(super) avatar: &'static str,
}

/// The demo members who speak this language.
pub(super) fn cast(language: Language) -> [Member; CAST] {
    ROLES.each_ref().map(|role| {
        let (key, name) = match language {
            Language::Zh => role.zh,
            Language::En => role.en,
        };
        Member { key, name, avatar: role.avatar }
    })
}

/// What their group is called.
pub(super) const fn group_name(language: Language) -> &'static str {
    match language {
        Language::Zh => "红包体验群",
        Language::En => "Red packet playground",
    }
}
