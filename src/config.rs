//! Where settings come from: flags before the environment before `config.toml`; read once, at the edge.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::domain::text::nearest;

/// The folders that skydeck keeps files in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folders {
    /// `config.toml`, `credentials.toml` and own themes.
    pub config: PathBuf,
    /// Drafts, panic logs and, unless told otherwise, the marketplace's data.
    pub data: PathBuf,
}

/// What `config.toml` may hold; every field may be left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The marketplace to talk to, such as `https://market.example.org`.
    pub server: Option<String>,
    /// The certificate (PEM) of the authority that vouches for the server, where it is one of your own; a relative path
    /// starts in the config folder.
    pub ca_file: Option<PathBuf>,
    /// Where servers and administration on this machine keep code, when not in the data folder: `file:///FOLDER` or
    /// `s3://BUCKET/PREFIX`.
    pub blobs: Option<String>,
    /// A theme: `dark`, `light`, `mono`, or the name of a file in the config folder's `themes`.
    pub theme: Option<String>,
    /// No animation at all.
    pub calm: bool,
    /// No character outside ASCII.
    pub ascii: bool,
    /// The mouse is read.
    pub mouse: Option<bool>,
    /// Action name → key or keys.
    pub keys: BTreeMap<String, Keys>,
}

/// One key or several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Keys {
    /// One.
    One(String),
    /// Several.
    Several(Vec<String>),
}

/// What is wrong with a settings file.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It cannot be read or written.
    #[error("{path}: {source}")]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Its content is wrong.
    #[error("{path}:{line}:{column}: {message}{hint}")]
    Content {
        /// Which file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What is wrong.
        message: String,
        /// What was probably meant.
        hint: String,
    },
    /// No home folder is known.
    #[error("no home folder is known: set SKYDECK_CONFIG_DIR and SKYDECK_DATA_DIR")]
    NoHome,
}

const FIELDS: &[&str] = &["server", "ca_file", "blobs", "theme", "calm", "ascii", "mouse", "keys"];

impl Folders {
    /// The folders given by flags or environment, else the platform's own.
    ///
    /// # Errors
    /// [`ConfigError::NoHome`] where neither is known.
    pub fn find(config: Option<PathBuf>, data: Option<PathBuf>) -> Result<Folders, ConfigError> {
        use etcetera::BaseStrategy;
        if let (Some(config), Some(data)) = (&config, &data) {
            return Ok(Folders { config: config.clone(), data: data.clone() });
        }
        let base = etcetera::choose_base_strategy().map_err(|_| ConfigError::NoHome)?;
        Ok(Folders {
            config: config.unwrap_or_else(|| base.config_dir().join("skydeck")),
            data: data.unwrap_or_else(|| base.data_dir().join("skydeck")),
        })
    }
}

impl Settings {
    /// Reads `config.toml` of the folder; all defaults where there is none.
    ///
    /// # Errors
    /// [`ConfigError`] with file, line, column and, for a misspelt field, what was probably meant.
    pub fn load(folder: &Path) -> Result<Settings, ConfigError> {
        let path = folder.join("config.toml");
        match std::fs::read_to_string(&path) {
            Ok(text) => Settings::parse(&text, &path),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Settings::default()),
            Err(source) => Err(ConfigError::File { path, source }),
        }
    }

    /// Parses the text of a settings file; `path` is for the error.
    ///
    /// # Errors
    /// See [`Settings::load`].
    pub fn parse(text: &str, path: &Path) -> Result<Settings, ConfigError> {
        toml::from_str(text).map_err(|error| content_error(path, text, &error, FIELDS))
    }
}

fn content_error(path: &Path, text: &str, error: &toml::de::Error, fields: &[&str]) -> ConfigError {
    let at = error.span().map_or(0, |span| span.start).min(text.len());
    let before = text.get(..at).unwrap_or("");
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
    let message = error.message().to_owned();
    let hint = message
        .strip_prefix("unknown field `")
        .and_then(|rest| rest.split('`').next())
        .and_then(|given| nearest(given, fields.iter().copied()))
        .map(|field| format!("; did you mean `{field}`?"))
        .unwrap_or_default();
    ConfigError::Content { path: path.to_owned(), line, column, message, hint }
}

/// Tokens by server, kept in `credentials.toml` (0600).
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Credentials {
    tokens: BTreeMap<String, String>,
}

impl Credentials {
    /// Reads the credentials of the folder; none where there is no file.
    ///
    /// # Errors
    /// [`ConfigError`]; the text of the file is never in it.
    pub fn load(folder: &Path) -> Result<Credentials, ConfigError> {
        let path = folder.join("credentials.toml");
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Credentials::default()),
            Err(source) => return Err(ConfigError::File { path, source }),
        };
        toml::from_str(&text).map_err(|error| content_error(&path, &text, &error, &["tokens"]))
    }

    /// The token for a server, where one is kept.
    pub fn token(&self, server: &str) -> Option<&str> {
        self.tokens.get(server.trim_end_matches('/')).map(String::as_str)
    }

    /// Keeps a token for a server and writes the file, readable by its owner alone.
    ///
    /// # Errors
    /// [`ConfigError::File`].
    pub fn keep(&mut self, server: &str, token: String, folder: &Path) -> Result<PathBuf, ConfigError> {
        self.tokens.insert(server.trim_end_matches('/').to_owned(), token);
        let path = folder.join("credentials.toml");
        let text = toml::to_string(self).unwrap_or_default();
        write_private(&path, text.as_bytes()).map_err(|source| ConfigError::File { path: path.clone(), source })?;
        Ok(path)
    }
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Credentials({} servers)", self.tokens.len())
    }
}

/// Writes a file that only its owner can read, whole or not at all.
///
/// # Errors
/// Those of the file system.
pub fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let beside = path.with_extension(format!("new-{}", std::process::id()));
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&beside, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_field_is_named_with_its_place() {
        let error = Settings::parse("ascii = true\nthme = \"dark\"\n", Path::new("config.toml")).unwrap_err();
        let text = error.to_string();
        assert!(text.starts_with("config.toml:2:1: unknown field `thme`"), "{text}");
        assert!(text.ends_with("did you mean `theme`?"), "{text}");
    }

    #[test]
    fn keys_are_one_or_several() {
        let settings = Settings::parse("[keys]\nclaim = \"c\"\nquit = [\"q\", \"ctrl-q\"]\n", Path::new("c")).unwrap();
        assert_eq!(settings.keys["claim"], Keys::One("c".to_owned()));
        assert_eq!(settings.keys["quit"], Keys::Several(vec!["q".to_owned(), "ctrl-q".to_owned()]));
        assert!(Settings::parse("calm = 3", Path::new("c")).is_err());
    }

    #[test]
    fn credentials_are_private_and_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let mut credentials = Credentials::load(folder.path()).unwrap();
        let path = credentials.keep("https://market.example.org/", "sky_secret".to_owned(), folder.path()).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        let again = Credentials::load(folder.path()).unwrap();
        assert_eq!(again.token("https://market.example.org"), Some("sky_secret"));
        assert!(!format!("{again:?}").contains("sky_secret"));
        assert!(path.ends_with("credentials.toml"));
    }
}
