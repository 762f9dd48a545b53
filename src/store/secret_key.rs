//! The file of the key that secrets are encrypted with: made when the first secret comes, for its owner only, never in
//! the database and never in a backup.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use super::error::StoreError;
use super::files;
use crate::domain::digest::Sha256Digest;
use crate::domain::secret::SecretKey;

/// Where the database keeps the key's fingerprint.
pub(super) const FINGERPRINT: &str = "secret_key_fingerprint";

/// Reads the key, or makes one where no secret was ever encrypted (`kept` is the fingerprint of the key that was used).
///
/// # Errors
/// [`StoreError::Unavailable`]: missing, malformed, readable by others, or another key than the one that was used.
pub(super) fn obtain(path: &Path, kept: Option<Sha256Digest>) -> Result<SecretKey, StoreError> {
    let file = path.display();
    let refused = |why: String| StoreError::Unavailable(format!("the key for secrets, {file}: {why}"));
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound && kept.is_none() => {
            make(path).map_err(|error| refused(format!("it cannot be made: {error}")))?
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(refused("it is missing; put it back, or name its file in SKYDECK_SECRET_KEY_FILE".to_owned()));
        }
        Err(error) => return Err(refused(format!("it cannot be read: {error}"))),
    };
    if fs::metadata(path).is_ok_and(|metadata| metadata.mode() & 0o077 != 0) {
        return Err(refused("others can read it; take that right away (chmod 600)".to_owned()));
    }
    let bytes = text.trim().parse::<Sha256Digest>();
    let bytes = bytes.map_err(|_| refused("it has to hold 64 hexadecimal digits".to_owned()))?;
    let key = SecretKey::from_bytes(*bytes.as_bytes());
    match kept {
        Some(kept) if kept != key.fingerprint() => {
            Err(refused("it is not the key that the stored secrets were encrypted with".to_owned()))
        }
        _ => Ok(key),
    }
}

fn make(path: &Path) -> io::Result<String> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    let text = format!("{}\n", Sha256Digest::from_bytes(bytes));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all())?;
    path.parent().map_or(Ok(()), files::sync_folder)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_key_is_made_once_for_its_owner_only_and_another_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret.key");
        let key = obtain(&path, None).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(obtain(&path, Some(key.fingerprint())).unwrap().fingerprint(), key.fingerprint());
        let other = SecretKey::from_bytes([1; 32]).fingerprint();
        assert!(obtain(&path, Some(other)).is_err());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(obtain(&path, None).is_err(), "others can read it");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&path, "07").unwrap();
        assert!(obtain(&path, None).is_err());
        fs::remove_file(&path).unwrap();
        let missing = obtain(&path, Some(key.fingerprint())).unwrap_err().to_string();
        assert!(missing.contains("SKYDECK_SECRET_KEY_FILE") && !path.exists(), "{missing}");
    }
}
