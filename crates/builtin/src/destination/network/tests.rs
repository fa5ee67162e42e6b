use std::io::{BufRead, BufReader, Read};
use std::net::{TcpListener, UdpSocket};
use std::time::Duration;

use crate::trial::{Trial, said_about};

fn conf(num: usize, destination: &str, flags: &str) -> String {
    format!(
        "log {{ source {{ example-msg-generator(num({num}) freq(0) template(\"hello\") values(\"PROGRAM\" => \"p\")); }};
         destination {{ {destination}; }}; {flags} }};"
    )
}

#[test]
fn lines_go_out_over_tcp() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let trial = Trial::start(&conf(3, &format!("network(\"127.0.0.1\" port({port}))"), ""));
    let lines = BufReader::new(listener.accept().unwrap().0).lines();
    let host = message::host::short();
    for line in lines.take(3) {
        let line = line.unwrap();
        assert!(line.starts_with("<13>") && line.ends_with(&format!(" {host} p: hello")), "{line}");
    }
    assert_eq!(trial.stop().count("dst.network", "written"), 3);
}

#[test]
fn rfc5424_is_preceded_by_its_length() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let trial = Trial::start(&conf(2, &format!("syslog(\"127.0.0.1\" port({port}) time-zone(UTC))"), ""));
    let mut peer = listener.accept().unwrap().0;
    trial.wait("both", |trial| (trial.count("dst.syslog", "written") == 2).then_some(()));
    trial.stop();
    let mut text = String::new();
    peer.read_to_string(&mut text).unwrap();
    let (length, rest) = text.split_once(' ').unwrap();
    let length: usize = length.parse().unwrap();
    assert!(rest.starts_with("<13>1 2"), "{text}");
    assert!(rest[..length].ends_with(" p - - - hello\n"), "{text}");
    assert_eq!(text.len(), 2 * (length.to_string().len() + 1 + length));
}

#[test]
fn each_message_is_a_datagram() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let port = socket.local_addr().unwrap().port();
    let trial = Trial::start(&conf(3, &format!("udp(\"localhost\" port({port}) template(\"<$MSG>\"))"), ""));
    for _ in 0..3 {
        let mut buffer = [0; 100];
        let bytes = socket.recv(&mut buffer).unwrap();
        assert_eq!(&buffer[..bytes], b"<hello>");
    }
    trial.stop();
}

#[test]
fn what_does_not_fit_a_datagram_is_dropped_and_counted() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = socket.local_addr().unwrap().port();
    let long = "x".repeat(70_000);
    let outcome =
        Trial::start(&conf(3, &format!("udp(\"127.0.0.1\" port({port}) template(\"{long}\"))"), ""))
            .run_out();
    assert_eq!(outcome.count("dst.udp", "dropped.too-large"), 3);
    assert_eq!(outcome.count("dst.udp", "written"), 0);
}

#[test]
fn a_peer_that_comes_late_gets_everything_in_order() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let destination = format!(
        "tcp(\"127.0.0.1\" port({port}) time-reopen(0.05) template(\"$SEQNUM\\n\") flags(seqnum-all))"
    );
    let trial = Trial::start(&conf(1000, &destination, "flags(flow-control);"));
    trial.wait("messages that wait", |trial| (trial.count("dst.tcp", "queued") > 0).then_some(()));
    let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let lines = BufReader::new(listener.accept().unwrap().0).lines();
    for (i, line) in lines.take(1000).enumerate() {
        assert_eq!(line.unwrap(), (i + 1).to_string());
    }
    trial.stop();
}

#[test]
fn a_connection_that_the_peer_closes_is_made_again() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let conf = format!(
        "log {{ source {{ example-msg-generator(freq(0.005) template(\"hello\")); }};
         destination {{ tcp(\"127.0.0.1\" port({port}) time-reopen(0.01) template(\"$MSG\\n\")); }}; }};"
    );
    let trial = Trial::start(&conf);
    for _ in 0..3 {
        let mut lines = BufReader::new(listener.accept().unwrap().0).lines();
        assert_eq!(lines.next().unwrap().unwrap(), "hello");
    }
    trial.stop();
}

#[test]
fn a_peer_that_does_not_read_does_not_hold_up_the_stop() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let destination = format!("tcp(\"127.0.0.1\" port({port}) template(\"{}\\n\"))", "x".repeat(1000));
    let trial = Trial::start(&conf(0, &destination, "flags(flow-control);"));
    let (peer, _) = listener.accept().unwrap();
    trial.wait("a standstill", |trial| {
        let before = trial.count("dst.tcp", "written");
        std::thread::sleep(Duration::from_millis(50));
        (before > 0 && trial.count("dst.tcp", "written") == before).then_some(())
    });
    let begin = std::time::Instant::now();
    drop(trial);
    assert!(begin.elapsed() < Duration::from_secs(2), "{:?}", begin.elapsed());
    drop(peer);
}

#[test]
fn mistakes_are_named() {
    let said = |options: &str| said_about(&format!("destination d {{ network({options}); }};"));
    assert!(said("").contains("host"));
    assert!(said("\"h\" transport(tls)").contains("needs tls(…)"));
    assert!(said("\"h\" transport(upd)").contains("did you mean `udp`?"));
    assert!(said("\"h\" failover(servers(\"b\"))").contains("not supported yet"));
    assert!(said("\"h\" localip(here)").contains("no address to send from"));
    assert!(said("\"h\" keep-alive(yes)").contains("has no effect"));
    assert!(said("\"h\" prot(5)").contains("did you mean `port`?"));
}
