//! `@include "scl.conf"`: drivers and parsers that are made of others, written in the configuration language.
//!
//! Floor 3. The texts are in `scl/`, and are part of the binary: a daemon never meets the library of another version.
#![forbid(unsafe_code)]

use conf::generator::{GenerateError, Generators, Question};

/// Every file of the library by the name it is included by: `scl.conf` includes all others.
pub const LIBRARY: &[(&str, &str)] = &[
    ("scl.conf", include_str!("../../../scl/scl.conf")),
    ("scl/destination/chat.conf", include_str!("../../../scl/destination/chat.conf")),
    ("scl/destination/elasticsearch.conf", include_str!("../../../scl/destination/elasticsearch.conf")),
    ("scl/destination/graphite.conf", include_str!("../../../scl/destination/graphite.conf")),
    ("scl/destination/graylog2.conf", include_str!("../../../scl/destination/graylog2.conf")),
    ("scl/destination/log_services.conf", include_str!("../../../scl/destination/log_services.conf")),
    ("scl/destination/loggly.conf", include_str!("../../../scl/destination/loggly.conf")),
    ("scl/destination/splunk.conf", include_str!("../../../scl/destination/splunk.conf")),
    (
        "scl/source/default_network_drivers.conf",
        include_str!("../../../scl/source/default_network_drivers.conf"),
    ),
    ("scl/source/system.conf", include_str!("../../../scl/source/system.conf")),
    ("scl/source/system_journal.conf", include_str!("../../../scl/source/system_journal.conf")),
];

/// The conditions that the library's blocks are written with, before all `others`.
///
/// `if-given(value(…) then(…) otherwise(…))` stands for one of the two texts, in every context: the second where the
/// value is nothing, or a string with nothing in it. Blocks use it for options that have no default.
pub struct Conditions<'o>(pub Option<&'o mut dyn Generators>);

/// The name of the condition, with `_`.
const IF_GIVEN: &str = "if_given";

impl Generators for Conditions<'_> {
    fn has(&mut self, question: &Question<'_>) -> bool {
        question.name == IF_GIVEN || self.0.as_mut().is_some_and(|others| others.has(question))
    }

    fn generate(
        &mut self,
        question: &Question<'_>,
        arguments: &[(String, String)],
    ) -> Result<String, GenerateError> {
        match &mut self.0 {
            Some(others) if question.name != IF_GIVEN => others.generate(question, arguments),
            _ => if_given(arguments),
        }
    }
}

fn if_given(arguments: &[(String, String)]) -> Result<String, GenerateError> {
    let find = |name: &str| arguments.iter().find(|(known, _)| known == name).map(|(_, text)| text.trim());
    if let Some((other, _)) =
        arguments.iter().find(|(name, _)| !matches!(name.as_str(), "value" | "then" | "otherwise"))
    {
        let message = format!("`if-given` has no parameter `{other}`, only value(), then() and otherwise()");
        return Err(GenerateError { message, details: None });
    }
    let given = !matches!(find("value").unwrap_or_default(), "" | "\"\"" | "''");
    Ok(find(if given { "then" } else { "otherwise" }).unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests;
