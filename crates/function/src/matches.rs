//! What a pattern found, as `$0`, `$1` and by the names of its groups.

use std::borrow::Cow;

use message::{Draft, Name, ValueType};
use pcre2::bytes::{CaptureLocations, Regex};

/// Groups that are stored; syslog-ng knows as many.
pub const GROUPS_MAX: usize = 256;

/// The name of group `number`.
fn number_name(number: usize, text: &mut [u8; 3]) -> &[u8] {
    let digits = [(number / 100) as u8, (number / 10 % 10) as u8, (number % 10) as u8];
    *text = digits.map(|digit| b'0' + digit);
    let skip = digits.iter().position(|digit| *digit != 0).unwrap_or(2);
    &text[skip..]
}

/// Writes the groups of a match to `draft`. Groups that took no part stay out, and those of a match before go.
pub fn store<'a>(regex: &Regex, found: &CaptureLocations, text: &[u8], draft: &mut Draft<'a>) {
    let names = regex.capture_names();
    let mut digits = [0; 3];
    for number in 0..found.len().min(GROUPS_MAX) {
        let value = found.get(number).map(|(start, end)| &text[start..end]);
        put(draft, Name::new(number_name(number, &mut digits)), value);
        if let Some(Some(name)) = names.get(number)
            && value.is_some()
        {
            put(draft, Name::new(name.as_bytes()), value);
        }
    }
    clear_from(draft, found.len());
}

/// Removes `$from` and all behind it.
pub fn clear_from(draft: &mut Draft<'_>, from: usize) {
    let mut digits = [0; 3];
    for number in from..GROUPS_MAX {
        let name = Name::new(number_name(number, &mut digits));
        // They are stored without gaps but for groups that took no part.
        if draft.get(name).is_none() && number > from + GAP_MAX {
            break;
        }
        draft.unset(name);
    }
}

/// Unset groups in a row after which no more are looked for.
const GAP_MAX: usize = 8;

/// Sets `$number`.
pub fn set(draft: &mut Draft<'_>, number: usize, value: &[u8]) {
    if number < GROUPS_MAX {
        put(draft, Name::new(number_name(number, &mut [0; 3])), Some(value));
    }
}

fn put(draft: &mut Draft<'_>, name: Name<'_>, value: Option<&[u8]>) {
    match value {
        Some(value) => draft.put(name, Cow::Owned(value.to_vec()), ValueType::String),
        None => draft.unset(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use message::Head;

    #[test]
    fn groups_have_numbers_and_names() {
        let regex = Regex::new("(?<k>[a-z]+)=(x)?(?<v>[0-9]+)").unwrap();
        let text = b"foo=12";
        let mut found = regex.capture_locations();
        assert!(regex.captures_read(&mut found, text).unwrap().is_some());
        let mut draft = Draft::new(Head::default());
        set(&mut draft, 2, b"old");
        set(&mut draft, 7, b"old");
        store(&regex, &found, text, &mut draft);
        let get = |name: &str| draft.get(Name::new(name.as_bytes())).map(|(value, _)| value);
        assert_eq!(get("0"), Some(&b"foo=12"[..]));
        assert_eq!(get("1"), Some(&b"foo"[..]));
        assert_eq!(get("2"), None);
        assert_eq!(get("3"), Some(&b"12"[..]));
        assert_eq!(get("7"), None);
        assert_eq!(get("k"), Some(&b"foo"[..]));
        assert_eq!(get("v"), Some(&b"12"[..]));
    }

    #[test]
    fn names_of_groups_are_numbers() {
        let mut digits = [0; 3];
        assert_eq!(number_name(0, &mut digits), b"0");
        assert_eq!(number_name(7, &mut digits), b"7");
        assert_eq!(number_name(40, &mut digits), b"40");
        assert_eq!(number_name(255, &mut digits), b"255");
    }
}
