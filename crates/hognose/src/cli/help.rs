//! `--help`.

/// `hognose --help`
pub(crate) const DAEMON_HELP: &str = "\
hognose runs syslog-ng configurations.

Usage:
  hognose [OPTION…]             run the daemon
  hognose check [FILE]          find all that is wrong with a configuration
  hognose ctl COMMAND [OPTION…] talk to a running daemon: stats, reload, stop, healthcheck …
  hognose queue COMMAND         list, dump, verify, move what disk buffers hold
  hognose test [DIR…]           run the tests of Python drivers, in their Python
  hognose persist COMMAND       list, dump, change, verify what a persist file holds

Configuration:
  -f, --cfgfile=FILE       configuration file (/etc/syslog-ng/syslog-ng.conf)
  -R, --persist-file=FILE  where state is kept (/var/lib/syslog-ng/syslog-ng.persist)
  -c, --control=SOCKET     control socket (/var/lib/syslog-ng/syslog-ng.ctl)
      --python=PATH        interpreter for Python drivers; else options { python(); }, $VIRTUAL_ENV, python3

Instead of running:
  -s, --syntax-only           read the configuration and say what is wrong
      --check-startup         start everything, then stop
      --preprocess-into=FILE  write the configuration with includes and blocks put in; - is stdout
      --config-id             print the id of the configuration
  -V, --version               print version and what is built in
      --module-registry       print all drivers
  -h, --help                  print this

Process:
  -F, --foreground         stay in the foreground
      --process-mode=MODE  foreground, background, or safe-background, which starts a crashed daemon again (default)
  -p, --pidfile=FILE       where to write the process id (in the background: /run/syslog-ng.pid)
  -u, --user=USER          user to run as
  -g, --group=GROUP        group to run as
  -C, --chroot=DIR         directory to be confined to
      --caps=CAPS          capabilities to keep when the user changes
      --no-caps            keep none
      --enable-core        write a core file when crashing
      --fd-limit=N         file descriptors wanted

Messages of the daemon itself:
  -e, --stderr           to stderr, instead of to internal() sources; without, only warnings and errors are shown
  -v, --verbose          more of them
  -d, --debug            even more; implies the foreground
  -t, --trace            all of them; implies the foreground
  -L, --log-level=LEVEL  default, verbose, debug or trace
  -r, --startup-debug    debug until everything has started

Accepted, without effect: --module-path, --no-module-discovery, --worker-threads, --perf-profiling, --seed, --yydebug.

Signals: HUP reloads, USR1 reopens files, TERM and INT stop (within stop-timeout(), 10 s; a second one stops now).
Exit codes: 0 fine, 1 wrong command line or configuration, 2 the configuration cannot be started.
";

/// `hognose check --help`
pub(crate) const CHECK_HELP: &str = "\
Finds all that is wrong with a configuration, the Python in it included, and starts nothing.

Usage:
  hognose check [OPTION…] [FILE]

  FILE                configuration file (/etc/syslog-ng/syslog-ng.conf)
      --python=PATH   interpreter for Python drivers
  -h, --help          print this

Exit codes: 0 nothing is wrong, 1 something is.
";
