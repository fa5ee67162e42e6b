use rustix::{
    fs::{FallocateFlags, fallocate, fcntl_add_seals, ftruncate},
    io::Errno,
};

use super::*;

const CAPACITY: usize = 64 * 1024;

/// Writes through the contract of `unpublished`: these tests have one producer and no other slice.
fn write(mapping: &Mapping, at: u64, bytes: &[u8]) {
    // SAFETY: one thread, one slice, and nothing is published.
    unsafe { mapping.unpublished(at, bytes.len()) }.copy_from_slice(bytes);
}

fn read(mapping: &Mapping, at: u64, length: usize) -> Vec<u8> {
    let mut copy = Vec::new();
    mapping.copy_out(at, length, &mut copy);
    copy
}

#[test]
fn the_two_sides_see_the_same_bytes_and_words() {
    let (daemon, file) = Mapping::create(CAPACITY).unwrap();
    let worker = Mapping::attach(&file).unwrap();
    drop(file);
    assert_eq!(worker.capacity(), CAPACITY);
    write(&worker, 100, b"hello");
    assert_eq!(read(&daemon, 100, 5), b"hello");
    worker.control().posts.0.head.store(7, Relaxed);
    assert_eq!(daemon.control().posts.0.head.load(Relaxed), 7);
}

#[test]
fn what_runs_over_the_end_goes_on_at_the_start() {
    let (mapping, _file) = Mapping::create(CAPACITY).unwrap();
    let near_the_end = 3 * CAPACITY as u64 - 3;
    write(&mapping, near_the_end, b"abcdef");
    assert_eq!(read(&mapping, near_the_end, 6), b"abcdef");
    assert_eq!(read(&mapping, 0, 3), b"def");
    assert_eq!(read(&mapping, CAPACITY as u64 - 1, CAPACITY).len(), CAPACITY);
}

#[test]
fn nobody_can_take_the_memory_away() {
    let (mapping, file) = Mapping::create(CAPACITY).unwrap();
    write(&mapping, 8, b"x");
    assert_eq!(ftruncate(&file, 0), Err(Errno::PERM));
    assert_eq!(ftruncate(&file, 1 << 30), Err(Errno::PERM));
    assert_eq!(fcntl_add_seals(&file, SealFlags::WRITE), Err(Errno::PERM));
    // A hole can be punched, but it reads as zeros.
    let all = (CONTROL_BYTES + CAPACITY) as u64;
    fallocate(&file, FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE, 0, all).unwrap();
    assert_eq!(read(&mapping, 0, CAPACITY), vec![0; CAPACITY]);
    assert_eq!(mapping.control().posts.0.head.load(Relaxed), 0);
}

#[track_caller]
fn check_refused(file: &OwnedFd, expected: &str) {
    let error = Mapping::attach(file).unwrap_err();
    assert_eq!(error.to_string(), format!("not a ring of hognose: {expected}"));
}

fn sealed(bytes: usize) -> OwnedFd {
    let file = memfd().unwrap();
    ftruncate(&file, bytes as u64).unwrap();
    fcntl_add_seals(&file, SealFlags::SHRINK | SealFlags::GROW).unwrap();
    file
}

#[test]
fn a_file_of_another_kind_is_refused() {
    let unsealed = memfd().unwrap();
    ftruncate(&unsealed, (CONTROL_BYTES + CAPACITY) as u64).unwrap();
    check_refused(&unsealed, "the file is not sealed");
    check_refused(&sealed(0), "the file has an odd size");
    check_refused(&sealed(CONTROL_BYTES), "the file has an odd size");
    check_refused(&sealed(CONTROL_BYTES + CAPACITY + 4096), "the file has an odd size");
    check_refused(&sealed(CONTROL_BYTES + CAPACITY), "daemon and worker are of different versions");
    let (mapping, file) = Mapping::create(CAPACITY).unwrap();
    mapping.control().layout.0.capacity.store(1, Relaxed);
    check_refused(&file, "the stated capacity is not the file's");
}

#[test]
#[should_panic(expected = "65537 bytes asked of a ring of 65536")]
fn no_copy_is_larger_than_the_ring() {
    let (mapping, _file) = Mapping::create(CAPACITY).unwrap();
    read(&mapping, 0, CAPACITY + 1);
}
