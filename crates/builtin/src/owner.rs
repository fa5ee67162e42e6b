//! Names of users and groups to their numbers, and who may do what with a file.

use std::io;
use std::path::Path;

use conf::diagnostic::{Diagnostic, Diagnostics};
use conf::options::Spanned;
use rustix::fs::{Gid, Mode, Uid};

/// Where the names stand. Users of a directory service are known by their number only.
const USERS: &str = "/etc/passwd";
const GROUPS: &str = "/etc/group";

/// The number of a user; a name that nobody has is reported.
pub(crate) fn user(name: &Option<Spanned<String>>, diagnostics: &mut Diagnostics) -> Option<u32> {
    number("user", name.as_ref()?, USERS, diagnostics)
}

/// The number of a group; a name that none has is reported.
pub(crate) fn group(name: &Option<Spanned<String>>, diagnostics: &mut Diagnostics) -> Option<u32> {
    number("group", name.as_ref()?, GROUPS, diagnostics)
}

/// Gives the file at `path` away and sets its permissions.
pub(crate) fn apply(
    path: &Path,
    owner: Option<u32>,
    group: Option<u32>,
    perm: Option<u32>,
) -> io::Result<()> {
    if owner.is_some() || group.is_some() {
        rustix::fs::chown(path, owner.map(Uid::from_raw), group.map(Gid::from_raw))?;
    }
    if let Some(perm) = perm {
        rustix::fs::chmod(path, Mode::from_raw_mode(perm))?;
    }
    Ok(())
}

fn number(what: &str, name: &Spanned<String>, file: &str, diagnostics: &mut Diagnostics) -> Option<u32> {
    if let Ok(number) = name.value.parse() {
        return Some(number);
    }
    let table = std::fs::read_to_string(file).unwrap_or_default();
    let found = look_up(&table, &name.value);
    if found.is_none() {
        let message = format!("there is no {what} `{}` in {file}", name.value);
        diagnostics.push(Diagnostic::error(message, name.span));
    }
    found
}

/// `name:password:number:…`
fn look_up(table: &str, name: &str) -> Option<u32> {
    table.lines().find_map(|line| {
        let mut fields = line.split(':');
        if fields.next()? != name {
            return None;
        }
        fields.nth(1)?.parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_looked_up() {
        let table = "root:x:0:0:root:/root:/bin/sh\n# no\nbad:x\nlog:x:104:4::/:/bin/false\n";
        assert_eq!(look_up(table, "log"), Some(104));
        assert_eq!(look_up(table, "bad"), None);
        assert_eq!(look_up(table, "nobody"), None);
    }

    #[test]
    fn a_name_that_nobody_has_is_reported() {
        let mut diagnostics = Diagnostics::default();
        assert_eq!(user(&Some(Spanned::synthetic("no such user".into())), &mut diagnostics), None);
        assert_eq!(diagnostics.error_count(), 1);
        assert_eq!(user(&Some(Spanned::synthetic("17".into())), &mut diagnostics), Some(17));
        assert_eq!(diagnostics.error_count(), 1);
    }
}
