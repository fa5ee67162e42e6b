use std::io::{Read, Write};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::thread::{self, JoinHandle};

use super::*;
use crate::reply::Verdict;

/// A daemon that does to its one visitor what `behave` says.
fn daemon(behave: impl FnOnce(UnixStream) + Send + 'static) -> (tempfile::TempDir, PathBuf, JoinHandle<()>) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ctl");
    let listener = UnixListener::bind(&path).unwrap();
    let thread = thread::spawn(move || behave(listener.accept().unwrap().0));
    (directory, path, thread)
}

/// Reads one request, then sends `reply` and closes.
fn answering(reply: &'static [u8]) -> impl FnOnce(UnixStream) + Send {
    move |mut stream| {
        let mut byte = [0];
        while byte != *b"\n" {
            stream.read_exact(&mut byte).unwrap();
        }
        stream.write_all(reply).unwrap();
    }
}

#[test]
fn a_whole_reply() {
    let (_directory, path, thread) = daemon(answering(b"OK fine\n.\n"));
    let answer = Client::connect(&path).unwrap().ask(&Command::Reload).unwrap();
    assert_eq!(answer, Answer { verdict: Verdict::Done, text: "fine\n".into() });
    thread.join().unwrap();
}

#[test]
fn half_a_reply_is_an_error_that_keeps_it() {
    let (_directory, path, thread) = daemon(answering(b"OK fi"));
    let error = Client::connect(&path).unwrap().ask(&Command::Reload).unwrap_err();
    assert!(matches!(error, AskError::Ended { partial } if partial == "OK fi"));
    thread.join().unwrap();
}

#[test]
fn a_silent_daemon_does_not_hold_its_operator() {
    let (release, held) = std::sync::mpsc::sync_channel::<()>(0);
    let (_directory, path, thread) = daemon(move |_stream| {
        let _ = held.recv();
    });
    let mut client = Client::connect(&path).unwrap().with_silence_max(Duration::from_millis(50));
    assert!(matches!(client.ask(&Command::Healthcheck), Err(AskError::TimedOut)));
    drop(release);
    thread.join().unwrap();
}

#[test]
fn a_daemon_that_never_ends_is_cut_short() {
    let (_directory, path, thread) = daemon(|mut stream| while stream.write_all(&[b'.'; 1 << 20]).is_ok() {});
    assert!(matches!(Client::connect(&path).unwrap().ask(&Command::License), Err(AskError::TooLong)));
    thread.join().unwrap();
}

#[test]
fn nobody_there() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ctl");
    let error = Client::connect(&path).unwrap_err();
    assert!(matches!(error, AskError::Connect(why) if why.kind() == io::ErrorKind::NotFound));
    assert!(!is_listening(&path));
    drop(UnixListener::bind(&path).unwrap());
    let error = Client::connect(&path).unwrap_err();
    assert!(matches!(error, AskError::Connect(why) if why.kind() == io::ErrorKind::ConnectionRefused));
    assert!(!is_listening(&path));
}

#[test]
fn a_path_that_fits_no_address() {
    let path = PathBuf::from("x".repeat(200));
    assert!(matches!(Client::connect(&path), Err(AskError::Connect(_))));
    assert!(!is_listening(&path));
}
