//! What a message costs in this crate: nanoseconds to read a line and to write it again.
//!
//! `cargo run --release -p hognose-message --example throughput`
#![expect(clippy::print_stdout, reason = "it is a program that prints")]

use std::hint::black_box;
use std::time::Instant;

use message::record::Record;
use message::template::{NoFunctions, RenderScope, Template, TemplateOptions, ZoneUse};
use message::{Message, ParseFlags, ParseOptions, layout, parse_into, time};

/// Messages of one round; their records are as many bytes as a batch is.
const BATCH: usize = 1_000;
/// Rounds of one measurement.
const ROUNDS: usize = 10;
/// Measurements, of which the fastest counts: the machine has other things to do.
const TRIES: usize = 200;

const RFC3164: &str = "<38>Oct 11 22:14:15 mymachine sshd[1234]: Accepted publickey for root from 10.0.0.1 port 22 ssh2: RSA SHA256:abcdefghijklmnopqrstuvwxyz0123456789 and more text up to 200 bytes or about so";
const RFC5424: &str = "<165>1 2003-10-11T22:14:15.003+02:00 mymachine.example.com evntslog 8710 ID47 [exampleSDID@32473 iut=\"3\" eventSource=\"Application\" eventID=\"1011\"] An application event log entry of some length";
const PLAIN5424: &str = "<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog 8710 ID47 - An application event log entry of some length, without structured data but a longer text";

fn main() {
    let received = time::now();
    let default = ParseOptions { store_raw_size: false, ..ParseOptions::default() };
    let raw_size = ParseOptions::default();
    let no_host = ParseOptions { store_host: false, ..default.clone() };
    let protocol =
        ParseOptions { flags: ParseFlags::default().with(ParseFlags::SYSLOG_PROTOCOL), ..default.clone() };
    let no_parse =
        ParseOptions { flags: ParseFlags::default().with(ParseFlags::NO_PARSE), ..default.clone() };

    let mut arena = Vec::new();
    for (name, line, options) in [
        ("parse rfc3164", RFC3164, &default),
        ("parse rfc3164, RAWMSG_SIZE stored", RFC3164, &raw_size),
        ("parse rfc3164, HOST not stored", RFC3164, &no_host),
        ("parse rfc5424 with structured data", RFC5424, &protocol),
        ("parse rfc5424 without", PLAIN5424, &protocol),
        ("no-parse", RFC3164, &no_parse),
    ] {
        measure(name, || {
            arena.clear();
            for _ in 0..BATCH {
                parse_into(black_box(line).as_bytes(), received, options, &mut arena);
            }
            black_box(&arena);
        });
    }

    let mut out = Vec::new();
    let options = TemplateOptions::default();
    measure("parse rfc3164 and write the file layout", || {
        arena.clear();
        out.clear();
        let mut scope = RenderScope::new(&options, ZoneUse::Send);
        for _ in 0..BATCH {
            let at = arena.len();
            parse_into(black_box(RFC3164).as_bytes(), received, &default, &mut arena);
            layout::file(Message::new(Record::at(&arena, at), None), &mut scope, &mut out);
        }
        black_box(&out);
    });

    arena.clear();
    parse_into(RFC3164.as_bytes(), received, &default, &mut arena);
    render(&arena);
    measure("time::now", || {
        (0..BATCH).for_each(|_| {
            black_box(time::now());
        })
    });
}

fn render(arena: &[u8]) {
    let options = TemplateOptions::default();
    let template =
        |text: &str| Template::parse(text, &NoFunctions).unwrap_or_else(|_| Template::literal(text));
    let message = Message::new(Record::at(arena, 0), None);
    println!("a line of {} bytes is a record of {}", RFC3164.len(), arena.len());
    let mut out = Vec::new();
    let mut scope = RenderScope::new(&options, ZoneUse::Send);
    let rows: [Row<'_>; 8] = [
        ("file layout", Box::new(|scope, out| layout::file(message, scope, out))),
        ("rfc3164 layout", Box::new(|scope, out| layout::rfc3164(message, scope, out))),
        ("rfc5424 layout", Box::new(|scope, out| layout::rfc5424(message, scope, None, out))),
        row(template("$MSG\n"), message),
        row(template("$DATE $HOST $MSGHDR$MSG\n"), message),
        row(template("${ISODATE} ${R_ISODATE} ${HOST} ${PROGRAM}[${PID}]: ${MSG}\n"), message),
        row(
            template(
                "{\"date\":\"$ISODATE\",\"host\":\"$HOST\",\"program\":\"$PROGRAM\",\"pid\":\"${PID:-0}\",\"level\":\"$LEVEL\",\"msg\":\"$MSG\"}\n",
            ),
            message,
        ),
        row(template("/var/log/$HOST/$YEAR/$MONTH/$DAY.log"), message),
    ];
    for (name, write) in rows {
        measure(name, || {
            out.clear();
            for _ in 0..BATCH {
                write(&mut scope, &mut out);
            }
            black_box(&out);
        });
    }
}

type Row<'m> = (&'m str, Box<dyn Fn(&mut RenderScope<'_>, &mut Vec<u8>) + 'm>);

fn row<'m>(template: Template, message: Message<'m>) -> Row<'m> {
    let name = template.as_str().trim_end().to_owned().leak();
    (name, Box::new(move |scope, out| template.render(message, scope, out)))
}

fn measure(name: &str, mut round: impl FnMut()) {
    // A word on the command line picks the measurements that have it in their name.
    if std::env::args().nth(1).is_some_and(|word| !name.contains(&word)) {
        return;
    }
    round();
    let best = (0..TRIES).map(|_| {
        let start = Instant::now();
        (0..ROUNDS).for_each(|_| round());
        start.elapsed().as_nanos() as f64 / (ROUNDS * BATCH) as f64
    });
    println!("{:>7.1} ns  {name}", best.fold(f64::INFINITY, f64::min));
}
