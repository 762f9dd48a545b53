//! The certificate authorities that may vouch for an `https://` server, where they are not the system's.

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

/// Certificates of authorities of one's own; with them only these are trusted, and the system's are not asked.
#[derive(Clone, Debug)]
pub struct Authorities(Vec<reqwest::Certificate>);

/// The text holds no certificate that can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}; it has to be the authority's certificate in PEM form, from -----BEGIN CERTIFICATE----- on")]
pub struct NotAnAuthority(String);

impl Authorities {
    /// Reads one or several certificates in PEM form (RFC 7468).
    ///
    /// # Errors
    /// [`NotAnAuthority`] for a text without any, or with one that is damaged.
    pub fn from_pem(text: &[u8]) -> Result<Authorities, NotAnAuthority> {
        let mut roots = rustls::RootCertStore::empty();
        let mut certificates = Vec::new();
        for certificate in CertificateDer::pem_slice_iter(text) {
            let certificate =
                certificate.map_err(|error| NotAnAuthority(format!("a certificate is damaged: {error}")))?;
            let damaged = |error: &dyn std::fmt::Display| NotAnAuthority(format!("a certificate is damaged: {error}"));
            certificates.push(reqwest::Certificate::from_der(&certificate).map_err(|error| damaged(&error))?);
            roots.add(certificate).map_err(|error| damaged(&error))?;
        }
        if certificates.is_empty() {
            return Err(NotAnAuthority("there is no certificate in it".to_owned()));
        }
        Ok(Authorities(certificates))
    }

    /// The certificates, for the connections.
    pub(super) fn certificates(&self) -> impl Iterator<Item = reqwest::Certificate> {
        self.0.iter().cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_certificate_is_refused() {
        let damaged = "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n";
        for (text, said) in [("", "no certificate"), ("hello", "no certificate"), (damaged, "damaged")] {
            let error = Authorities::from_pem(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(said) && error.contains("PEM"), "{error}");
        }
    }
}
