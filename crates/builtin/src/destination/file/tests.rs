use crate::trial::{Trial, said_about};

const THREE: &str = "source { example-msg-generator(num(3) freq(0) template(\"hello\")); };";

#[test]
fn a_line_has_date_host_and_text() {
    let outcome =
        Trial::start(&format!("log {{ {THREE} destination {{ file(\"DIR/log\"); }}; }};")).run_out();
    let text = outcome.text("log");
    assert_eq!(text.lines().count(), 3);
    let expected = format!(" {} hello", message::host::short());
    assert!(
        text.lines().all(|line| line.ends_with(&expected) && line.len() == 15 + expected.len()),
        "{text}"
    );
    assert_eq!(outcome.count("dst.file", "written"), 3);
}

#[test]
fn a_template_says_everything() {
    let conf =
        format!("log {{ {THREE} destination {{ file(\"DIR/log\" template(\"<$PRI> $MSG\\n\")); }}; }};");
    assert_eq!(Trial::start(&conf).run_out().text("log"), "<13> hello\n".repeat(3));
}

#[test]
fn records_are_cut_padded_and_put_on_one_line() {
    let conf = |options: &str| {
        format!(
            "log {{ {THREE} destination {{ file(\"DIR/log\" template(\"a\\nb $MSG\\n\") {options}); }}; }};"
        )
    };
    assert_eq!(Trial::start(&conf("truncate-size(4)")).run_out().text("log"), "a\nb ".repeat(3));
    assert_eq!(Trial::start(&conf("pad-size(12)")).run_out().text("log"), "a\nb hello\n\0\0".repeat(3));
    assert_eq!(Trial::start(&conf("flags(no-multi-line)")).run_out().text("log"), "a b hello\n".repeat(3));
}

#[test]
fn names_may_depend_on_the_message() {
    let conf = r#"
        source s { example-msg-generator(num(2) freq(0) values("k" => "a"));
                   example-msg-generator(num(3) freq(0) values("k" => "b/c")); };
        log { source(s); destination { file("DIR/sub/$k.log" create-dirs(yes) template("$k\n")); }; };
    "#;
    let outcome = Trial::start(conf).run_out();
    assert_eq!(outcome.text("sub/a.log"), "a\na\n");
    assert_eq!(outcome.text("sub/b/c.log"), "b/c\nb/c\nb/c\n");
}

// CVE-2025-12972: what a message says must not lead out of the directory.
#[test]
fn a_message_does_not_choose_the_directory() {
    for name in ["../out", "a/../../out", "", "a\0b", "..", &"x".repeat(300), &"x/".repeat(3000)] {
        let bad = name.replace('\0', "$(nul)");
        if bad != name {
            continue;
        }
        let conf = format!(
            r#"log {{ source {{ example-msg-generator(num(2) freq(0) values("k" => "{name}")); }};
                 destination {{ file("DIR/in/$k" create-dirs(yes)); }}; }};"#
        );
        let outcome = Trial::start(&conf).run_out();
        assert_eq!(outcome.text("out"), "", "{name}");
        assert_eq!(outcome.count("dst.file", "dropped.path"), 2, "{name}");
        assert_eq!(outcome.count("dst.file", "written"), 0, "{name}");
    }
}

#[test]
fn one_file_that_cannot_be_opened_does_not_hold_up_the_others() {
    let conf = r#"
        source s { example-msg-generator(num(5) freq(0) values("k" => "bad"));
                   example-msg-generator(num(5) freq(0) values("k" => "good")); };
        log { source(s); destination { file("DIR/$k/log" template("$k\n") time-reopen(0.05)); }; flags(flow-control); };
    "#;
    let dir = tempfile::tempdir().unwrap();
    drop(dir);
    let trial = Trial::start(conf);
    std::fs::create_dir(trial.path("good")).unwrap();
    trial.wait_for_text("good/log", &"good\n".repeat(5));
    assert!(!trial.path("bad").exists());
    std::fs::create_dir(trial.path("bad")).unwrap();
    trial.wait_for_text("bad/log", &"bad\n".repeat(5));
    assert_eq!(trial.stop().count("dst.file", "written"), 10);
}

#[test]
fn what_waits_for_a_file_is_counted_when_the_daemon_stops() {
    let conf = format!("log {{ {THREE} destination {{ file(\"DIR/$MSG/log\"); }}; }};");
    let outcome = Trial::start(&conf).run_out();
    assert_eq!(outcome.count("dst.file", "dropped.stopped"), 3);
}

#[test]
fn reopening_follows_a_rotation() {
    let conf = r#"log { source { example-msg-generator(freq(0.01) template("x")); };
                        destination { file("DIR/log" template("$MSG\n")); }; };"#;
    let trial = Trial::start(conf);
    trial.wait("the first line", |trial| trial.path("log").exists().then_some(()));
    std::fs::rename(trial.path("log"), trial.path("log.1")).unwrap();
    trial.reopen();
    trial.wait("the new file", |trial| trial.path("log").exists().then_some(()));
    trial.stop();
}

#[test]
fn a_queue_outlives_a_reload() {
    let conf = r#"log { source { example-msg-generator(num(4) freq(0) template("x")); };
                        destination { file("DIR/later/log" template("$MSG\n") time-reopen(0.05)); }; };"#;
    let trial = Trial::start(conf);
    trial.wait("the messages", |trial| (trial.count("dst.file", "queued") == 4).then_some(()));
    let trial = trial.reload(&conf.replace("num(4)", "num(1)"));
    std::fs::create_dir(trial.path("later")).unwrap();
    trial.wait_for_text("later/log", "x\nx\nx\nx\nx\n");
}

#[test]
fn permissions_are_set() {
    use std::os::unix::fs::PermissionsExt;
    let conf = format!(
        "log {{ {THREE} destination {{ file(\"DIR/a/log\" create-dirs(yes) perm(0640) dir-perm(0750)); }}; }};"
    );
    let trial = Trial::start(&conf);
    let mode = |path: std::path::PathBuf| {
        std::fs::metadata(path).ok().map(|data| data.permissions().mode() & 0o7777)
    };
    trial.wait("the file", |trial| (mode(trial.path("a/log")) == Some(0o640)).then_some(()));
    assert_eq!(mode(trial.path("a")), Some(0o750));
}

#[test]
fn a_message_cut_by_a_full_fifo_is_finished_later() {
    use std::io::Read;
    let conf = r#"log { source { example-msg-generator(num(3000) freq(0) template("0123456789012345678901234567890123456789")); };
                        destination { pipe("DIR/fifo" template("$MSG\n")); }; flags(flow-control); };"#;
    let trial = Trial::start(conf);
    trial.wait("the fifo", |trial| trial.path("fifo").exists().then_some(()));
    let mut file = std::fs::File::open(trial.path("fifo")).unwrap();
    let mut bytes = vec![0; 41 * 3000];
    file.read_exact(&mut bytes).unwrap();
    assert!(bytes.chunks(41).all(|line| line == b"0123456789012345678901234567890123456789\n"));
    assert_eq!(trial.stop().count("dst.pipe", "written"), 3000);
}

#[test]
fn mistakes_are_named() {
    let said = |options: &str| said_about(&format!("destination d {{ file(\"/x\" {options}); }};"));
    assert!(said("tempalte(\"x\")").contains("did you mean `template`?"));
    assert!(said("owner(\"no such user\")").contains("there is no user `no such user`"));
    assert!(said("flags(no-multi-lin)").contains("did you mean `no-multi-line`?"));
    assert!(said("symlink-as(\"/y\")").contains("not supported yet"));
    assert!(said("suppress(5)").contains("has no effect"));
    assert!(said("time-zone(\"Mars/Olympus\")").contains("unknown time zone"));
}

#[test]
fn two_destinations_for_one_file_need_names() {
    let two = r#"destination a { file("/x"); }; destination b { file("/x" PERSIST); };
                 log { source { internal(); }; destination(a); destination(b); };"#;
    assert!(said_about(&two.replace("PERSIST", "")).contains("conflicting persist-names"));
    assert!(!said_about(&two.replace("PERSIST", "persist-name(\"b\")")).contains("conflicting"));
}

#[test]
fn a_batch_may_be_for_more_files_than_can_be_open() {
    let sources: String = (0..60)
        .map(|i| format!("example-msg-generator(num(20) freq(0) values(\"k\" => \"{i}\"));"))
        .collect();
    let conf = format!(
        "source s {{ {sources} }};
         log {{ source(s); destination {{ file(\"DIR/$k-$(uuid)\" template(\"$k\\n\")); }}; }};"
    );
    let trial = Trial::start(&conf);
    trial.wait("all files", |trial| {
        let dir = trial.path("");
        (std::fs::read_dir(dir).unwrap().count() == 1200).then_some(())
    });
    let descriptors = std::fs::read_dir("/proc/self/fd").unwrap().count();
    assert!(descriptors < 1024, "{descriptors} descriptors");
    assert_eq!(trial.stop().count("dst.file", "written"), 1200);
}
