//! Groups of options that several drivers share.

mod files;
mod pattern;
mod reading;
mod sockets;
mod writing;

pub use self::files::FileOwnerOptions;
pub use self::pattern::PatternOptions;
pub(crate) use self::reading::Reading;
pub use self::reading::{MultiLineMode, MultiLineOptions, ReaderOptions};
pub use self::sockets::SocketOptions;
pub(crate) use self::writing::Default;
pub use self::writing::WriterOptions;
pub(crate) use pipeline::options::template_options;
pub use pipeline::options::{DestinationOptions, NoEffect, NotYet, TemplateOptionGroup};
