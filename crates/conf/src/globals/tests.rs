use super::*;
use crate::{Environment, Severity, load_text};

fn outcome(options: &str) -> (Option<GlobalOptions>, String) {
    let loaded = load_text("t", format!("options {{ {options} }};"), &Environment::default());
    let mut diagnostics = Diagnostics::default();
    loaded.diagnostics.iter().filter(|one| one.severity != Severity::Info).for_each(|one| {
        diagnostics.push(one.clone());
    });
    let read = GlobalOptions::of(&loaded.config, &mut diagnostics);
    let text: Vec<String> = diagnostics
        .iter()
        .map(|one| format!("{:?}: {} {}", one.severity, one.message, one.label.as_deref().unwrap_or("")))
        .collect();
    (read, text.join("\n"))
}

#[track_caller]
fn good(options: &str, test: impl FnOnce(&GlobalOptions) -> bool) {
    let (read, text) = outcome(options);
    assert_eq!(text, "", "{options}");
    assert!(read.as_ref().is_some_and(test), "{options}: {read:?}");
}

#[track_caller]
fn said(options: &str, expected: &str) {
    assert_eq!(outcome(options).1.trim_end(), expected, "{options}");
}

#[test]
fn defaults() {
    good("", |it| it.log_fifo_size.get() == 10_000 && it.log_msg_size.get() == 65_536 && it.keep_timestamp);
    good("", |it| it.time_reopen.is_none() && it.stop_timeout == Seconds::new(10));
    good("", |it| it.dir_perm == Permissions(Some(0o700)) && it.perm == Permissions(Some(0o600)));
    good("", |it| it.statistics().freq == 0);
}

#[test]
fn values() {
    good("log-fifo-size(10k);", |it| it.log_fifo_size.get() == 10_000);
    good("log_fifo_size(0x100);", |it| it.log_fifo_size.get() == 256);
    good("log-msg-size(1MiB);", |it| it.log_msg_size.get() == 1 << 20);
    good("keep-hostname(on); keep-timestamp(off);", |it| it.keep_hostname && !it.keep_timestamp);
    good("keep-hostname(1);", |it| it.keep_hostname);
    good("keep-hostname(yes); keep-hostname(no);", |it| !it.keep_hostname);
    good("perm(0640); dir-perm();", |it| {
        it.perm == Permissions(Some(0o640)) && it.dir_perm == Permissions(None)
    });
    good("perm(\"0640\");", |it| it.perm == Permissions(Some(0o640)));
    good("perm(-1);", |it| it.perm == Permissions(None));
    good("ts-format(iso);", |it| it.ts_format == TsFormat::Iso);
    good("use-dns(persist_only);", |it| it.use_dns == UseDns::PersistOnly);
    good("use-dns(0);", |it| it.use_dns == UseDns::No);
    good("owner(root); group();", |it| it.owner.as_deref() == Some("root") && it.group.is_none());
    good("time-zone(\"Europe/Budapest\");", |it| it.send_time_zone.as_deref() == Some("Europe/Budapest"));
    good("python(\"python3.11\");", |it| it.python.as_deref() == Some("python3.11"));
    good("stats(freq(10)); stats(freq(20));", |it| it.statistics().freq == 20);
}

#[test]
fn remarks() {
    said(
        "stats-freq(5);",
        "Warning: Your configuration file uses an obsoleted keyword, please update your configuration; keyword='stats-freq', change='stats(freq())'",
    );
    assert_eq!(outcome("stats-freq(5);").0.map(|it| it.statistics().freq), Some(5));
    said(
        "stats(freq(0) max-dynamics(2));",
        "Warning: option `stats(max-dynamics())` is accepted but has no effect",
    );
    said("threaded(yes);", "");
    said("threaded(no);", "Warning: option `threaded` is accepted but has no effect");
    said("suppress(1); suppress(2);", "Warning: option `suppress` is accepted but has no effect");
    said(
        "log-iw-size(100);",
        "Warning: the global option `log-iw-size` was removed give it to the sources that need it",
    );
    said("tme-reopen(1);", "Error: `options` has no option `tme-reopen` did you mean `time-reopen`?");
    said(
        "Keep-Hostname(yes);",
        "Error: `options` has no option `Keep-Hostname` did you mean `keep-hostname`?",
    );
    said("log-fifo-size(0);", "Error: `log-fifo-size()` takes a positive whole number");
    said("log-fifo-size(-5);", "Error: `log-fifo-size()` takes a positive whole number");
    said("log-fifo-size(12x);", "Error: `log-fifo-size()` takes a positive whole number");
    said("keep-hostname(maybe);", "Error: `keep-hostname()` takes `yes` or `no`");
    said("stats(frq(1));", "Error: `stats()` has no option `frq` did you mean `freq`?");
    said("perm(99999);", "Error: `perm()` takes permissions such as `0640`");
}
