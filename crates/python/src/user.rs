//! The user that a worker runs as.

use std::fs;

/// A user of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

/// Where users are looked up. Those that only a directory service knows are named by number.
const USERS_FILE: &str = "/etc/passwd";

impl User {
    /// The user of this name or number, with its primary group; why there is none, in the administrator's words.
    pub(crate) fn find(name: &str) -> Result<User, String> {
        let users =
            fs::read_to_string(USERS_FILE).map_err(|error| format!("cannot read {USERS_FILE}: {error}"))?;
        User::find_in(&users, name).ok_or_else(|| format!("there is no user `{name}` in {USERS_FILE}"))
    }

    fn find_in(users: &str, name: &str) -> Option<User> {
        users.lines().find_map(|line| {
            let mut fields = line.split(':');
            let (known, _, uid, gid) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
            let is_it = known == name || (uid == name && name.bytes().all(|byte| byte.is_ascii_digit()));
            is_it.then(|| Some(User { uid: uid.parse().ok()?, gid: gid.parse().ok()? })).flatten()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_name_and_by_number() {
        let users = "root:x:0:0:root:/root:/bin/bash\nlog:x:104:111::/var/log:/usr/sbin/nologin\nodd:x:1\n";
        assert_eq!(User::find_in(users, "log"), Some(User { uid: 104, gid: 111 }));
        assert_eq!(User::find_in(users, "104"), Some(User { uid: 104, gid: 111 }));
        assert_eq!(User::find_in(users, "odd"), None);
        assert_eq!(User::find_in(users, "x"), None);
    }
}
