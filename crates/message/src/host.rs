//! The name of this machine.

use std::sync::OnceLock;

/// The machine's name up to its first dot, as the kernel knew it when it was first asked for.
pub fn short() -> &'static str {
    static SHORT: OnceLock<String> = OnceLock::new();
    SHORT.get_or_init(|| kernel_name().split('.').next().unwrap_or_default().to_owned())
}

/// The machine's fully qualified name: the kernel's where it has a dot, else the one that `/etc/hosts` or the
/// domain in `/etc/resolv.conf` makes of it; the short name where neither knows better. Read once.
pub fn fqdn() -> &'static str {
    static FQDN: OnceLock<String> = OnceLock::new();
    FQDN.get_or_init(|| {
        let name = kernel_name();
        if name.contains('.') {
            return name;
        }
        let read = |path| std::fs::read_to_string(path).unwrap_or_default();
        qualified(&name, &read("/etc/hosts"), &read("/etc/resolv.conf"))
    })
}

fn kernel_name() -> String {
    let read = |path| std::fs::read_to_string(path).ok();
    let name = read("/proc/sys/kernel/hostname").or_else(|| read("/etc/hostname")).unwrap_or_default();
    match name.trim() {
        "" | "(none)" => "localhost".to_owned(),
        name => name.to_owned(),
    }
}

/// `name` with the domain that these two files give it.
fn qualified(name: &str, hosts: &str, resolv: &str) -> String {
    for line in hosts.lines() {
        let mut names = line.split('#').next().unwrap_or_default().split_whitespace().skip(1);
        let full =
            |word: &&str| word.strip_prefix(name).is_some_and(|rest| rest.len() > 1 && rest.starts_with('.'));
        if let Some(name) = names.find(full) {
            return name.to_owned();
        }
    }
    let domain = resolv.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        matches!(words.next(), Some("domain" | "search")).then(|| words.next())?
    });
    match domain.map(|domain| domain.trim_matches('.')) {
        Some(domain) if !domain.is_empty() => format!("{name}.{domain}"),
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(hosts: &str, resolv: &str, expected: &str) {
        assert_eq!(qualified("vm", hosts, resolv), expected);
    }

    #[test]
    fn the_hosts_file_comes_first() {
        check("127.0.0.1 localhost\n127.0.1.1 vm.example.org vm # me\n", "search x.y\n", "vm.example.org");
    }

    #[test]
    fn then_the_resolvers_domain() {
        check("127.0.1.1 vm\n", "nameserver 1.1.1.1\nsearch corp.example. other\n", "vm.corp.example");
    }

    #[test]
    fn else_the_short_name() {
        check("# 127.0.1.1 vm.example.org\n", "search .\n", "vm");
    }

    #[test]
    fn a_machine_has_a_name() {
        assert!(!short().is_empty() && !short().contains('.'));
        assert!(fqdn().starts_with(short()));
    }
}
