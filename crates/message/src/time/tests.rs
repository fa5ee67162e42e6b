use super::*;

/// 2026-11-22T11:43:23.979Z, when the reference was measured.
const NOW: Stamp = Stamp { micros: 1_795_347_803_979_000, zone: 0 };
/// 2023-10-11T22:14:15.123456+02:00, the reference's example.
const EXAMPLE: Stamp = Stamp { micros: 1_697_055_255_123_456, zone: 7200 };

fn iso(stamp: Stamp) -> String {
    text(stamp, TsFormat::Iso, if stamp.fraction() == 0 { 0 } else { 6 })
}

fn text(stamp: Stamp, format: TsFormat, digits: u8) -> String {
    let mut out = Vec::new();
    append(&mut out, stamp, format, digits);
    String::from_utf8(out).unwrap()
}

/// `input` is read as `expected`, and `rest` is left over.
#[track_caller]
fn check(input: &str, expected: &str, rest: &str) {
    check_at(input, NOW, &Zone::utc(), expected, rest);
}

#[track_caller]
fn check_at(input: &str, now: Stamp, zone: &Zone, expected: &str, rest: &str) {
    let (stamp, len, _) = read_header(input.as_bytes(), now, zone).expect("a stamp");
    assert_eq!((iso(stamp).as_str(), &input[len..]), (expected, rest));
}

#[test]
fn every_form_of_a_header_is_read() {
    check("Oct 11 22:14:15 host", "2026-10-11T22:14:15+00:00", " host");
    check("Oct  1 22:14:15 host", "2026-10-01T22:14:15+00:00", " host");
    check("Oct 1 22:14:15 host", "2026-10-01T22:14:15+00:00", " host");
    check("Oct 01 22:14:15 host", "2026-10-01T22:14:15+00:00", " host");
    check("OCT 11 22:14:15 host", "2026-10-11T22:14:15+00:00", " host");
    check("Oct 11 22:14:15.123456 host", "2026-10-11T22:14:15.123456+00:00", " host");
    check("Oct 11 22:14:15,5 host", "2026-10-11T22:14:15.500000+00:00", " host");
    check("Oct 11 22:14:15.123: %SYS", "2026-10-11T22:14:15.123000+00:00", " %SYS");
    check("Oct 11 2020 22:14:15: %ASA", "2020-10-11T22:14:15+00:00", " %ASA");
    check("Oct 11 2020 22:14:15 host", "2020-10-11T22:14:15+00:00", " host");
    check("Oct  1 2020 22:14:15 host", "2020-10-01T22:14:15+00:00", " host");
    check("Oct 11 22:14:15 2020 host", "2020-10-11T22:14:15+00:00", " host");
    check("Oct 11 22:14:15 2020", "2026-10-11T22:14:15+00:00", " 2020");
    check("Oct 11 22:14:15: host", "2026-10-11T22:14:15+00:00", " host");
    check("Oct 11 22:14:15Z host", "2026-10-11T22:14:15+00:00", "Z host");
    check("Oct 11 22:14:15. x", "2026-10-11T22:14:15+00:00", ". x");
    check("2003-10-11T22:14:15.003Z host", "2003-10-11T22:14:15.003000+00:00", " host");
    check("2003-10-11T22:14:15+02:00 host", "2003-10-11T22:14:15+02:00", " host");
    check("2003-10-11T22:14:15-03:30 host", "2003-10-11T22:14:15-03:30", " host");
    check("2003-10-11 22:14:15 host", "2003-10-11T22:14:15+00:00", " host");
    check("2003-10-11T22:14:15: host", "2003-10-11T22:14:15+00:00", " host");
    check("2003-10-11T22:14:15.123456789Z h", "2003-10-11T22:14:15.123456+00:00", " h");
    check("2003-10-11T22:14:15+99:99 h", "2003-10-11T22:14:15+00:00", "+99:99 h");
}

#[test]
fn what_is_no_date_is_carried_over() {
    check("Oct 32 22:14:15", "2026-11-01T22:14:15+00:00", "");
    check("Oct 00 22:14:15", "2026-09-30T22:14:15+00:00", "");
    check("Feb 29 22:14:15", "2026-03-01T22:14:15+00:00", "");
    check("2003-10-12T24:61:61Z", "2003-10-13T01:02:01+00:00", "");
    check("2003-13-01T00:00:00Z", "2004-01-01T00:00:00+00:00", "");
    check("2003-00-01T00:00:00Z", "2002-12-01T00:00:00+00:00", "");
    check("2003-99-99T99:99:99Z", "2011-06-11T04:40:39+00:00", "");
    check("0000-00-00T00:00:00Z", "-1-11-30T00:00:00+00:00", "");
    check("9999-99-99T99:99:99+00:00", "10007-06-11T04:40:39+00:00", "");
}

#[test]
fn a_missing_year_is_the_nearest() {
    let january = Stamp { micros: 1_767_225_600_000_000, zone: 0 };
    let december = Stamp { micros: 1_767_225_599_000_000, zone: 0 };
    let utc = Zone::utc();
    check_at("Dec 31 23:59:59", january, &utc, "2025-12-31T23:59:59+00:00", "");
    check_at("Jan  1 00:00:00", january, &utc, "2026-01-01T00:00:00+00:00", "");
    check_at("Nov 30 00:00:00", january, &utc, "2026-11-30T00:00:00+00:00", "");
    check_at("Jan  1 00:00:00", december, &utc, "2026-01-01T00:00:00+00:00", "");
    check_at("Dec 31 00:00:00", december, &utc, "2025-12-31T00:00:00+00:00", "");
    check_at("Feb  1 00:00:00", december, &utc, "2025-02-01T00:00:00+00:00", "");
    // It is January where we are, though not yet in Greenwich.
    let east = Stamp { zone: 3600, ..december };
    check_at("Dec 31 23:00:00", east, &utc, "2025-12-31T23:00:00+00:00", "");
}

#[test]
fn a_stamp_without_zone_is_read_in_the_zone_given() {
    let budapest = Zone::parse("Europe/Budapest").unwrap();
    check_at("Jul 11 22:14:15", NOW, &budapest, "2026-07-11T22:14:15+02:00", "");
    check_at("Nov 11 22:14:15", NOW, &budapest, "2026-11-11T22:14:15+01:00", "");
    check_at("2026-07-11T22:14:15Z", NOW, &budapest, "2026-07-11T22:14:15+00:00", "");
    // The hour that does not exist, and the one that exists twice.
    check_at("2026-03-29T02:30:00", NOW, &budapest, "2026-03-29T02:30:00+01:00", "");
    check_at("2026-10-25T02:30:00", NOW, &budapest, "2026-10-25T02:30:00+02:00", "");
    let new_york = Zone::parse("America/New_York").unwrap();
    check_at("2026-11-01T01:30:00", NOW, &new_york, "2026-11-01T01:30:00-04:00", "");
    check_at("2026-03-08T02:30:00", NOW, &new_york, "2026-03-08T02:30:00-05:00", "");
    for (hour, offset) in [("00:59:59", "-04:00"), ("02:00:00", "-05:00")] {
        let input = format!("2026-11-01T{hour}");
        check_at(&input, NOW, &new_york, &format!("{input}{offset}"), "");
    }
}

#[test]
fn no_prefix_of_a_stamp_is_one_and_none_is_read_beyond_its_end() {
    let forms = ["Oct 11 22:14:15", "Oct  1 2020 22:14:15", "2003-10-11T22:14:15"];
    for form in forms {
        for end in 0..form.len() {
            assert_eq!(read_header(&form.as_bytes()[..end], NOW, &Zone::utc()), None, "{}", &form[..end]);
        }
    }
}

#[test]
fn hostile_stamps_are_refused() {
    for input in [
        "oct 11 22:14:15",
        "Okt 11 22:14:15",
        "Oct -1 22:14:15",
        "Oct +1 22:14:15",
        "Oct 11 -2:14:15",
        "Oct 11 22:14:1 ",
        "Oct 99999999999999999999 22:14:15",
        "Oct 11 22:14:",
        "Oct\u{0}11 22:14:15",
        "2003-10-1 T22:14:15Z",
        "-003-10-11T22:14:15Z",
        "20033-10-11T22:14:15Z",
        "2003-10-11T22:14:-5Z",
        "2003-10-11X22:14:15Z",
    ] {
        assert_eq!(read_header(input.as_bytes(), NOW, &Zone::utc()), None, "{input}");
    }
    // A fraction as long as a line can be is read once, and its value is that of its first digits.
    let long = format!("Oct 11 22:14:15.{}", "9".repeat(1 << 20));
    let (stamp, len, _) = read_header(long.as_bytes(), NOW, &Zone::utc()).unwrap();
    assert_eq!((stamp.fraction(), len), (999_999, long.len()));
}

#[test]
fn the_four_layouts() {
    assert_eq!(text(EXAMPLE, TsFormat::Bsd, 0), "Oct 11 22:14:15");
    assert_eq!(text(EXAMPLE, TsFormat::Iso, 0), "2023-10-11T22:14:15+02:00");
    assert_eq!(text(EXAMPLE, TsFormat::Full, 0), "2023 Oct 11 22:14:15");
    assert_eq!(text(EXAMPLE, TsFormat::Unix, 0), "1697055255");
    assert_eq!(text(EXAMPLE, TsFormat::Bsd, 3), "Oct 11 22:14:15.123");
    assert_eq!(text(EXAMPLE, TsFormat::Iso, 6), "2023-10-11T22:14:15.123456+02:00");
    assert_eq!(text(EXAMPLE, TsFormat::Unix, 1), "1697055255.1");
    assert_eq!(text(EXAMPLE, TsFormat::Full, 200), "2023 Oct 11 22:14:15.123456");
    let first = Stamp { micros: 1_696_118_400_000_000, zone: 0 };
    assert_eq!(text(first, TsFormat::Bsd, 0), "Oct  1 00:00:00");
    let early = Stamp { micros: -1, zone: -19_800 };
    assert_eq!(text(early, TsFormat::Iso, 6), "1969-12-31T18:29:59.999999-05:30");
}

#[test]
fn every_field() {
    use DateField::*;
    let rows = [
        (Year, "2023"),
        (Month, "10"),
        (Day, "11"),
        (Hour, "22"),
        (Min, "14"),
        (Sec, "15"),
        (Usec, "123456"),
        (Msec, "123"),
        (Hour12, "10"),
        (AmPm, "PM"),
        (YearDay, "284"),
        (MonthAbbrev, "Oct"),
        (MonthName, "October"),
        (MonthWeek, "2"),
        (WeekDay, "4"),
        (WeekDayAbbrev, "Wed"),
        (WeekDayName, "Wednesday"),
        (Week, "41"),
        (IsoWeek, "41"),
        (Tz, "+02:00"),
        (UnixTime, "1697055255"),
        (Stamp, "2023 Oct 11 22:14:15"),
    ];
    for (field, expected) in rows {
        let mut out = Vec::new();
        field.append(&mut out, EXAMPLE, TsFormat::Full, 0);
        assert_eq!(String::from_utf8(out).unwrap(), expected, "{field:?}");
    }
}

#[test]
fn weeks_at_the_turn_of_the_year() {
    let weeks = |date: &str| {
        let (stamp, _, _) = read_iso(format!("{date}T12:00:00Z").as_bytes(), &Zone::utc()).unwrap();
        let civil = stamp.civil();
        (civil.day_of_year() + 1, civil.week(), civil.iso_week(), civil.week_of_month())
    };
    assert_eq!(weeks("2021-01-01"), (1, 0, 53, 0));
    assert_eq!(weeks("2021-01-03"), (3, 0, 53, 0));
    assert_eq!(weeks("2021-01-04"), (4, 1, 1, 1));
    assert_eq!(weeks("2024-12-30"), (365, 53, 1, 5));
    assert_eq!(weeks("2024-12-31"), (366, 53, 1, 5));
    assert_eq!(weeks("2018-01-01"), (1, 1, 1, 1));
    assert_eq!(weeks("2018-12-31"), (365, 53, 1, 5));
}

#[test]
fn calendar_goes_both_ways() {
    for days in (-800_000..800_000).step_by(37) {
        let (year, month, day) = calendar::date_of(days);
        assert_eq!(calendar::seconds_of(year, month, day, 0, 0, 0), days * 86_400);
    }
}

#[test]
fn the_cache_says_what_the_layout_says() {
    let tokyo = Zone::parse("Asia/Tokyo").unwrap();
    let mut plain = DateCache::default();
    let mut moved = DateCache::default();
    for micros in (0..40_000_000_i64).step_by(300_007) {
        let stamp = Stamp { micros: EXAMPLE.micros + micros - micros % 7 * 900_000, zone: 7200 };
        for format in [TsFormat::Bsd, TsFormat::Iso, TsFormat::Full, TsFormat::Unix] {
            for digits in [0, 3, 6] {
                let (mut cached, mut cached_moved) = (Vec::new(), Vec::new());
                plain.append(&mut cached, stamp, None, format, digits);
                moved.append(&mut cached_moved, stamp, Some(&tokyo), format, digits);
                assert_eq!(String::from_utf8(cached).unwrap(), text(stamp, format, digits));
                let shown = Stamp { zone: 32_400, ..stamp };
                assert_eq!(String::from_utf8(cached_moved).unwrap(), text(shown, format, digits));
            }
        }
    }
}

#[test]
fn zones_are_read() {
    let offset = |text: &str| Zone::parse(text).map(|zone| zone.offset_at(EXAMPLE.seconds()));
    assert_eq!(offset("+02:00"), Ok(7200));
    assert_eq!(offset("-0530"), Ok(-19_800));
    assert_eq!(offset("+2"), Ok(7200));
    assert_eq!(offset("+02"), Ok(7200));
    assert_eq!(offset("Z"), Ok(0));
    assert_eq!(offset("UTC"), Ok(0));
    assert_eq!(offset("Europe/Budapest"), Ok(7200));
    assert_eq!(offset("Asia/Kolkata"), Ok(19_800));
    assert_eq!(offset("EST5EDT,M3.2.0,M11.1.0"), Ok(-14_400));
    for bad in ["", "Europe/Atlantis", "+", "+1:2", "+99:00", "+02:60", "+é0", "/etc/passwd", "../UTC", "+2x"]
    {
        assert_eq!(offset(bad), Err(BadZone(bad.to_owned())), "{bad}");
    }
}

#[test]
fn a_zone_goes_with_its_transitions() {
    let budapest = Zone::parse("Europe/Budapest").unwrap();
    let spring = 1_774_746_000; // 2026-03-29T01:00:00Z
    assert_eq!([spring - 1, spring, spring + 1].map(|at| budapest.offset_at(at)), [3600, 7200, 7200]);
    // Far away it stays what it was last.
    assert_eq!(budapest.offset_at(i64::MIN), budapest.offset_at(-4_000_000_000));
    budapest.offset_at(i64::MAX);
    budapest.offset_of_wall(i64::MAX);
    budapest.offset_of_wall(i64::MIN);
}

#[test]
fn a_stamp_moves_between_zones() {
    let tokyo = Zone::parse("Asia/Tokyo").unwrap();
    assert_eq!(iso(EXAMPLE.shown_in(&tokyo)), "2023-10-12T05:14:15.123456+09:00");
    assert_eq!(iso(EXAMPLE.wall_in(&tokyo)), "2023-10-11T22:14:15.123456+09:00");
}

#[test]
fn a_zone_is_guessed_from_a_right_clock() {
    let guess = |behind_seconds: i64, zone: i32| {
        let stamp = Stamp { micros: NOW.micros - behind_seconds * MICROS_PER_SECOND, zone };
        stamp.guess_zone(NOW).map(|guessed| ((guessed.micros - NOW.micros) / MICROS_PER_SECOND, guessed.zone))
    };
    assert_eq!(guess(0, 3600), Some((0, 3600)));
    assert_eq!(guess(3600, 0), Some((0, -3600)));
    assert_eq!(guess(-7200 + 12, 0), Some((-12, 7200)));
    assert_eq!(guess(-19_800 - 30, 0), Some((30, 19_800)));
    assert_eq!(guess(3600 + 31, 0), None);
    assert_eq!(guess(900, 0), None);
    assert_eq!(guess(86_400, 0), None);
    let far = Stamp { micros: i64::MIN, zone: 0 };
    assert_eq!(far.guess_zone(NOW), None);
}

#[test]
fn the_present_is_in_the_local_zone() {
    let stamp = now();
    assert_eq!(stamp.zone, Zone::system().offset_at(stamp.seconds()));
    assert!(process_start().micros <= now().micros);
}
