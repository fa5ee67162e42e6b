use super::*;

/// Walks records of these lengths (48 bytes each but the last are really there) under the rules of a ring of 1 KiB.
#[track_caller]
fn check(sizes: &[u32], copied: usize, published: u64, records: u32, bytes: usize, stop: Stop) {
    let mut copy = Vec::new();
    for size in sizes {
        let start = copy.len();
        copy.extend_from_slice(&size.to_le_bytes());
        copy.resize(start + (*size as usize).clamp(8, 512), 0xab);
    }
    copy.resize(copied, 0xab);
    let rules = Rules { published, size_max: 512, records_max: 3, limit: 7 };
    assert_eq!(walk(&copy, &rules), Walked { records, notes: 0, bytes, stop });
}

#[test]
fn nothing() {
    check(&[], 0, 0, 0, 0, Stop::End);
}

#[test]
fn whole_records() {
    check(&[32, 512, 40], 584, 584, 3, 584, Stop::End);
}

#[test]
fn more_is_published_than_copied() {
    check(&[32, 64], 80, 96, 1, 32, Stop::Partial(64));
    check(&[64], 32, 64, 0, 0, Stop::Partial(64));
}

#[test]
fn a_record_beyond_what_is_published() {
    let corrupt = Corrupt::RecordBeyondHead { size: 64, published: 48 };
    check(&[32, 64], 80, 80, 1, 32, Stop::Corrupt(corrupt));
}

#[test]
fn too_small() {
    for size in [0, 2, 6, 8, 24, 30] {
        check(&[size], 64, 64, 0, 0, Stop::Corrupt(Corrupt::SizeTooSmall { size, min: 32 }));
    }
}

#[test]
fn too_large() {
    for size in [520, 514, u32::MAX - 1, u32::MAX - 7, 1 << 31] {
        check(&[size], 1024, 1024, 0, 0, Stop::Corrupt(Corrupt::SizeTooLarge { size, max: 512 }));
    }
}

#[test]
fn unaligned() {
    for size in [34, 36, 510] {
        check(&[size], 1024, 1024, 0, 0, Stop::Corrupt(Corrupt::SizeUnaligned { size }));
    }
}

#[test]
fn more_records_than_allowed() {
    check(&[32, 32, 32, 32], 128, 128, 3, 96, Stop::Corrupt(Corrupt::OverCredit { limit: 7 }));
    check(&[32, 32, 32], 96, 96, 3, 96, Stop::End);
}

#[test]
fn the_good_ones_before_a_bad_one_count() {
    check(&[40, 48, 4], 128, 128, 2, 88, Stop::Corrupt(Corrupt::SizeTooSmall { size: 4, min: 32 }));
}

#[test]
fn notes_are_framed_like_records_and_need_no_credit() {
    let mut copy = Vec::new();
    for stated in [32_u32, 32, 41, 32, 32 | NOTE, 48 | NOTE] {
        copy.extend_from_slice(&stated.to_le_bytes());
        copy.resize(copy.len() + (stated & !NOTE) as usize - 4, 0);
    }
    let published = copy.len() as u64;
    let rules = Rules { published, size_max: 512, records_max: 3, limit: 7 };
    let expected = Walked { records: 3, notes: 3, bytes: copy.len(), stop: Stop::End };
    assert_eq!(walk(&copy, &rules), expected);
}
