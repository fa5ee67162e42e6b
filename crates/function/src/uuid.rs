//! `$(uuid)`: a random number that nobody else has.

use std::io::Read;

use message::ValueType;
use message::template::{Call, TemplateFunction};
use parking_lot::Mutex;

use super::{Entry, entry, expect, of_texts};

pub(super) const FUNCTIONS: &[Entry] = &[entry("uuid", uuid)];

/// Random bytes fetched at once.
const STOCK_BYTES: usize = 4096;

fn uuid(call: &Call<'_>) -> Result<Box<dyn TemplateFunction>, String> {
    expect(call, 0, 0)?;
    of_texts(call, |_, _, out| {
        let mut bytes = random();
        // Version 4, variant 1.
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        for (i, byte) in bytes.iter().enumerate() {
            if matches!(i, 4 | 6 | 8 | 10) {
                out.push(b'-');
            }
            out.extend_from_slice(format!("{byte:02x}").as_bytes());
        }
        ValueType::String
    })
}

/// Bytes of the system's random generator; zeros where it has none, which no system of today does.
fn random() -> [u8; 16] {
    static STOCK: Mutex<Vec<u8>> = Mutex::new(Vec::new());
    let mut stock = STOCK.lock();
    if stock.len() < 16 {
        let source = std::fs::File::open("/dev/urandom");
        let fetched = source.and_then(|source| source.take(STOCK_BYTES as u64).read_to_end(&mut stock));
        if let Err(error) = fetched {
            tracing::error!(%error, "Cannot read random bytes");
            return [0; 16];
        }
    }
    let mut bytes = [0; 16];
    let rest = stock.len().saturating_sub(16);
    bytes.copy_from_slice(&stock[rest..]);
    stock.truncate(rest);
    bytes
}
