//! The other ends of a scenario's sockets.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// How long something may take that is waited for.
pub(crate) const PATIENCE: Duration = Duration::from_secs(15);

/// A port of the loopback that nobody has at the moment.
pub(crate) fn free_port() -> Option<u16> {
    let tcp = TcpListener::bind("127.0.0.1:0").ok()?;
    let port = tcp.local_addr().ok()?.port();
    UdpSocket::bind(("127.0.0.1", port)).ok()?;
    Some(port)
}

/// Sends `text`; the peer may not be ready yet.
pub(crate) fn send(kind: &str, to: &str, text: &[u8]) -> Result<(), String> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match try_send(kind, to, text) {
            Err(error) if Instant::now() > deadline => return Err(format!("cannot send to {to}: {error}")),
            Err(_) => thread::sleep(Duration::from_millis(2)),
            Ok(()) => return Ok(()),
        }
    }
}

fn try_send(kind: &str, to: &str, text: &[u8]) -> std::io::Result<()> {
    let local = |port: &str| ("127.0.0.1".to_owned(), port.parse().unwrap_or(0));
    let datagrams = || text.strip_suffix(b"\n").unwrap_or(text).split(|byte| *byte == b'\n');
    match kind {
        "tcp" => TcpStream::connect(local(to))?.write_all(text),
        "udp" => {
            let socket = UdpSocket::bind("127.0.0.1:0")?;
            datagrams().try_for_each(|datagram| socket.send_to(datagram, local(to)).map(drop))
        }
        "unix-stream" => UnixStream::connect(to)?.write_all(text),
        "unix-dgram" => {
            let socket = UnixDatagram::unbound()?;
            datagrams().try_for_each(|datagram| socket.send_to(datagram, to).map(drop))
        }
        other => Err(std::io::Error::other(format!("there is no transport `{other}`"))),
    }
}

/// Somebody who takes what comes.
pub(crate) struct Receiver(Arc<Mutex<Vec<u8>>>);

impl Receiver {
    /// Listens at `at`, and takes from everybody who comes. Its threads end with the process.
    pub(crate) fn new(kind: &str, at: &str) -> Result<Receiver, String> {
        let got = Arc::new(Mutex::new(Vec::new()));
        let wrong = |error: std::io::Error| format!("cannot listen at {at}: {error}");
        let local = ("127.0.0.1", at.parse().unwrap_or(0));
        match kind {
            "tcp" => {
                let listener = TcpListener::bind(local).map_err(wrong)?;
                let got = got.clone();
                thread::spawn(move || listener.incoming().flatten().for_each(|peer| take(peer, &got)));
            }
            "unix-stream" => {
                let listener = UnixListener::bind(Path::new(at)).map_err(wrong)?;
                let got = got.clone();
                thread::spawn(move || listener.incoming().flatten().for_each(|peer| take(peer, &got)));
            }
            "udp" => {
                let socket = UdpSocket::bind(local).map_err(wrong)?;
                let got = got.clone();
                thread::spawn(move || datagrams(|buffer| socket.recv(buffer), &got));
            }
            "unix-dgram" => {
                let socket = UnixDatagram::bind(at).map_err(wrong)?;
                let got = got.clone();
                thread::spawn(move || datagrams(|buffer| socket.recv(buffer), &got));
            }
            other => return Err(format!("there is no transport `{other}`")),
        }
        Ok(Receiver(got))
    }

    /// What has come so far.
    pub(crate) fn got(&self) -> Vec<u8> {
        self.0.lock().clone()
    }
}

fn take(mut peer: impl Read + Send + 'static, got: &Arc<Mutex<Vec<u8>>>) {
    let got = got.clone();
    thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(bytes @ 1..) = peer.read(&mut buffer) {
            got.lock().extend_from_slice(&buffer[..bytes]);
        }
    });
}

fn datagrams(receive: impl Fn(&mut [u8]) -> std::io::Result<usize>, got: &Mutex<Vec<u8>>) {
    let mut buffer = vec![0; 65_536];
    while let Ok(bytes) = receive(&mut buffer) {
        got.lock().extend_from_slice(&buffer[..bytes]);
    }
}
