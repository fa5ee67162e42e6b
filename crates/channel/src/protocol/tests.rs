use std::io::{self, Write};

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn hello() -> ToWorker {
    ToWorker::Hello(Box::new(Hello {
        protocol: PROTOCOL,
        product_version: "0.1.0".into(),
        config_version: (4, 11),
        config_file: "/etc/hognose.conf".into(),
        blocks: vec![Block { file: "/etc/hognose.conf".into(), line: 3, text: "import os\n".into() }],
        sys_path_front: vec!["/etc/python".into()],
        argv0: "hognose".into(),
        stop_timeout_ms: 10_000,
        driver: Some(Driver {
            id: "s_py#0".into(),
            kind: DriverKind::Fetcher,
            class: "F".into(),
            options: vec![
                ("s".into(), OptionValue::String("x".into())),
                ("i".into(), OptionValue::Integer(-5)),
                ("f".into(), OptionValue::Float(0.1)),
                ("b".into(), OptionValue::Boolean(true)),
                ("l".into(), OptionValue::List(vec!["a".into()])),
                ("t".into(), OptionValue::Template("$MSG".into())),
            ],
            flags: [("parse".to_owned(), false)].into(),
            parse: ParseOptions {
                default_pri: Some(13),
                flags: vec!["no-parse".into()],
                ..Default::default()
            },
            location: Location { file: "/etc/hognose.conf".into(), line: 9, column: 5 },
            time_reopen_ms: 1000,
            no_data_delay_ms: 60_000,
            suspended_post: SuspendedPost::Raise,
            ..Driver::default()
        }),
        ..Hello::default()
    }))
}

fn finding() -> Finding {
    Finding {
        driver: Some("s_py#0".into()),
        severity: Severity::Warning,
        kind: "missing_class".into(),
        message: "no class F".into(),
        hint: None,
        traceback: None,
        file: Some("/etc/hognose.conf".into()),
        line: Some(9),
    }
}

fn from_worker() -> Vec<FromWorker> {
    vec![
        FromWorker::Ready { persist_name: Some("p".into()), blocking: true },
        FromWorker::Refused {
            stage: Stage::Class,
            message: "m".into(),
            traceback: None,
            file: None,
            line: Some(2),
        },
        FromWorker::Log { level: Level::Warning, message: "m".into(), name: None },
        FromWorker::Exception { method: "open".into(), message: "m".into(), traceback: "t".into() },
        FromWorker::Event { kind: EventKind::FetchError, message: "m".into() },
        FromWorker::Persist {
            id: 7,
            request: PersistRequest::Put {
                space: "s".into(),
                entries: vec![(Bytes(vec![1]), Bytes(vec![]))],
            },
        },
        FromWorker::Persist { id: 8, request: PersistRequest::Names { space: "s".into(), after: None } },
        FromWorker::Persist { id: 9, request: PersistRequest::Restore { persist_name: None } },
        FromWorker::Finished,
        FromWorker::Failed { method: "run".into(), message: "m".into(), traceback: "t".into() },
        FromWorker::Deinitialised,
        FromWorker::Inspected { findings: vec![finding()] },
        FromWorker::Registered { generators: vec![("inner-dest".into(), "g".into())] },
        FromWorker::Generated { text: "file(\"/x\");".into() },
    ]
}

/// Everything a reader finds in these bytes when they come `step` at a time.
fn read<M: Frame>(bytes: &[u8], step: usize) -> Result<Vec<M>, FrameError> {
    let mut reader = FrameReader::new();
    let mut frames = Vec::new();
    for piece in bytes.chunks(step) {
        reader.feed(piece);
        while let Some(frame) = reader.next()? {
            frames.push(frame);
        }
    }
    assert!(!reader.is_mid_frame());
    Ok(frames)
}

#[test]
fn every_frame_arrives_however_the_bytes_do() {
    let acked = |verdict| Acked { first: 1 << 40, count: 7, verdict };
    let ranges =
        [Verdict::Delivered, Verdict::Dropped("queue-full".into()), Verdict::Aborted].map(acked).to_vec();
    let acked = ToWorker::Acked { ranges };
    let to_worker = [
        hello(),
        ToWorker::Start,
        ToWorker::Wakeup,
        acked,
        ToWorker::Persisted { id: 7, answer: PersistAnswer::Value { value: Some(Bytes(vec![0, 255])) } },
        ToWorker::Persisted { id: 8, answer: PersistAnswer::Names { names: vec![], more: true } },
        ToWorker::Persisted { id: 9, answer: PersistAnswer::Failed { message: "m".into() } },
        ToWorker::Persisted { id: u64::MAX, answer: PersistAnswer::Done },
        ToWorker::RequestExit,
        ToWorker::Block(Block { file: "/x.conf".into(), line: 7, text: "pass".into() }),
        ToWorker::Generate {
            context: "source".into(),
            name: "g".into(),
            arguments: vec![("a".into(), "\"b\"".into())],
        },
    ];
    let mut bytes = Vec::new();
    to_worker.iter().for_each(|frame| encode(frame, &mut bytes).unwrap());
    for step in [1, 3, 64, bytes.len()] {
        assert_eq!(read::<ToWorker>(&bytes, step).unwrap(), to_worker);
    }
    let mut bytes = Vec::new();
    from_worker().into_iter().for_each(|frame| write_frame(&mut bytes, frame).unwrap());
    for step in [1, 3, 64, bytes.len()] {
        assert_eq!(read::<FromWorker>(&bytes, step).unwrap(), from_worker());
    }
}

#[test]
fn frames_are_objects_with_a_type() {
    assert_eq!(serde_json::to_value(ToWorker::RequestExit).unwrap(), json!({"t": "request_exit"}));
    let hello = serde_json::to_value(hello()).unwrap();
    assert_eq!(hello["t"], "hello");
    assert_eq!(hello["mode"], "run");
    assert_eq!(hello["config_version"], json!([4, 11]));
    assert_eq!(hello["driver"]["kind"], "fetcher");
    assert_eq!(hello["driver"]["options"][1], json!(["i", {"type": "integer", "value": -5}]));
    assert_eq!(
        serde_json::to_value(&from_worker()[4]).unwrap(),
        json!({"t": "event", "kind": "fetch_error", "message": "m"})
    );
}

#[track_caller]
fn check_refused<M: Frame + std::fmt::Debug>(body: &str, expected: &str) {
    let error = decode::<M>(body.as_bytes()).unwrap_err();
    assert_eq!(error.to_string(), expected);
}

#[test]
fn a_frame_of_an_unknown_type_is_named() {
    check_refused::<FromWorker>(r#"{"t":"gossip"}"#, r#"a control frame has the unknown type "gossip""#);
    // Each direction has its own.
    check_refused::<FromWorker>(r#"{"t":"start"}"#, r#"a control frame has the unknown type "start""#);
    check_refused::<ToWorker>(r#"{"t":"ready"}"#, r#"a control frame has the unknown type "ready""#);
}

#[test]
fn what_is_no_frame_is_malformed() {
    let expected = "a control frame cannot be understood";
    for body in ["", "{", "[]", "null", r#"{"t":5}"#, r#"{"x":"ready"}"#, r#"{"t":"ready"}"#, "\u{0}"] {
        check_refused::<FromWorker>(body, expected);
    }
    check_refused::<FromWorker>(r#"{"t":"log","level":"loud","message":""}"#, expected);
    check_refused::<FromWorker>(&"[".repeat(100_000), expected);
}

#[test]
fn an_oversized_frame_is_refused_at_its_length() {
    let mut reader = FrameReader::<FromWorker>::new();
    reader.feed(&u32::MAX.to_le_bytes()[..3]);
    assert!(reader.next().unwrap().is_none());
    reader.feed(&[0]);
    assert_eq!(
        reader.next().unwrap_err().to_string(),
        "a control frame of 16777215 bytes is above the limit of 1048576"
    );
}

#[test]
fn only_the_first_frame_may_be_as_large_as_a_hello() {
    let text = "x".repeat(FRAME_BYTES_MAX);
    let block = Block { text, ..Block::default() };
    let large = ToWorker::Hello(Box::new(Hello { blocks: vec![block], ..Hello::default() }));
    let mut bytes = Vec::new();
    encode(&large, &mut bytes).unwrap();
    let mut reader = FrameReader::<ToWorker>::new();
    reader.feed(&bytes);
    assert_eq!(reader.next().unwrap(), Some(large));
    reader.feed(&bytes);
    assert!(matches!(reader.next(), Err(FrameError::TooLong { limit: FRAME_BYTES_MAX, .. })));
}

#[test]
fn a_hello_has_a_limit_too() {
    let block = Block { text: "x".repeat(HELLO_BYTES_MAX), ..Block::default() };
    let huge = ToWorker::Hello(Box::new(Hello { blocks: vec![block], ..Hello::default() }));
    let mut bytes = b"kept".to_vec();
    let error = encode(&huge, &mut bytes).unwrap_err();
    assert!(matches!(error, FrameError::TooLong { limit: HELLO_BYTES_MAX, .. }));
    assert_eq!(bytes, b"kept");
}

#[test]
fn long_texts_lose_their_middle() {
    let traceback = format!("start {} end", "ü".repeat(TEXT_BYTES_MAX));
    let long = FromWorker::Failed { method: "run".into(), message: "m".into(), traceback };
    let mut bytes = Vec::new();
    write_frame(&mut bytes, long).unwrap();
    let frames = read::<FromWorker>(&bytes, bytes.len()).unwrap();
    let [FromWorker::Failed { traceback, .. }] = &frames[..] else { panic!("{frames:?}") };
    assert!(traceback.len() <= TEXT_BYTES_MAX);
    assert!(traceback.starts_with("start ü") && traceback.ends_with("ü end"));
    assert!(traceback.contains("\n[… 65"), "says how much is missing");
}

/// A socket that takes `room` bytes and then no more.
struct Slow {
    room: usize,
    got: Vec<u8>,
}

impl Write for Slow {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(self.room);
        self.room -= taken;
        self.got.extend_from_slice(&bytes[..taken]);
        if taken == 0 { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(taken) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn an_outbox_waits_for_nobody_and_has_a_limit() {
    let mut outbox = Outbox::new();
    outbox.push(&hello()).unwrap();
    outbox.push(&ToWorker::Start).unwrap();
    let mut socket = Slow { room: 100, got: Vec::new() };
    assert!(!outbox.flush(&mut socket).unwrap());
    assert!(!outbox.is_empty());
    let mut pushed = 0;
    let error = loop {
        match outbox.push(&ToWorker::Wakeup) {
            Ok(()) => pushed += 1,
            Err(error) => break error,
        }
        assert!(pushed < 1_000_000, "no limit");
    };
    assert!(matches!(error, FrameError::NotRead { .. }), "{error}");
    socket.room = usize::MAX;
    assert!(outbox.flush(&mut socket).unwrap());
    assert!(outbox.is_empty());
    assert_eq!(read::<ToWorker>(&socket.got, 4096).unwrap().len(), 2 + pushed);
    outbox.push(&ToWorker::Wakeup).unwrap();
}

#[test]
fn a_large_hello_leaves_room_for_what_follows() {
    let block = Block { text: "x".repeat(8 * FRAME_BYTES_MAX), ..Block::default() };
    let mut outbox = Outbox::new();
    outbox.push(&ToWorker::Hello(Box::new(Hello { blocks: vec![block], ..Hello::default() }))).unwrap();
    outbox.push(&ToWorker::RequestExit).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_are_an_error_at_worst(bytes in prop::collection::vec(any::<u8>(), 0..200), short: bool) {
        let mut stream = bytes;
        if short && stream.len() > 3 {
            // A length that can be, so that what follows is looked at.
            stream[1..4].fill(0);
        }
        let mut reader = FrameReader::<FromWorker>::new();
        reader.feed(&stream);
        while let Ok(Some(_)) = reader.next() {}
    }
}
