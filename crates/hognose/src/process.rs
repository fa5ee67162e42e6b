//! Who the process is and what it may: limits, user, group, capabilities, root directory.
//!
//! All of it is done before the first thread starts: on Linux identity and capabilities belong to a thread, and
//! threads inherit those of the one that starts them.

use std::fs;
use std::io;

use rustix::process::{
    DumpableBehavior, Gid, Resource, Rlimit, Uid, getrlimit, set_dumpable_behavior, setrlimit,
};
use rustix::thread::{self, CapabilitySet, CapabilitySets};

use crate::cli::ProcessOptions;

/// File descriptors a daemon wants, as far as the system lets it; each connection takes one.
const DESCRIPTORS_WANTED: u64 = 4096;
/// What a daemon that gave up root may still do, unless `--caps` says otherwise: bind low ports, read any log,
/// give files away.
const CAPABILITIES: &str = "cap_net_bind_service,cap_net_broadcast,cap_net_raw,cap_dac_read_search,cap_dac_override,cap_chown,cap_fowner,cap_syslog";

/// What could not be done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProcessError {
    /// The user is not in the table.
    #[error("Error resolving user; user='{0}'")]
    User(String),
    /// The group is not in the table.
    #[error("Error resolving group; group='{0}'")]
    Group(String),
    /// No capability has this name.
    #[error("Error parsing capabilities; caps='{0}'")]
    Capabilities(String),
    /// The system refused.
    #[error("{what}; error='{cause}'")]
    Refused {
        /// What.
        what: &'static str,
        /// Why.
        cause: io::Error,
    },
}

/// Does what `options` ask for, in the order in which each is still allowed. Returns what was asked for in vain and
/// can be done without.
pub(crate) fn apply(options: &ProcessOptions) -> Result<Vec<String>, ProcessError> {
    let mut notes = Vec::new();
    if let Err(error) = raise_descriptors(options.fd_limit.unwrap_or(DESCRIPTORS_WANTED)) {
        notes.push(format!("Error setting file number limit; error='{error}'"));
    }
    let user = options.user.as_deref().map(find_user).transpose()?;
    let group = options.group.as_deref().map(find_group).transpose()?;
    let caps = parse_capabilities(options.caps.as_deref().unwrap_or(CAPABILITIES))?;
    if options.enable_core
        && let Err(error) = enable_core()
    {
        notes.push(format!("Error setting core file limit; error='{error}'"));
    }
    if let Some(directory) = &options.chroot {
        rustix::process::chroot(directory).map_err(refused("Error in chroot()"))?;
        std::env::set_current_dir("/").map_err(refused("Error in chdir() after chroot()"))?;
    }
    if let Some(gid) = group.or(user.as_ref().map(|user| user.gid)) {
        thread::set_thread_groups(&[gid]).map_err(refused("Error in setgroups()"))?;
        thread::set_thread_res_gid(gid, gid, gid).map_err(refused("Error in setgid()"))?;
    }
    let Some(user) = user else { return Ok(notes) };
    let keeps = !options.no_caps && user.uid != Uid::ROOT;
    let before = thread::capabilities(None).map_err(refused("Error reading capabilities"))?;
    if keeps {
        thread::set_keep_capabilities(true).map_err(refused("Error in prctl(PR_SET_KEEPCAPS)"))?;
    }
    thread::set_thread_res_uid(user.uid, user.uid, user.uid).map_err(refused("Error in setuid()"))?;
    if keeps {
        let kept = caps & before.permitted;
        let sets = CapabilitySets { effective: kept, permitted: kept, inheritable: CapabilitySet::empty() };
        thread::set_capabilities(None, sets).map_err(refused("Error setting capabilities"))?;
    }
    if options.enable_core {
        // A change of user takes it away.
        let _ = set_dumpable_behavior(DumpableBehavior::Dumpable);
    }
    Ok(notes)
}

/// A user, as far as a process is one.
#[derive(Debug, PartialEq)]
struct User {
    uid: Uid,
    gid: Gid,
}

fn refused<E: Into<io::Error>>(what: &'static str) -> impl Fn(E) -> ProcessError {
    move |cause| ProcessError::Refused { what, cause: cause.into() }
}

fn raise_descriptors(wanted: u64) -> io::Result<()> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    // No limit is enough for anybody.
    let Some(now) = current else { return Ok(()) };
    if now >= wanted {
        return Ok(());
    }
    let allowed = maximum.unwrap_or(wanted);
    if allowed < wanted {
        // Root may go beyond.
        let raised = Rlimit { current: Some(wanted), maximum: Some(wanted) };
        if setrlimit(Resource::Nofile, raised).is_ok() {
            return Ok(());
        }
    }
    Ok(setrlimit(Resource::Nofile, Rlimit { current: Some(wanted.min(allowed)), maximum })?)
}

fn enable_core() -> io::Result<()> {
    let maximum = getrlimit(Resource::Core).maximum;
    setrlimit(Resource::Core, Rlimit { current: maximum, maximum })?;
    Ok(set_dumpable_behavior(DumpableBehavior::Dumpable)?)
}

fn find_user(name: &str) -> Result<User, ProcessError> {
    let table = fs::read_to_string("/etc/passwd").unwrap_or_default();
    user_in(&table, name).ok_or_else(|| ProcessError::User(name.to_owned()))
}

/// `name:password:uid:gid:…`, by name or number; a number that is not there is its own group's, too.
fn user_in(table: &str, name: &str) -> Option<User> {
    let fields = table.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let found =
        fields.filter(|fields| fields.len() > 3).find(|fields| fields[0] == name || fields[2] == name);
    let (uid, gid) = match found {
        Some(fields) => (fields[2].parse().ok()?, fields[3].parse().ok()?),
        None => name.parse().ok().map(|number| (number, number))?,
    };
    Some(User { uid: Uid::from_raw(uid), gid: Gid::from_raw(gid) })
}

fn find_group(name: &str) -> Result<Gid, ProcessError> {
    let table = fs::read_to_string("/etc/group").unwrap_or_default();
    group_in(&table, name).ok_or_else(|| ProcessError::Group(name.to_owned()))
}

/// `name:password:gid:…`, by name or number.
fn group_in(table: &str, name: &str) -> Option<Gid> {
    let mut fields = table.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let found = fields.find(|fields| fields.len() > 2 && fields[0] == name);
    let number = found.map_or(name, |fields| fields[2]);
    number.parse().ok().map(Gid::from_raw)
}

/// Names with commas between them; what stands behind `=` or `+` (`=p`, `+ep`) is for sets that this daemon does not
/// tell apart, since it does not switch its capabilities on and off.
fn parse_capabilities(text: &str) -> Result<CapabilitySet, ProcessError> {
    let names =
        text.split_whitespace().flat_map(|clause| clause.split(['=', '+']).next().unwrap_or("").split(','));
    let mut set = CapabilitySet::empty();
    for name in names.filter(|name| !name.is_empty()) {
        let upper = name.to_ascii_uppercase();
        let known = upper.strip_prefix("CAP_").and_then(CapabilitySet::from_name);
        set |= known.ok_or_else(|| ProcessError::Capabilities(text.to_owned()))?;
    }
    Ok(set)
}

#[cfg(test)]
mod tests {
    use super::*;

    const USERS: &str = "root:x:0:0:root:/root:/bin/sh\nlog:x:101:104::/:/bin/false\nbroken\n";

    #[test]
    fn users_by_name_and_number() {
        let log = User { uid: Uid::from_raw(101), gid: Gid::from_raw(104) };
        assert_eq!(user_in(USERS, "log"), Some(log));
        assert_eq!(user_in(USERS, "101").unwrap().gid, Gid::from_raw(104));
        assert_eq!(user_in(USERS, "4711").unwrap().gid, Gid::from_raw(4711));
        assert_eq!(user_in(USERS, "nobody-here"), None);
    }

    #[test]
    fn groups_by_name_and_number() {
        let groups = "root:x:0:\nadm:x:4:log\n";
        assert_eq!(group_in(groups, "adm"), Some(Gid::from_raw(4)));
        assert_eq!(group_in(groups, "17"), Some(Gid::from_raw(17)));
        assert_eq!(group_in(groups, "none"), None);
    }

    #[test]
    fn capabilities_as_syslog_ng_writes_them() {
        let set = parse_capabilities("cap_net_bind_service,cap_chown=p cap_syslog=ep").unwrap();
        let expected = CapabilitySet::NET_BIND_SERVICE | CapabilitySet::CHOWN | CapabilitySet::SYSLOG;
        assert_eq!(set, expected);
        assert!(parse_capabilities(CAPABILITIES).is_ok());
        assert!(parse_capabilities("cap_nonsense").is_err());
    }
}
