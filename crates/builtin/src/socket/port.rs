//! Ports, by number or by the name of a service.

use conf::diagnostic::{Diagnostic, Diagnostics};
use conf::options::{FromArguments, Given, Spanned};
use pipeline::Compile;

/// Where the names of services stand.
const SERVICES: &str = "/etc/services";

/// A port as it is written.
#[derive(Debug, Clone)]
pub(crate) struct Port(Spanned<String>);

impl FromArguments for Port {
    const TYPE: &'static str = "number|service";

    fn from_arguments(given: &Given<'_>, diagnostics: &mut Diagnostics) -> Option<Port> {
        Spanned::<String>::from_arguments(given, diagnostics).map(Port)
    }
}

/// The number of a port; `None` after reporting that there is no such service.
pub(crate) fn resolve_port(port: &Port, cx: &mut Compile<'_>) -> Option<u16> {
    let text = &port.0.value;
    if let Ok(number) = text.parse() {
        return Some(number);
    }
    let found = service(&std::fs::read_to_string(SERVICES).unwrap_or_default(), text);
    if found.is_none() {
        let message = format!("`{text}` is no port, and no service in {SERVICES}");
        cx.diagnostics.push(Diagnostic::error(message, port.0.span));
    }
    found
}

/// `name  number/protocol  aliases…`
fn service(table: &str, name: &str) -> Option<u16> {
    table.lines().find_map(|line| {
        let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
        let proper = words.next()?;
        let (number, _) = words.next()?.split_once('/')?;
        (proper == name || words.any(|alias| alias == name)).then(|| number.parse().ok())?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_have_names_and_aliases() {
        let table = "# x\nshell 514/tcp cmd syslog # no passwords used\nsyslog 514/udp\nbroken\n";
        assert_eq!(service(table, "shell"), Some(514));
        assert_eq!(service(table, "cmd"), Some(514));
        assert_eq!(service(table, "passwords"), None);
        assert_eq!(service(table, "broken"), None);
    }
}
