//! What is asked of a web server: URL, headers and body, made of messages.

use std::io::Write;
use std::time::{Duration, Instant};

use flate2::write::{GzEncoder, ZlibEncoder};
use message::Message;
use message::syslog::priority::{facilities, severities};
use message::template::{RenderScope, Template, TemplateOptions, ZoneUse};
use pipeline::flow::Messages;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

conf::choices! {
    /// How a body is made smaller.
    pub enum Compression {
        /// As it is.
        None = "none" | "identity",
        /// gzip
        Gzip = "gzip",
        /// zlib, which HTTP calls deflate.
        Deflate = "deflate",
    }
}

/// How requests are made of messages.
pub(super) struct Layout {
    pub(super) urls: Vec<Template>,
    /// A header's template holds its name, too.
    pub(super) headers: Vec<(HeaderName, Template)>,
    pub(super) body: Template,
    pub(super) prefix: Vec<u8>,
    pub(super) suffix: Vec<u8>,
    pub(super) delimiter: Vec<u8>,
    pub(super) options: TemplateOptions,
    /// `batch-lines()`; 1 for a request a message.
    pub(super) lines_max: usize,
    /// `batch-bytes()`
    pub(super) bytes_max: usize,
    /// `batch-timeout()`
    pub(super) timeout: Duration,
}

/// A request in the making.
#[derive(Default)]
pub(super) struct Draft {
    pub(super) url: Vec<u8>,
    pub(super) headers: HeaderMap,
    body: Vec<u8>,
    /// Messages in it.
    pub(super) messages: usize,
    /// When the first one came.
    since: Option<Instant>,
}

impl Layout {
    /// How these messages are shown.
    pub(super) fn scope(&self, messages: Messages<'_>) -> RenderScope<'_> {
        let mut scope = RenderScope::new(&self.options, ZoneUse::Send);
        if self.body.looks_ahead() {
            self.body.look_ahead(&messages.collect::<Vec<_>>(), &mut scope);
        }
        scope
    }

    /// Renders the URL of a message.
    pub(super) fn url(&self, which: usize, message: Message<'_>, scope: &mut RenderScope<'_>) -> Vec<u8> {
        let mut url = Vec::new();
        self.urls[which % self.urls.len()].render(message, scope, &mut url);
        url
    }

    /// Begins a request, whose headers show this message.
    pub(super) fn begin(&self, url: Vec<u8>, message: Message<'_>, scope: &mut RenderScope<'_>) -> Draft {
        let mut headers = HeaderMap::new();
        if self.lines_max == 1 {
            self.describe(message, &mut headers);
        }
        for (name, template) in &self.headers {
            let mut text = Vec::new();
            template.render(message, scope, &mut text);
            let value =
                text.iter().position(|byte| *byte == b':').map_or(&[][..], |colon| &text[colon + 1..]);
            headers.append(name.clone(), header_value(value));
        }
        Draft { url, headers, body: self.prefix.clone(), messages: 0, since: Some(Instant::now()) }
    }

    /// Adds a message.
    pub(super) fn add(&self, draft: &mut Draft, message: Message<'_>, scope: &mut RenderScope<'_>) {
        if draft.messages > 0 {
            draft.body.extend_from_slice(&self.delimiter);
        }
        self.body.render(message, scope, &mut draft.body);
        draft.messages += 1;
    }

    /// Whether no other message may be added.
    pub(super) fn is_full(&self, draft: &Draft) -> bool {
        draft.messages >= self.lines_max || draft.body.len() >= self.bytes_max
    }

    /// How long a request may still wait for more messages.
    pub(super) fn patience(&self, draft: &Draft) -> Duration {
        let waited = draft.since.map_or(self.timeout, |since| since.elapsed());
        self.timeout.saturating_sub(waited)
    }

    /// The finished body.
    pub(super) fn finish(&self, draft: &mut Draft, compression: Compression) -> Vec<u8> {
        let mut body = std::mem::take(&mut draft.body);
        body.extend_from_slice(&self.suffix);
        compression.apply(body)
    }

    fn describe(&self, message: Message<'_>, headers: &mut HeaderMap) {
        let value = |builtin| header_value(message.builtin(builtin));
        let pri = message.record().head().pri;
        let name = |names: &'static [&'static str], at: u16| {
            HeaderValue::from_static(names.get(usize::from(at)).copied().unwrap_or_default())
        };
        headers.insert("x-syslog-host", value(message::Builtin::Host));
        headers.insert("x-syslog-program", value(message::Builtin::Program));
        headers.insert("x-syslog-facility", name(facilities(), pri / 8));
        headers.insert("x-syslog-level", name(severities(), pri % 8));
    }
}

impl Compression {
    /// The name that HTTP has for it.
    pub(super) fn encoding(self) -> Option<&'static str> {
        match self {
            Compression::None => None,
            Compression::Gzip => Some("gzip"),
            Compression::Deflate => Some("deflate"),
        }
    }

    fn apply(self, body: Vec<u8>) -> Vec<u8> {
        let level = flate2::Compression::default();
        let done = match self {
            Compression::None => return body,
            Compression::Gzip => {
                let mut encoder = GzEncoder::new(Vec::new(), level);
                encoder.write_all(&body).and_then(|()| encoder.finish())
            }
            Compression::Deflate => {
                let mut encoder = ZlibEncoder::new(Vec::new(), level);
                encoder.write_all(&body).and_then(|()| encoder.finish())
            }
        };
        // Memory is all that is written to.
        done.unwrap_or(body)
    }
}

/// What a message says, without what would end the header.
fn header_value(text: &[u8]) -> HeaderValue {
    let clean: Vec<u8> =
        text.trim_ascii().iter().map(|byte| if byte.is_ascii_control() { b' ' } else { *byte }).collect();
    HeaderValue::from_bytes(&clean).unwrap_or(HeaderValue::from_static(""))
}
