//! What must survive a crash is tested by crashing, on a simulated disk: the same seed, the same run.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;

use super::*;
use crate::disk::Directory;
use crate::disk::simulated::{Faults, Rng, SimulatedDisk, simulate};

const SMALL: BufferOptions = BufferOptions { capacity: 1 << 20, compress: false, preallocate: false };

/// A record that says which it is, of a length that its number decides.
fn record(id: u64) -> Vec<u8> {
    let mut record = id.to_le_bytes().to_vec();
    record.resize(8 + (id * 37 % 400) as usize, id as u8);
    record
}

fn id(record: &[u8]) -> u64 {
    let id = u64::from_le_bytes(record[..8].try_into().unwrap());
    assert_eq!(record, self::record(id), "a record came back changed");
    id
}

fn open(disk: &SimulatedDisk, options: BufferOptions) -> DiskBuffer {
    loop {
        match DiskBuffer::open(Arc::new(disk.clone()), options) {
            Ok((buffer, _)) => return buffer,
            Err(error) => assert_eq!(error.to_string(), "simulated EIO"),
        }
    }
}

/// Appends records until they are durable, as whoever uses a buffer must: after a failure all that are not.
fn append_durably(buffer: &mut DiskBuffer, ids: Range<u64>) -> bool {
    'again: for _ in 0..20 {
        let records: Vec<Vec<u8>> = ids.clone().map(record).collect();
        for group in records.chunks(7) {
            let group: Vec<&[u8]> = group.iter().map(Vec::as_slice).collect();
            if buffer.append(b"origin", &group).is_err() {
                continue 'again;
            }
        }
        if buffer.sync().is_ok() {
            return true;
        }
    }
    false
}

fn read_all(buffer: &mut DiskBuffer) -> Vec<u64> {
    let mut ids = Vec::new();
    let mut failures = 0;
    loop {
        match buffer.read(1000) {
            Ok(entries) if entries.is_empty() => return ids,
            Ok(entries) => ids.extend(entries.iter().map(|entry| id(&entry.record))),
            Err(_) => failures += 1,
        }
        assert!(failures < 10_000, "reading never ends");
    }
}

/// Everything that was promised is there once and in order; others may be.
#[track_caller]
fn assert_kept(found: &[u64], promised: impl IntoIterator<Item = u64>) {
    assert!(found.is_sorted_by(|a, b| a < b), "out of order or twice: {found:?}");
    let missing: Vec<u64> = promised.into_iter().filter(|id| found.binary_search(id).is_err()).collect();
    assert!(missing.is_empty(), "lost: {missing:?}, found {found:?}");
}

/// Appends and answers by lot, with crashes between; `trouble` is done to the disk after each.
fn run(disk: &SimulatedDisk, rng: &mut Rng, options: BufferOptions, trouble: impl Fn(&mut Rng)) {
    let (mut appended, mut answered) = (0, 0);
    let mut promised: BTreeSet<u64> = BTreeSet::new();
    for _ in 0..1 + rng.below(4) {
        let mut buffer = open(disk, options);
        let found = read_all(&mut buffer);
        assert_kept(&found, promised.iter().copied());
        // What was not promised and is there all the same stays from now on.
        promised.extend(found.into_iter().filter(|id| *id >= answered));
        let mut by_number: VecDeque<(u64, u64)> = VecDeque::new();
        for _ in 0..rng.below(12) {
            let ids = appended..appended + 1 + rng.below(40);
            appended = ids.end;
            if append_durably(&mut buffer, ids.clone()) {
                promised.extend(ids.clone());
                by_number.push_back((buffer.next(), ids.end));
            } else {
                // Given up by who appended it: gone, or there, as the disk likes.
                break;
            }
            if rng.once_in(3)
                && let Some((number, id)) = by_number.pop_front()
            {
                buffer.answer(number);
                promised.retain(|promised| *promised >= id);
                answered = id;
                let _ = buffer.save();
            }
        }
        drop(buffer);
        if rng.once_in(2) {
            disk.crash()
        } else {
            disk.kill()
        }
        trouble(rng);
    }
    let mut buffer = open(disk, options);
    assert_kept(&read_all(&mut buffer), promised);
}

#[test]
fn nothing_durable_is_lost_when_the_power_goes() {
    simulate(|disk, rng| run(disk, rng, SMALL, |_| ()));
}

#[test]
fn nothing_durable_is_lost_on_a_disk_that_fails() {
    simulate(|disk, rng| {
        let faults = Faults { errors: 5 + rng.below(60), short: 2 + rng.below(10), room: None };
        disk.set_faults(faults);
        let options = BufferOptions { compress: rng.once_in(2), preallocate: rng.once_in(2), ..SMALL };
        run(disk, rng, options, |_| ());
    });
}

#[test]
fn nothing_durable_is_lost_on_a_disk_that_is_full() {
    simulate(|disk, rng| {
        let room = 1000 + rng.below(200_000);
        disk.set_faults(Faults { errors: 0, short: 3, room: Some(room) });
        run(disk, rng, SMALL, |_| ());
    });
}

#[test]
fn a_flipped_bit_costs_one_record_and_is_counted() {
    simulate(|disk, rng| {
        let mut buffer = open(disk, SMALL);
        let appended = 50 + rng.below(500);
        assert!(append_durably(&mut buffer, 0..appended));
        drop(buffer);
        assert!(disk.flip_bit(|name| name.ends_with(".log")));
        let mut buffer = open(disk, SMALL);
        let found = read_all(&mut buffer);
        assert!(found.is_sorted_by(|a, b| a < b));
        assert!(found.len() as u64 >= appended - 1, "one bit cost {} records", appended - found.len() as u64);
        let behind = appended - found.last().map_or(0, |last| last + 1);
        let missing = buffer.holdings().missing;
        assert_eq!(found.len() as u64 + missing + behind, appended);
    });
}

#[test]
fn a_cursor_that_is_lost_gives_records_again_and_loses_none() {
    simulate(|disk, rng| {
        let mut buffer = open(disk, SMALL);
        assert!(append_durably(&mut buffer, 0..100));
        buffer.answer(1 + rng.below(99));
        buffer.save().unwrap();
        let answered = buffer.answered();
        drop(buffer);
        while disk.flip_bit(|name| name == "cursor") && !rng.once_in(20) {}
        assert_kept(&read_all(&mut open(disk, SMALL)), answered..100);
    });
}

fn on_disk(path: &Path) -> DiskBuffer {
    DiskBuffer::open(Arc::new(Directory::make(path).unwrap()), SMALL).unwrap().0
}

#[test]
fn a_real_directory_does_it_too() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("q");
    let mut buffer = on_disk(&path);
    assert!(append_durably(&mut buffer, 0..1000));
    let Err(error) = DiskBuffer::open(Arc::new(Directory::at(&path).unwrap()), SMALL) else {
        panic!("two have it")
    };
    assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
    buffer.answer(500);
    buffer.close().unwrap();
    drop(buffer);
    let mut buffer = on_disk(&path);
    assert_eq!(buffer.holdings().records, 500);
    assert_eq!(read_all(&mut buffer), (500..1000).collect::<Vec<u64>>());
    buffer.answer(1000);
    buffer.close().unwrap();
    let left: Vec<_> = path.read_dir().unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["cursor"]);
}

#[test]
fn a_full_buffer_takes_more_once_records_are_answered() {
    let disk = SimulatedDisk::new(0);
    let mut buffer = open(&disk, SMALL);
    let big = vec![b'x'; 50_000];
    let mut taken = 0;
    while buffer.append(b"", &[&big]).is_ok() {
        taken += 1;
    }
    assert!((15..=25).contains(&taken), "{taken} records of 50 kB in 1 MiB");
    assert!(matches!(buffer.append(b"", &[&big]), Err(AppendError::Full)));
    buffer.sync().unwrap();
    buffer.answer(10);
    buffer.append(b"", &[&big]).unwrap();
}

#[test]
fn records_say_what_they_have_in_common() {
    let disk = SimulatedDisk::new(0);
    let mut buffer = open(&disk, BufferOptions { compress: true, ..SMALL });
    for round in 0..3u8 {
        buffer.append(&[round % 2], &[&[round], b"second"]).unwrap();
    }
    let entries = buffer.read(1000).unwrap();
    let origins: Vec<u8> = entries.iter().map(|entry| entry.origin.as_ref().unwrap()[0]).collect();
    assert_eq!(origins, [0, 0, 1, 1, 0, 0]);
    assert_eq!(entries[2].record, [1]);
}

#[test]
fn what_looks_like_a_frame_inside_a_record_is_none() {
    let disk = SimulatedDisk::new(0);
    let mut buffer = open(&disk, SMALL);
    let mut forged = Vec::new();
    let header = frame::Header { kind: frame::Kind::Record, number: 0, count: 1, origin: 1 };
    frame::write(&mut forged, 0, &header, b"forged");
    buffer.append(b"", &[&forged, b"true"]).unwrap();
    buffer.sync().unwrap();
    drop(buffer);
    // Damages the header of the first record, so that its payload is searched for frames.
    let file = disk.open(&disk.list().unwrap()[0]).unwrap();
    let first = segment::HEADER_BYTES + frame::HEADER_BYTES;
    file.write_at(&[0; 8], first as u64).unwrap();
    let entries = open(&disk, SMALL).read(1000).unwrap();
    assert_eq!(entries.iter().map(|entry| entry.record.as_slice()).collect::<Vec<_>>(), [b"true"]);
}
