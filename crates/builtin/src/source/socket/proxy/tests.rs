use proptest::prelude::*;

use super::*;

fn whole(from: &str, to: &str) -> Result<Header, ProxyError> {
    Ok(Header::Whole(Some(Proxied { from: from.parse().unwrap(), to: to.parse().unwrap() })))
}

fn binary(command: u8, family: u8, body: &[u8]) -> Vec<u8> {
    let length = (body.len() as u16).to_be_bytes();
    [&SIGNATURE[..], &[command, family], &length, body].concat()
}

#[test]
fn version_1() {
    let check = |text: &str, expected| assert_eq!(read(text.as_bytes()), expected, "{text}");
    check("PROXY TCP4 1.2.3.4 5.6.7.8 9 10\r\n", whole("1.2.3.4:9", "5.6.7.8:10"));
    check("PROXY TCP6 ::1 ::2 9 10\r\n", whole("[::1]:9", "[::2]:10"));
    check("PROXY UNKNOWN\r\n", Ok(Header::Whole(None)));
    check("PROXY UNKNOWN ff:: ff:: 1 2\r\n", Ok(Header::Whole(None)));
    check("PROXY TCP4 1.2.3.4 5.6.7.8 9 10\n", Err(ProxyError::Addresses));
    check("PROXY TCP4 ::1 ::2 9 10\r\n", Err(ProxyError::Addresses));
    check("PROXY TCP4 1.2.3.4 5.6.7.8 9 65536\r\n", Err(ProxyError::Addresses));
    check("PROXY TCP4 1.2.3.4 5.6.7.8 +9 1\r\n", Err(ProxyError::Addresses));
    check("PROXY TCP4 1.2.3.4 5.6.7.8 9\r\n", Err(ProxyError::Addresses));
    check("PROXY TCP4  1.2.3.4 5.6.7.8 9 10\r\n", Err(ProxyError::Addresses));
    check("<13>PROXY", Err(ProxyError::Absent));
    check(&format!("PROXY UNKNOWN {}", "x".repeat(93)), Err(ProxyError::TooLong));
}

#[test]
fn version_2() {
    let four = [1, 2, 3, 4, 5, 6, 7, 8, 0, 9, 0, 10];
    assert_eq!(read(&binary(0x21, 0x11, &four)), whole("1.2.3.4:9", "5.6.7.8:10"));
    let longer = [&four[..], b"\x03\x00\x04abcd"].concat();
    assert_eq!(read(&binary(0x21, 0x11, &longer)), whole("1.2.3.4:9", "5.6.7.8:10"));
    assert_eq!(read(&binary(0x20, 0x00, b"")), Ok(Header::Whole(None)));
    assert_eq!(read(&binary(0x21, 0x31, &[0; 216])), Ok(Header::Whole(None)));
    // A length that its family cannot have, or that nobody needs.
    assert_eq!(read(&binary(0x21, 0x11, &four[..11])), Err(ProxyError::Addresses));
    assert_eq!(read(&binary(0x21, 0x21, &four)), Err(ProxyError::Addresses));
    assert_eq!(read(&binary(0x21, 0x11, &[0; 5000])), Err(ProxyError::TooLong));
    assert_eq!(read(&binary(0x31, 0x11, &four)), Err(ProxyError::Addresses));
    // One that promises more than there is waits for it.
    assert_eq!(read(&binary(0x21, 0x11, &four)[..20]), Ok(Header::Missing(8)));
}

proptest! {
    /// Whoever reads as many bytes as are asked for never reads beyond the header.
    #[test]
    fn nothing_behind_a_header_is_read(
        v2 in any::<bool>(), from in any::<[u8; 4]>(), ports in any::<[u8; 4]>(), more in 0usize..300,
    ) {
        let header = if v2 {
            binary(0x21, 0x11, &[&from[..], &[9; 4], &ports, &vec![7; more]].concat())
        } else {
            let port = |high: u8, low: u8| u16::from_be_bytes([high, low]);
            format!("PROXY TCP4 {} 9.9.9.9 {} {}\r\n", Ipv4Addr::from(from), port(ports[0], ports[1]),
                port(ports[2], ports[3])).into_bytes()
        };
        let mut at = 0;
        let found = loop {
            match read(&header[..at]).unwrap() {
                Header::Missing(bytes) => {
                    prop_assert!(bytes > 0 && at + bytes <= header.len());
                    at += bytes;
                }
                Header::Whole(found) => break found,
            }
        };
        prop_assert_eq!(at, header.len());
        prop_assert_eq!(found.unwrap().from.ip(), IpAddr::from(from));
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200), kind in 0..3) {
        let begin: &[u8] = match kind { 0 => b"", 1 => b"PROXY ", _ => &SIGNATURE };
        if let Ok(Header::Missing(more)) = read(&[begin, &bytes].concat()) {
            prop_assert!(more > 0 && more <= BINARY_BYTES_MAX);
        }
    }
}
