//! Enums of words.

/// Declares an enum whose variants are words of the configuration, so that an option can have it as its type.
///
/// ```
/// conf::choices! {
///     /// How a time stamp is written.
///     pub enum TsFormat {
///         /// `Nov 22 10:37:36`
///         Bsd = "rfc3164" | "bsd",
///         /// `2026-11-22T10:37:36+00:00`
///         Iso = "rfc3339" | "iso",
///     }
/// }
/// ```
#[macro_export]
macro_rules! choices {
    (
        $(#[doc = $help:literal])*
        $visibility:vis enum $name:ident {
            $($(#[doc = $variant_help:literal])* $variant:ident = $first:literal $(| $other:literal)*),+ $(,)?
        }
    ) => {
        $(#[doc = $help])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        $visibility enum $name {
            $($(#[doc = $variant_help])* $variant),+
        }

        impl $crate::options::Choice for $name {
            const WORDS: &'static [&'static str] = &[$($first $(, $other)*),+];

            fn word(self) -> &'static str {
                match self {
                    $($name::$variant => $first),+
                }
            }

            fn from_word(word: &str) -> Option<$name> {
                $(
                    if [$first $(, $other)*].iter().any(|other| $crate::ast::same_keyword(word, other)) {
                        return Some($name::$variant);
                    }
                )+
                None
            }
        }

        impl $crate::options::FromArguments for $name {
            const TYPE: &'static str = $crate::choices!(@type $($first),+);

            fn from_arguments(
                given: &$crate::options::Given<'_>,
                diagnostics: &mut $crate::Diagnostics,
            ) -> Option<$name> {
                <$name as $crate::options::Choice>::read_word(given, diagnostics)
            }
        }
    };
    (@type $first:literal $(, $other:literal)*) => {
        concat!($first $(, "|", $other)*)
    };
}
