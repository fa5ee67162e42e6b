use super::*;

fn read(line: &str) -> Result<Invocation, CliError> {
    parse(std::iter::once("hognose").chain(line.split_whitespace()).map(OsString::from))
}

#[track_caller]
fn options(line: &str) -> Options {
    match read(line) {
        Ok(Invocation::Daemon(options)) => *options,
        other => panic!("{line}: {other:?}"),
    }
}

#[track_caller]
fn refused(line: &str, message: &str) {
    assert_eq!(read(line).unwrap_err().to_string(), message);
}

#[test]
fn clusters_and_all_ways_to_give_a_value() {
    for line in ["-Fvef /x.conf", "-F -v -e -f/x.conf", "--foreground -v --stderr --cfgfile=/x.conf"] {
        let options = options(line);
        assert_eq!(options.mode, ProcessMode::Foreground, "{line}");
        assert_eq!(options.log_level, Some(LogLevel::Verbose), "{line}");
        assert!(options.stderr, "{line}");
        assert_eq!(options.config_file, Path::new("/x.conf"), "{line}");
    }
}

#[test]
fn names_become_absolute() {
    let here = std::env::current_dir().unwrap();
    assert_eq!(options("-f x.conf").config_file, here.join("x.conf"));
    assert_eq!(options("--preprocess-into=-").goal, Goal::Preprocess("-".into()));
}

#[test]
fn the_background_is_the_default_and_has_a_pid_file() {
    assert_eq!(options("").mode, ProcessMode::SafeBackground);
    assert_eq!(options("").pid_file.as_deref(), Some(Path::new(PID_FILE)));
    assert_eq!(options("-F").pid_file, None);
}

#[test]
fn debugging_is_done_in_the_foreground() {
    assert_eq!(options("-d").mode, ProcessMode::Foreground);
    assert_eq!(options("-t --process-mode=background").mode, ProcessMode::Foreground);
    assert_eq!(options("-v").mode, ProcessMode::SafeBackground);
    assert_eq!(options("-L debug").mode, ProcessMode::Foreground);
}

#[test]
fn levels_add_up() {
    assert_eq!(options("-t -v").log_level, Some(LogLevel::Trace));
    assert_eq!(options("-v -L trace").log_level, Some(LogLevel::Trace));
    assert_eq!(options("-F").log_level, None);
}

#[test]
fn mistakes_are_named_as_scripts_know_them() {
    refused("--x", "Error parsing command line arguments: Unknown option --x");
    refused("-Z", "Error parsing command line arguments: Unknown option -Z");
    refused("-f", "Error parsing command line arguments: Missing argument for -f");
    refused("--fd-limit", "Error parsing command line arguments: Missing argument for --fd-limit");
    refused(
        "--worker-threads=x",
        "Error parsing command line arguments: Cannot parse integer value “x” for --worker-threads",
    );
    refused("--process-mode=x", "Error parsing command line arguments: Error parsing process-mode argument");
    refused("-F foo", "Excess number of arguments");
    refused("--foreground=1", "Error parsing command line arguments: --foreground takes no argument");
}

#[test]
fn what_is_not_there_is_refused() {
    assert!(read("-i").unwrap_err().to_string().contains("--interactive is not available"));
    assert!(read("--metrics-registry").is_err());
}

#[test]
fn what_changes_nothing_is_remembered() {
    let options = options("--worker-threads=4 --module-path=/x --seed -y");
    assert_eq!(options.without_effect, ["--worker-threads", "--module-path", "--seed", "--yydebug"]);
}

#[test]
fn every_option_is_in_the_help() {
    for letter in "fRcpsVFugCevdtLrh".chars() {
        assert!(DAEMON_HELP.contains(&format!("  -{letter}, --")), "-{letter}");
    }
    for name in ["caps", "no-caps", "enable-core", "fd-limit", "python", "config-id", "check-startup", "seed"]
    {
        assert!(DAEMON_HELP.contains(&format!("--{name}")), "--{name}");
    }
}

#[test]
fn the_name_it_is_called_by() {
    let called = |name: &str, rest: &[&str]| {
        parse(std::iter::once(name).chain(rest.iter().copied()).map(OsString::from)).unwrap()
    };
    assert_eq!(called("/usr/sbin/syslog-ng-ctl", &["stats"]), Invocation::Ctl(vec!["stats".into()]));
    assert_eq!(called("hognose", &["ctl", "stats"]), Invocation::Ctl(vec!["stats".into()]));
    assert!(matches!(called("/usr/sbin/syslog-ng", &["-F"]), Invocation::Daemon(_)));
}

#[test]
fn check_takes_one_file() {
    let Ok(Invocation::Check(options)) = read("check /x.conf --python /py") else { panic!() };
    assert_eq!((options.file.as_path(), options.python.as_deref()), (Path::new("/x.conf"), Some("/py")));
    assert!(
        matches!(read("check"), Ok(Invocation::Check(options)) if options.file == Path::new(CONFIG_FILE))
    );
    refused("check a b", "Excess number of arguments");
    refused("check --x", "Error parsing command line arguments: Unknown option --x");
}
