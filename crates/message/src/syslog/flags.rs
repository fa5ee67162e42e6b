//! The flags of `flags()` that a syslog source understands.

/// A set of parsing flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ParseFlags(u32);

/// A word that `flags()` does not know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown flag `{0}`")]
pub struct UnknownFlag(pub String);

/// What a word does to the set: sets the first bits, clears the second.
type Row = (&'static str, ParseFlags, ParseFlags);

impl ParseFlags {
    /// No flag at all; not the default.
    pub const NONE: ParseFlags = ParseFlags(0);
    /// The whole line is the message.
    pub const NO_PARSE: ParseFlags = ParseFlags(1);
    /// Expect RFC 5424.
    pub const SYSLOG_PROTOCOL: ParseFlags = ParseFlags(1 << 1);
    /// Line breaks within a message become blanks.
    pub const NO_MULTI_LINE: ParseFlags = ParseFlags(1 << 2);
    /// A line without priority is the kernel's.
    pub const KERNEL: ParseFlags = ParseFlags(1 << 3);
    /// An RFC 3164 header names a host. On by default.
    pub const EXPECT_HOSTNAME: ParseFlags = ParseFlags(1 << 4);
    /// Keep the line as RAWMSG.
    pub const STORE_RAW_MESSAGE: ParseFlags = ParseFlags(1 << 5);
    /// Keep the header text of an RFC 3164 message. On by default.
    pub const STORE_LEGACY_MSGHDR: ParseFlags = ParseFlags(1 << 6);
    /// Take the text for UTF-8 without looking.
    pub const ASSUME_UTF8: ParseFlags = ParseFlags(1 << 7);
    /// Look whether the text is UTF-8.
    pub const VALIDATE_UTF8: ParseFlags = ParseFlags(1 << 8);
    /// Make the text UTF-8 by escaping what is not.
    pub const SANITIZE_UTF8: ParseFlags = ParseFlags(1 << 9);
    /// Keep empty lines.
    pub const EMPTY_LINES: ParseFlags = ParseFlags(1 << 10);
    /// For the source: read in a thread of its own.
    pub const THREADED: ParseFlags = ParseFlags(1 << 11);
    /// A host has only the characters that hosts have.
    pub const CHECK_HOSTNAME: ParseFlags = ParseFlags(1 << 12);
    /// A program has only the characters that programs have.
    pub const CHECK_PROGRAM: ParseFlags = ParseFlags(1 << 13);
    /// Guess the zone of a stamp without one.
    pub const GUESS_TIMEZONE: ParseFlags = ParseFlags(1 << 14);
    /// Read the priority, and nothing else of the header.
    pub const NO_HEADER: ParseFlags = ParseFlags(1 << 15);
    /// What is not RFC 5424 is an error.
    pub const NO_RFC3164_FALLBACK: ParseFlags = ParseFlags(1 << 16);
    /// A line that is no RFC 5424 becomes a message about the error. On by default.
    pub const PIGGYBACK_ERRORS: ParseFlags = ParseFlags(1 << 17);
    /// For the source: do not ask the transport for more than bytes.
    pub const IGNORE_AUX_DATA: ParseFlags = ParseFlags(1 << 18);
    /// For the source: the end of the input is the end of the daemon.
    pub const EXIT_ON_EOF: ParseFlags = ParseFlags(1 << 19);

    /// What Python drivers start from.
    pub const PYTHON: ParseFlags = ParseFlags::DEFAULT.with(ParseFlags::SYSLOG_PROTOCOL);

    const DEFAULT: ParseFlags =
        Self::EXPECT_HOSTNAME.with(Self::STORE_LEGACY_MSGHDR).with(Self::PIGGYBACK_ERRORS);

    /// Whether all flags of `other` are set.
    #[inline]
    pub const fn has(self, other: ParseFlags) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether any flag of `other` is set.
    #[inline]
    pub const fn has_any(self, other: ParseFlags) -> bool {
        self.0 & other.0 != 0
    }

    /// These and those of `other`.
    #[must_use]
    pub const fn with(self, other: ParseFlags) -> ParseFlags {
        ParseFlags(self.0 | other.0)
    }

    /// These but those of `other`.
    #[must_use]
    pub const fn without(self, other: ParseFlags) -> ParseFlags {
        ParseFlags(self.0 & !other.0)
    }

    /// Does what a word in `flags()` says; dash and underscore are the same.
    pub fn apply(&mut self, word: &str) -> Result<(), UnknownFlag> {
        let known = word.replace('_', "-");
        let row = ROWS.iter().find(|row| row.0 == known).ok_or_else(|| UnknownFlag(word.to_owned()))?;
        *self = self.with(row.1).without(row.2);
        Ok(())
    }

    /// The default flags, changed by one word.
    pub fn from_name(word: &str) -> Result<ParseFlags, UnknownFlag> {
        let mut flags = ParseFlags::default();
        flags.apply(word)?;
        Ok(flags)
    }

    /// Every word that [`ParseFlags::apply`] knows.
    pub fn names() -> impl Iterator<Item = &'static str> {
        ROWS.iter().map(|row| row.0)
    }

    /// The `flags` mapping that Python drivers see, in its positive sense.
    pub fn python(self) -> [(&'static str, bool); 13] {
        [
            ("parse", !self.has(Self::NO_PARSE)),
            ("check-hostname", self.has(Self::CHECK_HOSTNAME)),
            ("syslog-protocol", self.has(Self::SYSLOG_PROTOCOL)),
            ("assume-utf8", self.has(Self::ASSUME_UTF8)),
            ("validate-utf8", self.has(Self::VALIDATE_UTF8)),
            ("sanitize-utf8", self.has(Self::SANITIZE_UTF8)),
            ("multi-line", !self.has(Self::NO_MULTI_LINE)),
            ("store-legacy-msghdr", self.has(Self::STORE_LEGACY_MSGHDR)),
            ("store-raw-message", self.has(Self::STORE_RAW_MESSAGE)),
            ("expect-hostname", self.has(Self::EXPECT_HOSTNAME)),
            ("guess-timezone", self.has(Self::GUESS_TIMEZONE)),
            ("header", !self.has(Self::NO_HEADER)),
            ("rfc3164-fallback", !self.has(Self::NO_RFC3164_FALLBACK)),
        ]
    }
}

impl Default for ParseFlags {
    fn default() -> ParseFlags {
        ParseFlags::DEFAULT
    }
}

const ROWS: &[Row] = {
    const fn on(word: &'static str, flags: ParseFlags) -> Row {
        (word, flags, ParseFlags::NONE)
    }
    const fn off(word: &'static str, flags: ParseFlags) -> Row {
        (word, ParseFlags::NONE, flags)
    }
    &[
        on("no-parse", ParseFlags::NO_PARSE),
        on("syslog-protocol", ParseFlags::SYSLOG_PROTOCOL),
        on("no-multi-line", ParseFlags::NO_MULTI_LINE),
        on("kernel", ParseFlags::KERNEL),
        on("expect-hostname", ParseFlags::EXPECT_HOSTNAME),
        off("no-hostname", ParseFlags::EXPECT_HOSTNAME),
        on("store-raw-message", ParseFlags::STORE_RAW_MESSAGE),
        on("store-legacy-msghdr", ParseFlags::STORE_LEGACY_MSGHDR),
        off("dont-store-legacy-msghdr", ParseFlags::STORE_LEGACY_MSGHDR),
        on("assume-utf8", ParseFlags::ASSUME_UTF8),
        on("validate-utf8", ParseFlags::VALIDATE_UTF8),
        on("sanitize-utf8", ParseFlags::SANITIZE_UTF8),
        on("empty-lines", ParseFlags::EMPTY_LINES),
        on("threaded", ParseFlags::THREADED),
        on("check-hostname", ParseFlags::CHECK_HOSTNAME),
        on("check-program", ParseFlags::CHECK_PROGRAM),
        on("guess-timezone", ParseFlags::GUESS_TIMEZONE),
        on("no-header", ParseFlags::NO_HEADER),
        on("no-rfc3164-fallback", ParseFlags::NO_RFC3164_FALLBACK),
        on("piggyback-errors", ParseFlags::PIGGYBACK_ERRORS),
        off("no-piggyback-errors", ParseFlags::PIGGYBACK_ERRORS),
        on("ignore-aux-data", ParseFlags::IGNORE_AUX_DATA),
        on("exit-on-eof", ParseFlags::EXIT_ON_EOF),
    ]
};
