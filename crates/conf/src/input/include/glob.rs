//! Patterns of file names: `*`, `?` and `[…]`, none of which matches a slash or a leading dot.

use std::{
    fs,
    path::{Component, Path, PathBuf},
};

/// Whether `name` is a pattern.
pub(super) fn is_pattern(name: &str) -> bool {
    name.contains(['*', '?', '['])
}

/// The files that match, sorted. What cannot be read matches nothing.
pub(super) fn files(pattern: &Path) -> Vec<PathBuf> {
    let mut found = vec![PathBuf::new()];
    for component in pattern.components() {
        found = match component {
            Component::Normal(name) if name.to_str().is_some_and(is_pattern) => {
                let name = name.to_str().unwrap_or_default();
                found.iter().flat_map(|parent| children(parent, name)).collect()
            }
            other => found.into_iter().map(|parent| parent.join(other)).collect(),
        };
    }
    found.retain(|path| path.is_file());
    found.sort();
    found
}

fn children(parent: &Path, pattern: &str) -> Vec<PathBuf> {
    let directory = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_name().to_str().is_some_and(|name| matches(pattern, name)))
        .map(|entry| parent.join(entry.file_name()))
        .collect()
}

fn matches(pattern: &str, name: &str) -> bool {
    if name.starts_with('.') && !pattern.starts_with('.') {
        return false;
    }
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    // The place to go back to: one character more for the last star.
    let mut star = None;
    let (mut p, mut n) = (0, 0);
    while n < name.len() {
        let step = match pattern.get(p) {
            Some('*') => {
                star = Some((p + 1, n));
                p += 1;
                continue;
            }
            Some('?') => Some(p + 1),
            Some('[') => class(&pattern, p, name[n]),
            Some(sign) => (*sign == name[n]).then_some(p + 1),
            None => None,
        };
        match (step, star) {
            (Some(next), _) => (p, n) = (next, n + 1),
            (None, Some((behind, from))) => {
                star = Some((behind, from + 1));
                (p, n) = (behind, from + 1);
            }
            (None, None) => return false,
        }
    }
    pattern[p..].iter().all(|sign| *sign == '*')
}

/// Where the pattern goes on behind the class at `at`, when `sign` is in it. A class that is not closed is a bracket.
fn class(pattern: &[char], at: usize, sign: char) -> Option<usize> {
    let negated = matches!(pattern.get(at + 1), Some('!' | '^'));
    let first = at + 1 + usize::from(negated);
    let Some(close) = (first + 1..pattern.len()).find(|index| pattern[*index] == ']') else {
        return (sign == '[').then_some(at + 1);
    };
    let mut rest = &pattern[first..close];
    let mut found = false;
    while let Some(from) = rest.first() {
        let to = if rest.len() > 2 && rest[1] == '-' { rest[2] } else { *from };
        found |= (*from..=to).contains(&sign);
        rest = &rest[if rest.len() > 2 && rest[1] == '-' { 3 } else { 1 }..];
    }
    (found != negated).then_some(close + 1)
}

#[cfg(test)]
mod tests {
    #[track_caller]
    fn check(pattern: &str, name: &str, expected: bool) {
        assert_eq!(super::matches(pattern, name), expected, "{pattern} {name}");
    }

    #[test]
    fn names() {
        check("*.conf", "a.conf", true);
        check("*.conf", ".a.conf", false);
        check(".*.conf", ".a.conf", true);
        check("*", "", true);
        check("a?c", "abc", true);
        check("a?c", "ac", false);
        check("*a*b*c", "xxaxbxbxc", true);
        check("*a*b*c", "xxaxbxbx", false);
        check("[0-9][0-9]-*", "10-x", true);
        check("[!0-9]*", "10-x", false);
        check("[]x]", "]", true);
        check("[ab", "[ab", true);
    }
}
