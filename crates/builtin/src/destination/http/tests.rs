mod server;

use std::io::Read;

use proptest::prelude::*;

use self::server::Server;
use super::action::{Action, Actions};
use crate::trial::{Trial, said_about};

/// So many messages to a web server.
fn conf(count: usize, server: &Server, options: &str) -> String {
    format!(
        "log {{ source {{ example-msg-generator(num({count}) freq(0) template(\"m\") values(\"PROGRAM\" => \"p\")); }};
         destination {{ http(url(\"http://127.0.0.1:{}/in/${{PROGRAM}}\") time-reopen(0.02) {options}); }};
         flags(flow-control); }};",
        server.port
    )
}

#[test]
fn a_message_is_a_request() {
    let server = Server::answering(&[]);
    let trial =
        Trial::start(&conf(2, &server, "headers(\"X-A: b ${PROGRAM}\" \"Content-Type: text/plain\")"));
    for _ in 0..2 {
        let request = server.next();
        assert_eq!(request.line, "POST /in/p HTTP/1.1");
        assert_eq!(request.text(), "m");
        assert_eq!(request.header("x-a"), "b p");
        assert_eq!(request.header("content-type"), "text/plain");
        assert_eq!(request.header("x-syslog-program"), "p");
        assert_eq!(request.header("x-syslog-facility"), "user");
        assert_eq!(request.header("x-syslog-level"), "notice");
        assert!(request.header("user-agent").starts_with("hognose/"));
    }
    assert_eq!(trial.stop().count("dst.http", "written"), 2);
}

#[test]
fn many_messages_are_one_request() {
    let server = Server::answering(&[]);
    let options = "batch-lines(3) batch-timeout(60000) method(PUT) body(\"<$MSG>\") body-prefix(\"[\")
                   body-suffix(\"]\") delimiter(\",\") user(\"u\") password(\"p\")";
    let trial = Trial::start(&conf(7, &server, options));
    let request = server.next();
    assert_eq!(request.line, "PUT /in/p HTTP/1.1");
    assert_eq!(request.text(), "[<m>,<m>,<m>]");
    assert_eq!(request.header("authorization"), "Basic dTpw");
    assert_eq!(request.header("x-syslog-program"), "");
    assert_eq!(server.bodies(1), ["[<m>,<m>,<m>]"]);
    // The last one does not wait for others when the daemon stops.
    let outcome = trial.stop();
    assert_eq!(server.bodies(1), ["[<m>]"]);
    assert_eq!(outcome.count("dst.http", "written"), 7);
}

#[test]
fn a_batch_waits_no_longer_than_it_may() {
    let server = Server::answering(&[]);
    let trial = Trial::start(&conf(2, &server, "batch-lines(100) batch-timeout(50)"));
    assert_eq!(server.bodies(1), ["m\nm"]);
    trial.wait("its end", |trial| (trial.count("dst.http", "written") == 2).then_some(()));
}

#[test]
fn a_batch_is_no_longer_than_it_may_be() {
    let server = Server::answering(&[]);
    let trial = Trial::start(&conf(4, &server, "batch-bytes(3) delimiter(\";\")"));
    assert_eq!(server.bodies(2), ["m;m", "m;m"]);
    trial.stop();
}

#[test]
fn bodies_are_made_smaller() {
    for (name, gzip) in [("gzip", true), ("deflate", false)] {
        let server = Server::answering(&[]);
        let body = "ab".repeat(99);
        let options = format!("content-compression({name}) body(\"{body}\")");
        let trial = Trial::start(&conf(1, &server, &options));
        let request = server.next();
        assert_eq!(request.header("content-encoding"), name);
        let mut text = String::new();
        if gzip {
            flate2::read::GzDecoder::new(&request.body[..]).read_to_string(&mut text).unwrap();
        } else {
            flate2::read::ZlibDecoder::new(&request.body[..]).read_to_string(&mut text).unwrap();
        }
        assert_eq!(text, body);
        trial.stop();
    }
}

#[test]
fn a_server_in_trouble_gets_everything_later() {
    let server = Server::answering(&[503, 429, 200, 500]);
    let trial = Trial::start(&conf(2, &server, "batch-lines(1)"));
    assert_eq!(server.bodies(5), ["m"; 5]);
    let outcome = trial.stop();
    assert_eq!(outcome.count("dst.http", "written"), 2);
    assert_eq!(outcome.count("dst.http", "dropped"), 0);
}

#[test]
fn what_the_server_never_takes_is_dropped() {
    let server = Server::answering(&[410, 200]);
    let outcome = Trial::start(&conf(2, &server, ""));
    assert_eq!(server.bodies(2), ["m"; 2]);
    let outcome = outcome.stop();
    assert_eq!(outcome.count("dst.http", "written"), 1);
    assert_eq!(outcome.count("dst.http", "dropped.rejected"), 1);
}

#[test]
fn retries_have_an_end() {
    let server = Server::answering(&[504; 3]);
    let trial = Trial::start(&conf(2, &server, "retries(3)"));
    assert_eq!(server.bodies(4), ["m"; 4]);
    trial.wait("the second one", |trial| (trial.count("dst.http", "written") == 1).then_some(()));
    assert_eq!(trial.stop().count("dst.http", "dropped"), 1);
}

#[test]
fn the_administrator_says_what_an_answer_means() {
    let server = Server::answering(&[404, 418, 200]);
    let actions = "response-action(404 => drop, 418 => success)";
    let trial = Trial::start(&conf(3, &server, actions));
    assert_eq!(server.bodies(3), ["m"; 3]);
    trial.wait("the end", |trial| (trial.count("dst.http", "written") == 2).then_some(()));
    assert_eq!(trial.stop().count("dst.http", "dropped.rejected"), 1);
}

#[test]
fn redirections_are_followed_if_so_wanted() {
    let server = Server::answering(&[307]);
    let trial = Trial::start(&conf(1, &server, "accept-redirects(yes)"));
    assert_eq!(server.next().line, "POST /in/p HTTP/1.1");
    assert_eq!(server.next().line, "POST /elsewhere HTTP/1.1");
    assert_eq!(trial.stop().count("dst.http", "written"), 1);
}

#[test]
fn of_several_servers_one_that_works_is_found() {
    let server = Server::answering(&[]);
    let dead = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let live = server.port;
    let trial = Trial::start(&format!(
        "log {{ source {{ example-msg-generator(num(1) freq(0)); }}; destination {{
           http(url(\"http://127.0.0.1:{dead}/\" \"http://127.0.0.1:{live}/\") time-reopen(0.02)); }}; }};"
    ));
    assert_eq!(server.next().line, "POST / HTTP/1.1");
    trial.stop();
}

#[test]
fn a_server_that_does_not_answer_does_not_hold_up_the_stop() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let trial = Trial::start(&format!(
        "log {{ source {{ example-msg-generator(num(1) freq(0)); }};
           destination {{ http(url(\"http://127.0.0.1:{port}/\")); }}; }};"
    ));
    silent.set_nonblocking(true).unwrap();
    let (mut peer, _) = trial.wait("a connection", |_| silent.accept().ok());
    peer.set_nonblocking(false).unwrap();
    peer.set_read_timeout(Some(crate::trial::PATIENCE)).unwrap();
    peer.read_exact(&mut [0; 4]).unwrap();
    // A reload does not wait for an answer.
    let begin = std::time::Instant::now();
    drop(trial);
    assert!(begin.elapsed() < std::time::Duration::from_secs(5), "{:?}", begin.elapsed());
}

#[test]
fn mistakes_are_named() {
    let said = |options: &str| said_about(&format!("destination d {{ http({options}); }};"));
    assert!(said("").contains("needs url"));
    assert!(said("url(\"nonsense\")").contains("is no URL"));
    assert!(said("url(\"http://h/\") method(PSOT)").contains("did you mean `POST`?"));
    assert!(said("url(\"http://h/\") headers(\"nonsense\")").contains("is no header"));
    assert!(said("url(\"http://h/\") response-action(404 => dorp)").contains("did you mean `drop`?"));
    assert!(said("url(\"http://h/\") response-action(99 => drop)").contains("statuses from 100 to 599"));
    assert!(said("url(\"http://h/\") proxy(\"::\")").contains("is no proxy"));
    assert!(said("url(\"https://h/\") ca-file(\"/nonexistent\")").contains("cannot read /nonexistent"));
    assert!(said("url(\"https://h/\") tls(ca-file(\"/nonexistent\"))").contains("cannot read /nonexistent"));
    assert!(said("url(\"http://h/\") azure-auth-header(content-type(\"x\"))").contains("not supported yet"));
    assert_eq!(said("url(\"https://h/${HOST}\")"), "");
}

proptest! {
    #[test]
    fn every_status_means_something(status in 100u16..600) {
        let action = Actions::default().of(status);
        prop_assert_eq!(action == Action::Success, (200..300).contains(&status));
    }
}
