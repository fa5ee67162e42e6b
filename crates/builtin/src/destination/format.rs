//! What a destination writes for a message: a template, or one of the standard layouts, cut and padded.

use message::template::{RenderScope, Template, TemplateOptions, ZoneUse};
use message::{Message, RecordFlags, layout};
use pipeline::Flow;
use pipeline::flow::Messages;

/// The shape of a record before it is cut and padded.
#[derive(Debug, Clone)]
pub(crate) enum Shape {
    /// `STAMP HOST MSGHDR MSG`
    File,
    /// `<PRI>STAMP HOST MSGHDR MSG`
    Rfc3164,
    /// RFC 5424; the template stands for the message's text.
    Rfc5424(Option<Template>),
    /// What the template says, and nothing else.
    Template(Template),
}

/// Which messages get a sequence number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Numbering {
    /// Those made or read on this machine.
    #[default]
    Local,
    /// All: `flags(seqnum-all)`.
    All,
    /// None: `flags(no-seqnum)`.
    None,
}

/// See the module's text.
#[derive(Debug, Clone)]
pub(crate) struct Format {
    /// The shape.
    pub(crate) shape: Shape,
    /// How dates and values are shown.
    pub(crate) options: TemplateOptions,
    /// `flags(no-multi-line)`
    pub(crate) one_line: bool,
    /// `truncate-size()`, bytes.
    pub(crate) truncate: Option<usize>,
    /// `pad-size()`, bytes: a shorter record is filled up with NULs.
    pub(crate) pad: usize,
    /// Which messages are numbered.
    pub(crate) numbering: Numbering,
    /// The last number given.
    pub(crate) seqnum: u64,
}

/// The rendering of one batch.
pub(crate) struct Pass<'a> {
    shape: &'a Shape,
    finish: Finish,
    numbering: Numbering,
    seqnum: &'a mut u64,
    scope: RenderScope<'a>,
}

/// What is done to a rendered record.
#[derive(Clone, Copy)]
struct Finish {
    one_line: bool,
    truncate: Option<usize>,
    pad: usize,
}

impl Format {
    /// A format of this shape, with nothing cut.
    pub(crate) fn new(shape: Shape, options: TemplateOptions) -> Format {
        Format {
            shape,
            options,
            one_line: false,
            truncate: None,
            pad: 0,
            numbering: Numbering::Local,
            seqnum: 0,
        }
    }

    /// Begins a batch of these messages.
    pub(crate) fn begin(&mut self, messages: Messages<'_>) -> Pass<'_> {
        let mut scope = RenderScope::new(&self.options, ZoneUse::Send);
        if let Shape::Template(template) | Shape::Rfc5424(Some(template)) = &self.shape
            && template.looks_ahead()
        {
            template.look_ahead(&messages.collect::<Vec<_>>(), &mut scope);
        }
        Pass {
            shape: &self.shape,
            finish: Finish { one_line: self.one_line, truncate: self.truncate, pad: self.pad },
            numbering: self.numbering,
            seqnum: &mut self.seqnum,
            scope,
        }
    }

    /// These last messages of a batch did not go out: they get their numbers again when they are rendered anew.
    pub(crate) fn take_back(&mut self, flow: &Flow) {
        let numbered = flow.messages().filter(|message| is_numbered(self.numbering, *message)).count();
        self.seqnum = self.seqnum.saturating_sub(numbered as u64);
    }
}

impl Pass<'_> {
    /// Appends the record of `message` to `out`.
    #[inline]
    pub(crate) fn render(&mut self, message: Message<'_>, out: &mut Vec<u8>) {
        let start = out.len();
        let scope = &mut self.scope;
        scope.seqnum = 0;
        if is_numbered(self.numbering, message) {
            *self.seqnum += 1;
            scope.seqnum = *self.seqnum;
        }
        match self.shape {
            Shape::File => layout::file(message, scope, out),
            Shape::Rfc3164 => layout::rfc3164(message, scope, out),
            Shape::Rfc5424(text) => layout::rfc5424(message, scope, text.as_ref(), out),
            Shape::Template(template) => template.render(message, scope, out),
        }
        self.finish.apply(out, start);
    }
}

impl Finish {
    #[inline]
    fn apply(self, out: &mut Vec<u8>, start: usize) {
        if self.one_line {
            layout::one_line(&mut out[start..]);
        }
        if let Some(bytes) = self.truncate
            && out.len() - start > bytes
        {
            out.truncate(start + bytes);
        }
        if out.len() - start < self.pad {
            out.resize(start + self.pad, 0);
        }
    }
}

#[inline]
fn is_numbered(numbering: Numbering, message: Message<'_>) -> bool {
    match numbering {
        Numbering::Local => message.record().flags().has(RecordFlags::LOCAL),
        Numbering::All => true,
        Numbering::None => false,
    }
}
