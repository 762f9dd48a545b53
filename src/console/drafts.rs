//! Drafts on disk: what is typed is written as it is typed, so a dropped link or a kill loses nothing.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::domain::time::Timestamp;

/// Drafts kept in one folder, at most this many; the oldest give way.
pub const DRAFTS_MAX: usize = 500;

/// One draft: what it is about, and the text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// What it belongs to, such as `reject-<review id>`: letters, digits, `-`, `_`.
    pub key: String,
    /// What it was about, for people: `reject role-menu 1.2.0`.
    pub title: String,
    /// The reason code, for a rejection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The text as typed.
    pub text: String,
    /// When it was last written.
    pub at: Timestamp,
}

/// The folder that holds the drafts of one account on one server.
#[derive(Clone, Debug)]
pub struct Drafts {
    folder: PathBuf,
}

impl Drafts {
    /// Drafts in that folder, which is made (0700) when the first one is saved.
    pub fn within(folder: &Path) -> Drafts {
        Drafts { folder: folder.to_owned() }
    }

    /// Every draft that can be read, newest first.
    ///
    /// # Errors
    /// The folder exists and cannot be listed. A file that is no draft is passed over.
    pub fn list(&self) -> io::Result<Vec<Draft>> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut drafts: Vec<Draft> = entries
            .filter_map(Result::ok)
            .filter(|entry| entry.path().extension().is_some_and(|end| end == "draft"))
            .filter_map(|entry| fs::read(entry.path()).ok())
            .filter_map(|bytes| serde_json::from_slice(&bytes).ok())
            .collect();
        drafts.sort_by(|one: &Draft, other| other.at.cmp(&one.at).then_with(|| one.key.cmp(&other.key)));
        drafts.truncate(DRAFTS_MAX);
        Ok(drafts)
    }

    /// The draft of that key.
    ///
    /// # Errors
    /// The file exists and cannot be read or is no draft.
    pub fn load(&self, key: &str) -> io::Result<Option<Draft>> {
        match fs::read(self.file(key)?) {
            Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(io::Error::other),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes a draft whole or not at all (a new file, then a rename); only its owner may read it.
    ///
    /// # Errors
    /// The folder or the file cannot be written.
    pub fn save(&self, draft: &Draft) -> io::Result<()> {
        let file = self.file(&draft.key)?;
        make_folder(&self.folder)?;
        let fresh = file.with_extension("new");
        let mut out = private_file(&fresh)?;
        out.write_all(&serde_json::to_vec(draft).map_err(io::Error::other)?)?;
        out.sync_all()?;
        fs::rename(&fresh, &file)
    }

    /// Removes a draft; one that is not there is no error.
    ///
    /// # Errors
    /// The file cannot be removed.
    pub fn remove(&self, key: &str) -> io::Result<()> {
        match fs::remove_file(self.file(key)?) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    fn file(&self, key: &str) -> io::Result<PathBuf> {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if key.is_empty() || key.len() > 200 || !key.chars().all(plain) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{key:?} cannot name a draft")));
        }
        Ok(self.folder.join(format!("{key}.draft")))
    }
}

#[cfg(unix)]
fn make_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn make_folder(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}

#[cfg(unix)]
fn private_file(path: &Path) -> io::Result<fs::File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)
}

#[cfg(not(unix))]
fn private_file(path: &Path) -> io::Result<fs::File> {
    fs::File::create(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(key: &str, at: i64) -> Draft {
        Draft {
            key: key.to_owned(),
            title: "reject role-menu 1.2.0".to_owned(),
            reason: Some("malicious".to_owned()),
            text: "It bans\nwhoever greets.".to_owned(),
            at: Timestamp::from_ms(at),
        }
    }

    #[test]
    fn a_draft_survives_and_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let drafts = Drafts::within(&folder.path().join("drafts"));
        assert_eq!(drafts.list().unwrap(), vec![]);
        drafts.save(&draft("reject-1", 5)).unwrap();
        drafts.save(&draft("reject-2", 9)).unwrap();
        drafts.save(&draft("reject-1", 7)).unwrap();
        assert_eq!(drafts.load("reject-1").unwrap(), Some(draft("reject-1", 7)));
        assert_eq!(drafts.list().unwrap(), vec![draft("reject-2", 9), draft("reject-1", 7)]);
        drafts.remove("reject-2").unwrap();
        drafts.remove("reject-2").unwrap();
        assert_eq!(drafts.list().unwrap().len(), 1);
    }

    #[test]
    #[cfg(unix)]
    fn only_the_owner_reads_a_draft() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        Drafts::within(folder.path()).save(&draft("note-1", 1)).unwrap();
        let mode = fs::metadata(folder.path().join("note-1.draft")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_key_cannot_leave_the_folder_and_rubbish_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let drafts = Drafts::within(folder.path());
        assert!(drafts.load("../secret").is_err());
        assert!(drafts.save(&draft("", 1)).is_err());
        fs::write(folder.path().join("bad.draft"), b"{").unwrap();
        assert_eq!(drafts.list().unwrap(), vec![]);
    }
}
