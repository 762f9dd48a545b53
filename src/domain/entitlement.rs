//! Grants: what an instance shows itself, without asking anybody, to run a premium extension on a server. Signed by the
//! marketplace (Ed25519, RFC 8032), good for one extension on one server, and only for a while.
//!
//! As text a grant is `skygrant1.PAYLOAD.SIGNATURE`: the payload is JSON and the signature is over all that stands before
//! the second dot, both in base64 (RFC 4648, the URL alphabet, without padding).

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::digest::Sha256Digest;
use super::extension::Slug;
use super::id::{AccountId, ExtensionId, InstanceId, ServerId};
use super::limits::{GRANT_FUTURE_MS, GRANT_TEXT_CHARS_MAX};
use super::time::Timestamp;

/// What every grant of this form begins with.
const PREFIX: &str = "skygrant1";

/// What is granted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// The extension.
    pub extension_id: ExtensionId,
    /// Its slug.
    pub slug: Slug,
    /// The server that it may run on.
    pub server_id: ServerId,
    /// The instance that serves it.
    pub instance_id: InstanceId,
    /// The server's owner, who is entitled.
    pub account_id: AccountId,
    /// When it was signed.
    pub issued_at: Timestamp,
    /// From when on it is good for nothing.
    pub expires_at: Timestamp,
    /// The fingerprint of the key that it was signed with.
    pub key: Sha256Digest,
}

/// The key that grants are signed with; kept outside the database and its backup.
#[derive(Clone)]
pub struct GrantKey(SigningKey);

/// What grants are verified with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantPublicKey(VerifyingKey);

/// Why a text grants nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotGranted {
    /// It is no grant, or was changed, or another key signed it.
    #[error("this is no grant of the marketplace whose key is {0}")]
    NotSigned(Sha256Digest),
    /// Its time is over.
    #[error("this grant ended at {0}; fetch a new one")]
    Expired(Timestamp),
    /// It was signed by a clock that is far ahead.
    #[error("this grant was signed at {0}, which is in the future; set the clock")]
    FromTheFuture(Timestamp),
    /// It is for something else.
    #[error("this grant is for {slug} on the server {server}")]
    ForOther {
        /// The extension that it is for.
        slug: Slug,
        /// The server that it is for.
        server: ServerId,
    },
}

/// The text is no public key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a public key is 32 bytes in base64 that are a point of the curve")]
pub struct NotAPublicKey;

impl GrantKey {
    /// The key that 32 secret bytes make.
    pub fn from_bytes(bytes: [u8; 32]) -> GrantKey {
        GrantKey(SigningKey::from_bytes(&bytes))
    }

    /// What its grants are verified with.
    pub fn public(&self) -> GrantPublicKey {
        GrantPublicKey(self.0.verifying_key())
    }

    /// What the database keeps to refuse another key.
    pub fn fingerprint(&self) -> Sha256Digest {
        self.public().fingerprint()
    }

    /// Signs a grant.
    ///
    /// # Errors
    /// Where it cannot be written as JSON, which does not happen.
    pub fn sign(&self, grant: &Grant) -> serde_json::Result<String> {
        let signed = format!("{PREFIX}.{}", URL_SAFE_NO_PAD.encode(serde_json::to_vec(grant)?));
        let signature = self.0.sign(signed.as_bytes());
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes())))
    }
}

impl fmt::Debug for GrantKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GrantKey({})", self.fingerprint())
    }
}

impl GrantPublicKey {
    /// SHA-256 over a fixed word and the key's bytes.
    pub fn fingerprint(&self) -> Sha256Digest {
        let mut hash = Sha256::new();
        hash.update(b"skydeck grant key");
        hash.update(self.0.as_bytes());
        Sha256Digest::from_bytes(hash.finalize().into())
    }

    /// Reads a grant and judges whether it lets an extension run on a server at `now`; nobody has to be asked.
    ///
    /// # Errors
    /// [`NotGranted`].
    pub fn judge(
        &self,
        text: &str,
        (extension, server): (ExtensionId, ServerId),
        now: Timestamp,
    ) -> Result<Grant, NotGranted> {
        let grant = self.verified(text).ok_or_else(|| NotGranted::NotSigned(self.fingerprint()))?;
        if grant.issued_at.since_ms(now) > GRANT_FUTURE_MS {
            return Err(NotGranted::FromTheFuture(grant.issued_at));
        }
        if now >= grant.expires_at {
            return Err(NotGranted::Expired(grant.expires_at));
        }
        if grant.extension_id != extension || grant.server_id != server {
            return Err(NotGranted::ForOther { slug: grant.slug, server: grant.server_id });
        }
        Ok(grant)
    }

    fn verified(&self, text: &str) -> Option<Grant> {
        if text.len() > GRANT_TEXT_CHARS_MAX {
            return None;
        }
        let (signed, signature) = text.rsplit_once('.')?;
        let payload = signed.strip_prefix(PREFIX)?.strip_prefix('.')?;
        let signature = Signature::from_slice(&URL_SAFE_NO_PAD.decode(signature).ok()?).ok()?;
        self.0.verify_strict(signed.as_bytes(), &signature).ok()?;
        let grant: Grant = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()?;
        (grant.key == self.fingerprint()).then_some(grant)
    }
}

impl fmt::Display for GrantPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(self.0.as_bytes()))
    }
}

impl FromStr for GrantPublicKey {
    type Err = NotAPublicKey;

    fn from_str(text: &str) -> Result<GrantPublicKey, NotAPublicKey> {
        let bytes = STANDARD.decode(text.trim()).map_err(|_| NotAPublicKey)?;
        let bytes: [u8; 32] = bytes.try_into().map_err(|_| NotAPublicKey)?;
        VerifyingKey::from_bytes(&bytes).map(GrantPublicKey).map_err(|_| NotAPublicKey)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::Entropy;

    const NOW: Timestamp = Timestamp::from_ms(1_790_000_000_000);

    fn grant(key: &GrantKey) -> Grant {
        let mut entropy = Entropy::from_seed([1; 32]);
        Grant {
            extension_id: ExtensionId::mint(NOW, &mut entropy),
            slug: "gold".parse().unwrap(),
            server_id: ServerId::mint(NOW, &mut entropy),
            instance_id: InstanceId::mint(NOW, &mut entropy),
            account_id: AccountId::mint(NOW, &mut entropy),
            issued_at: NOW,
            expires_at: NOW.plus_ms(1_000),
            key: key.fingerprint(),
        }
    }

    #[test]
    fn a_grant_is_good_for_its_place_and_its_time_and_no_other() {
        let key = GrantKey::from_bytes([7; 32]);
        let signed = grant(&key);
        let text = key.sign(&signed).unwrap();
        let public: GrantPublicKey = key.public().to_string().parse().unwrap();
        let here = (signed.extension_id, signed.server_id);
        let judge = |place, ms| public.judge(&text, place, NOW.plus_ms(ms));
        assert_eq!(judge(here, 0), Ok(signed.clone()));
        assert_eq!(judge(here, 999), Ok(signed.clone()));
        assert_eq!(judge(here, 1_000), Err(NotGranted::Expired(signed.expires_at)));
        assert_eq!(judge(here, -GRANT_FUTURE_MS), Ok(signed.clone()), "clocks differ a little");
        assert_eq!(judge(here, -GRANT_FUTURE_MS - 1), Err(NotGranted::FromTheFuture(NOW)));
        let other = ExtensionId::mint(NOW, &mut Entropy::from_seed([9; 32]));
        assert!(matches!(judge((other, signed.server_id), 0), Err(NotGranted::ForOther { .. })));
        let other = ServerId::mint(NOW, &mut Entropy::from_seed([9; 32]));
        assert!(matches!(judge((signed.extension_id, other), 0), Err(NotGranted::ForOther { .. })));
    }

    #[test]
    fn what_was_changed_or_signed_by_another_key_grants_nothing() {
        let key = GrantKey::from_bytes([7; 32]);
        let signed = grant(&key);
        let text = key.sign(&signed).unwrap();
        let here = (signed.extension_id, signed.server_id);
        let refused = |text: &str| {
            let judged = key.public().judge(text, here, NOW);
            assert!(matches!(judged, Err(NotGranted::NotSigned(_))), "{text}: {judged:?}");
        };
        for place in (0..text.len()).step_by(7) {
            let mut bytes = text.clone().into_bytes();
            bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
            refused(&String::from_utf8(bytes).unwrap());
        }
        let longer = Grant { expires_at: NOW.plus_ms(1 << 40), ..signed.clone() };
        let forged = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&longer).unwrap());
        let (_, signature) = text.rsplit_once('.').unwrap();
        refused(&format!("{PREFIX}.{forged}.{signature}"));
        refused(&GrantKey::from_bytes([8; 32]).sign(&signed).unwrap());
        for nonsense in ["", ".", "..", "skygrant1", "skygrant1..", &"x".repeat(GRANT_TEXT_CHARS_MAX + 1)] {
            refused(nonsense);
        }
        for nonsense in ["", "AAAA", "no", &key.public().to_string()[1..]] {
            assert!(nonsense.parse::<GrantPublicKey>().is_err(), "{nonsense}");
        }
        assert!(!format!("{key:?}").contains("7, 7"), "the secret is not shown");
    }
}
