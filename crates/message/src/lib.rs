//! Messages: the record, names and values, time, syslog formats, templates.
//!
//! Floor 0. A message is one contiguous record ([`record`]); the same bytes are written by a Python source,
//! lie in the ring between worker and daemon, rest in a queue and travel to a destination.
#![forbid(unsafe_code)]

pub mod draft;
pub mod host;
pub mod layout;
pub mod list;
pub mod name;
pub mod record;
pub mod records;
mod scan;
pub mod syslog;
pub mod template;
pub mod time;
pub mod value;

pub use draft::Draft;
pub use name::{Builtin, Name};
pub use record::{BadRecord, Entry, Head, Record, RecordFlags};
pub use records::{Arenas, Message, Origin, Records};
pub use syslog::{ParseFlags, ParseOptions, Parsed, parse_into};
pub use template::{NoFunctions, RenderScope, Template, TemplateError, TemplateOptions, ZoneUse};
pub use time::{Stamp, Zone};
pub use value::ValueType;
