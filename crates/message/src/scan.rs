//! Finding the end of a word. Words of a header are short, so eight bytes at a time in one register beat both a loop
//! over bytes and a call into a library.

/// Where the first of `ends` stands in `text`; its length where none does.
#[inline]
pub(crate) fn word<const N: usize>(text: &[u8], ends: [u8; N]) -> usize {
    const LOW: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let mut at = 0;
    while let Some(chunk) = text.get(at..).and_then(<[u8]>::first_chunk) {
        let word = u64::from_le_bytes(*chunk);
        let mut found = 0;
        for end in ends {
            // A byte that equals `end` is zero now, and zero alone borrows. What stands above the first one found
            // may be found by mistake, the first one never.
            let zeroed = word ^ (LOW * u64::from(end));
            found |= zeroed.wrapping_sub(LOW) & !zeroed & HIGH;
        }
        if found != 0 {
            return at + (found.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    let rest = &text[at..];
    at + rest.iter().position(|byte| ends.contains(byte)).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_end_is_found() {
        let mut text = [0u8; 40];
        // Bytes next to the ends, and with their high bit, must not be taken for them.
        let others = [b'!', b'\x1f', b'Z', b'\\', b'9', b';', 0xa0, 0xba, 0, 0xff, 0x80, 1, b'a'];
        for (i, byte) in text.iter_mut().enumerate() {
            *byte = others[i % others.len()];
        }
        for len in 0..text.len() {
            assert_eq!(word(&text[..len], [b' ', b'[', b':']), len);
            for at in 0..len {
                for end in [b' ', b'[', b':'] {
                    let mut text = text;
                    text[at] = end;
                    text[len - 1] = if at == len - 1 { end } else { b' ' };
                    assert_eq!(word(&text[..len], [b' ', b'[', b':']), at);
                }
            }
        }
    }
}
