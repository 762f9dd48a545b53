//! The audit key's file: made once, readable by its owner only, never in the database and never in a backup.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use super::error::OpenError;
use super::files;
use crate::domain::audit::AuditKey;
use crate::domain::digest::Sha256Digest;

/// Reads the key, or makes one where the database was never opened with any (`kept` is the fingerprint it has).
///
/// # Errors
/// [`OpenError`]: missing, malformed, or another key than the database's.
pub(super) fn obtain(path: &Path, kept: Option<Sha256Digest>) -> Result<AuditKey, OpenError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => match kept {
            Some(fingerprint) => return Err(OpenError::KeyMissing { path: path.to_owned(), fingerprint }),
            None => make(path)?,
        },
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            return Err(OpenError::KeyMalformed { path: path.to_owned() });
        }
        Err(error) => return Err(OpenError::files("read", path)(error)),
    };
    warn_of_other_readers(path);
    let bytes = text.trim().parse::<Sha256Digest>();
    let bytes = bytes.map_err(|_| OpenError::KeyMalformed { path: path.to_owned() })?;
    let key = AuditKey::from_bytes(*bytes.as_bytes());
    match kept {
        Some(kept) if kept != key.fingerprint() => {
            Err(OpenError::OtherKey { path: path.to_owned(), given: key.fingerprint(), kept })
        }
        _ => Ok(key),
    }
}

/// Reads the key of a database that has one, and makes none.
///
/// # Errors
/// [`OpenError`]: missing, malformed, or another key than the database's.
pub(super) fn given(path: &Path, kept: Option<Sha256Digest>) -> Result<AuditKey, OpenError> {
    let kept = kept.unwrap_or_else(|| Sha256Digest::from_bytes([0; 32]));
    obtain(path, Some(kept))
}

/// Makes a key and has it on the disk before anything is chained with it; gives the file's text.
fn make(path: &Path) -> Result<String, OpenError> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes)
        .map_err(|error| OpenError::files("draw random bytes for", path)(io::Error::other(error)))?;
    let text = format!("{}\n", Sha256Digest::from_bytes(bytes));
    let failed = |error| OpenError::files("create", path)(error);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(failed)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
    if let Some(folder) = path.parent() {
        files::sync_folder(folder).map_err(failed)?;
    }
    Ok(text)
}

fn warn_of_other_readers(path: &Path) {
    if fs::metadata(path).is_ok_and(|metadata| metadata.mode() & 0o077 != 0) {
        tracing::warn!(path = %path.display(), "others can read the audit key; take that right away (chmod 600)");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_for_its_owner_only_and_another_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.key");
        let key = obtain(&path, None).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(obtain(&path, Some(key.fingerprint())).unwrap().fingerprint(), key.fingerprint());

        fs::write(&path, "07".repeat(32)).unwrap();
        let refused = obtain(&path, Some(key.fingerprint())).unwrap_err();
        assert!(matches!(&refused, OpenError::OtherKey { kept, .. } if *kept == key.fingerprint()));
        assert!(refused.to_string().contains("SKYDECK_AUDIT_KEY_FILE"));

        for broken in ["", "07", "zz".repeat(32).as_str()] {
            fs::write(&path, broken).unwrap();
            assert!(matches!(obtain(&path, None), Err(OpenError::KeyMalformed { .. })), "{broken}");
        }
        fs::write(&path, [0xff, 0xfe]).unwrap();
        assert!(matches!(obtain(&path, None), Err(OpenError::KeyMalformed { .. })));
        fs::remove_file(&path).unwrap();
        assert!(matches!(obtain(&path, Some(key.fingerprint())), Err(OpenError::KeyMissing { .. })));
        assert!(!path.exists());
    }
}
