//! Names of name-value pairs.
//!
//! A few names are known to the daemon itself; in a record they are a number. Every other name is stored in the
//! record, with a hash that makes a look-up a comparison of two words before it is one of bytes.

/// A name the daemon knows by itself. Its number stands in records, so the order is part of the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Builtin {
    /// `MESSAGE`, also `MSG` and `MSGONLY`.
    Message = 0,
    /// `HOST`, also `FULLHOST`.
    Host = 1,
    /// `PROGRAM`.
    Program = 2,
    /// `PID`.
    Pid = 3,
    /// `MSGID`.
    Msgid = 4,
    /// `LEGACY_MSGHDR`: the header text of an RFC 3164 message, as it came.
    LegacyMsghdr = 5,
    /// `HOST_FROM`, also `FULLHOST_FROM`: the host that handed us the message.
    HostFrom = 6,
    /// `SOURCE`: name of the source statement.
    Source = 7,
    /// `RAWMSG`: the bytes before parsing, where `store-raw-message` asks for them.
    Rawmsg = 8,
    /// `TRANSPORT`.
    Transport = 9,
    /// `MSGFORMAT`.
    Msgformat = 10,
    /// `FILE_NAME`.
    FileName = 11,
    /// `PEERIP`.
    PeerIp = 12,
    /// `PEERPORT`.
    PeerPort = 13,
    /// `TAGS`: comma separated.
    Tags = 14,
    /// `SOURCEIP`.
    SourceIp = 15,
    /// `SOURCEPORT`.
    SourcePort = 16,
    /// `DESTIP`.
    DestIp = 17,
    /// `DESTPORT`.
    DestPort = 18,
    /// `IP_PROTO`: 4 or 6.
    IpProto = 19,
    /// `PROTO`: 6 for TCP, 17 for UDP.
    Proto = 20,
    /// `RAWMSG_SIZE`.
    RawmsgSize = 21,
}

/// Number of built-in names.
pub const BUILTINS: usize = 22;

const NAMES: [&str; BUILTINS] = [
    "MESSAGE",
    "HOST",
    "PROGRAM",
    "PID",
    "MSGID",
    "LEGACY_MSGHDR",
    "HOST_FROM",
    "SOURCE",
    "RAWMSG",
    "TRANSPORT",
    "MSGFORMAT",
    "FILE_NAME",
    "PEERIP",
    "PEERPORT",
    "TAGS",
    "SOURCEIP",
    "SOURCEPORT",
    "DESTIP",
    "DESTPORT",
    "IP_PROTO",
    "PROTO",
    "RAWMSG_SIZE",
];

const ALL: [Builtin; BUILTINS] = {
    use Builtin::*;
    [
        Message,
        Host,
        Program,
        Pid,
        Msgid,
        LegacyMsghdr,
        HostFrom,
        Source,
        Rawmsg,
        Transport,
        Msgformat,
        FileName,
        PeerIp,
        PeerPort,
        Tags,
        SourceIp,
        SourcePort,
        DestIp,
        DestPort,
        IpProto,
        Proto,
        RawmsgSize,
    ]
};

impl Builtin {
    /// The name as users write it.
    pub fn as_str(self) -> &'static str {
        NAMES[self as usize]
    }

    /// The built-in with this number, as it stands in a record.
    pub fn from_number(number: u32) -> Option<Builtin> {
        ALL.get(number as usize).copied()
    }

    /// Its bit in a record's presence mask.
    pub fn bit(self) -> u32 {
        1 << (self as u32)
    }

    /// Whether users know it as a macro, which they read and never set, and not as a name-value pair.
    pub fn is_macro(self) -> bool {
        use Builtin::*;
        matches!(self, Tags | SourceIp | SourcePort | DestIp | DestPort | IpProto | Proto | RawmsgSize)
    }

    /// Every built-in, in order of its number.
    pub fn all() -> impl Iterator<Item = Builtin> {
        ALL.into_iter()
    }
}

/// A name, ready to be looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Name<'a> {
    /// One the daemon knows.
    Builtin(Builtin),
    /// Any other, with its hash.
    Custom(&'a [u8], u32),
}

/// Bytes a custom name may have; a longer one is not stored (as in syslog-ng).
pub const NAME_BYTES_MAX: usize = 255;

impl<'a> Name<'a> {
    /// Resolves aliases and built-ins; every other text is a custom name.
    pub fn new(text: &'a [u8]) -> Name<'a> {
        match builtin(text) {
            Some(builtin) => Name::Builtin(builtin),
            None => Name::Custom(text, hash(text)),
        }
    }

    /// Whether a record can hold it: it has 1 to [`NAME_BYTES_MAX`] bytes.
    #[inline]
    pub fn is_storable(self) -> bool {
        match self {
            Name::Builtin(_) => true,
            Name::Custom(text, _) => !text.is_empty() && text.len() <= NAME_BYTES_MAX,
        }
    }

    /// The name as bytes, aliases resolved.
    pub fn as_bytes(self) -> &'a [u8] {
        match self {
            Name::Builtin(builtin) => builtin.as_str().as_bytes(),
            Name::Custom(text, _) => text,
        }
    }
}

fn builtin(text: &[u8]) -> Option<Builtin> {
    if !text.first().is_some_and(u8::is_ascii_uppercase) {
        return None;
    }
    match text {
        b"MSG" | b"MSGONLY" => Some(Builtin::Message),
        b"FULLHOST" => Some(Builtin::Host),
        b"FULLHOST_FROM" => Some(Builtin::HostFrom),
        _ => ALL.into_iter().find(|candidate| candidate.as_str().as_bytes() == text),
    }
}

/// The hash of a name: eight bytes a step, and the same in every process. It stands in records, so it is part of the
/// format; names are compared where hashes agree, so nobody gains by making some agree.
pub const fn hash(text: &[u8]) -> u32 {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut hash = (text.len() as u64 + 1).wrapping_mul(ODD);
    let mut rest = text;
    while let Some((chunk, behind)) = rest.split_first_chunk() {
        hash = (hash ^ u64::from_le_bytes(*chunk)).wrapping_mul(ODD).rotate_left(29);
        rest = behind;
    }
    let mut last = 0;
    while let Some((byte, behind)) = rest.split_first() {
        last = last << 8 | *byte as u64;
        rest = behind;
    }
    hash = (hash ^ last).wrapping_mul(ODD);
    (hash ^ hash >> 32) as u32
}
