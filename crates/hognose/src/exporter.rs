//! `stats(prometheus("…"))`: the counters over HTTP, where Prometheus looks for them.
//!
//! Answers `GET /metrics` and nothing else, one request a connection. Whoever connects is not trusted: a request has
//! a limit of size and time, and so many are answered at a time.

use std::io::{self, Read, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::net::{Shutdown, shutdown};

use crate::configuration::system_words;
use crate::desk::Desk;
use crate::stats;

/// Requests that are answered at a time.
const REQUESTS_MAX: usize = 8;
/// Bytes that the head of a request may have.
const HEAD_BYTES_MAX: usize = 8 << 10;
/// How long a request may take to come, and its answer to be taken.
const REQUEST_TIME_MAX: Duration = Duration::from_secs(10);
/// How long no connection is accepted after one could not be.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Stack of a thread that answers, in bytes.
const STACK_BYTES: usize = 512 << 10;

/// The door that scrapers come through; closed when dropped.
#[derive(Debug)]
pub(crate) struct Exporter {
    listener: Arc<TcpListener>,
    /// As the configuration says it.
    wanted: SocketAddr,
}

impl Exporter {
    /// Listens on `address`.
    pub(crate) fn open(address: SocketAddr, desk: &Arc<Desk>) -> io::Result<Exporter> {
        let listener = Arc::new(TcpListener::bind(address)?);
        let (theirs, desk) = (listener.clone(), desk.clone());
        thread::Builder::new().name("prometheus".into()).spawn(move || accept(&theirs, &desk))?;
        if let Ok(address) = listener.local_addr() {
            tracing::info!(%address, "Prometheus endpoint opened");
        }
        Ok(Exporter { listener, wanted: address })
    }

    /// Whether it is the one for `address`.
    pub(crate) fn is_for(&self, address: Option<SocketAddr>) -> bool {
        address == Some(self.wanted)
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        // Whoever waits in `accept` gets an error, and finds nobody else holds the listener.
        let _ = shutdown(&*self.listener, Shutdown::Both);
    }
}

fn accept(listener: &Arc<TcpListener>, desk: &Arc<Desk>) {
    let requests = Arc::new(AtomicUsize::new(0));
    // The other half is the exporter's.
    while Arc::strong_count(listener) > 1 {
        match listener.accept() {
            Ok((stream, _)) => admit(stream, &requests, desk),
            Err(_) if Arc::strong_count(listener) == 1 => return,
            // Shut down by an exporter that is being dropped.
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => return,
            Err(error) => {
                tracing::error!(error = system_words(&error), "Error accepting a Prometheus connection");
                thread::sleep(ACCEPT_PAUSE);
            }
        }
    }
}

fn admit(stream: TcpStream, requests: &Arc<AtomicUsize>, desk: &Arc<Desk>) {
    if requests.fetch_add(1, Ordering::AcqRel) >= REQUESTS_MAX {
        requests.fetch_sub(1, Ordering::AcqRel);
        return tracing::debug!("Too many Prometheus connections, closing this one");
    }
    let (desk, own) = (desk.clone(), requests.clone());
    let answer = move || {
        if let Err(error) = serve(stream, &desk) {
            tracing::debug!(%error, "Closing Prometheus connection");
        }
        own.fetch_sub(1, Ordering::AcqRel);
    };
    if thread::Builder::new().name("scrape".into()).stack_size(STACK_BYTES).spawn(answer).is_err() {
        requests.fetch_sub(1, Ordering::AcqRel);
    }
}

fn serve(mut stream: TcpStream, desk: &Desk) -> io::Result<()> {
    let head = read_head(&mut stream)?;
    let answer = respond(&head, || stats::prometheus(&desk.rows(), desk.times(), true));
    stream.set_write_timeout(Some(REQUEST_TIME_MAX))?;
    stream.write_all(answer.as_bytes())
}

/// What stands before the empty line.
fn read_head(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let deadline = Instant::now() + REQUEST_TIME_MAX;
    let mut head = Vec::new();
    let mut buffer = [0; 1024];
    while !head.windows(4).any(|end| end == b"\r\n\r\n") && !head.windows(2).any(|end| end == b"\n\n") {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() || head.len() > HEAD_BYTES_MAX {
            return Err(io::Error::other("the request does not end"));
        }
        stream.set_read_timeout(Some(left))?;
        match stream.read(&mut buffer)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            bytes => head.extend_from_slice(&buffer[..bytes]),
        }
    }
    Ok(head)
}

/// The answer to a request; `metrics` are made only where they are wanted.
fn respond(head: &[u8], metrics: impl FnOnce() -> String) -> String {
    let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = String::from_utf8_lossy(line);
    let mut words = line.split_whitespace();
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let path = target.split('?').next().unwrap_or_default();
    let (status, body) = match (method, path) {
        ("GET" | "HEAD", "/metrics") => ("200 OK", metrics()),
        ("GET" | "HEAD", _) => ("404 Not Found", "the metrics are at /metrics\n".to_owned()),
        _ => ("405 Method Not Allowed", "only GET is answered\n".to_owned()),
    };
    let length = body.len();
    let body = if method == "HEAD" { "" } else { &body };
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n\
         Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(head: &str, status: &str, body: &str) {
        let answer = respond(head.as_bytes(), || "x 1\n".to_owned());
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{answer}");
        assert_eq!(answer.split_once("\r\n\r\n").unwrap().1, body);
    }

    #[test]
    fn one_path_and_two_methods() {
        check("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", "200 OK", "x 1\n");
        check("GET /metrics?x=1 HTTP/1.1\r\n\r\n", "200 OK", "x 1\n");
        check("HEAD /metrics HTTP/1.1\r\n\r\n", "200 OK", "");
        check("GET / HTTP/1.1\r\n\r\n", "404 Not Found", "the metrics are at /metrics\n");
        check("POST /metrics HTTP/1.1\r\n\r\n", "405 Method Not Allowed", "only GET is answered\n");
        check("\u{0}\n\n", "405 Method Not Allowed", "only GET is answered\n");
    }
}
