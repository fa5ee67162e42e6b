//! What the machine's own tables know: `$(getent passwd root uid)`.

use std::fs;

use message::ValueType;
use message::template::{Call, TemplateFunction};

use super::{Entry, entry, expect};

pub(super) const FUNCTIONS: &[Entry] = &[entry("getent", getent)];

/// One table: its file, and what a line of it is.
struct Table {
    name: &'static str,
    file: &'static str,
    /// Names of the fields, in their order; the first two are the name and, where it says so, the number.
    fields: &'static [&'static str],
    /// What separates the fields; otherwise blanks do.
    colons: bool,
}

const TABLES: &[Table] = &[
    Table {
        name: "passwd",
        file: "/etc/passwd",
        fields: &["name", "password", "uid", "gid", "gecos", "dir", "shell"],
        colons: true,
    },
    Table {
        name: "group",
        file: "/etc/group",
        fields: &["name", "password", "gid", "members"],
        colons: true,
    },
    Table { name: "services", file: "/etc/services", fields: &["name", "number"], colons: false },
    Table { name: "protocols", file: "/etc/protocols", fields: &["name", "number"], colons: false },
];

/// `$(getent TABLE KEY [FIELD])`: without a field, the number of a name, and the name of a number.
///
/// The tables are read from `/etc` when the configuration is: a message waits for no file, and users of a directory
/// service are not known.
fn getent(call: &Call<'_>) -> Result<Box<dyn TemplateFunction>, String> {
    expect(call, 2, 3)?;
    let known = || TABLES.iter().map(|table| table.name).collect::<Vec<_>>().join(", ");
    let table = TABLES
        .iter()
        .find(|table| table.name == call.args[0])
        .ok_or_else(|| format!("$(getent) knows no table `{}`, only {}", call.args[0], known()))?;
    let field = match call.args.get(2) {
        None => None,
        Some(name) => {
            let found = table.fields.iter().position(|field| field == name);
            let fields = table.fields.join(", ");
            Some(found.ok_or_else(|| format!("{} has no field `{name}`, only {fields}", table.name))?)
        }
    };
    let rows = read(table, &fs::read_to_string(table.file).unwrap_or_default());
    let key = call.template(&call.args[1])?;
    Ok(Box::new(super::OfTexts {
        args: vec![key],
        settings: (rows, field, table),
        apply: |(rows, field, table), args, out| {
            let key = String::from_utf8_lossy(args[0]);
            out.extend_from_slice(find(rows, table, &key, *field).unwrap_or_default().as_bytes());
            ValueType::String
        },
    }))
}

fn read(table: &Table, text: &str) -> Vec<Vec<String>> {
    let line = |line: &str| -> Option<Vec<String>> {
        let line = if table.colons { line } else { line.split('#').next().unwrap_or_default() };
        let fields: Vec<&str> =
            if table.colons { line.split(':').collect() } else { line.split_whitespace().collect() };
        if fields.len() < 2 {
            return None;
        }
        // `22/tcp`
        let number = |text: &str| text.split('/').next().unwrap_or_default().to_owned();
        let owned = fields.iter().enumerate().map(|(index, text)| match (table.colons, index) {
            (false, 1) => number(text),
            _ => (*text).to_owned(),
        });
        Some(owned.collect())
    };
    text.lines().filter_map(line).collect()
}

fn find<'r>(rows: &'r [Vec<String>], table: &Table, key: &str, field: Option<usize>) -> Option<&'r str> {
    let number = table.fields.iter().position(|field| matches!(*field, "uid" | "gid" | "number"))?;
    let is_number = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit());
    let column = if is_number { number } else { 0 };
    let row = rows.iter().find(|row| row.get(column).is_some_and(|text| text == key))?;
    let wanted = field.unwrap_or(if is_number { 0 } else { number });
    row.get(wanted).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(table: usize, text: &str, key: &str, field: Option<usize>, expected: Option<&str>) {
        let table = &TABLES[table];
        assert_eq!(find(&read(table, text), table, key, field), expected);
    }

    #[test]
    fn tables() {
        let passwd = "root:x:0:0:root:/root:/bin/sh\nwww:x:33:33::/var/www:/bin/false\n";
        check(0, passwd, "root", None, Some("0"));
        check(0, passwd, "33", None, Some("www"));
        check(0, passwd, "33", Some(5), Some("/var/www"));
        check(0, passwd, "nobody", None, None);
        check(0, passwd, "", None, None);
        let services = "# comment\nssh\t22/tcp # SSH\ndomain 53/udp\nbroken\n";
        check(2, services, "22", None, Some("ssh"));
        check(2, services, "ssh", None, Some("22"));
        check(2, services, "broken", None, None);
    }
}
