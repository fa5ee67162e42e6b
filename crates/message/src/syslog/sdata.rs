//! Structured data of RFC 5424, read leniently: unquoted values are taken, and only `"`, `\` and `]` are escaped.

use super::*;
use crate::name::NAME_BYTES_MAX;
use crate::record::builder::Span;

/// Elements of one message that are kept.
const ELEMENTS_MAX: usize = 255;
/// Parameters of one message that are kept. Each is compared with those before it, so there must be an end.
const PARAMS_MAX: usize = 1024;

/// Reads elements from `at` on, where a `[` stands; gives the place behind the last.
///
/// Fails with the place where it makes no sense.
pub(super) fn read(intake: &Intake<'_>, at: usize, record: &mut Builder<'_>) -> Result<usize, usize> {
    let mut reader = Reader { line: intake.line, at, prefix: intake.options.sdata_prefix(), params: 0 };
    let mut elements = 0;
    while reader.peek() == Some(b'[') {
        reader.at += 1;
        elements += 1;
        reader.element(record, elements <= ELEMENTS_MAX)?;
    }
    Ok(reader.at)
}

struct Reader<'a> {
    line: &'a [u8],
    at: usize,
    prefix: &'a [u8],
    params: usize,
}

impl<'a> Reader<'a> {
    /// One element, from behind its `[` to behind its `]`.
    fn element(&mut self, record: &mut Builder<'_>, mut keep: bool) -> Result<(), usize> {
        let id = self.word([b' ', b']', b'=', b'"'])?;
        // What the names of all parameters begin with, once it is written.
        let mut stem = None;
        let mut empty = true;
        loop {
            match self.next()? {
                b']' => break,
                b' ' if self.peek() == Some(b']') => {}
                b' ' => {
                    keep &= self.params < PARAMS_MAX;
                    self.param(record, id, &mut stem, keep)?;
                    self.params += 1;
                    empty = false;
                }
                _ => return Err(self.at - 1),
            }
        }
        if empty && keep && self.prefix.len() + id.len() <= NAME_BYTES_MAX {
            let name = record.append(self.prefix);
            let name = name.and(record.append(id));
            record.set_custom(name, name.len(), ValueType::String);
            self.params += 1;
        }
        Ok(())
    }

    /// One parameter, its value quoted or not.
    #[inline]
    fn param(
        &mut self,
        record: &mut Builder<'_>,
        id: &[u8],
        stem: &mut Option<Span>,
        keep: bool,
    ) -> Result<(), usize> {
        let name = self.word([b'=', b' ', b']', b'"'])?;
        if self.next()? != b'=' {
            return Err(self.at - 1);
        }
        let (from, to) = self.value()?;
        let value = &self.line[from..to];
        let name_bytes = self.prefix.len() + id.len() + 1 + name.len();
        if !keep || name_bytes > NAME_BYTES_MAX {
            return Ok(());
        }
        let begin = match *stem {
            Some(stem) => record.append_again(stem),
            None => {
                let begin = record.append(self.prefix);
                let begin = begin.and(record.append(id));
                begin.and(record.append(b"."))
            }
        };
        *stem = Some(begin);
        let (rest, ()) = record.append_with(|out| {
            out.extend_from_slice(name);
            unescape(out, value);
        });
        record.set_custom(begin.and(rest), name_bytes, ValueType::String);
        Ok(())
    }

    /// A name; it has at least one byte.
    fn word(&mut self, ends: [u8; 4]) -> Result<&'a [u8], usize> {
        let start = self.at;
        self.at = start + scan::word(&self.line[start..], ends);
        if self.at == self.line.len() {
            return Err(self.at - 1);
        }
        if self.at == start {
            return Err(start);
        }
        Ok(&self.line[start..self.at])
    }

    /// Where a value is, without its quotes.
    fn value(&mut self) -> Result<(usize, usize), usize> {
        if self.peek() != Some(b'"') {
            let start = self.at;
            let ends = |byte: &u8| matches!(byte, b' ' | b']');
            let len = self.line[start..].iter().position(ends).ok_or(self.line.len() - 1)?;
            self.at = start + len;
            return Ok((start, self.at));
        }
        let start = self.at + 1;
        let mut at = start;
        loop {
            let rest = self.line.get(at..).unwrap_or_default();
            at += memchr::memchr2(b'"', b'\\', rest).ok_or(self.line.len() - 1)?;
            if self.line[at] == b'"' {
                self.at = at + 1;
                return Ok((start, at));
            }
            at += 2;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.line.get(self.at).copied()
    }

    /// The next byte; running out is an error at the last one.
    fn next(&mut self) -> Result<u8, usize> {
        let byte = self.peek().ok_or(self.line.len() - 1)?;
        self.at += 1;
        Ok(byte)
    }
}

fn unescape(out: &mut Vec<u8>, mut value: &[u8]) {
    while let Some(at) = memchr::memchr(b'\\', value) {
        out.extend_from_slice(&value[..at]);
        match value.get(at + 1) {
            Some(escaped @ (b'"' | b'\\' | b']')) => {
                out.push(*escaped);
                value = &value[at + 2..];
            }
            _ => {
                out.push(b'\\');
                value = &value[at + 1..];
            }
        }
    }
    out.extend_from_slice(value);
}
