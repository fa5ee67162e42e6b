//! Names of files that come out of a template.

use super::{RenderScope, Template};
use crate::records::Message;

/// Bytes a path may have; the system takes no longer ones.
pub const PATH_BYTES_MAX: usize = 4095;
/// Bytes a part of it may have.
const FRAGMENT_BYTES_MAX: usize = 255;

/// Why a rendered text is not used as the name of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadPath {
    /// It is empty, or names a directory.
    #[error("the file name is empty")]
    Empty,
    /// It holds a NUL.
    #[error("the file name holds a NUL")]
    Nul,
    /// It has a `..` in it, which a message must not bring.
    #[error("the file name has a `..` in it")]
    Parent,
    /// It, or a part of it, is longer than the system takes.
    #[error("the file name is too long")]
    TooLong,
}

/// Renders the name of a file into `out`, which is emptied first.
///
/// What a message says may become a part of the name, but may not lead out of where the administrator put it: a
/// `..` is refused unless the whole template is the administrator's own text.
pub fn render_path(
    template: &Template,
    message: Message<'_>,
    scope: &mut RenderScope<'_>,
    out: &mut Vec<u8>,
) -> Result<(), BadPath> {
    out.clear();
    template.render(message, scope, out);
    if out.is_empty() || out.ends_with(b"/") {
        return Err(BadPath::Empty);
    }
    if memchr::memchr(0, out).is_some() {
        return Err(BadPath::Nul);
    }
    if out.len() > PATH_BYTES_MAX {
        return Err(BadPath::TooLong);
    }
    let constant = template.is_constant();
    for fragment in out.split(|byte| *byte == b'/') {
        if fragment.len() > FRAGMENT_BYTES_MAX {
            return Err(BadPath::TooLong);
        }
        if fragment == b".." && !constant {
            return Err(BadPath::Parent);
        }
    }
    Ok(())
}
