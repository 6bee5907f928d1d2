//! How a section of the configuration says everything about its settings once: the
//! type, the default, the variable and, as its doc comment, the meaning.

use super::value::Value;

/// Before every variable.
pub(super) const PREFIX: &str = "HONGBAO_";

/// One setting while something walks over all of them.
pub(super) struct Slot<'a> {
    /// Where it stands in the file: `limits.max_shares`.
    pub(super) path: &'static str,
    /// Its variable, where that is not made from the path.
    pub(super) variable: Option<&'static str>,
    /// The lines of its doc comment.
    pub(super) meaning: &'static [&'static str],
    /// Its value.
    pub(super) value: &'a mut dyn Value,
}

impl Slot<'_> {
    /// `HONGBAO_` and the path, for example `HONGBAO_LIMITS_MAX_SHARES`.
    pub(super) fn variable(&self) -> String {
        let from_path = || format!("{PREFIX}{}", self.path.replace('.', "_").to_uppercase());
        self.variable.map_or_else(from_path, str::to_owned)
    }

    /// The doc comment on one line.
    pub(super) fn meaning(&self) -> String {
        self.meaning.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ")
    }
}

/// A struct whose fields are settings.
pub(super) trait Section {
    /// Calls `visit` with every setting in the order of declaration.
    fn visit(&mut self, visit: &mut dyn FnMut(Slot<'_>));
}

/// Declares a section. A setting reads `field: Type = default;` below its doc
/// comment; `as "HONGBAO_…"` gives it a variable other than that of its path.
macro_rules! section {
    (
        $(#[doc = $about:literal])+
        $name:ident at $path:literal {
            $(
                $(#[doc = $meaning:literal])+
                $field:ident: $type:ty = $default:expr $(, as $variable:literal)?;
            )+
        }
    ) => {
        $(#[doc = $about])+
        #[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct $name {
            $( $(#[doc = $meaning])+ pub $field: $type, )+
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $( $field: $default, )+ }
            }
        }

        impl $crate::section::Section for $name {
            fn visit(&mut self, visit: &mut dyn FnMut($crate::section::Slot<'_>)) {
                $(
                    visit($crate::section::Slot {
                        path: concat!($path, ".", stringify!($field)),
                        variable: None $( .or(Some($variable)) )?,
                        meaning: &[$($meaning),+],
                        value: &mut self.$field,
                    });
                )+
            }
        }
    };
}

/// Makes a section of a struct that is declared elsewhere. A field without a meaning
/// here does not compile, but for one that another section sets.
macro_rules! describe {
    (
        $name:ident at $path:literal { $( $field:ident: $meaning:literal, )+ }
        $( elsewhere $( $elsewhere:ident )+ )?
    ) => {
        impl $crate::section::Section for $name {
            fn visit(&mut self, visit: &mut dyn FnMut($crate::section::Slot<'_>)) {
                let Self { $( $field, )+ $($( $elsewhere: _, )+)? } = self;
                $(
                    visit($crate::section::Slot {
                        path: concat!($path, ".", stringify!($field)),
                        variable: None,
                        meaning: &[$meaning],
                        value: $field,
                    });
                )+
            }
        }
    };
}

pub(super) use {describe, section};
