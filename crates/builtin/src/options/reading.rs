//! Groups of sources that read bytes.

use std::num::NonZeroU32;
use std::sync::Arc;

use conf::diagnostic::Diagnostic;
use conf::options::Spanned;
use encoding_rs::Encoding;
use message::syslog::{BadHostname, ParseFlags, ParseOptions};
use pipeline::Compile;
use pipeline::options::{MessageOptions, SourceOptions};

use super::{NoEffect, NotYet, PatternOptions};

conf::options! {
    /// Options of sources that read bytes.
    pub struct ReaderOptions {
        /// Options of all sources.
        source: SourceOptions = flatten,
        /// How messages are read.
        message: MessageOptions = flatten,
        /// Bytes of the longest message.
        log_msg_size: NonZeroU32 = inherit,
        /// Cut messages that are longer than that, where the transport tells their length.
        trim_large_messages: bool = inherit,
        /// Character set of the messages.
        encoding: Spanned<String> = inherit,
        /// Messages read in one go.
        log_fetch_limit: NoEffect = inherit,
        /// Commands run when the source starts and stops.
        hook_commands: NotYet = inherit,
    }
}

conf::options! {
    /// How lines are glued together.
    pub struct MultiLineOptions {
        /// How messages of several lines are told apart.
        multi_line_mode: MultiLineMode = MultiLineMode::None,
        /// Begin of a message.
        multi_line_prefix: NotYet = inherit,
        /// End of a message.
        multi_line_garbage | multi_line_suffix: NotYet = inherit,
        /// Seconds after which a message counts as complete.
        multi_line_timeout: NotYet = inherit,
    }
}

conf::choices! {
    /// How messages of several lines are told apart.
    pub enum MultiLineMode {
        /// A line is a message.
        None = "none",
    }
}

/// What [`ReaderOptions`] come to.
#[derive(Clone)]
pub(crate) struct Reading {
    pub(crate) common: pipeline::options::SourceCommon,
    pub(crate) parse: ParseOptions,
    /// What lines are converted from; `None` where they are taken as they are.
    pub(crate) encoding: Option<&'static Encoding>,
    pub(crate) msg_size: usize,
    pub(crate) trim: bool,
}

impl ReaderOptions {
    /// Completes the options with the global ones. `base` are the flags that the driver begins with.
    pub(crate) fn resolve(&self, base: ParseFlags, cx: &mut Compile<'_>, span: conf::Span) -> Reading {
        let common = self.source.resolve(cx, span);
        let mut parse = self.message.resolve(base, cx);
        let stamping = &common.stamping;
        parse.store_host = (stamping.keep_hostname || stamping.chain_hostnames) && !stamping.override_host;
        // Nobody can ask for the size of a message who does not name it, or everything; Python may name it elsewhere.
        parse.store_raw_size = RAW_SIZE_WORDS.iter().any(|word| cx.sources.mention(word));
        parse.bad_hostname = bad_hostname(cx);
        let encoding = self.encoding.as_ref().and_then(|encoding| read_encoding(encoding, cx));
        if self.encoding.is_some() {
            parse.flags = parse.flags.with(ParseFlags::ASSUME_UTF8);
        }
        Reading {
            common,
            parse,
            encoding,
            msg_size: self.log_msg_size.unwrap_or(cx.globals.log_msg_size).get() as usize,
            trim: self.trim_large_messages.unwrap_or(cx.globals.trim_large_messages),
        }
    }
}

/// The character set of this name; `None` for UTF-8, which needs no conversion, and for a name that is reported.
fn read_encoding(name: &Spanned<String>, cx: &mut Compile<'_>) -> Option<&'static Encoding> {
    let found = Encoding::for_label(name.value.as_bytes());
    match found {
        // Lines of these cannot be told apart before they are converted.
        Some(encoding) if !encoding.is_ascii_compatible() => {
            let message = format!("encoding `{}` is not supported yet", name.value);
            cx.diagnostics.push(Diagnostic::error(message, name.span));
            None
        }
        Some(encoding) => (encoding != encoding_rs::UTF_8).then_some(encoding),
        None => {
            let message = format!("there is no encoding `{}`", name.value);
            cx.diagnostics.push(Diagnostic::error(message, name.span));
            None
        }
    }
}

/// Words that stand in a configuration in which RAWMSG_SIZE may be asked for.
const RAW_SIZE_WORDS: [&str; 6] =
    ["RAWMSG_SIZE", "all-macros", "all_macros", "everything", "python", "--key"];

/// What `bad-hostname()` says is no host.
fn bad_hostname(cx: &mut Compile<'_>) -> Option<BadHostname> {
    let pattern = cx.globals.bad_hostname.clone()?;
    let options = PatternOptions { r#type: None, flags: Vec::new() };
    let matcher = options.matcher(&Spanned::synthetic(pattern), cx)?;
    Some(Arc::new(move |word: &[u8]| matcher.matches(word)))
}
