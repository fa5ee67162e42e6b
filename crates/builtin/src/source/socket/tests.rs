use std::io::Write;
use std::net::{SocketAddr, TcpStream, UdpSocket};

use crate::trial::{Trial, said_about};

/// A port that nobody has at the moment; the system does not hand it out again soon.
fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn local(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

/// Messages that came by `source`, one a line, as `template` shows them.
fn conf(source: &str, template: &str) -> String {
    format!(
        "log {{ source {{ {source}; }}; destination {{ file(\"DIR/log\" template(\"{template}\\n\")); }}; flags(flow-control); }};"
    )
}

/// What a TCP source makes of a stream.
#[track_caller]
fn check_tcp(driver: &str, options: &str, stream: &[u8], template: &str, expected: &str) {
    let port = free_port();
    let trial = Trial::start(&conf(&format!("{driver}(ip(127.0.0.1) port({port}) {options})"), template));
    let mut peer = TcpStream::connect(local(port)).unwrap();
    peer.write_all(stream).unwrap();
    drop(peer);
    trial.wait_for_text("log", expected);
}

#[test]
fn text_is_read_line_by_line() {
    let stream = b"a\nb\r\nc\0d\n\n  e  \n01234567890123456789long\nlast";
    let expected = "[a] 1\n[b] 1\n[c] 1\n[d] 1\n[  e  ] 5\n[01234567890123456789] 20\n[long] 4\n[last] 4\n";
    check_tcp("network", "flags(no-parse) log-msg-size(20)", stream, "[$MSG] $RAWMSG_SIZE", expected);
}

#[test]
fn frames_are_read_by_their_length() {
    check_tcp("syslog", "flags(no-parse)", b"5 hello3 abc6 with\nn", "[$MSG]", "[hello]\n[abc]\n[with\nn]\n");
    check_tcp("network", "transport(auto) flags(no-parse)", b"5 hello3 abc", "[$MSG]", "[hello]\n[abc]\n");
}

#[test]
fn frames_that_are_too_long_are_cut_if_so_wanted() {
    let options = "flags(no-parse) log-msg-size(20) trim-large-messages(yes)";
    check_tcp(
        "syslog",
        options,
        b"25 01234567890123456789012342 ok",
        "[$MSG]",
        "[01234567890123456789]\n[ok]\n",
    );
}

#[test]
fn a_broken_frame_ends_the_connection_and_nothing_else() {
    let port = free_port();
    let trial = Trial::start(&conf(&format!("syslog(ip(127.0.0.1) port({port}) flags(no-parse))"), "$MSG"));
    for bad in [&b"3 abc<13>no frame"[..], b"3 abc99999999999 x", b"3 abc123456789 x"] {
        let mut peer = TcpStream::connect(local(port)).unwrap();
        peer.write_all(bad).unwrap();
        // The other end is closed.
        let ended = std::io::Read::read(&mut peer, &mut [0]);
        assert!(matches!(ended, Ok(0) | Err(_)), "{ended:?}");
    }
    trial.wait_for_text("log", "abc\nabc\nabc\n");
}

#[test]
fn both_syslogs_are_understood() {
    let line = b"<34>Oct 11 22:14:15 mymachine su[7]: 'su root' failed\n";
    check_tcp(
        "network",
        "keep-hostname(yes)",
        line,
        "$PRI $HOST $PROGRAM $PID $MSG",
        "34 mymachine su 7 'su root' failed\n",
    );
    let line = b"<165>1 2003-10-11T22:14:15.003Z mymachine app 8710 ID47 [ex@1 a=\"b\"] m\n";
    check_tcp(
        "network",
        "keep-hostname(yes) flags(syslog-protocol)",
        line,
        "$PRI $HOST $PROGRAM $PID $MSGID $SDATA $MSG",
        "165 mymachine app 8710 ID47 [ex@1 a=\"b\"] m\n",
    );
}

#[test]
fn where_a_message_came_from_is_known() {
    let template = "$HOST $HOST_FROM $SOURCEIP $PEERIP $DESTIP $IP_PROTO $PROTO $TRANSPORT $TAGS";
    check_tcp(
        "network",
        "use-dns(no) tags(\"a\" \"b\") flags(no-parse)",
        b"x\n",
        template,
        "127.0.0.1 127.0.0.1 127.0.0.1 127.0.0.1 127.0.0.1 4 6 bsdsyslog+tcp a,b,.source.#anon-source0\n",
    );
    check_tcp(
        "tcp",
        "host-override(\"h\") program-override(\"p\") flags(no-parse)",
        b"x\n",
        "$HOST $PROGRAM",
        "h p\n",
    );
}

#[test]
fn datagrams_are_messages() {
    let port = free_port();
    let trial = Trial::start(&conf(
        &format!("udp(ip(127.0.0.1) port({port}) use-dns(no) flags(no-parse))"),
        "$HOST $TRANSPORT [$MSG]",
    ));
    let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
    for datagram in [&b"one\n"[..], b"in\nner", b"", b"\n\0\n", b"three\r\n"] {
        peer.send_to(datagram, local(port)).unwrap();
    }
    let from = "127.0.0.1 bsdsyslog+udp";
    trial.wait_for_text("log", &format!("{from} [one]\n{from} [in\nner]\n{from} [three]\n"));
}

#[test]
fn connections_and_what_they_have_begun_outlive_a_reload() {
    let port = free_port();
    let conf = conf(&format!("network(ip(127.0.0.1) port({port}) flags(no-parse))"), "$MSG");
    let trial = Trial::start(&conf);
    let mut peer = TcpStream::connect(local(port)).unwrap();
    peer.write_all(b"before\nhalf a ").unwrap();
    trial.wait_for_text("log", "before\n");
    let trial = trial.reload(&conf);
    peer.write_all(b"line\n").unwrap();
    trial.wait_for_text("log", "before\nhalf a line\n");
    let again = trial.reload(&conf.replace("flags(no-parse))", "flags(no-parse) keep-alive(no))"));
    let last = again.reload(&conf);
    assert!(matches!(std::io::Read::read(&mut peer, &mut [0]), Ok(0) | Err(_)));
    last.stop();
}

#[test]
fn there_are_no_more_connections_than_allowed() {
    let port = free_port();
    let trial = Trial::start(&conf(
        &format!("network(ip(127.0.0.1) port({port}) max-connections(2) flags(no-parse))"),
        "$MSG",
    ));
    let mut peers: Vec<TcpStream> = (0..2).map(|_| TcpStream::connect(local(port)).unwrap()).collect();
    trial.wait("both", |trial| (trial.count("src.network", "connections") == 2).then_some(()));
    let mut third = TcpStream::connect(local(port)).unwrap();
    assert!(matches!(std::io::Read::read(&mut third, &mut [0]), Ok(0) | Err(_)));
    peers.pop();
    trial.wait("one to leave", |trial| (trial.count("src.network", "connections") == 1).then_some(()));
    let mut fourth = TcpStream::connect(local(port)).unwrap();
    fourth.write_all(b"welcome\n").unwrap();
    trial.wait_for_text("log", "welcome\n");
}

#[test]
fn a_full_window_stops_the_reading_and_loses_nothing() {
    let port = free_port();
    let conf = format!(
        "log {{ source {{ network(ip(127.0.0.1) port({port}) flags(no-parse)); }};
         destination {{ pipe(\"DIR/fifo\" template(\"$MSG\\n\")); }}; flags(flow-control); }};"
    );
    let trial = Trial::start(&conf);
    let sender = std::thread::spawn(move || {
        let mut peer = TcpStream::connect(local(port)).unwrap();
        for i in 0..50_000 {
            peer.write_all(format!("message number {i}\n").as_bytes()).unwrap();
        }
    });
    trial.wait("the fifo", |trial| trial.path("fifo").exists().then_some(()));
    let reader = std::io::BufReader::new(std::fs::File::open(trial.path("fifo")).unwrap());
    for (i, line) in std::io::BufRead::lines(reader).take(50_000).enumerate() {
        assert_eq!(line.unwrap(), format!("message number {i}"));
    }
    sender.join().unwrap();
    assert_eq!(trial.stop().count("dst.pipe", "dropped"), 0);
}

#[test]
fn a_silent_connection_is_closed_after_a_while() {
    let port = free_port();
    let trial =
        Trial::start(&conf(&format!("network(ip(127.0.0.1) port({port}) idle-timeout(0.05))"), "$MSG"));
    let mut peer = TcpStream::connect(local(port)).unwrap();
    assert!(matches!(std::io::Read::read(&mut peer, &mut [0]), Ok(0)));
    trial.stop();
}

#[test]
fn two_sources_cannot_have_one_port() {
    let port = free_port();
    let two = format!(
        "source a {{ network(port({port})); }}; source b {{ network(port({port})); }};
         log {{ source(a); source(b); }};"
    );
    assert!(said_about(&two).contains("conflicting persist-names"), "{}", said_about(&two));
}

#[test]
fn mistakes_are_named() {
    let said = |options: &str| said_about(&format!("source s {{ network({options}); }};"));
    assert!(said("port(99999)").contains("no port"));
    assert!(said("transport(tpc)").contains("did you mean `tcp`?"));
    assert!(said("transport(tls)").contains("needs tls(…)"));
    assert!(said("tls(ca-dir(\"/x\"))").contains("cannot read /x"));
    assert!(said("ip(nonsense)").contains("no address"));
    assert!(said("flags(no-prase)").contains("did you mean `no-parse`?"));
    assert!(said("encoding(\"ebcdic\")").contains("there is no encoding"));
    assert!(said("encoding(\"utf-16\")").contains("not supported yet"));
    assert!(said("log-iw-size(50) max-connections(5)").contains("increasing to a reasonable minimum"));
    assert!(said("dynamic-window-size(10)").contains("has no effect"));
}

#[test]
fn a_balancer_says_for_whom_it_connects() {
    let template = "$MSG $HOST $SOURCEIP $SOURCEPORT $DESTIP $DESTPORT $PEERIP";
    let options = "transport(proxied-tcp) use-dns(no) flags(no-parse)";
    let text = b"PROXY TCP4 10.1.2.3 10.4.5.6 7 8\r\nhello\n";
    check_tcp("network", options, text, template, "hello 10.1.2.3 10.1.2.3 7 10.4.5.6 8 127.0.0.1\n");
    let binary = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x0a\x01\x02\x03\x0a\x04\x05\x06\0\x07\0\x08hello\n";
    check_tcp("network", options, binary, template, "hello 10.1.2.3 10.1.2.3 7 10.4.5.6 8 127.0.0.1\n");
    check_tcp("network", options, b"PROXY UNKNOWN\r\nhello\n", "$MSG $HOST", "hello 127.0.0.1\n");
}

#[test]
fn who_is_expected_by_way_of_a_balancer_does_not_come_without() {
    let port = free_port();
    let source = format!("network(ip(127.0.0.1) port({port}) transport(proxied-tcp) flags(no-parse))");
    let trial = Trial::start(&conf(&source, "$MSG"));
    for bad in [&b"<13>hello\n"[..], b"PROXY TCP4 nonsense\r\nhello\n"] {
        let mut peer = TcpStream::connect(local(port)).unwrap();
        peer.write_all(bad).unwrap();
        let ended = std::io::Read::read(&mut peer, &mut [0]);
        assert!(matches!(ended, Ok(0) | Err(_)), "{ended:?}");
    }
    assert_eq!(trial.stop().text("log"), "");
}
