use super::*;
use crate::{Environment, Style, ast::Item, load_text};

crate::choices! {
    /// How the bytes travel.
    enum Transport {
        /// Stream.
        Tcp = "tcp",
        /// Datagrams.
        Udp = "udp" | "datagram",
    }
}

crate::options! {
    /// What all sources share.
    struct Shared {
        /// Tags to add.
        tags: Vec<String> = repeated,
        /// Keep the host name.
        keep_hostname: bool = inherit,
    }
}

crate::options! {
    /// Encryption.
    struct Tls {
        /// The key.
        key_file: std::path::PathBuf = required,
        /// Verify the peer.
        verify: bool = true,
    }
}

crate::options! {
    /// A source.
    ///
    /// Of tests.
    struct Sample {
        /// Where to listen.
        address: String = positional,
        /// What else.
        others: Vec<String> = rest,
        /// Options of every source.
        shared: Shared = flatten,
        /// The port.
        port | localport: u16 = 514,
        /// The transport.
        transport: Transport = Transport::Tcp,
        /// A keyword of Rust.
        r#type: String = "pcre".to_owned(),
        /// How long.
        time_reopen: Seconds = Seconds::new(60),
        /// Encryption.
        tls: Tls = inherit,
        /// Anything.
        options: Vec<Call> = repeated,
        /// The owner.
        owner: Option<String> = None,
        /// A count.
        max: std::num::NonZeroU32 = inherit
    }
}

/// The options of the one driver in `arguments`, or what is wrong with them.
fn outcome(arguments: &str) -> Result<Sample, String> {
    let loaded = load_text("t", format!("source s {{ d({arguments}); }};"), &Environment::default());
    assert!(!loaded.diagnostics.has_errors(), "{}", loaded.diagnostics.render(&loaded.sources, Style::Plain));
    let [Item::Driver(call)] = loaded.config.sources[0].body.as_slice() else { panic!("{arguments}") };
    let mut diagnostics = Diagnostics::default();
    let read = Sample::read(call, &mut diagnostics);
    let text = diagnostics
        .iter()
        .map(|one| match &one.label {
            Some(label) => format!("{} ({label})", one.message),
            None => one.message.clone(),
        })
        .collect::<Vec<_>>()
        .join("; ");
    assert_eq!(read.is_none(), diagnostics.has_errors(), "{text}");
    read.ok_or(text)
}

#[track_caller]
fn good(arguments: &str, test: impl FnOnce(Sample) -> bool) {
    match outcome(arguments) {
        Ok(sample) => assert!(test(sample.clone()), "{arguments}: {sample:?}"),
        Err(text) => panic!("{arguments}: {text}"),
    }
}

#[track_caller]
fn bad(arguments: &str, expected: &str) {
    assert_eq!(outcome(arguments).err().as_deref(), Some(expected), "{arguments}");
}

#[test]
fn defaults() {
    good("x", |it| {
        it.address == "x" && it.port == 514 && it.transport == Transport::Tcp && it.others.is_empty()
    });
    good("x", |it| it.shared.keep_hostname.is_none() && it.shared.tags.is_empty() && it.tls.is_none());
    good("x", |it| {
        it.r#type == "pcre" && it.time_reopen.as_f64() == 60.0 && it.owner.is_none() && it.max.is_none()
    });
    assert!(Sample::defaults().is_none());
    assert!(Shared::defaults().is_some());
}

#[test]
fn values() {
    good("x y 'z' port(1)", |it| it.others == ["y", "z"] && it.port == 1);
    good("x localport(0x10)", |it| it.port == 16);
    good("x port(\"25500\")", |it| it.port == 25500);
    good("x port(1) localport(2) port(3)", |it| it.port == 3);
    good("x keep_hostname(on) type(glob)", |it| it.shared.keep_hostname == Some(true) && it.r#type == "glob");
    good("x tags(a b) tags(\"c\")", |it| it.shared.tags == ["a", "b", "c"]);
    good("x transport(datagram)", |it| it.transport == Transport::Udp);
    good("x time-reopen(0.5)", |it| it.time_reopen.duration().as_millis() == 500);
    good("x tls(key-file(/k) verify(0))", |it| {
        it.tls.is_some_and(|tls| !tls.verify && tls.key_file.to_str() == Some("/k"))
    });
    good("x options(a b) options(\"c\" => 1)", |it| {
        it.options.len() == 2 && it.options[1].arguments.len() == 3
    });
    good("x owner()", |it| it.owner.is_none());
    good("x owner(root) max(3)", |it| {
        it.owner.as_deref() == Some("root") && it.max.map(|max| max.get()) == Some(3)
    });
    good("10 port(1)", |it| it.address == "10");
}

#[test]
fn mistakes() {
    bad("", "`d()` needs the address");
    bad("port(1)", "`d()` needs the address");
    bad("x prot(1)", "`d()` has no option `prot` (did you mean `port`?)");
    bad("x keep-hostnam(yes)", "`d()` has no option `keep-hostnam` (did you mean `keep-hostname`?)");
    bad("x frobnicate(yes)", "`d()` has no option `frobnicate`");
    bad("x Port(1)", "`d()` has no option `Port` (did you mean `port`?)");
    bad("x port(1) y", "`d()` does not take this value (values without a name stand before the options)");
    bad(
        "x port(1) user@host",
        "`d()` does not take this value (values without a name stand before the options); `d()` does not take this (a value with such a sign in it needs quotes)",
    );
    bad("x port(1) 'y'", "`d()` does not take this value (values without a name stand before the options)");
    bad("x port(1) tags", "`d()` does not take this value (did you mean `tags(…)`?)");
    bad("x port(70000)", "`port()` takes a whole number from 0 to 65535");
    bad("x port(1.5)", "`port()` takes a whole number from 0 to 65535");
    bad("x port(12x)", "`port()` takes a whole number from 0 to 65535");
    bad("x port(1 2)", "`port()` takes one value");
    bad("x port()", "`port()` takes a whole number from 0 to 65535");
    bad("x port(a(b))", "`port()` takes a whole number from 0 to 65535");
    bad("x max(0)", "`max()` takes a positive whole number");
    bad("x max(-5)", "`max()` takes a positive whole number");
    bad("x keep-hostname(maybe)", "`keep-hostname()` takes `yes` or `no`");
    bad("x time-reopen(-1)", "`time-reopen()` takes a number of seconds, not negative");
    bad("x transport(tpc)", "`transport()` does not take `tpc` (did you mean `tcp`?)");
    bad("x tls()", "`tls()` needs key-file(path)");
    bad("x tls(key-file(/k) verfy(no))", "`tls()` has no option `verfy` (did you mean `verify`?)");
    bad("x => y", "the others must be a string");
    bad(
        "x prot(1) keep-hostname(2x)",
        "`d()` has no option `prot` (did you mean `port`?); `keep-hostname()` takes `yes` or `no`",
    );
    bad("x port(bad) port(1)", "`port()` takes a whole number from 0 to 65535");
}

#[test]
fn docs() {
    assert_eq!(<Sample as Options>::HELP.trim(), "A source.\n\n Of tests.");
    let line = |doc: &OptionDoc| {
        format!("{} {} {:?} {}", doc.names.join("|"), doc.type_name, doc.default(), doc.help.trim())
    };
    assert_eq!(line(&Sample::DOCS[1]), "address string None Where to listen.");
    assert_eq!(line(&Sample::DOCS[4]), "port|localport number Some(\"514\") The port.");
    assert_eq!(line(&Sample::DOCS[5]), "transport tcp|udp Some(\"Transport::Tcp\") The transport.");
    assert_eq!(line(&Tls::DOCS[2]), "verify yes|no Some(\"yes\") Verify the peer.");
    assert_eq!(Sample::DOCS[6].names, ["type"]);
    let names: Vec<String> = OptionDoc::named(Sample::DOCS).iter().map(|doc| doc.name()).collect();
    assert_eq!(names[..4], ["tags", "keep-hostname", "port", "transport"]);
}
