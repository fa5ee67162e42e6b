use std::thread;

use super::*;

fn pair() -> (Exchange, Server) {
    let (exchange, fds) = Exchange::create().unwrap();
    (exchange, Server::attach(fds).unwrap())
}

fn poll(exchange: &Exchange) {
    let mut fds = [PollFd::from_borrowed_fd(exchange.bell(), PollFlags::IN)];
    rustix::event::poll(&mut fds, None).unwrap();
}

#[test]
fn requests_are_answered_one_after_the_other() {
    let (mut exchange, mut server) = pair();
    let worker = thread::spawn(move || {
        for _ in 0..1000 {
            let mut request = Vec::new();
            while !server.wait(&mut request).unwrap() {}
            request.reverse();
            server.answer(&request).unwrap();
        }
    });
    for number in 0..1000_u32 {
        exchange.ask(&[b"ab", &number.to_le_bytes()]).unwrap();
        let mut answer = Vec::new();
        while exchange.take(&mut answer) == Answer::NotYet {
            poll(&exchange);
        }
        let mut expected = [b"ab".as_slice(), &number.to_le_bytes()].concat();
        expected.reverse();
        assert_eq!(answer, expected);
    }
    worker.join().unwrap();
}

#[test]
fn an_answer_that_nobody_took_is_not_taken_for_the_next() {
    let (mut exchange, mut server) = pair();
    exchange.ask(&[b"one"]).unwrap();
    assert!(server.wait(&mut Vec::new()).unwrap());
    server.answer(b"first").unwrap();
    exchange.ask(&[b"two"]).unwrap();
    let mut answer = Vec::new();
    assert_eq!(exchange.take(&mut answer), Answer::NotYet);
    assert!(server.wait(&mut Vec::new()).unwrap());
    server.answer(b"second").unwrap();
    assert_eq!(exchange.take(&mut answer), Answer::Bytes(6));
    assert_eq!(answer, b"second");
}

#[test]
fn what_does_not_fit_is_refused_and_what_just_fits_is_not() {
    let (mut exchange, mut server) = pair();
    let large = vec![7; AREA_BYTES];
    assert_eq!(exchange.ask(&[&large, b"x"]), Err(TooLarge(AREA_BYTES + 1)));
    exchange.ask(&[&large]).unwrap();
    let mut request = Vec::new();
    assert!(server.wait(&mut request).unwrap());
    assert_eq!(request, large);
    server.answer(&large).unwrap();
    assert_eq!(exchange.take(&mut Vec::new()), Answer::Bytes(AREA_BYTES));
}

#[test]
fn a_worker_that_writes_nonsense_is_found_out() {
    let (mut exchange, server) = pair();
    exchange.ask(&[b"?"]).unwrap();
    let answered = &server.mapping.control().answered.0;
    for (number, bytes) in [(1, AREA_BYTES as u64 + 1), (1, u64::MAX), (2, 4), (u64::MAX, 0)] {
        answered.bytes.store(bytes, Relaxed);
        answered.number.store(number, Release);
        assert_eq!(exchange.take(&mut Vec::new()), Answer::Nonsense, "{number} {bytes}");
    }
    server.mapping.control().progress.0.settled.store(u64::MAX, Relaxed);
    assert_eq!(exchange.progress(), Progress::default());
}

#[test]
fn progress_survives_the_worker() {
    let (mut exchange, mut server) = pair();
    exchange.ask(&[b"?"]).unwrap();
    assert!(server.wait(&mut Vec::new()).unwrap());
    server.begun(5);
    server.settled(3);
    drop(server);
    assert_eq!(exchange.progress(), Progress { begun: 5, settled: 3 });
    exchange.ask(&[b"?"]).unwrap();
    assert_eq!(exchange.progress(), Progress::default());
}
