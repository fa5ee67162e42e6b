//! Who is logged in at which terminal: utmp, as the GNU C library writes it.

use std::path::{Component, Path};

/// Bytes of one entry.
const ENTRY_BYTES: usize = 384;
/// Where in an entry its parts are.
const KIND: usize = 0;
const LINE: std::ops::Range<usize> = 8..40;
const USER: std::ops::Range<usize> = 44..76;
/// The kind of an entry that is a login.
const LOGIN: i16 = 7;

/// The terminals below `/dev` of `user`, or of all where that is `*`.
pub(super) fn terminals(logins: &[u8], user: &str) -> Vec<String> {
    let mut found: Vec<String> = logins
        .chunks_exact(ENTRY_BYTES)
        .filter(|entry| i16::from_ne_bytes([entry[KIND], entry[KIND + 1]]) == LOGIN)
        .filter(|entry| user == "*" || text(&entry[USER]) == user.as_bytes())
        .filter_map(|entry| String::from_utf8(text(&entry[LINE]).to_vec()).ok())
        .filter(|line| is_name(line))
        .collect();
    found.sort();
    found.dedup();
    found
}

fn text(field: &[u8]) -> &[u8] {
    field.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// Whoever writes an entry cannot have us leave `/dev`.
fn is_name(line: &str) -> bool {
    !line.is_empty() && Path::new(line).components().all(|part| matches!(part, Component::Normal(_)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entry(kind: i16, line: &str, user: &str) -> Vec<u8> {
        let mut entry = vec![0; ENTRY_BYTES];
        entry[..2].copy_from_slice(&kind.to_ne_bytes());
        entry[LINE][..line.len()].copy_from_slice(line.as_bytes());
        entry[USER][..user.len()].copy_from_slice(user.as_bytes());
        entry
    }

    #[test]
    fn users_have_terminals() {
        let logins = [
            entry(2, "~", "reboot"),
            entry(LOGIN, "pts/0", "root"),
            entry(LOGIN, "tty1", "anna"),
            entry(LOGIN, "pts/3", "root"),
            entry(8, "pts/4", "root"),
            entry(LOGIN, "../etc/passwd", "root"),
            entry(LOGIN, "/etc/passwd", "root"),
            entry(LOGIN, "", "root"),
        ]
        .concat();
        assert_eq!(terminals(&logins, "root"), ["pts/0", "pts/3"]);
        assert_eq!(terminals(&logins, "*"), ["pts/0", "pts/3", "tty1"]);
        assert!(terminals(&logins, "nobody").is_empty());
        assert!(terminals(&logins[..ENTRY_BYTES * 2 - 1], "root").is_empty());
    }

    proptest! {
        #[test]
        fn any_bytes_name_terminals_of_dev_alone(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
            let mut logins = bytes;
            for entry in logins.chunks_exact_mut(ENTRY_BYTES) {
                entry[..2].copy_from_slice(&LOGIN.to_ne_bytes());
            }
            for line in terminals(&logins, "*") {
                prop_assert!(!line.starts_with('/') && !line.split('/').any(|part| part == ".."));
            }
        }
    }
}
