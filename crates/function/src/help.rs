//! What each function does, for the reference page.

/// The name in a call of [`FUNCTION_HELP`].
pub fn name(call: &str) -> &str {
    call.trim_start_matches("$(").split([' ', ')']).next().unwrap_or_default()
}

/// Every function, those that a filter decides among them: how it is called, and what comes of that.
#[rustfmt::skip]
pub const FUNCTION_HELP: &[(&str, &str)] = &[
    ("$(% A B)", "the remainder; arithmetic is of whole numbers where both are whole, and `NaN` where one is no number"),
    ("$(* A B)", "the product"),
    ("$(+ A B)", "the sum"),
    ("$(- A B)", "the difference"),
    ("$(/ A B)", "the quotient"),
    ("$(average X)", "the average over the messages of a correlation context"),
    ("$(base64-encode X…)", "the texts, one behind the other, in Base64"),
    ("$(basename PATH)", "what stands behind the last slash"),
    ("$(binary N…)", "bytes by their numbers: decimal, `0x41`, or `0101`"),
    ("$(ceil X)", "the next whole number above"),
    ("$(context-length)", "messages in the correlation context; 1 outside of one"),
    ("$(context-lookup (FILTER) X…)", "what the templates say of each message of the context that matches, as a list"),
    ("$(context-values X…)", "what the templates say of each message of the context, as a list"),
    ("$(dirname PATH)", "what stands before the last slash, `.` without one"),
    ("$(echo X…)", "the texts, with blanks between"),
    ("$(env NAME…)", "variables of the daemon's environment, as they were when the configuration was read"),
    ("$(explode SEPARATOR X…)", "the parts of the texts, as a list"),
    ("$(filter (FILTER) LIST…)", "the elements for which the filter holds; `$_` in it is the element"),
    ("$(floor X)", "the next whole number below"),
    ("$(format-cef-extension PAIRS…)", "name-value pairs as the extension of a CEF record"),
    ("$(format-date [--time-zone ZONE] FORMAT)", "the time in the message as strftime writes it"),
    ("$(format-flat-json PAIRS…)", "name-value pairs as a JSON object, dots kept in the names"),
    ("$(format-json PAIRS…)", "name-value pairs as a JSON object; dots in names make objects within it. `--leave-initial-dot`, `--key-delimiter`"),
    ("$(format-welf PAIRS…)", "name-value pairs as WELF: `name=value name=\"a value\"`"),
    ("$(getent TABLE KEY [FIELD])", "what `/etc` knows in `passwd`, `group`, `services` or `protocols`"),
    ("$(graphite-output [--timestamp T] PAIRS…)", "a line `name value time` for each pair"),
    ("$(grep (FILTER) X…)", "what the templates say of each message of the context that matches, separated by commas"),
    ("$(hash [--length N] X…)", "the SHA-256 of the texts, in hexadecimal"),
    ("$(if (FILTER) YES NO)", "the one text or the other"),
    ("$(implode SEPARATOR LIST…)", "the elements, with the separator between"),
    ("$(indent-multi-line X)", "the text with a tab at the start of every line but the first"),
    ("$(ipv4-to-int ADDRESS…)", "an IPv4 address as a number"),
    ("$(iterate X START)", "the start for the first message, then the template with `$_` as what it said before"),
    ("$(length X…)", "bytes of the text"),
    ("$(list-append LIST X…)", "the list with these elements behind"),
    ("$(list-concat X…)", "the elements of all the lists"),
    ("$(list-count LIST…)", "how many elements"),
    ("$(list-head LIST…)", "the first element"),
    ("$(list-nth N LIST…)", "the element with this number, from 0; from the end where negative"),
    ("$(list-search [--mode MODE] [--start-index N] WHAT LIST…)", "the number of the first element that matches; modes are `literal`, `prefix`, `substring`, `glob` and `pcre`"),
    ("$(list-slice FROM:TO LIST…)", "a part of the list; either number may be left out or be negative"),
    ("$(list-tail LIST…)", "all but the first element"),
    ("$(lowercase X…)", "the text in lower case"),
    ("$(map X LIST…)", "the template for each element, which is `$_` in it, as a list"),
    ("$(max X)", "the largest number over the messages of a correlation context"),
    ("$(md5 [--length N] X…)", "the MD5 of the texts, in hexadecimal"),
    ("$(min X)", "the smallest number over the messages of a correlation context"),
    ("$(names PAIRS…)", "the names of name-value pairs, as a list"),
    ("$(or X…)", "the first text that is not empty"),
    ("$(padding X WIDTH [FILLING])", "the text, filled up on the left"),
    ("$(replace-delimiter OLD NEW X)", "the text with each of these characters replaced"),
    ("$(round X [DIGITS])", "the number rounded to this many digits behind the point"),
    ("$(sanitize [--ctrl-chars|--no-ctrl-chars] [--invalid-chars LIST] [--replacement R] X…)", "the texts made fit for names of files, with `/` between"),
    ("$(sha1 [--length N] X…)", "the SHA-1 of the texts, in hexadecimal"),
    ("$(sha256 [--length N] X…)", "the SHA-256 of the texts, in hexadecimal"),
    ("$(sha512 [--length N] X…)", "the SHA-512 of the texts, in hexadecimal"),
    ("$(stardate [--digits N] SECONDS)", "a moment as year and fraction of the year"),
    ("$(strip X…)", "the text without blanks at its ends"),
    ("$(substr X OFFSET [LENGTH])", "a part of the text, in bytes; what is negative counts from the end"),
    ("$(sum X)", "the sum over the messages of a correlation context"),
    ("$(tag NAME [YES [NO]])", "whether the message has the tag: `1` or `0`, or these texts"),
    ("$(tags-head NAME…)", "the first of these tags that the message has"),
    ("$(uppercase X…)", "the text in upper case"),
    ("$(url-decode X…)", "the text without `%20` and the like; nothing where it is none"),
    ("$(url-encode X…)", "the text as it may stand in a URL"),
    ("$(uuid)", "a new random UUID"),
    ("$(values PAIRS…)", "the values of name-value pairs, as a list"),
];

#[cfg(test)]
mod tests {
    use super::FUNCTION_HELP;

    #[test]
    fn every_function_is_explained_once() {
        let explained: Vec<&str> = FUNCTION_HELP.iter().map(|(call, _)| super::name(call)).collect();
        assert!(explained.is_sorted_by(|a, b| a < b), "{explained:?}");
        for entry in crate::ALL.iter().flat_map(|list| list.iter()) {
            assert!(explained.contains(&entry.name), "{}", entry.name);
        }
    }
}
