//! The persist file, as the daemon opens it.

pub(crate) mod tool;

use std::path::{Path, PathBuf};

use store::{OpenError, Persist};

use crate::cli::{Goal, Options, PERSIST_FILE};

/// Opens the store of a daemon that is started with `options`.
///
/// A file that cannot be read is set aside, since a daemon that takes no logs is worse than one that has forgotten
/// where it was. Where nobody named a file and the usual one cannot be made, the state is kept in memory.
pub(crate) fn open(options: &Options) -> Result<Persist, OpenError> {
    let path = &options.persist_file;
    match Persist::open(path) {
        Err(error @ (OpenError::Damaged { .. } | OpenError::Foreign(_))) => open_anew(path, error),
        // What is only tried out does not need what the daemon beside it has.
        Err(OpenError::InUse(_)) if options.goal == Goal::CheckStartup => Ok(Persist::in_memory()),
        Err(error @ OpenError::Io { .. }) if path == Path::new(PERSIST_FILE) => {
            tracing::warn!(%error, hint = "name another one with --persist-file", "Nothing is remembered over a restart");
            Ok(Persist::in_memory())
        }
        opened => opened,
    }
}

fn open_anew(path: &Path, why: OpenError) -> Result<Persist, OpenError> {
    let Some(aside) = free_name(path, &why) else { return Err(why) };
    match std::fs::rename(path, &aside) {
        Ok(()) => {
            tracing::error!(error = %why, set_aside = %aside.display(), "Persist file set aside, beginning with an empty one");
            Persist::open(path)
        }
        Err(cause) => Err(OpenError::Io { file: path.to_owned(), cause }),
    }
}

/// Files of one kind that are set aside at most: a machine that damages more needs its operator.
const ASIDE_MAX: u32 = 100;

fn free_name(path: &Path, why: &OpenError) -> Option<PathBuf> {
    let kind = if matches!(why, OpenError::Foreign(_)) { "syslog-ng" } else { "damaged" };
    let name = |n| {
        let mut name = path.as_os_str().to_owned();
        name.push(if n == 0 { format!(".{kind}") } else { format!(".{kind}-{n}") });
        PathBuf::from(name)
    };
    (0..ASIDE_MAX).map(name).find(|name| !name.exists())
}

/// Forgets what nobody has asked for in a long time.
pub(crate) fn reap(persist: &Persist) {
    match persist.reap() {
        Ok(0) => {}
        Ok(entries) => tracing::info!(entries, "Unused entries of the persist file removed"),
        Err(error) => tracing::error!(%error, "Error removing unused entries of the persist file"),
    }
}
