//! Secrets of installations: encrypted before they are stored, each bound to its place and to the origins it may be sent to.

use std::fmt;
use std::str::FromStr;

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Key, Nonce};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::digest::Sha256Digest;
use super::id::InstallationId;
use super::limits::{SECRET_BYTES_MAX, SECRET_NAME_CHARS_MAX, SECRET_ORIGINS_MAX};
use super::text::quoted;

/// The key that secrets are encrypted with; kept outside the database and its backup.
#[derive(Clone)]
pub struct SecretKey([u8; 32]);

/// A secret as it is stored: nonce and ciphertext (AES-256-GCM, NIST SP 800-38D), in base64.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(String);

/// What a secret is called: 1 to 64 letters, digits and underscores, not beginning with a digit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SecretName(String);

/// An address that a secret may be sent to: `https://host` or `https://host:port`, and no other.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin(String);

/// The text is no name, no origin or no secret; a sentence for whoever gave it that does not repeat a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotASecretPart(pub String);

/// The secret cannot be opened: another key, another place, or a changed row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a stored secret cannot be opened: the key is another one, or the row was changed")]
pub struct Unopenable;

impl SecretKey {
    /// Wraps 32 secret bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> SecretKey {
        SecretKey(bytes)
    }

    /// What the database keeps to refuse a start with another key.
    pub fn fingerprint(&self) -> Sha256Digest {
        let mut hash = Sha256::new();
        hash.update(b"skydeck secret key");
        hash.update(self.0);
        Sha256Digest::from_bytes(hash.finalize().into())
    }

    /// Encrypts a secret for its place; `nonce` is 12 random bytes that were never used with this key.
    ///
    /// # Errors
    /// [`NotASecretPart`] where it is empty or larger than [`SECRET_BYTES_MAX`].
    pub fn seal(
        &self,
        nonce: [u8; 12],
        place: (InstallationId, &SecretName),
        secret: &str,
    ) -> Result<Sealed, NotASecretPart> {
        if !(1..=SECRET_BYTES_MAX).contains(&secret.len()) {
            return Err(NotASecretPart(format!("a secret has 1 to {SECRET_BYTES_MAX} bytes, not {}", secret.len())));
        }
        let aad = bound_to(place);
        let payload = Payload { msg: secret.as_bytes(), aad: aad.as_bytes() };
        let sealed = self.cipher().encrypt(&Nonce::from(nonce), payload);
        let sealed = sealed.map_err(|_| NotASecretPart("the secret could not be encrypted".to_owned()))?;
        Ok(Sealed(STANDARD.encode([nonce.as_slice(), &sealed].concat())))
    }

    /// Decrypts a secret of this place.
    ///
    /// # Errors
    /// [`Unopenable`].
    pub fn open(&self, place: (InstallationId, &SecretName), sealed: &Sealed) -> Result<String, Unopenable> {
        let bytes = STANDARD.decode(&sealed.0).map_err(|_| Unopenable)?;
        let (nonce, ciphertext) = bytes.split_first_chunk::<12>().ok_or(Unopenable)?;
        let aad = bound_to(place);
        let payload = Payload { msg: ciphertext, aad: aad.as_bytes() };
        let opened = self.cipher().decrypt(&Nonce::from(*nonce), payload).map_err(|_| Unopenable)?;
        String::from_utf8(opened).map_err(|_| Unopenable)
    }

    fn cipher(&self) -> Aes256Gcm {
        Aes256Gcm::new(&Key::<Aes256Gcm>::from(self.0))
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(not shown)")
    }
}

impl Sealed {
    /// The text that is stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for Sealed {
    fn from(text: String) -> Sealed {
        Sealed(text)
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealed(not shown)")
    }
}

macro_rules! shown {
    ($($name:ident),*) => {$(
        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    )*};
}

shown!(SecretName, Origin);

impl FromStr for SecretName {
    type Err = NotASecretPart;

    fn from_str(text: &str) -> Result<SecretName, NotASecretPart> {
        let shaped = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let begins = text.bytes().next().is_some_and(|byte| !byte.is_ascii_digit());
        if shaped && begins && text.len() <= SECRET_NAME_CHARS_MAX {
            return Ok(SecretName(text.to_owned()));
        }
        let shown = quoted(text);
        Err(NotASecretPart(format!(
            "{shown} is no secret's name: 1 to {SECRET_NAME_CHARS_MAX} ASCII letters, digits and _, no digit first"
        )))
    }
}

impl FromStr for Origin {
    type Err = NotASecretPart;

    fn from_str(text: &str) -> Result<Origin, NotASecretPart> {
        let refused = |why: &str| {
            let shown = quoted(text);
            NotASecretPart(format!("{shown} is no origin such as https://api.example.com: {why}"))
        };
        let host = text.strip_prefix("https://").ok_or_else(|| refused("it begins with https://"))?;
        let (host, port) = match host.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (host, None),
        };
        if host.contains(['/', '?', '#', '@']) || port.is_some_and(|port| port.contains(['/', '?', '#', '@', ':'])) {
            return Err(refused("scheme, host and port only: no path, no user, no query"));
        }
        let number = |port: &str| port.parse::<u16>().ok().filter(|number| *number > 0 && number.to_string() == port);
        if port.is_some_and(|port| number(port).is_none()) {
            return Err(refused("a port is a number from 1 to 65535"));
        }
        let labels: Vec<&str> = host.split('.').collect();
        let is_label = |label: &&str| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        let names_a_host = labels.len() >= 2
            && host.len() <= 253
            && labels.iter().all(is_label)
            && labels.last().is_some_and(|last| last.bytes().any(|byte| byte.is_ascii_lowercase()));
        if !names_a_host {
            return Err(refused(
                "a host is a name in lower case with at least one dot: no wildcard, no address in digits",
            ));
        }
        Ok(Origin(text.strip_suffix(":443").unwrap_or(text).to_owned()))
    }
}

/// Reads the origins of one secret: at least one, each once.
///
/// # Errors
/// The index of the first bad one with its sentence.
pub fn parse_origins(texts: &[String]) -> Result<Vec<Origin>, (usize, NotASecretPart)> {
    if texts.is_empty() || texts.len() > SECRET_ORIGINS_MAX {
        let message = format!("a secret names 1 to {SECRET_ORIGINS_MAX} origins that it may be sent to");
        return Err((0, NotASecretPart(message)));
    }
    let mut origins: Vec<Origin> = Vec::new();
    for (place, text) in texts.iter().enumerate() {
        let origin: Origin = text.parse().map_err(|refusal| (place, refusal))?;
        if origins.contains(&origin) {
            return Err((place, NotASecretPart(format!("the origin {origin} stands twice"))));
        }
        origins.push(origin);
    }
    Ok(origins)
}

fn bound_to((installation, name): (InstallationId, &SecretName)) -> String {
    format!("skydeck secret\n{installation}\n{name}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::Entropy;
    use crate::domain::time::Timestamp;

    #[test]
    fn a_secret_opens_with_its_key_in_its_place_only() {
        let key = SecretKey::from_bytes([7; 32]);
        let mut entropy = Entropy::from_seed([1; 32]);
        let (here, there) = (
            InstallationId::mint(Timestamp::from_ms(1), &mut entropy),
            InstallationId::mint(Timestamp::from_ms(1), &mut entropy),
        );
        let (name, other): (SecretName, SecretName) = ("API_KEY".parse().unwrap(), "OTHER".parse().unwrap());
        let sealed = key.seal([9; 12], (here, &name), "hunter2").unwrap();
        assert_eq!(key.open((here, &name), &sealed).as_deref(), Ok("hunter2"));
        assert!(!sealed.as_str().contains("hunter2") && !format!("{sealed:?} {key:?}").contains("hunter2"));
        assert_eq!(key.open((there, &name), &sealed), Err(Unopenable), "a row that was copied elsewhere");
        assert_eq!(key.open((here, &other), &sealed), Err(Unopenable));
        assert_eq!(SecretKey::from_bytes([8; 32]).open((here, &name), &sealed), Err(Unopenable));
        let mut changed = STANDARD.decode(sealed.as_str()).unwrap();
        changed[14] ^= 1;
        assert_eq!(key.open((here, &name), &Sealed(STANDARD.encode(changed))), Err(Unopenable));
        assert_eq!(key.open((here, &name), &Sealed("AAAA".to_owned())), Err(Unopenable));
        assert!(key.seal([1; 12], (here, &name), &"x".repeat(SECRET_BYTES_MAX)).is_ok());
        for bad in ["", &"x".repeat(SECRET_BYTES_MAX + 1)] {
            assert!(key.seal([1; 12], (here, &name), bad).is_err());
        }
    }

    #[test]
    fn origins_are_names_over_https_and_nothing_else() {
        for good in ["https://api.example.com", "https://a-b.example:8443"] {
            assert_eq!(good.parse::<Origin>().unwrap().as_str(), good);
        }
        assert_eq!("https://api.example.com:443".parse::<Origin>().unwrap().as_str(), "https://api.example.com");
        for bad in [
            "",
            "http://api.example.com",
            "https://*.example.com",
            "https://10.0.0.1",
            "https://[::1]",
            "https://localhost",
            "https://api.example.com/",
            "https://user@api.example.com",
            "https://api.example.com:0",
            "https://api.example.com:65536",
            "https://api.example.com:080",
            "https://API.example.com",
            "https://api.example.com?x",
        ] {
            assert!(bad.parse::<Origin>().is_err(), "{bad}");
        }
        let origin = |n: usize| format!("https://h{n}.example.com");
        assert!(parse_origins(&(0..SECRET_ORIGINS_MAX).map(origin).collect::<Vec<_>>()).is_ok());
        assert!(parse_origins(&(0..=SECRET_ORIGINS_MAX).map(origin).collect::<Vec<_>>()).is_err());
        assert_eq!(parse_origins(&[]).unwrap_err().0, 0);
        assert_eq!(parse_origins(&[origin(1), origin(1)]).unwrap_err().0, 1);
        for good in ["A", "_x9", &"n".repeat(SECRET_NAME_CHARS_MAX)] {
            assert!(good.parse::<SecretName>().is_ok());
        }
        for bad in ["", "9a", "a-b", "é", &"n".repeat(SECRET_NAME_CHARS_MAX + 1)] {
            assert!(bad.parse::<SecretName>().is_err(), "{bad}");
        }
    }
}
