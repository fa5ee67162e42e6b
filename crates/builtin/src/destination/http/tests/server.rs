//! A web server for tests: it answers with the statuses it is given, and keeps what it was asked.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use parking_lot::Mutex;

use crate::trial::PATIENCE;

/// Requests that nobody has looked at yet.
const REQUESTS_MAX: usize = 100;

pub(super) struct Server {
    pub(super) port: u16,
    requests: Receiver<Request>,
}

#[derive(Debug)]
pub(super) struct Request {
    /// `POST /path HTTP/1.1`
    pub(super) line: String,
    headers: HashMap<String, String>,
    pub(super) body: Vec<u8>,
}

impl Server {
    /// Answers with these statuses in turn, and 200 afterwards.
    pub(super) fn answering(statuses: &[u16]) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (asked, requests) = sync_channel(REQUESTS_MAX);
        let statuses = Arc::new(Mutex::new(statuses.to_vec()));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (statuses, asked) = (statuses.clone(), asked.clone());
                let next = move || {
                    let mut left = statuses.lock();
                    if left.is_empty() { 200 } else { left.remove(0) }
                };
                std::thread::spawn(move || serve(&stream.unwrap(), next, &asked));
            }
        });
        Server { port, requests }
    }

    #[track_caller]
    pub(super) fn next(&self) -> Request {
        self.requests.recv_timeout(PATIENCE).expect("no request")
    }

    /// The bodies of the next requests.
    #[track_caller]
    pub(super) fn bodies(&self, count: usize) -> Vec<String> {
        (0..count).map(|_| self.next().text()).collect()
    }
}

impl Request {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }
}

fn serve(stream: &TcpStream, next: impl Fn() -> u16, asked: &SyncSender<Request>) {
    let mut reader = BufReader::new(stream);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        let mut headers = HashMap::new();
        loop {
            let mut header = String::new();
            reader.read_line(&mut header).unwrap();
            let Some((name, value)) = header.trim_end().split_once(':') else { break };
            headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        }
        let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        // The test may be over.
        let _ = asked.send(Request { line: line.trim_end().to_owned(), headers, body });
        let answer = format!("HTTP/1.1 {} x\r\nlocation: /elsewhere\r\ncontent-length: 2\r\n\r\nok", next());
        let _ = (&mut &*stream).write_all(answer.as_bytes());
    }
}
