use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use crate::trial::{Trial, said_about};

fn conf(options: &str, template: &str) -> String {
    format!(
        "log {{ source {{ file(\"DIR/in\" {options}); }}; destination {{ file(\"DIR/out\" template(\"{template}\\n\")); }};
         flags(flow-control); }};"
    )
}

fn append(path: &Path, text: &str) {
    OpenOptions::new().append(true).create(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
}

#[test]
fn a_file_is_read_and_followed() {
    let trial = Trial::start(&conf("flags(no-parse)", "$MSG"));
    append(&trial.path("in"), "one\ntwo\nthr");
    trial.wait_for_text("out", "one\ntwo\n");
    append(&trial.path("in"), "ee\n");
    trial.wait_for_text("out", "one\ntwo\nthree\n");
    trial.stop();
}

#[test]
fn old_records_may_be_left_out() {
    let trial = Trial::start(&conf("flags(no-parse)", "$MSG"));
    append(&trial.path("in"), "old\n");
    trial.wait_for_text("out", "old\n");
    let other = conf("flags(no-parse) read-old-records(no) persist-name(\"other\")", "$MSG");
    let trial = trial.reload(&other);
    // The source has seen the end of the file once it has followed it.
    append(&trial.path("in"), "new1\nnew2\n");
    trial.wait("new lines", |trial| {
        append(&trial.path("in"), "again\n");
        let text = std::fs::read_to_string(trial.path("out")).unwrap();
        (text.ends_with("again\n") && text.matches("old").count() == 1).then_some(())
    });
}

#[test]
fn the_place_is_kept_over_a_reload() {
    let conf = conf("flags(no-parse)", "$MSG");
    let trial = Trial::start(&conf);
    append(&trial.path("in"), "one\nhalf a ");
    trial.wait_for_text("out", "one\n");
    let trial = trial.reload(&conf);
    append(&trial.path("in"), "line\n");
    trial.wait_for_text("out", "one\nhalf a line\n");
}

#[test]
fn a_rotated_file_is_read_to_its_end_first() {
    let trial = Trial::start(&conf("flags(no-parse)", "$MSG"));
    append(&trial.path("in"), "one\n");
    trial.wait_for_text("out", "one\n");
    std::fs::rename(trial.path("in"), trial.path("in.1")).unwrap();
    append(&trial.path("in.1"), "two\nlast");
    append(&trial.path("in"), "three\n");
    trial.wait_for_text("out", "one\ntwo\nlast\nthree\n");
}

#[test]
fn a_file_that_is_cut_short_begins_anew() {
    let trial = Trial::start(&conf("flags(no-parse)", "$MSG"));
    append(&trial.path("in"), "one\ntwo\n");
    trial.wait_for_text("out", "one\ntwo\n");
    std::fs::write(trial.path("in"), "new\n").unwrap();
    trial.wait_for_text("out", "one\ntwo\nnew\n");
}

#[test]
fn what_is_known_of_a_file_stands_in_the_message() {
    let trial = Trial::start(&conf("", "$TRANSPORT $FILE_NAME $PROGRAM $MSG $PRI"));
    append(&trial.path("in"), "prg: text\n");
    let name = trial.path("in").display().to_string();
    trial.wait_for_text("out", &format!("local+file {name} prg text 13\n"));
}

#[test]
fn large_files_come_through_whole() {
    let trial = Trial::start(&conf("flags(no-parse) log-iw-size(1000)", "$MSG"));
    let text: String = (0..200_000).map(|i| format!("line number {i}\n")).collect();
    append(&trial.path("in"), &text);
    trial.wait("all of it", |trial| {
        (std::fs::metadata(trial.path("out")).map_or(0, |data| data.len()) >= text.len() as u64).then_some(())
    });
    assert!(std::fs::read_to_string(trial.path("out")).unwrap() == text);
}

#[test]
fn a_pipe_is_made_and_read() {
    let conf = conf("", "$MSG").replace("file(\"DIR/in\" ", "pipe(\"DIR/in\" flags(no-parse) ");
    let trial = Trial::start(&conf);
    append(&trial.path("in"), "one\n");
    append(&trial.path("in"), "two\n");
    trial.wait_for_text("out", "one\ntwo\n");
}

#[test]
fn mistakes_are_named() {
    let said = |options: &str| said_about(&format!("source s {{ file({options}); }};"));
    assert!(said("\"/x/*.log\"").contains("wildcards"));
    assert!(said("\"/x\" follow-freq(-1)").contains("not negative"));
    assert!(said("\"/x\" multi-line-mode(indented)").contains("multi-line-mode"));
    assert!(said("\"/x\" pad-size(5)").contains("not supported yet"));
}

#[test]
fn the_place_is_kept_over_a_restart() {
    let conf = conf("flags(no-parse)", "$MSG");
    let trial = Trial::start(&conf);
    append(&trial.path("in"), "one\nhalf a ");
    trial.wait_for_text("out", "one\n");
    let trial = trial.restart(&conf);
    append(&trial.path("in"), "line\n");
    trial.wait_for_text("out", "one\nhalf a line\n");
}

#[test]
fn what_comes_while_no_daemon_runs_is_not_old() {
    let conf = conf("flags(no-parse) read-old-records(no)", "$MSG");
    let trial = Trial::start(&conf);
    append(&trial.path("in"), "");
    let key = store::Key::new(format!("affile_sd_curpos({})", trial.path("in").display()));
    trial.wait("a place", |trial| trial.persist.get(&key).unwrap());
    let trial = trial.restart_after(&conf, |dir| append(&dir.join("in"), "missed\n"));
    trial.wait_for_text("out", "missed\n");
}

#[test]
fn a_file_that_was_rotated_while_no_daemon_ran_is_read_to_its_end_first() {
    let conf = conf("flags(no-parse)", "$MSG");
    let trial = Trial::start(&conf);
    append(&trial.path("in"), "one\n");
    trial.wait_for_text("out", "one\n");
    let trial = trial.restart_after(&conf, |dir| {
        append(&dir.join("in"), "two\n");
        std::fs::rename(dir.join("in"), dir.join("in.1")).unwrap();
        append(&dir.join("in"), "three\n");
    });
    trial.wait_for_text("out", "one\ntwo\nthree\n");
}

#[test]
fn what_is_not_delivered_is_read_again() {
    // A full device takes nothing.
    let stuck = conf("flags(no-parse)", "$MSG").replace("DIR/out", "/dev/full");
    let trial = Trial::start(&stuck);
    append(&trial.path("in"), "one\ntwo\n");
    trial.wait("the lines to be read", |trial| (trial.count("src.file", "processed") == 2).then_some(()));
    let trial = trial.restart(&conf("flags(no-parse)", "$MSG"));
    trial.wait_for_text("out", "one\ntwo\n");
}
