//! Where the server is, and the secret that is never shown.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use reqwest::Url;

/// Characters of the longest token that is accepted.
const SECRET_CHARS_MAX: usize = 200;

/// The address of a server, such as `https://market.example` or `http://127.0.0.1:4040`; a path before the routes is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct ServerUrl(Url);

/// An access token, `sky_…`; `Debug` shows no part of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// The text is no address of a server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no server address: {why}; write it like https://market.example or http://127.0.0.1:4040")]
pub struct NotAServerUrl {
    /// The text, cut; without a password in it.
    pub text: String,
    /// What is wrong with it.
    pub why: String,
}

/// The text is no token. It is not repeated here, since it may be one with a slip.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("that is no token of a marketplace: a token starts with sky_ and has only letters, digits, '-' and '_'")]
pub struct NotASecret;

impl ServerUrl {
    /// Whether what is sent there can be read by nobody on the way: TLS, or this machine.
    pub fn is_private(&self) -> bool {
        self.is_https() || self.is_loopback()
    }

    /// Whether it is TLS.
    pub fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// Whether it is this machine.
    pub fn is_loopback(&self) -> bool {
        let host = self.0.host_str().unwrap_or_default();
        let address = host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost" || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }

    /// The URL of a route, with each `{…}` of the template replaced by the next part, percent-encoded.
    pub(super) fn route(&self, template: &str, parts: &[&str]) -> Url {
        let mut url = self.0.clone();
        let mut parts = parts.iter();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty();
            for segment in template.trim_start_matches('/').split('/') {
                let text = if segment.starts_with('{') { parts.next().copied().unwrap_or_default() } else { segment };
                path.push(text);
            }
        }
        url
    }
}

impl FromStr for ServerUrl {
    type Err = NotAServerUrl;

    fn from_str(text: &str) -> Result<ServerUrl, NotAServerUrl> {
        let shown = || text.rsplit('@').next().unwrap_or_default().chars().take(100).collect::<String>();
        let bad = |why: &str| NotAServerUrl { text: shown(), why: why.to_owned() };
        let url = Url::parse(text.trim()).map_err(|error| bad(&error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(bad("it has to start with http:// or https://"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(bad("a name or password in it is not used; give a token instead"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(bad("it has a query or a fragment"));
        }
        Ok(ServerUrl(url))
    }
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0.as_str().trim_end_matches('/'))
    }
}

impl fmt::Debug for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServerUrl({self})")
    }
}

impl Secret {
    /// The token itself, for the header and for the file that keeps it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl FromStr for Secret {
    type Err = NotASecret;

    fn from_str(text: &str) -> Result<Secret, NotASecret> {
        let text = text.trim();
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        let body = text.strip_prefix("sky_").ok_or(NotASecret)?;
        if body.is_empty() || text.len() > SECRET_CHARS_MAX || !body.bytes().all(plain) {
            return Err(NotASecret);
        }
        Ok(Secret(text.to_owned()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(sky_…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_or_refused_with_a_reason() {
        for (text, private) in [
            ("http://127.0.0.1:4040", true),
            ("http://localhost:1/", true),
            ("http://[::1]:8", true),
            ("https://market.example/sky", true),
            ("http://market.example", false),
            ("http://127.0.0.1.example", false),
            ("http://10.0.0.1", false),
        ] {
            let url: ServerUrl = text.parse().unwrap();
            assert_eq!(url.is_private(), private, "{text}");
        }
        for bad in ["", "market.example", "ftp://x", "http://", "http://a:b@x", "http://x/?q=1"] {
            assert!(bad.parse::<ServerUrl>().is_err(), "{bad}");
        }
        let error = "http://me:hunter2@".parse::<ServerUrl>().unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }

    #[test]
    fn routes_keep_the_prefix_and_encode_their_parts() {
        let url: ServerUrl = "https://m.example/sky/".parse().unwrap();
        let route = url.route("/extensions/{extid}/versions/{number}/code", &["a/../b", "1.0.0+x y"]);
        assert_eq!(route.as_str(), "https://m.example/sky/extensions/a%2F..%2Fb/versions/1.0.0+x%20y/code");
    }

    #[test]
    fn a_secret_shows_nothing_of_itself() {
        let secret: Secret = " sky_abcdef123\n".parse().unwrap();
        assert_eq!(secret.reveal(), "sky_abcdef123");
        assert_eq!(format!("{secret:?}"), "Secret(sky_…)");
        for bad in ["", "sky_", "abc", "sky_a b", "sky_\u{e9}"] {
            assert!(bad.parse::<Secret>().is_err(), "{bad}");
        }
    }
}
