//! Large configurations: loaded in time, or refused with a word.

use std::{fmt::Write as _, time::Instant};

use conf::{Environment, Style, load_text};

/// A configuration of about `bytes` bytes that uses most of the language.
fn generated(bytes: usize) -> String {
    let mut text = String::from(
        "@version: 4.2\n@define port 514\nblock source net(port() tag(\"x\")) { network(port(`port`) tags(`tag`)); };\n",
    );
    for n in 0.. {
        if text.len() >= bytes {
            break;
        }
        let _ = write!(
            text,
            "# statement {n}\nsource s_{n} {{ net(port(`port`)); file(\"/var/log/in{n}.log\" follow-freq(1.5) flags(no-parse)); }};\n\
             destination d_{n} {{ file(\"/var/log/$HOST/{n}.log\" template(\"$ISODATE $MSG\\n\") create-dirs(yes)); }};\n\
             filter f_{n} {{ program(\"sshd\") and not (host('a{n}') or level(err..emerg)); }};\n\
             log {{ source(s_{n}); if (filter(f_{n})) {{ destination(d_{n}); }} else {{ rewrite {{ set(\"x\" value(\"Y\")); }}; }}; flags(flow-control); }};\n"
        );
    }
    text
}

/// What this thread has spent on a processor so far; `None` where the system does not tell.
fn busy_nanoseconds() -> Option<u64> {
    std::fs::read_to_string("/proc/thread-self/schedstat").ok()?.split(' ').next()?.parse().ok()
}

#[test]
fn ten_megabytes() {
    // Without optimisation everything takes ten times as long, so less is read then.
    let (bytes, seconds_max) = if cfg!(debug_assertions) { (1 << 20, 20.0) } else { (10 << 20, 2.0) };
    let text = generated(bytes);
    let (start, busy) = (Instant::now(), busy_nanoseconds());
    let loaded = load_text("t", &text, &Environment::default());
    // What other tests do at the same time is not the language's fault.
    let seconds = match (busy, busy_nanoseconds()) {
        (Some(before), Some(after)) => (after - before) as f64 / 1e9,
        _ => start.elapsed().as_secs_f64(),
    };
    assert!(loaded.diagnostics.is_empty(), "{}", loaded.diagnostics.render(&loaded.sources, Style::Plain));
    assert!(loaded.config.sources.len() > bytes / 1000);
    assert!(seconds < seconds_max, "{seconds} s");
    eprintln!("{} bytes in {seconds:.3} s", text.len());
}

#[test]
fn a_file_that_is_too_large() {
    let text = "a".repeat(100 << 20);
    let loaded = load_text("t", &text, &Environment::default());
    let shown = loaded.diagnostics.render(&loaded.sources, Style::Plain);
    assert!(shown.contains("`t` is larger than 32 MiB"), "{shown}");
    assert!(shown.len() < 1000);
}

// Ten million of anything take a quarter of a minute without optimisation.
#[cfg(not(debug_assertions))]
#[test]
fn more_words_than_memory() {
    let text = format!("source s {{ a({}); }};", "a ".repeat(12_000_000));
    let loaded = load_text("t", &text, &Environment::default());
    let shown = loaded.diagnostics.render(&loaded.sources, Style::Plain);
    assert!(shown.contains("more than 10000000 words and signs"), "{shown}");
}

#[test]
fn one_very_long_line() {
    let bytes = if cfg!(debug_assertions) { 4 << 20 } else { 30 << 20 };
    for text in [
        "a".repeat(bytes),
        format!("source s {{ a(\"{}\"", "x".repeat(bytes)),
        format!("`{}", "x".repeat(bytes)),
        format!("# {}", "x".repeat(bytes)),
        "`".repeat(1 << 20),
        "\"".repeat(1 << 20),
        "\\\n".repeat(1 << 20),
        "@x\n".repeat(1 << 16),
    ] {
        let loaded = load_text("t", &text, &Environment::default());
        let shown = loaded.diagnostics.render(&loaded.sources, Style::Plain);
        assert!(shown.len() < 1 << 17, "{} bytes", shown.len());
    }
}
