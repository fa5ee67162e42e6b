//! The declaration of options.

/// Declares a struct of options; see the [module](mod@crate::options).
#[macro_export]
macro_rules! options {
    (
        $(#[doc = $help:literal])*
        $visibility:vis struct $name:ident { $($fields:tt)* }
    ) => {
        // `reader` is passed along, since a name that two steps of a macro invent is two names.
        $crate::options! {
            @field ($visibility $name [$($help)*]) reader
            fields [] docs [] take [] build []
            rest [$($fields)*]
        }
    };

    // One field a step: each arm is a way to declare one, and goes on with the rest.
    (@field $head:tt $reader:ident fields $f:tt docs $d:tt take $t:tt build $b:tt
        rest [$(#[doc = $help:literal])* $name:ident $(| $alias:ident)* : $type:ty = inherit $(, $($rest:tt)*)?]
    ) => {
        $crate::options! {
            @add $head $reader fields $f docs $d take $t build $b
            field [$(#[doc = $help])* #[doc = ""] pub $name: Option<$type>,]
            doc [(names $name $($alias)*) (type $type) (kind Inherited) (help $($help)*)]
            take [let $name = $reader.inherited($crate::options!(@names $name $($alias)*));]
            build [$name,]
            rest [$($($rest)*)?]
        }
    };
    (@field $head:tt $reader:ident fields $f:tt docs $d:tt take $t:tt build $b:tt
        rest [$(#[doc = $help:literal])* $name:ident $(| $alias:ident)* : $type:ty = required $(, $($rest:tt)*)?]
    ) => {
        $crate::options! {
            @add $head $reader fields $f docs $d take $t build $b
            field [$(#[doc = $help])* pub $name: $type,]
            doc [(names $name $($alias)*) (type $type) (kind Required) (help $($help)*)]
            take [let $name = $reader.required($crate::options!(@names $name $($alias)*));]
            build [$name: $name?,]
            rest [$($($rest)*)?]
        }
    };
    (@field $head:tt $reader:ident fields $f:tt docs $d:tt take $t:tt build $b:tt
        rest [$(#[doc = $help:literal])* $name:ident $(| $alias:ident)* : $type:ty = repeated $(, $($rest:tt)*)?]
    ) => {
        $crate::options! {
            @add $head $reader fields $f docs $d take $t build $b
            field [$(#[doc = $help])* pub $name: $type,]
            doc [(names $name $($alias)*) (type $type) (kind Repeated) (help $($help)*)]
            take [let $name: $type = $reader.repeated($crate::options!(@names $name $($alias)*));]
            build [$name,]
            rest [$($($rest)*)?]
        }
    };
    (@field $head:tt $reader:ident fields $f:tt docs $d:tt take $t:tt build $b:tt
        rest [$(#[doc = $help:literal])* $name:ident : $type:ty = positional $(, $($rest:tt)*)?]
    ) => {
        $crate::options! {
            @add $head $reader fields $f docs $d take $t build $b
            field [$(#[doc = $help])* pub $name: $type,]
            doc [(names $name) (type $type) (kind Positional(None)) (help $($help)*)]
            take [let $name = $reader.positional($crate::options::plain_name(stringify!($name)));]
            build [$name: $name?,]
            rest [$($($rest)*)?]
        }
    };
    (@field $head:tt $reader:ident fields $f:tt docs $d:tt take $t:tt build $b:tt
        rest [$(#[doc = $help:literal])* $name:ident : $type:ty = positional($default:expr) $(, $($rest:tt)*)?]
    ) => {
        $crate::options! {
            @add $head $reader fields $f docs $d take $t build $b
            field [$(#[doc = $help])* pub $name: $type,]
            doc [(names $name) (type $type) (kind Positional(Some(stringify!($default)))) (help $($help)*)]
            take [let $name: $type =
                $reader.positional_or($crate::options::plain_name(stringify!($name)), || $default);]
            build [$name,]
            rest [$($($rest)*)?]
        }
    };
    (@field $head:tt $reader:ident fields $f:tt docs $d:tt take $t:tt build $b:tt
        rest [$(#[doc = $help:literal])* $name:ident : $type:ty = rest $(, $($rest:tt)*)?]
    ) => {
        $crate::options! {
            @add $head $reader fields $f docs $d take $t build $b
            field [$(#[doc = $help])* pub $name: $type,]
            doc [(names $name) (type $type) (kind Rest) (help $($help)*)]
            take [let $name: $type = $reader.rest($crate::options::plain_name(stringify!($name)));]
            build [$name,]
            rest [$($($rest)*)?]
        }
    };
    (@field $head:tt $reader:ident fields $f:tt docs $d:tt take $t:tt build $b:tt
        rest [$(#[doc = $help:literal])* $name:ident : $type:ty = flatten $(, $($rest:tt)*)?]
    ) => {
        $crate::options! {
            @add $head $reader fields $f docs $d take $t build $b
            field [$(#[doc = $help])* pub $name: $type,]
            doc [(names $name) (text "")
                (kind Group(<$type as $crate::options::Options>::DOCS)) (help $($help)*)]
            take [let $name = <$type as $crate::options::Options>::take($reader);]
            build [$name: $name?,]
            rest [$($($rest)*)?]
        }
    };
    (@field $head:tt $reader:ident fields $f:tt docs $d:tt take $t:tt build $b:tt
        rest [$(#[doc = $help:literal])* $name:ident $(| $alias:ident)* : $type:ty = $default:expr $(, $($rest:tt)*)?]
    ) => {
        $crate::options! {
            @add $head $reader fields $f docs $d take $t build $b
            field [$(#[doc = $help])* pub $name: $type,]
            doc [(names $name $($alias)*) (type $type) (kind Default(stringify!($default))) (help $($help)*)]
            take [let $name: $type = $reader.option($crate::options!(@names $name $($alias)*), || $default);]
            build [$name,]
            rest [$($($rest)*)?]
        }
    };

    (@add $head:tt $reader:ident
        fields [$($fields:tt)*] docs [$($docs:tt)*] take [$($takes:tt)*] build [$($builds:tt)*]
        field [$($field:tt)*] doc $doc:tt take [$($take:tt)*] build [$($build:tt)*] rest $rest:tt
    ) => {
        $crate::options! {
            @field $head $reader
            fields [$($fields)* $($field)*] docs [$($docs)* $doc]
            take [$($takes)* $($take)*] build [$($builds)* $($build)*]
            rest $rest
        }
    };

    (@field ($visibility:vis $name:ident [$($help:literal)*]) $reader:ident
        fields [$($fields:tt)*] docs [$($doc:tt)*] take [$($take:tt)*] build [$($build:tt)*] rest []
    ) => {
        $(#[doc = $help])*
        #[derive(Debug, Clone)]
        $visibility struct $name {
            $($fields)*
        }

        impl $crate::options::Options for $name {
            const DOCS: &'static [$crate::options::OptionDoc] = &[
                $crate::options::OptionDoc {
                    names: &[],
                    type_name: "",
                    kind: $crate::options::OptionKind::About,
                    help: Self::HELP,
                },
                $($crate::options!(@doc $doc)),*
            ];
            const HELP: &'static str = concat!("", $($help, "\n"),*);

            fn take($reader: &mut $crate::options::Reader<'_>) -> Option<$name> {
                $($take)*
                Some($name { $($build)* })
            }
        }

        impl $crate::options::FromArguments for $name {
            const TYPE: &'static str = "options";

            fn from_arguments(
                given: &$crate::options::Given<'_>,
                diagnostics: &mut $crate::Diagnostics,
            ) -> Option<$name> {
                <$name as $crate::options::Options>::read_arguments(
                    &given.subject(), given.arguments, given.span, diagnostics,
                )
            }

            fn gather(
                given: &$crate::options::Given<'_>,
                into: &mut Vec<$name>,
                diagnostics: &mut $crate::Diagnostics,
            ) {
                into.extend(<$name as $crate::options::FromArguments>::from_arguments(given, diagnostics));
            }
        }
    };

    (@names $($name:ident)+) => {
        &[$($crate::options::plain_name(stringify!($name))),+]
    };
    (@doc [(names $($name:ident)+) (type $type:ty) (kind $($kind:tt)*) (help $($help:literal)*)]) => {
        $crate::options!(@doc [(names $($name)+) (text <$type as $crate::options::FromArguments>::TYPE)
            (kind $($kind)*) (help $($help)*)])
    };
    (@doc [(names $($name:ident)+) (text $text:expr) (kind $($kind:tt)*) (help $($help:literal)*)]) => {
        $crate::options::OptionDoc {
            names: $crate::options!(@names $($name)+),
            type_name: $text,
            kind: $crate::options::OptionKind::$($kind)*,
            help: concat!("", $($help, "\n"),*),
        }
    };
}
