//! Files of keys that are made when they are first needed: for their owner only, never in the database and never in a
//! backup. The database keeps a fingerprint of each, and another key is refused.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use super::error::StoreError;
use super::files;
use crate::domain::digest::Sha256Digest;
use crate::domain::entitlement::GrantKey;
use crate::domain::secret::SecretKey;

/// One sort of key.
pub(super) struct NeededKey {
    /// What it is called.
    pub name: &'static str,
    /// The variable that names its file.
    pub variable: &'static str,
    /// Where the database keeps its fingerprint.
    pub fingerprint: &'static str,
    /// What was done with the key whose fingerprint is kept.
    pub used: &'static str,
    /// What cannot be done without it.
    pub without: &'static str,
    /// The fingerprint of a key with these bytes.
    pub of: fn([u8; 32]) -> Sha256Digest,
}

/// The key that secrets of installations are encrypted with.
pub(super) const SECRETS: NeededKey = NeededKey {
    name: "the key for secrets",
    variable: "SKYDECK_SECRET_KEY_FILE",
    fingerprint: "secret_key_fingerprint",
    used: "the stored secrets were encrypted with",
    without: "without it no secret of an installation can be read",
    of: |bytes| SecretKey::from_bytes(bytes).fingerprint(),
};

/// The key that grants of premium extensions are signed with.
pub(super) const GRANTS: NeededKey = NeededKey {
    name: "the key for grants",
    variable: "SKYDECK_GRANT_KEY_FILE",
    fingerprint: "grant_key_fingerprint",
    used: "instances verify grants with",
    without: "without it no instance gets a grant for what was bought",
    of: |bytes| GrantKey::from_bytes(bytes).fingerprint(),
};

impl NeededKey {
    /// Reads the key, or makes one where none was ever used (`kept` is the fingerprint of the one that was).
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: missing, malformed, readable by others, or another key than the one that was used.
    pub(super) fn obtain(&self, path: &Path, kept: Option<Sha256Digest>) -> Result<[u8; 32], StoreError> {
        let file = path.display();
        let refused = |why: String| StoreError::Unavailable(format!("{}, {file}: {why}", self.name));
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound && kept.is_none() => {
                make(path).map_err(|error| refused(format!("it cannot be made: {error}")))?
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(refused(format!("it is missing; put it back, or name its file in {}", self.variable)));
            }
            Err(error) => return Err(refused(format!("it cannot be read: {error}"))),
        };
        if fs::metadata(path).is_ok_and(|metadata| metadata.mode() & 0o077 != 0) {
            return Err(refused("others can read it; take that right away (chmod 600)".to_owned()));
        }
        let bytes = text.trim().parse::<Sha256Digest>();
        let bytes = bytes.map_err(|_| refused("it has to hold 64 hexadecimal digits".to_owned()))?;
        let bytes = *bytes.as_bytes();
        match kept {
            Some(kept) if kept != (self.of)(bytes) => Err(refused(format!("it is not the key that {}", self.used))),
            _ => Ok(bytes),
        }
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
        for needed in [&SECRETS, &GRANTS] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("some.key");
            let key = needed.obtain(&path, None).unwrap();
            let kept = Some((needed.of)(key));
            assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
            assert_eq!(needed.obtain(&path, kept).unwrap(), key);
            assert!(needed.obtain(&path, Some((needed.of)([1; 32]))).is_err());
            fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
            assert!(needed.obtain(&path, None).is_err(), "others can read it");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            fs::write(&path, "07").unwrap();
            assert!(needed.obtain(&path, None).is_err());
            fs::remove_file(&path).unwrap();
            let missing = needed.obtain(&path, kept).unwrap_err().to_string();
            assert!(missing.contains(needed.variable) && !path.exists(), "{missing}");
        }
        assert_ne!((SECRETS.of)([1; 32]), (GRANTS.of)([1; 32]));
    }
}
