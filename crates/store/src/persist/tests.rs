use super::*;

fn key(name: &str) -> Key {
    Key::new(name)
}

#[test]
fn what_is_put_is_there_after_the_file_was_opened_again() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("persist");
    let persist = Persist::open(&path).unwrap();
    persist.put(&key("a"), b"1").unwrap();
    persist.put_behind(&key("b"), b"2").unwrap();
    let host = persist.host_id();
    drop(persist);
    let persist = Persist::open(&path).unwrap();
    assert_eq!(persist.get(&key("a")).unwrap().as_deref(), Some(&b"1"[..]));
    assert_eq!(persist.get(&key("b")).unwrap().as_deref(), Some(&b"2"[..]));
    assert_eq!(persist.host_id(), host);
}

#[test]
fn a_transaction_changes_all_or_nothing() {
    let persist = Persist::in_memory();
    persist.put(&key("a"), b"1").unwrap();
    let too_long = vec![0; VALUE_BYTES_MAX + 1];
    let changes = [Change::Delete(key("a")), Change::Put(key("b"), too_long)];
    assert!(matches!(persist.commit(&changes), Err(PersistError::ValueTooLong { .. })));
    assert_eq!(persist.get(&key("a")).unwrap().as_deref(), Some(&b"1"[..]));
    persist.commit(&[Change::Delete(key("a")), Change::Put(key("b"), vec![0; VALUE_BYTES_MAX])]).unwrap();
    assert_eq!(persist.get(&key("a")).unwrap(), None);
    assert_eq!(persist.get(&key("b")).unwrap().unwrap().len(), VALUE_BYTES_MAX);
}

#[test]
fn a_key_has_a_limit() {
    let persist = Persist::in_memory();
    persist.put(&Key::new(vec![b'k'; KEY_BYTES_MAX]), b"").unwrap();
    let too_long = Key::within("space", vec![b'k'; KEY_BYTES_MAX]);
    assert!(matches!(persist.put(&too_long, b""), Err(PersistError::KeyTooLong { bytes: 1028 })));
}

#[test]
fn a_namespace_is_met_exactly() {
    let persist = Persist::in_memory();
    for (space, name) in [("a", "x"), ("ab", "y"), ("a#", "z"), ("", "a##x"), ("a", "")] {
        persist.put(&Key::within(space, name), space.as_bytes()).unwrap();
    }
    persist.put_behind(&Key::within("a", "late"), b"a").unwrap();
    let names: Vec<String> =
        persist.entries("a").unwrap().into_keys().map(|name| String::from_utf8(name).unwrap()).collect();
    assert_eq!(names, ["", "late", "x"]);
}

#[test]
fn the_latest_value_wins_however_it_came() {
    let persist = Persist::in_memory();
    persist.put_behind(&key("a"), b"1").unwrap();
    persist.put(&key("a"), b"2").unwrap();
    persist.sync().unwrap();
    assert_eq!(persist.get(&key("a")).unwrap().as_deref(), Some(&b"2"[..]));
    persist.put_behind(&key("a"), b"3").unwrap();
    assert_eq!(persist.get(&key("a")).unwrap().as_deref(), Some(&b"3"[..]));
    persist.delete(&key("a")).unwrap();
    assert_eq!(persist.get(&key("a")).unwrap(), None);
}

#[test]
fn a_second_daemon_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("persist");
    let _first = Persist::open(&path).unwrap();
    let Err(error) = Persist::open(&path) else { panic!("two daemons have one file") };
    assert!(matches!(&error, OpenError::InUse(file) if *file == path), "{error}");
}

#[test]
fn files_that_are_no_store_are_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("persist");
    std::fs::write(&path, b"SLP4....").unwrap();
    assert!(matches!(Persist::open(&path), Err(OpenError::Foreign(_))));
    std::fs::write(&path, vec![b'x'; 100_000]).unwrap();
    assert!(matches!(Persist::open(&path), Err(OpenError::Damaged { .. })));
    assert!(matches!(Persist::open(&dir.path().join("no/persist")), Err(OpenError::Io { .. })));
}

#[test]
fn only_the_daemon_may_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("persist");
    let _persist = Persist::open(&path).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn runs_are_counted_once_they_begin() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("persist");
    let run = |begin: bool| {
        let persist = Persist::open(&path).unwrap();
        if begin {
            persist.begin_run().unwrap();
        }
        persist.run_id()
    };
    assert_eq!([run(true), run(false), run(true), run(true)], [1, 2, 2, 3]);
}

#[test]
fn what_no_run_asks_for_is_forgotten_after_its_time() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("persist");
    let run = |long_ago: bool, ask: &[&str]| {
        let persist = Persist::open(&path).unwrap();
        persist.begin_run().unwrap();
        for name in ask {
            persist.get(&key(name)).unwrap();
        }
        persist.sync().unwrap();
        let before = if long_ago { u64::MAX } else { unix_seconds() - UNUSED_KEPT.as_secs() };
        persist.0.shared.database.reap(persist.run_id(), before).unwrap()
    };
    let persist = Persist::open(&path).unwrap();
    persist.begin_run().unwrap();
    persist.commit(&["a", "b"].map(|name| Change::Put(key(name), Vec::new()))).unwrap();
    drop(persist);
    // Unused in this run, but not for a whole one yet.
    assert_eq!(run(true, &["a"]), 0);
    // For a whole run, but not for long.
    assert_eq!(run(false, &["a"]), 0);
    assert_eq!(run(true, &["a"]), 1);
    let persist = Persist::open(&path).unwrap();
    let left: Vec<String> = persist.all().unwrap().iter().map(|(key, _)| key.to_string()).collect();
    assert_eq!(left, ["a"]);
}
