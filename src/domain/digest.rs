//! Digests of code: MD5 is the name older packages know it by, SHA-256 is what decides.

use std::fmt;
use std::str::FromStr;

use md5::Md5;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

/// The text was not a digest in hexadecimal of the right length.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not {hex_digits} hexadecimal digits: {text:?}")]
pub struct NotADigest {
    /// How many digits this digest has.
    pub hex_digits: usize,
    /// The text that was given, cut at 80 characters.
    pub text: String,
}

/// The digits; a page of the queue writes thousands of them.
const HEX: &[u8; 16] = b"0123456789abcdef";

macro_rules! digests {
    ($($(#[$doc:meta])* $name:ident, $bytes:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; $bytes]);

        impl $name {
            /// Wraps the raw bytes of a digest.
            pub const fn from_bytes(bytes: [u8; $bytes]) -> $name {
                $name(bytes)
            }

            /// The raw bytes.
            pub const fn as_bytes(&self) -> &[u8; $bytes] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut digits = [0_u8; $bytes * 2];
                for (pair, byte) in digits.chunks_exact_mut(2).zip(self.0) {
                    pair.copy_from_slice(&[HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
                }
                f.write_str(std::str::from_utf8(&digits).map_err(|_| fmt::Error)?)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl FromStr for $name {
            type Err = NotADigest;

            fn from_str(text: &str) -> Result<$name, NotADigest> {
                let refused = || NotADigest { hex_digits: $bytes * 2, text: text.chars().take(80).collect() };
                if text.len() != $bytes * 2 {
                    return Err(refused());
                }
                let digit = |letter: u8| char::from(letter).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
                let mut bytes = [0_u8; $bytes];
                for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
                    let (high, low) = (digit(pair[0]).ok_or_else(refused)?, digit(pair[1]).ok_or_else(refused)?);
                    *byte = high << 4 | low;
                }
                Ok($name(bytes))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<$name, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

digests! {
    /// MD5 (RFC 1321) of the decoded code: the `code_id` of older marketplaces. Identity, never proof.
    Md5Digest, 16;
    /// SHA-256 (FIPS 180-4) of the decoded code: what approval, storage and fetching are bound to.
    Sha256Digest, 32;
}

impl Md5Digest {
    /// Digests `bytes`.
    pub fn of(bytes: &[u8]) -> Md5Digest {
        Md5Digest(Md5::digest(bytes).into())
    }
}

impl Sha256Digest {
    /// Digests `bytes`.
    pub fn of(bytes: &[u8]) -> Sha256Digest {
        Sha256Digest(Sha256::digest(bytes).into())
    }
}

/// Both digests of one code and its length in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeDigests {
    /// The `code_id`.
    pub md5: Md5Digest,
    /// What decides.
    pub sha256: Sha256Digest,
    /// Length of the decoded code in bytes.
    pub bytes: u64,
}

/// Two different codes share one MD5: an attack on whoever still trusts MD5.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "collision: code {new_sha256} has the MD5 {md5} of a different code {known_sha256}; this is an attack on MD5 and is refused"
)]
pub struct Collision {
    /// The MD5 both have.
    pub md5: Md5Digest,
    /// The code that was there first.
    pub known_sha256: Sha256Digest,
    /// The code that is refused.
    pub new_sha256: Sha256Digest,
}

impl CodeDigests {
    /// Digests the decoded module bytes (JavaScript: the UTF-8 bytes).
    pub fn of(code: &[u8]) -> CodeDigests {
        CodeDigests { md5: Md5Digest::of(code), sha256: Sha256Digest::of(code), bytes: code.len() as u64 }
    }

    /// Refuses a code whose MD5 is known for a different SHA-256.
    ///
    /// # Errors
    /// [`Collision`] naming both SHA-256 digests.
    pub fn check_collision(&self, known: &CodeDigests) -> Result<(), Collision> {
        if self.md5 == known.md5 && self.sha256 != known.sha256 {
            return Err(Collision { md5: self.md5, known_sha256: known.sha256, new_sha256: self.sha256 });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_the_published_test_vectors() {
        assert_eq!(Md5Digest::of(b"abc").to_string(), "900150983cd24fb0d6963f7d28e17f72");
        assert_eq!(
            Sha256Digest::of(b"abc").to_string(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[test]
    fn text_round_trips_and_bad_text_is_refused() {
        let digest = Sha256Digest::of(b"x");
        assert_eq!(digest.to_string().parse::<Sha256Digest>(), Ok(digest));
        for bad in ["", "zz", "é".repeat(32).as_str(), &"0".repeat(63), &"+f".repeat(32)] {
            assert!(bad.parse::<Sha256Digest>().is_err(), "{bad}");
        }
    }

    #[test]
    fn two_codes_with_one_md5_are_a_collision() {
        let known = CodeDigests::of(b"first");
        let forged = CodeDigests { md5: known.md5, ..CodeDigests::of(b"second") };
        let refusal = forged.check_collision(&known).unwrap_err();
        assert!(refusal.to_string().contains("collision"));
        assert_eq!(known.check_collision(&known), Ok(()));
        assert_eq!(CodeDigests::of(b"third").check_collision(&known), Ok(()));
    }
}
