//! `tls(…)`: encryption of connections, and who is trusted at their other end.
//!
//! The options are read, with all files they name, when the configuration is compiled: what is wrong with a key or a
//! certificate is told then, and a reload takes up files that have changed. Connections that are open keep what they
//! were opened with.

mod cipher;
mod files;
mod options;
mod subject;
#[cfg(test)]
mod tests;
mod verify;

pub(crate) use self::options::TlsOptions;
pub(crate) use self::subject::Subject;
