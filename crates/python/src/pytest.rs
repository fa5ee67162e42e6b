//! The tests of Python drivers, run by the interpreter that runs the drivers, with the daemon's own `syslogng`.

use std::ffi::OsString;
use std::process::Command;

use conf::globals::GlobalOptions;

use crate::spec::find_launch;

/// What the interpreter is started with.
const BOOT: &str = include_str!("../../../python/syslogng/testing/_boot.py");

/// The command that runs pytest with these arguments, in the Python that `globals` name; why there is none.
pub fn command(globals: &GlobalOptions, arguments: &[OsString]) -> Result<Command, String> {
    let launch = find_launch(globals)?;
    let mut command = Command::new(&launch.interpreter);
    command.args(["-s", "-c", BOOT]).arg(&launch.home.package).arg(&launch.home.bridge).args(arguments);
    Ok(command)
}
