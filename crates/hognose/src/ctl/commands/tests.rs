use super::*;

fn read_line(line: &str) -> Result<Wanted, CliError> {
    let mut words = line.split_whitespace();
    let command = find(words.next().unwrap()).unwrap();
    (command.parse)(&words.map(OsString::from).collect::<Vec<_>>())
}

#[track_caller]
fn check(line: &str, wire: &str) {
    match read_line(line) {
        Ok(Wanted::Request(request)) => assert_eq!(request.command.to_string(), wire),
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn what_goes_over_the_wire() {
    check("stats", "STATS CSV");
    check("stats csv", "STATS CSV");
    check("stats prometheus -l", "STATS PROMETHEUS WITH_LEGACY");
    check("stats --format=prometheus", "STATS PROMETHEUS");
    check("stats -r", "RESET_STATS");
    check("stats --remove-orphans", "REMOVE_ORPHANED_STATS");
    check("query list", "QUERY LIST *");
    check("query get center.*", "QUERY GET center.*");
    check("query get * --sum --reset", "QUERY GET_SUM_RESET *");
    check("reload", "RELOAD");
    check("reopen", "REOPEN");
    check("stop", "STOP");
    check("config", "CONFIG GET ORIGINAL");
    check("config -p", "CONFIG GET PREPROCESSED");
    check("config -v", "CONFIG VERIFY");
    check("config -i", "CONFIG ID");
    check("healthcheck", "HEALTHCHECK");
    check("log-level", "LOG LEVEL");
    check("log-level trace", "LOG LEVEL TRACE");
    check("verbose", "LOG VERBOSE");
    check("debug -s on", "LOG DEBUG ON");
    check("trace --set=0", "LOG TRACE OFF");
    check("list-files", "LISTFILES");
    check("show-license-info", "LICENSE");
    check("credentials status", "PWD");
}

#[test]
fn the_socket_may_stand_anywhere() {
    for line in ["reload -c /x", "reload --control=/x", "query -c /x get *"] {
        let Ok(Wanted::Request(request)) = read_line(line) else { panic!("{line}") };
        assert_eq!(request.control, PathBuf::from("/x"), "{line}");
    }
}

#[test]
fn a_healthcheck_does_not_wait_for_ever() {
    let limit = |line| match read_line(line) {
        Ok(Wanted::Request(request)) => request.time_max,
        other => panic!("{other:?}"),
    };
    assert_eq!(limit("healthcheck"), Some(Duration::from_secs(15)));
    assert_eq!(limit("healthcheck -t 3"), Some(Duration::from_secs(3)));
}

#[test]
fn mistakes() {
    for line in [
        "stats --foo",
        "stats extra",
        "query",
        "query foo x",
        "reload now",
        "debug -s maybe",
        "log-level loud",
        "healthcheck -t x",
        "reload -c",
    ] {
        assert!(read_line(line).is_err(), "{line}");
    }
}

#[test]
fn every_command_has_its_help() {
    for command in COMMANDS {
        assert_eq!((command.parse)(&["--help".into()]), Ok(Wanted::Help), "{}", command.name);
        assert!(command.usage().contains("--control"));
    }
}
