//! How the process ends, as scripts know it from syslog-ng.

/// See the module's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExitCode {
    /// All went well.
    Fine = 0,
    /// The command line or the configuration is wrong.
    Wrong = 1,
    /// The configuration can be read, but not started.
    CannotStart = 2,
}
