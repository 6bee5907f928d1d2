//! Chinese and English, complete by construction: a text is a method of [`Lang`]
//! that holds both, so that a missing one does not compile. [`texts`] has the fixed
//! ones, [`phrases`], [`people`] and [`money`] those with something inside, [`system`]
//! what a chat tells by itself, [`errors`] a sentence per error code, [`dates`] moments
//! and durations.
//!
//! Own and small rather than a library: plural rules of two languages are a few
//! lines, and the library's data would take a quarter of the first visit's budget.

pub(crate) mod dates;
mod errors;
mod money;
pub(crate) mod ops;
mod people;
mod phrases;
mod system;
mod texts;

use std::sync::LazyLock;

use hongbao_shared::api::groups::Language;
use leptos::prelude::{ArcRwSignal, Get as _, GetUntracked as _, Set as _};

use crate::browser;

const KEY: &str = "hongbao.lang";

/// A language of the app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lang {
    /// Chinese, simplified.
    Zh,
    /// English.
    En,
}

impl Lang {
    /// The tag of BCP 47.
    pub(crate) const fn tag(self) -> &'static str {
        match self {
            Self::Zh => "zh-CN",
            Self::En => "en",
        }
    }

    /// What it is called on the wire.
    pub(crate) const fn on_the_wire(self) -> Language {
        match self {
            Self::Zh => Language::Zh,
            Self::En => Language::En,
        }
    }

    const fn other(self) -> Self {
        match self {
            Self::Zh => Self::En,
            Self::En => Self::Zh,
        }
    }
}

static LANG: LazyLock<ArcRwSignal<Lang>> = LazyLock::new(|| {
    let wanted = browser::stored(KEY).unwrap_or_else(browser::language);
    ArcRwSignal::new(if wanted.starts_with("zh") { Lang::Zh } else { Lang::En })
});

/// The language that is spoken now; whoever shows it follows changes.
pub(crate) fn lang() -> Lang {
    LANG.get()
}

/// The language of something said once, such as a toast.
pub(crate) fn lang_now() -> Lang {
    LANG.get_untracked()
}

/// Says to the browser which language this is, and follows the days.
pub(crate) fn start() {
    apply(lang_now());
    dates::start();
}

fn apply(lang: Lang) {
    browser::set_root_attribute("lang", lang.tag());
    title(lang, 0);
}

fn title(lang: Lang, unread: u32) {
    if let Some(document) = browser::document() {
        document.set_title(&lang.app_title(unread));
    }
}

/// Says in the page's title how much is unread, and follows the language.
pub(crate) fn say_title(unread: u32) {
    title(lang(), unread);
}

/// Changes to the other language, and remembers it.
pub(crate) fn toggle() {
    let lang = lang_now().other();
    browser::store(KEY, lang.tag());
    apply(lang);
    LANG.set(lang);
}

/// A fixed text that follows the language. All of them are one type, so that the
/// module holds the code that draws them once.
pub(crate) fn text(
    of: fn(Lang) -> &'static str,
) -> impl Fn() -> &'static str + Copy + Send + Sync + 'static {
    move || of(lang())
}

/// A text that follows the language: `tr!(close)`, `tr!(members, 3)`.
macro_rules! tr {
    ($name:ident) => {
        $crate::i18n::text($crate::i18n::Lang::$name)
    };
    ($name:ident, $($argument:expr),+ $(,)?) => {
        move || $crate::i18n::lang().$name($($argument),+)
    };
}
pub(crate) use phrases::joined_by_dot;
pub(crate) use tr;
