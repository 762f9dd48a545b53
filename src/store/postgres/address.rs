//! Where the database is: a URL, and whether the way to it has to be encrypted.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

use super::super::error::OpenError;

/// How long one attempt to connect may take, for each address.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// After how long a silent peer counts as gone.
const SILENCE_MAX: Duration = Duration::from_secs(30);

/// A PostgreSQL database, and how it is reached; shown without its password.
#[derive(Clone)]
pub struct PostgresUrl {
    config: Config,
    has_password: bool,
}

impl PostgresUrl {
    /// Whether the URL holds a password, and so must not be shown to others.
    pub fn has_password(&self) -> bool {
        self.has_password
    }

    /// What connections are made with.
    pub(super) fn config(&self) -> &Config {
        &self.config
    }

    /// Whether connections are encrypted, and the server's certificate is checked.
    pub(super) fn is_encrypted(&self) -> bool {
        self.config.get_ssl_mode() == SslMode::Require
    }
}

impl FromStr for PostgresUrl {
    type Err = OpenError;

    /// Reads `postgres://USER:PASSWORD@HOST:PORT/DATABASE`, with the parameters that libpq knows.
    ///
    /// # Errors
    /// [`OpenError::DatabaseUrl`], without the password.
    fn from_str(text: &str) -> Result<PostgresUrl, OpenError> {
        let refused = |what: &str| OpenError::DatabaseUrl { what: what.to_owned() };
        let text = text.trim();
        if !["postgres://", "postgresql://"].iter().any(|scheme| text.starts_with(scheme)) {
            return Err(refused("it does not begin with postgres://"));
        }
        if text.contains("sslrootcert=") {
            return Err(refused("it names an authority (sslrootcert), which SSL_CERT_FILE does here"));
        }
        let (mode, text) = without_mode(text);
        let mut config = Config::from_str(&text).map_err(|error| refused(&reason(&error)))?;
        if config.get_user().is_none_or(str::is_empty) {
            return Err(refused("it names no user"));
        }
        let near = is_near(&config);
        let wanted = match mode.as_deref() {
            Some("disable") => SslMode::Disable,
            None | Some("allow" | "prefer") if near => SslMode::Disable,
            None | Some("allow" | "prefer" | "require" | "verify-ca" | "verify-full") => SslMode::Require,
            Some(other) => return Err(refused(&format!("sslmode={other} is none of disable, prefer and require"))),
        };
        config.ssl_mode(wanted).connect_timeout(CONNECT_TIMEOUT).tcp_user_timeout(SILENCE_MAX);
        config.keepalives(true).keepalives_idle(SILENCE_MAX / 3).keepalives_interval(SILENCE_MAX / 6);
        if config.get_application_name().is_none() {
            config.application_name("skydeck");
        }
        let has_password = config.get_password().is_some();
        Ok(PostgresUrl { config, has_password })
    }
}

/// `postgres://HOST:PORT/DATABASE`, for messages and logs.
impl fmt::Display for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ports = self.config.get_ports();
        f.write_str("postgres://")?;
        for (place, host) in self.config.get_hosts().iter().enumerate() {
            let comma = if place == 0 { "" } else { "," };
            match host {
                Host::Tcp(name) => write!(f, "{comma}{name}")?,
                Host::Unix(folder) => write!(f, "{comma}{}", folder.display())?,
            }
            write!(f, ":{}", ports.get(place).or(ports.first()).unwrap_or(&5432))?;
        }
        let name = self.config.get_dbname().or(self.config.get_user()).unwrap_or_default();
        write!(f, "/{name}")
    }
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostgresUrl({self})")
    }
}

/// Takes the parameter `sslmode` out of the URL: its values mean more here than the driver knows.
fn without_mode(text: &str) -> (Option<String>, String) {
    let Some((place, parameters)) = text.split_once('?') else { return (None, text.to_owned()) };
    let (modes, kept): (Vec<&str>, Vec<&str>) =
        parameters.split('&').partition(|parameter| parameter.starts_with("sslmode="));
    let mode = modes.last().and_then(|parameter| parameter.strip_prefix("sslmode=")).map(str::to_owned);
    let kept = kept.join("&");
    (mode, if kept.is_empty() { place.to_owned() } else { format!("{place}?{kept}") })
}

/// Whether every address is on this machine.
fn is_near(config: &Config) -> bool {
    let named = config.get_hosts().iter().all(|host| match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback()),
    });
    named && config.get_hostaddrs().iter().all(IpAddr::is_loopback)
}

/// What the driver says, without what it was given.
fn reason(error: &tokio_postgres::Error) -> String {
    let deeper = std::error::Error::source(error).map(|source| format!(": {source}"));
    format!("{error}{}", deeper.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_connections_leave_the_machine_only_where_asked() {
        let cases = [
            ("postgres://u:secret@127.0.0.1/d", Ok(false)),
            ("postgres://u@localhost:5433/d?sslmode=prefer", Ok(false)),
            ("postgres://u@[::1]/d", Ok(false)),
            ("postgresql://u@%2Frun%2Fpostgresql/d", Ok(false)),
            ("postgres://u@localhost/d?sslmode=require", Ok(true)),
            ("postgres://u:secret@db.example.org/d", Ok(true)),
            ("postgres://u@db.example.org/d?sslmode=prefer", Ok(true)),
            ("postgres://u@db.example.org/d?connect_timeout=3&sslmode=verify-full", Ok(true)),
            ("postgres://u@localhost,db.example.org/d", Ok(true)),
            ("postgres://u@db.example.org/d?sslmode=disable", Ok(false)),
            ("postgres://u@db.example.org/d?sslmode=perhaps", Err("sslmode=perhaps is none of")),
            ("postgres://u@db.example.org/d?sslrootcert=/ca.pem", Err("SSL_CERT_FILE")),
            ("mysql://u:secret@db.example.org/d", Err("does not begin with postgres://")),
            ("postgres://localhost/d", Err("it names no user")),
            ("postgres://u:secret@localhost/d?colour=red", Err("colour")),
        ];
        for (text, expected) in cases {
            let found = text.parse::<PostgresUrl>();
            match (found, expected) {
                (Ok(url), Ok(encrypted)) => {
                    assert_eq!(url.is_encrypted(), encrypted, "{text}");
                    assert!(!format!("{url} {url:?}").contains("secret"), "{text}");
                    assert_eq!(url.has_password(), text.contains("secret"), "{text}");
                }
                (Err(error), Err(part)) => {
                    let error = error.to_string();
                    assert!(error.contains(part) && !error.contains("secret"), "{text}: {error}");
                }
                (found, expected) => panic!("{text}: {found:?} instead of {expected:?}"),
            }
        }
        let url: PostgresUrl = "postgres://u:secret@db.example.org:5433/d".parse().unwrap();
        assert_eq!(url.to_string(), "postgres://db.example.org:5433/d");
    }
}
