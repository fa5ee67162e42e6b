//! The types a value may have.

/// Type of a name-value pair's value. The value itself is always bytes; the type says how to read them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(u8)]
pub enum ValueType {
    /// Text, or any bytes.
    #[default]
    String = 0,
    /// JSON text.
    Json = 1,
    /// `true` or `false`.
    Boolean = 2,
    /// A 64-bit signed number in decimal.
    Integer = 3,
    /// A floating point number in decimal.
    Double = 4,
    /// `seconds[.fraction][±hh:mm]` since the epoch.
    Datetime = 5,
    /// Comma separated elements, quoted where needed.
    List = 6,
    /// No value; the bytes are empty.
    Null = 7,
    /// Raw bytes, hidden from Python.
    Bytes = 8,
    /// A protobuf message, hidden from Python.
    Protobuf = 9,
}

impl ValueType {
    /// The type with this number, as it stands in a record.
    pub fn from_byte(byte: u8) -> Option<ValueType> {
        use ValueType::*;
        const ALL: [ValueType; 10] =
            [String, Json, Boolean, Integer, Double, Datetime, List, Null, Bytes, Protobuf];
        ALL.get(usize::from(byte)).copied()
    }

    /// The type that a hint such as the `int` of `int("$N")` names.
    pub fn from_hint(hint: &str) -> Option<ValueType> {
        TYPE_HINTS.iter().find(|(known, _)| *known == hint).map(|(_, kind)| *kind)
    }
}

/// Type hints by name.
pub const TYPE_HINTS: [(&str, ValueType); 15] = [
    ("string", ValueType::String),
    ("json", ValueType::Json),
    ("literal", ValueType::Json),
    ("boolean", ValueType::Boolean),
    ("int", ValueType::Integer),
    ("int32", ValueType::Integer),
    ("int64", ValueType::Integer),
    ("integer", ValueType::Integer),
    ("double", ValueType::Double),
    ("float", ValueType::Double),
    ("datetime", ValueType::Datetime),
    ("list", ValueType::List),
    ("null", ValueType::Null),
    ("bytes", ValueType::Bytes),
    ("protobuf", ValueType::Protobuf),
];
