//! Results that a function has worked out for a whole batch before they are asked for one by one.
//!
//! A function that asks a worker pays for a round trip, whether it is for one message or for a thousand. Who renders
//! a batch lets it look ahead ([`super::Template::look_ahead`]); when a message is then rendered, its result is here.

use crate::records::Message;
use crate::value::ValueType;

/// The results of one batch.
#[derive(Debug, Default)]
pub struct Ahead(Vec<Results>);

#[derive(Debug)]
struct Results {
    /// Which call they are of: where it is in memory.
    call: usize,
    /// Which messages they are for: where their records are in memory.
    records: Vec<usize>,
    texts: Vec<u8>,
    /// Where each text ends, and its type.
    ends: Vec<(usize, ValueType)>,
    /// The one that will be asked for next, if they are asked for in order.
    next: usize,
}

impl Ahead {
    /// Begins the results of the call at `call`; they are then added one by one, in the order of `messages`.
    pub fn begin(&mut self, call: usize, messages: &[Message<'_>]) {
        self.0.retain(|results| results.call != call);
        let records = messages.iter().map(|message| place(*message)).collect();
        self.0.push(Results { call, records, texts: Vec::new(), ends: Vec::new(), next: 0 });
    }

    /// Adds the next result of the call begun last.
    pub fn add(&mut self, text: &[u8], kind: ValueType) {
        if let Some(results) = self.0.last_mut() {
            results.texts.extend_from_slice(text);
            results.ends.push((results.texts.len(), kind));
        }
    }

    /// The result of the call at `call` for this message, if there is one.
    pub fn get(&mut self, call: usize, message: Message<'_>) -> Option<(&[u8], ValueType)> {
        let results = self.0.iter_mut().find(|results| results.call == call)?;
        let wanted = place(message);
        let at = match results.records.get(results.next) {
            Some(record) if *record == wanted => results.next,
            _ => results.records.iter().position(|record| *record == wanted)?,
        };
        let (end, kind) = *results.ends.get(at)?;
        results.next = at + 1;
        let start = at.checked_sub(1).map_or(0, |before| results.ends[before].0);
        Some((&results.texts[start..end], kind))
    }
}

fn place(message: Message<'_>) -> usize {
    message.record().as_bytes().as_ptr() as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{self, Head, Record};

    #[test]
    fn results_are_found_in_any_order_and_for_their_call_only() {
        let mut arena = Vec::new();
        (0..3).for_each(|_| record::encode(&mut arena, &Head::default(), &[]));
        let size = arena.len() / 3;
        let messages: Vec<Message<'_>> =
            (0..3).map(|i| Message::new(Record::at(&arena, i * size), None)).collect();
        let mut ahead = Ahead::default();
        ahead.begin(7, &messages);
        [&b"a"[..], b"", b"ccc"].iter().for_each(|text| ahead.add(text, ValueType::String));
        assert_eq!(ahead.get(7, messages[0]), Some((&b"a"[..], ValueType::String)));
        assert_eq!(ahead.get(7, messages[1]), Some((&b""[..], ValueType::String)));
        assert_eq!(ahead.get(7, messages[2]), Some((&b"ccc"[..], ValueType::String)));
        assert_eq!(ahead.get(7, messages[0]), Some((&b"a"[..], ValueType::String)));
        assert_eq!(ahead.get(8, messages[0]), None);
        ahead.begin(7, &messages[..1]);
        assert_eq!(ahead.get(7, messages[0]), None);
    }
}
