use super::*;

#[track_caller]
fn check(line: &str, expected: Command) {
    assert_eq!(Command::parse(line), Ok(expected));
}

#[track_caller]
fn refused(line: &str, expected: BadRequest) {
    assert_eq!(Command::parse(line), Err(expected));
}

fn query(verb: QueryVerb, reset: bool, pattern: &str) -> Command {
    Command::Query(Query { verb, reset, pattern: pattern.into() })
}

#[test]
fn a_command_is_known_by_how_it_begins() {
    check("RELOAD", Command::Reload);
    check("RELOADXYZ", Command::Reload);
    check("RELOAD now please", Command::Reload);
    check("STATSX", Command::Stats(StatsForm::Csv));
    check("STATSX PROMETHEUS", Command::Stats(StatsForm::Prometheus { legacy: false }));
}

#[test]
fn case_and_leading_blanks_matter() {
    refused("stats", BadRequest::Unknown("stats".into()));
    refused("  STATS", BadRequest::Unknown("  STATS".into()));
    refused("", BadRequest::Unknown(String::new()));
}

#[test]
fn a_carriage_return_is_no_argument() {
    check("STOP\r", Command::Stop);
    check("CONFIG ID\r", Command::Config(ConfigRequest::Id));
}

#[test]
fn unknown_forms_of_statistics_are_csv() {
    check("STATS", Command::Stats(StatsForm::Csv));
    check("STATS CSV", Command::Stats(StatsForm::Csv));
    check("STATS FOO", Command::Stats(StatsForm::Csv));
    check("STATS PROMETHEUS WITH_LEGACY", Command::Stats(StatsForm::Prometheus { legacy: true }));
}

#[test]
fn queries() {
    check("QUERY LIST *", query(QueryVerb::List, false, "*"));
    check("QUERY GET center.*", query(QueryVerb::Get, false, "center.*"));
    check("QUERY GET_SUM *", query(QueryVerb::GetSum, false, "*"));
    check("QUERY GET_SUM_RESET *", query(QueryVerb::GetSum, true, "*"));
    check("QUERY GET", query(QueryVerb::Get, false, ""));
    check("QUERY GET a b", query(QueryVerb::Get, false, "a b"));
    // The incumbent dies of this one.
    refused("QUERY", BadRequest::Arguments);
    refused("QUERY FOO x", BadRequest::Arguments);
}

#[test]
fn the_configuration() {
    check("CONFIG GET ORIGINAL", Command::Config(ConfigRequest::Original));
    check("CONFIG GET PREPROCESSED", Command::Config(ConfigRequest::Preprocessed));
    check("CONFIG VERIFY", Command::Config(ConfigRequest::Verify));
    refused("CONFIG", BadRequest::Arguments);
    refused("CONFIG GET", BadRequest::Arguments);
    refused("CONFIG FOO", BadRequest::Arguments);
}

#[test]
fn log_levels() {
    check("LOG LEVEL", Command::LogLevel(None));
    check("LOG LEVEL DEBUG", Command::LogLevel(Some(LogLevel::Debug)));
    check("LOG LEVEL 3", Command::LogLevel(Some(LogLevel::Trace)));
    check("LOG VERBOSE", Command::LogSwitch(LogLevel::Verbose, None));
    check("LOG DEBUG ON", Command::LogSwitch(LogLevel::Debug, Some(true)));
    check("LOG TRACE OFF", Command::LogSwitch(LogLevel::Trace, Some(false)));
    refused("LOG", BadRequest::Arguments);
    refused("LOG LEVEL loud", BadRequest::Arguments);
    refused("LOG VERBOSE FOO", BadRequest::Arguments);
    refused("LOG FOO ON", BadRequest::Arguments);
}

#[test]
fn a_switch_goes_up_to_its_level_and_down_below_it() {
    use LogLevel::{Debug, Default, Trace, Verbose};
    assert_eq!(Default.switched(Debug, true), Debug);
    assert_eq!(Trace.switched(Debug, true), Trace);
    assert_eq!(Trace.switched(Verbose, false), Default);
    assert_eq!(Trace.switched(Debug, false), Verbose);
    assert_eq!(Default.switched(Trace, false), Default);
}

#[test]
fn what_a_configuration_is_made_of() {
    check("EXPORT_CONFIG_GRAPH", Command::ExportConfigGraph);
    check("LISTFILES", Command::ListFiles);
}

#[test]
fn what_we_do_not_have_is_known_by_name() {
    check("PWD status", Command::Unavailable("PWD"));
    check("ATTACH STDIO 10", Command::Unavailable("ATTACH"));
}

#[test]
fn what_is_written_is_read_back() {
    let mut commands = vec![
        Command::ResetStats,
        Command::RemoveOrphanedStats,
        Command::Reload,
        Command::Reopen,
        Command::Restart("s_app#0".to_owned()),
        Command::Stop,
        Command::Healthcheck,
        Command::ListFiles,
        Command::License,
        Command::LogLevel(None),
        Command::Unavailable("PWD"),
        Command::Stats(StatsForm::Csv),
        Command::Stats(StatsForm::Prometheus { legacy: false }),
        Command::Stats(StatsForm::Prometheus { legacy: true }),
    ];
    for request in
        [ConfigRequest::Original, ConfigRequest::Preprocessed, ConfigRequest::Verify, ConfigRequest::Id]
    {
        commands.push(Command::Config(request));
    }
    for level in [LogLevel::Default, LogLevel::Verbose, LogLevel::Debug, LogLevel::Trace] {
        commands.push(Command::LogLevel(Some(level)));
        if level != LogLevel::Default {
            commands.extend([None, Some(true), Some(false)].map(|on| Command::LogSwitch(level, on)));
        }
    }
    for verb in [QueryVerb::List, QueryVerb::Get, QueryVerb::GetSum] {
        commands.extend([true, false].map(|reset| query(verb, reset, "src.*")));
    }
    for command in commands {
        check(&command.to_string(), command);
    }
}

proptest::proptest! {
    #[test]
    fn no_line_is_too_odd(line in ".*") {
        let _ = Command::parse(&line);
    }

    #[test]
    fn no_argument_is_too_odd(name in 0..COMMANDS.len(), rest in ".*") {
        let _ = Command::parse(&format!("{}{rest}", COMMANDS[name].0));
    }
}
