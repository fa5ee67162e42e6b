//! What a template needs to know beside the message.

use super::Ahead;
use crate::host;
use crate::records::Message;
use crate::time::{DateCache, DateField, Stamp, TsFormat, Zone};

/// How a destination wants its dates and values.
#[derive(Debug, Clone)]
pub struct TemplateOptions {
    /// `ts-format()`
    pub ts_format: TsFormat,
    /// `frac-digits()`
    pub frac_digits: u8,
    /// `send-time-zone()`, also `time-zone()`: for what is sent.
    pub send_zone: Option<Zone>,
    /// `local-time-zone()`: for names of files and the like.
    pub local_zone: Option<Zone>,
    /// `template-escape()`
    pub escape: bool,
    /// The machine's own name, short or not as `use-fqdn()` says.
    pub own_host: Box<str>,
    /// HOSTID: made once, kept in the persist file.
    pub host_id: u32,
    /// RUNID: counts starts of the daemon.
    pub run_id: u64,
}

impl Default for TemplateOptions {
    fn default() -> TemplateOptions {
        TemplateOptions {
            ts_format: TsFormat::default(),
            frac_digits: 0,
            send_zone: None,
            local_zone: None,
            escape: false,
            own_host: host::short().into(),
            host_id: 0,
            run_id: 0,
        }
    }
}

/// Which of the two zones a template is rendered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ZoneUse {
    /// `local-time-zone()`: names of files, keys.
    Local,
    /// `send-time-zone()`: what is sent.
    #[default]
    Send,
}

/// What stays the same while a template is rendered for one message after the other, and the memory that is reused
/// on the way. Made once per batch.
#[derive(Debug)]
pub struct RenderScope<'a> {
    options: &'a TemplateOptions,
    zone: Option<&'a Zone>,
    dates: DateCache,
    buffers: Vec<Vec<u8>>,
    /// SEQNUM; 0 is none.
    pub seqnum: u64,
    /// The messages of a correlation context, the current one last.
    pub context: &'a [Message<'a>],
    /// CONTEXT_ID
    pub context_id: &'a [u8],
    /// `$_`, what a function iterates over.
    pub item: Vec<u8>,
    /// What functions have worked out for the whole batch.
    pub ahead: Ahead,
}

/// Buffers that are kept for the next function call.
const BUFFERS_MAX: usize = 16;

impl<'a> RenderScope<'a> {
    /// A scope without sequence number and context.
    pub fn new(options: &'a TemplateOptions, zone_use: ZoneUse) -> RenderScope<'a> {
        let zone = match zone_use {
            ZoneUse::Local => &options.local_zone,
            ZoneUse::Send => &options.send_zone,
        };
        RenderScope {
            options,
            zone: zone.as_ref(),
            dates: DateCache::default(),
            buffers: Vec::new(),
            seqnum: 0,
            context: &[],
            context_id: b"",
            item: Vec::new(),
            ahead: Ahead::default(),
        }
    }

    /// The destination's options.
    pub fn options(&self) -> &'a TemplateOptions {
        self.options
    }

    /// The zone that dates are shown in, where it is not their own.
    pub fn zone(&self) -> Option<&'a Zone> {
        self.zone
    }

    /// Appends a date in one of the four layouts.
    #[inline]
    pub fn append_date(&mut self, out: &mut Vec<u8>, stamp: Stamp, format: TsFormat) {
        self.dates.append(out, stamp, self.zone, format, self.options.frac_digits);
    }

    /// Appends a date or a field of one.
    #[inline]
    pub fn append_field(&mut self, out: &mut Vec<u8>, stamp: Stamp, field: DateField) {
        let options = self.options;
        match field.layout(options.ts_format) {
            Some(layout) => self.append_date(out, stamp, layout),
            None => {
                let shown = self.zone.map_or(stamp, |zone| stamp.shown_in(zone));
                field.append(out, shown, options.ts_format, options.frac_digits);
            }
        }
    }

    /// An empty buffer for a function's arguments; give it back with [`RenderScope::give_back`].
    pub fn buffer(&mut self) -> Vec<u8> {
        self.buffers.pop().unwrap_or_default()
    }

    /// Keeps a buffer for the next one who asks.
    pub fn give_back(&mut self, mut buffer: Vec<u8>) {
        if self.buffers.len() < BUFFERS_MAX {
            buffer.clear();
            self.buffers.push(buffer);
        }
    }

    /// The message `back` messages before `current`; `None` where the context does not reach that far.
    #[inline]
    pub fn message<'m>(&self, current: Message<'m>, back: usize) -> Option<Message<'m>>
    where
        'a: 'm,
    {
        if back == 0 {
            return Some(current);
        }
        let place = self.context.len().checked_sub(back + 1)?;
        self.context.get(place).copied()
    }

    /// Whether values are shown as they are.
    #[inline]
    pub(super) fn is_plain(&self) -> bool {
        !self.options.escape
    }

    /// Escapes what was written since `start`, where `template-escape()` asks for it.
    #[inline]
    pub(super) fn escape(&mut self, out: &mut Vec<u8>, start: usize) {
        if self.options.escape && out[start..].iter().copied().any(needs_escape) {
            let value = out.split_off(start);
            for byte in value {
                match byte {
                    b'"' | b'\'' | b'\\' => out.extend([b'\\', byte]),
                    0..b' ' => out.extend([b'\\', b'0', b'0' + (byte >> 3), b'0' + (byte & 7)]),
                    _ => out.push(byte),
                }
            }
        }
    }
}

fn needs_escape(byte: u8) -> bool {
    byte < b' ' || matches!(byte, b'"' | b'\'' | b'\\')
}
