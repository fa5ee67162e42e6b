use super::*;

fn findings(text: &str) -> Findings {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("test.conf");
    std::fs::write(&path, text).unwrap();
    prepare(&path, None, &Means::to_look(), Purpose::Look).1
}

#[track_caller]
fn check(text: &str, expected: Verdict) {
    let findings = findings(text);
    assert_eq!(findings.verdict(), expected, "{}", findings.render(Style::Plain, true));
}

#[test]
fn what_can_be_started() {
    check("", Verdict::Good);
    check("@version: 4.2\nlog { source { internal(); }; };", Verdict::Good);
}

#[test]
fn what_cannot_be_read() {
    check("@version: 4.2\nlog { nonsense", Verdict::Unreadable);
    check("log { source { nosuchdriver(); }; };", Verdict::Unreadable);
    check("options { stop-timeout(never); };", Verdict::Unreadable);
}

#[test]
fn what_can_be_read_but_not_started() {
    check("log { source(nosuch); };", Verdict::Unstartable);
}

#[test]
fn everything_is_said_at_once_and_in_order() {
    let text =
        "options { nosuchoption(1); };\nlog { source(nosuch); };\nlog { source { nosuchdriver(); }; };";
    let said = findings(text).render(Style::Plain, true);
    let places = ["nosuchoption", "'nosuch'", "nosuchdriver"].map(|name| said.find(name).expect(name));
    assert!(places.is_sorted(), "{said}");
}

#[test]
fn the_id_is_that_of_the_text() {
    let id = |text: &str| {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("test.conf");
        std::fs::write(&path, text).unwrap();
        read(&path, None).0.id()
    };
    assert_eq!(id("@version: 4.2\n").len(), 64);
    assert_ne!(id("@version: 4.2\n"), id("@version: 4.2\nlog {};\n"));
    assert!(id("@version: 4.2\n@config-id: mine\n").starts_with("mine ("));
}

#[test]
fn system_errors_in_the_words_of_syslog_ng() {
    let error = File::open("/no/such/file").unwrap_err();
    assert_eq!(system_words(&error), "No such file or directory (2)");
}
