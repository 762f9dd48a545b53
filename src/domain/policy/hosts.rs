//! Names of hosts on the network allowlist: one host each, by its name, and nothing around it.

use core::net::IpAddr;

use super::field::Misfit;
use crate::domain::text::quoted;

/// Characters of a host's name (RFC 1035).
const HOST_CHARS_MAX: usize = 253;
/// Characters of one label of it.
const LABEL_CHARS_MAX: usize = 63;
/// Ends of names that mean the machine itself or its own network (RFC 6761, RFC 6762, RFC 9476).
const INNER: &[&str] = &["localhost", "local", "internal", "arpa", "alt", "onion"];

/// What is wrong with an entry of the allowlist, and what to write instead.
pub(super) fn host_fault(text: &str) -> Option<Misfit> {
    let refuse = |code, why: String| Some((code, format!("{} {why}", quoted(text))));
    if let Some((scheme, rest)) = text.split_once("://") {
        let host = rest.split(['/', ':', '?', '#']).next().unwrap_or(rest);
        return refuse("has_scheme", format!("has the scheme {scheme}; write the host alone: {}", quoted(host)));
    }
    if text.contains('*') {
        return refuse("has_wildcard", "has a wildcard; list each host by its whole name".to_owned());
    }
    if text.trim_matches(['[', ']']).parse::<IpAddr>().is_ok() || looks_numeric(text) {
        return refuse("is_address", "is an address; list hosts by their names".to_owned());
    }
    if let Some(at) = text.find(['/', ':', '@', '?', '#']) {
        let extra = &text[at..];
        return refuse("not_a_host", format!("is more than a host; leave out {}", quoted(extra)));
    }
    if !text.is_ascii() {
        return refuse("not_ascii", "is not ASCII; write it as it stands in the DNS (xn--…)".to_owned());
    }
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return refuse("upper_case", format!("is written in lower case: {}", quoted(&text.to_ascii_lowercase())));
    }
    if text.len() > HOST_CHARS_MAX || !text.split('.').all(is_label) {
        return refuse("not_a_host", "is no name of a host such as api.example.org".to_owned());
    }
    let last = text.rsplit('.').next().unwrap_or(text);
    if !text.contains('.') || INNER.contains(&last) {
        return refuse("inner_host", "is a name inside your own network, which no extension may reach".to_owned());
    }
    None
}

/// Whether resolvers would read the text as an address: its last label is a number, in whatever base.
fn looks_numeric(text: &str) -> bool {
    let last = text.trim_end_matches('.').rsplit('.').next().unwrap_or(text);
    let hexadecimal = last.strip_prefix("0x").is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_hexdigit()));
    !last.is_empty() && (hexadecimal || last.bytes().all(|byte| byte.is_ascii_digit()))
}

fn is_label(label: &str) -> bool {
    (1..=LABEL_CHARS_MAX).contains(&label.len())
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_hosts_are_taken() {
        let long = format!("{}.example.org", "a".repeat(64));
        for (text, expected) in [
            ("api.example.org", None),
            ("xn--bcher-kva.example", None),
            ("https://api.example.org/x", Some("has_scheme")),
            ("*.example.org", Some("has_wildcard")),
            ("10.0.0.1", Some("is_address")),
            ("[::1]", Some("is_address")),
            ("::1", Some("is_address")),
            ("127.1", Some("is_address")),
            ("0x7f000001", Some("is_address")),
            ("example.org:443", Some("not_a_host")),
            ("example.org/path", Some("not_a_host")),
            ("me@example.org", Some("not_a_host")),
            ("bücher.example", Some("not_ascii")),
            ("Example.org", Some("upper_case")),
            ("localhost", Some("inner_host")),
            ("printer.local", Some("inner_host")),
            ("a..b", Some("not_a_host")),
            ("-a.example", Some("not_a_host")),
            ("a b.example", Some("not_a_host")),
            ("", Some("not_a_host")),
            (long.as_str(), Some("not_a_host")),
        ] {
            assert_eq!(host_fault(text).map(|(code, _)| code), expected, "{text}");
        }
        assert_eq!(
            host_fault("https://a.example/x").unwrap().1,
            "\"https://a.example/x\" has the scheme https; write the host alone: \"a.example\""
        );
    }
}
