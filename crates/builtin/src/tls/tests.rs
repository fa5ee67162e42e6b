mod pki;

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use self::pki::Pki;
use super::Subject;
use crate::trial::{PATIENCE, Trial, said_about};

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A relay: what is generated goes over TLS to a source that writes it down.
fn relay(pki: &Pki, port: u16, source: &str, destination: &str) -> String {
    let text = format!(
        "log {{ source {{ network(ip(127.0.0.1) port({port}) transport(tls) flags(no-parse) tls({source})); }};
               destination {{ file(\"DIR/log\" template(\"$MSG ${{.tls.x509_cn}} ${{.tls.x509_o}} $TRANSPORT\\n\")); }}; }};
         log {{ source {{ example-msg-generator(num(1) freq(0) template(\"hello\")); }};
               destination {{ network(\"localhost\" port({port}) transport(tls) time-reopen(0.02) template(\"$MSG\\n\")
                 tls({destination})); }}; }};"
    );
    text.replace("PKI", pki.dir())
}

const SERVER: &str = "key-file(\"PKI/server.key\") cert-file(\"PKI/server.pem\") ca-file(\"PKI/ca.pem\")";
const CLIENT: &str = "key-file(\"PKI/client.key\") cert-file(\"PKI/client.pem\") ca-file(\"PKI/ca.pem\")";

/// What comes of a relay whose ends have these options.
#[track_caller]
fn passes(source: &str, destination: &str, expected: &str) {
    let trial = Trial::start(&relay(&Pki::new(), free_port(), source, destination));
    trial.wait_for_text("log", expected);
}

/// Nothing may come of a relay whose ends have these options, but a connection that ends.
#[track_caller]
fn fails(pki: &Pki, source: &str, destination: &str) {
    let (port, between) = (free_port(), TcpListener::bind("127.0.0.1:0").unwrap());
    let text = relay(pki, port, source, destination);
    let there = format!("\"localhost\" port({port})");
    let by_way = format!("\"localhost\" port({})", between.local_addr().unwrap().port());
    let trial = Trial::start(&text.replace(&there, &by_way));
    let (client, _) = between.accept().unwrap();
    let server = TcpStream::connect(("127.0.0.1", port)).unwrap();
    for stream in [&client, &server] {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
    }
    std::thread::scope(|scope| {
        scope.spawn(|| pass_on(&client, &server));
        pass_on(&server, &client);
    });
    assert_eq!(trial.stop().text("log"), "");
}

/// Until one of them ends, and the other one with it.
fn pass_on(mut from: &TcpStream, mut to: &TcpStream) {
    let ended = std::io::copy(&mut from, &mut to);
    assert!(!ended.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock), "nobody gave up");
    for stream in [from, to] {
        let _ = stream.shutdown(Shutdown::Both);
    }
}

#[test]
fn both_ends_show_who_they_are() {
    passes(SERVER, CLIENT, "hello client.example Example bsdsyslog+tls\n");
    let lists = "trusted-dn(\"O=Example, CN=client.*\")";
    passes(&format!("{SERVER} {lists}"), CLIENT, "hello client.example Example bsdsyslog+tls\n");
    for version in
        ["ssl-version(tlsv1_2)", "ssl-options(no-tlsv12)", "cipher-suite(\"ECDHE-ECDSA-AES128-GCM-SHA256\")"]
    {
        passes(&format!("{SERVER} {version}"), CLIENT, "hello client.example Example bsdsyslog+tls\n");
    }
}

#[test]
fn a_client_without_certificate_is_let_in_where_that_is_allowed() {
    for mode in ["no", "optional-untrusted", "optional-trusted"] {
        let source = format!("{SERVER} peer-verify({mode})");
        passes(&source, "ca-file(\"PKI/ca.pem\")", "hello   bsdsyslog+tls\n");
    }
    let pki = Pki::new();
    for mode in ["yes", "required-trusted", "required-untrusted"] {
        fails(&pki, &format!("{SERVER} peer-verify({mode})"), "ca-file(\"PKI/ca.pem\")");
    }
}

#[test]
fn a_stranger_is_let_in_where_trust_is_not_asked_for() {
    let stranger = "key-file(\"PKI/stranger.key\") cert-file(\"PKI/stranger.pem\") ca-file(\"PKI/ca.pem\")";
    for mode in ["required-untrusted", "optional-untrusted"] {
        let source = format!("{SERVER} peer-verify({mode})");
        passes(&source, stranger, "hello stranger.example Example bsdsyslog+tls\n");
    }
    let pki = Pki::new();
    for mode in ["required-trusted", "optional-trusted"] {
        fails(&pki, &format!("{SERVER} peer-verify({mode})"), stranger);
    }
}

#[test]
fn a_server_must_be_the_one_that_is_wanted() {
    let pki = Pki::new();
    let source =
        |name: &str| format!("peer-verify(no) key-file(\"PKI/{name}.key\") cert-file(\"PKI/{name}.pem\")");
    // Signed by another authority; by the right one, for another host.
    fails(&pki, &source("stranger"), CLIENT);
    fails(&pki, &source("client"), CLIENT);
    passes(
        &source("client"),
        &format!("{CLIENT} ssl-options(ignore-hostname-mismatch)"),
        "hello client.example Example bsdsyslog+tls\n",
    );
    // Older certificates have the host in the common name alone, or are their own authority.
    passes(&source("old"), CLIENT, "hello client.example Example bsdsyslog+tls\n");
    passes(&source("selfsigned"), "ca-file(\"PKI/selfsigned.pem\")", "hello   bsdsyslog+tls\n");
}

#[test]
fn fingerprints_let_in_those_they_belong_to() {
    let pki = Pki::new();
    let (right, wrong) = (pki.fingerprint("client"), pki.fingerprint("server"));
    let untrusted = "peer-verify(required-untrusted)";
    for key in [&right.0, &right.1] {
        let source = format!("{SERVER} {untrusted} trusted-keys(\"{}\" \"{key}\")", wrong.0);
        let trial = Trial::start(&relay(&pki, free_port(), &source, CLIENT));
        trial.wait_for_text("log", "hello client.example Example bsdsyslog+tls\n");
    }
    fails(&pki, &format!("{SERVER} {untrusted} trusted-keys(\"{}\")", wrong.0), CLIENT);
    fails(&pki, &format!("{SERVER} trusted-dn(\"*, O=Other\")"), CLIENT);
}

#[test]
fn the_revoked_are_not_let_in() {
    let pki = Pki::new();
    let source = format!("{SERVER} crl-dir(\"PKI/crl\")");
    fails(
        &pki,
        &source,
        "key-file(\"PKI/revoked.key\") cert-file(\"PKI/revoked.pem\") ca-file(\"PKI/ca.pem\")",
    );
    passes(&source, CLIENT, "hello client.example Example bsdsyslog+tls\n");
}

type Client = StreamOwned<ClientConnection, TcpStream>;

/// A client of a source on this machine.
fn connect(pki: &Pki, ca: &str, port: u16) -> std::io::Result<Client> {
    connect_after(b"", pki, ca, port)
}

/// A client that says something before it agrees on the encryption.
fn connect_after(said: &[u8], pki: &Pki, ca: &str, port: u16) -> std::io::Result<Client> {
    let mut roots = RootCertStore::empty();
    roots.add(pki.certificate(ca)).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut socket = TcpStream::connect(("127.0.0.1", port))?;
    socket.write_all(said)?;
    let mut stream = StreamOwned::new(connection, socket);
    stream.conn.complete_io(&mut stream.sock)?;
    Ok(stream)
}

fn listener(pki: &Pki, port: u16, name: &str) -> String {
    format!(
        "log {{ source {{ syslog(ip(127.0.0.1) port({port}) transport(tls) flags(no-parse)
           tls(peer-verify(no) key-file(\"PKI/{name}.key\") cert-file(\"PKI/{name}.pem\"))); }};
         destination {{ file(\"DIR/log\" template(\"$MSG $TRANSPORT\\n\")); }}; }};"
    )
    .replace("PKI", pki.dir())
}

#[test]
fn a_reload_keeps_connections_and_takes_up_new_certificates() {
    let (pki, port) = (Pki::new(), free_port());
    let trial = Trial::start(&listener(&pki, port, "server"));
    let mut before = connect(&pki, "ca", port).unwrap();
    before.write_all(b"3 one5 t").unwrap();
    trial.wait_for_text("log", "one rfc5425\n");
    let trial = trial.reload(&listener(&pki, port, "stranger"));
    assert!(connect(&pki, "ca", port).is_err(), "the new certificate is not of that authority");
    let mut after = connect(&pki, "other-ca", port).unwrap();
    before.write_all(b"hree").unwrap();
    trial.wait_for_text("log", "one rfc5425\nthree rfc5425\n");
    after.write_all(b"4 four").unwrap();
    trial.wait_for_text("log", "one rfc5425\nthree rfc5425\nfour rfc5425\n");
}

#[test]
fn what_is_not_tls_ends_the_connection_and_nothing_else() {
    let (pki, port) = (Pki::new(), free_port());
    let trial = Trial::start(&listener(&pki, port, "server"));
    for junk in [&b"3 abc<13>plain text\n"[..], b"\x16\x03\x01\xff\xff", &[0; 9000]] {
        let mut peer = TcpStream::connect(("127.0.0.1", port)).unwrap();
        peer.write_all(junk).unwrap();
        peer.shutdown(Shutdown::Write).unwrap();
        // It is told so, or just closed; no message comes of it.
        let _ = peer.read_to_end(&mut Vec::new());
    }
    connect(&pki, "ca", port).unwrap().write_all(b"3 abc").unwrap();
    trial.wait_for_text("log", "abc rfc5425\n");
}

#[test]
fn a_balancer_speaks_before_the_encryption_or_within() {
    let pki = Pki::new();
    let header = b"PROXY TCP4 10.1.2.3 10.4.5.6 7 8\r\n";
    for (transport, outside) in [("proxied-tls", false), ("proxied-tls-passthrough", true)] {
        let port = free_port();
        let text =
            listener(&pki, port, "server").replace("transport(tls)", &format!("transport({transport})"));
        let trial = Trial::start(&text.replace("$TRANSPORT", "$SOURCEIP"));
        let mut client = if outside {
            connect_after(header, &pki, "ca", port).unwrap()
        } else {
            let mut client = connect(&pki, "ca", port).unwrap();
            client.write_all(header).unwrap();
            client
        };
        client.write_all(b"5 hello").unwrap();
        trial.wait_for_text("log", "hello 10.1.2.3\n");
    }
}

#[test]
fn wildcards_stand_for_one_label() {
    let named = |name: &str| Subject { common_name: Some(name.to_owned()), ..Subject::default() };
    let check = |name: &str, host: &str, expected: bool| {
        assert_eq!(named(name).common_name_is(host), expected, "{name} for {host}");
    };
    check("logs.example.com", "LOGS.example.com", true);
    check("*.example.com", "logs.example.com", true);
    check("*.example.com", "a.logs.example.com", false);
    check("*.example.com", "example.com", false);
    check("*.example.com", ".example.com", false);
    check("*", "logs.example.com", false);
    check("*", "localhost", false);
    check("*.com", "example.com", false);
    check("*.*.com", "logs.example.com", false);
    check("lo*.example.com", "logs.example.com", false);
    check("*s.example.com", "logs.example.com", false);
    check("xn--*.example.com", "xn--logs.example.com", false);
    check("*.0.0.1", "127.0.0.1", false);
    check("127.0.0.1", "127.0.0.1", true);
    let newer = Subject { has_alternative_names: true, ..named("logs.example.com") };
    assert!(!newer.common_name_is("logs.example.com"));
}

#[test]
fn mistakes_are_named() {
    let pki = Pki::new();
    let said = |options: &str| {
        let source = format!("source s {{ network(transport(tls) tls({options})); }};");
        said_about(&source.replace("PKI", pki.dir()))
    };
    let own = "peer-verify(no) key-file(\"PKI/server.key\") cert-file(\"PKI/server.pem\")";
    assert_eq!(said(own), "");
    assert!(said("").contains("needs key-file() and cert-file()"));
    assert!(
        said("key-file(\"/nonexistent\") cert-file(\"PKI/server.pem\")").contains("cannot read /nonexistent")
    );
    assert!(said("key-file(\"PKI/server.pem\") cert-file(\"PKI/server.pem\")").contains("no private key in"));
    assert!(said("key-file(\"PKI/server.key\") cert-file(\"PKI/server.key\")").contains("no certificate in"));
    assert!(said("key-file(\"PKI/server.key\")").contains("come together"));
    assert!(
        said("key-file(\"PKI/client.key\") cert-file(\"PKI/server.pem\") peer-verify(no)").contains("tls():")
    );
    assert!(said("key-file(\"PKI/server.key\") cert-file(\"PKI/server.pem\")").contains("nobody is trusted"));
    assert!(said(&format!("{own} cipher-suite(\"RC4-MD5\")")).contains("no cipher suite of `RC4-MD5`"));
    let mixed = said(&format!("{own} cipher-suite(\"AES128-SHA:ECDHE-RSA-AES128-GCM-SHA256:!aNULL\")"));
    assert!(mixed.contains("going on without: AES128-SHA"), "{mixed}");
    assert!(said(&format!("{own} ssl-version(sslv3)")).contains("ssl-version(sslv3) is not supported"));
    assert!(said(&format!("{own} ssl-options(no-tlsv12, no-tlsv13)")).contains("no version of TLS is left"));
    assert!(said(&format!("{own} ssl-options(no-tlsv21)")).contains("does not take `no-tlsv21`"));
    assert!(said(&format!("{own} trusted-keys(\"MD5:00\")")).contains("`MD5:00` is no fingerprint"));
    assert!(said(&format!("{own} dhparam-file(\"x\")")).contains("has no effect"));
    assert!(said(&format!("{own} pkcs12-file(\"x\")")).contains("not supported yet"));
    assert!(said_about("source s { network(transport(tls)); };").contains("needs tls(…)"));
    let udp = format!("source s {{ network(transport(udp) tls({own})); }};").replace("PKI", pki.dir());
    assert!(said_about(&udp).contains("tls() is not for transport(udp)"));
}
