//! Reaches the objects of a place, and sorts what goes wrong on the way by what can be done about it.

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::AmazonS3;
use object_store::client::{ClientOptions, HttpClient, HttpConnector};
use object_store::local::LocalFileSystem;
use object_store::prefix::PrefixStore;
use object_store::{Error, ObjectStore, RetryConfig};
use reqwest::redirect::Policy;
use rustls::{ClientConfig, RootCertStore};

use super::super::error::StoreError;
use super::attempts::{Failed, Objects, Patience};
use super::place::{BlobPlace, Bucket, Kind};
use crate::domain::text::visible;

/// Letters of an error that are kept.
const REASON_CHARS_MAX: usize = 300;

/// Makes the HTTP clients of a bucket: ring for TLS, bounded times, and no redirect that would carry code elsewhere.
#[derive(Debug)]
struct Connector {
    is_near: bool,
    connect_timeout: Duration,
}

impl Objects {
    /// Prepares the way to a place; nothing is sent yet.
    ///
    /// # Errors
    /// [`StoreError::Blobs`] for settings that do not fit, and what the disk says of a folder.
    pub fn at(place: &BlobPlace) -> Result<Objects, StoreError> {
        let named: Arc<str> = place.to_string().into();
        let (store, is_remote): (Arc<dyn ObjectStore>, bool) = match &place.kind {
            Kind::Folder(path) => {
                let opened = LocalFileSystem::new_with_prefix(path);
                let opened = opened.map_err(|error| StoreError::of_files(&error, "opening the folder of code"))?;
                (Arc::new(opened.with_fsync(true)), false)
            }
            Kind::Bucket(bucket) => {
                let client = client(bucket, place.patience).map_err(|error| StoreError::Blobs {
                    place: named.to_string(),
                    what: error.to_string(),
                    cure: "check the variables that begin with AWS_",
                })?;
                (Arc::new(PrefixStore::new(client, bucket.prefix.clone())), true)
            }
        };
        Ok(Objects { store, place: named, is_remote, patience: place.patience, counts: Arc::default() })
    }

    /// Sorts an error of an attempt; `doing` says what was tried.
    pub fn failed(&self, error: &Error, doing: &str) -> Failed {
        if !self.is_remote {
            return match (error, StoreError::of_files(error, doing)) {
                (Error::NotFound { .. }, _) => Failed::Missing,
                (_, StoreError::Unavailable(_)) => {
                    let what = format!("{doing}: {}", reason(error));
                    Failed::Passing(self.trouble(what, "check the folder, its disk and its mount"))
                }
                (_, lasting) => Failed::Lasting(lasting),
            };
        }
        let lasting = |what: String, cure| Failed::Lasting(self.trouble(format!("{doing}: {what}"), cure));
        match (error, code_of(error).as_deref()) {
            (_, Some("NoSuchBucket")) => {
                lasting("there is no such bucket".to_owned(), "make the bucket, or correct its name")
            }
            (Error::NotFound { .. }, _) => Failed::Missing,
            (_, Some("RequestTimeTooSkewed")) => {
                lasting(reason(error), "set the clock of this machine; it is too far from the store's")
            }
            (_, Some(code @ ("InvalidAccessKeyId" | "SignatureDoesNotMatch" | "ExpiredToken" | "InvalidToken"))) => {
                let what = format!("the credentials are not accepted ({code})");
                lasting(what, "correct AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the role that gives them")
            }
            (Error::PermissionDenied { .. } | Error::Unauthenticated { .. }, _) => {
                let what = format!("the credentials do not allow it ({})", reason(error));
                lasting(what, "let them get, put, list and delete objects of this bucket")
            }
            (Error::NotSupported { .. } | Error::NotImplemented { .. } | Error::InvalidPath { .. }, _) => {
                lasting(reason(error), "use a store that speaks the S3 protocol in full")
            }
            _ => {
                let what = format!("{doing}: {}", reason(error));
                Failed::Passing(self.trouble(what, "check AWS_ENDPOINT_URL, AWS_REGION and the network"))
            }
        }
    }
}

impl HttpConnector for Connector {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        let failed = |source: Box<dyn std::error::Error + Send + Sync>| Error::Generic { store: "S3", source };
        let mut roots = RootCertStore::empty();
        if !self.is_near {
            let (_, left_out) = roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            if roots.is_empty() {
                let what = format!(
                    "this machine trusts no certificate at all ({left_out} are unreadable); install ca-certificates, or \
                     name a file with SSL_CERT_FILE"
                );
                return Err(failed(what.into()));
            }
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let tls = tls.map_err(|error| failed(error.into()))?.with_root_certificates(roots).with_no_client_auth();
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .user_agent(concat!("skydeck/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .connect_timeout(self.connect_timeout);
        if self.is_near {
            builder = builder.no_proxy();
        }
        builder.build().map(HttpClient::new).map_err(|error| failed(error.into()))
    }
}

/// A client that tries everything once: attempts are bounded and counted in one place.
fn client(bucket: &Bucket, patience: Patience) -> object_store::Result<AmazonS3> {
    let connect_timeout = Duration::from_millis(patience.connect_ms);
    let retry = RetryConfig { max_retries: 0, ..RetryConfig::default() };
    let connector = Connector { is_near: bucket.is_near, connect_timeout };
    bucket.settings.clone().with_retry(retry).with_http_connector(connector).build()
}

/// The word that S3 has for an error, such as `NoSuchBucket`.
fn code_of(error: &Error) -> Option<String> {
    let text = error.to_string();
    let code = text.split_once("<Code>")?.1.split_once("</Code>")?.0;
    code.chars().all(|letter| letter.is_ascii_alphanumeric()).then(|| code.to_owned())
}

/// What is said of an error: never the answer's body, which may repeat what was signed.
fn reason(error: &Error) -> String {
    let text = error.to_string();
    let status = text.split_once("status code: ").map(|(_, rest)| rest.chars().take(3).collect::<String>());
    match (code_of(error), status) {
        (Some(code), Some(status)) => format!("HTTP status {status}, {code}"),
        (Some(code), None) => code,
        (None, Some(status)) => format!("HTTP status {status}"),
        (None, None) => {
            let mut deepest = error.source();
            while let Some(deeper) = deepest.and_then(|link| link.source()) {
                deepest = Some(deeper);
            }
            let said = deepest.map_or(text, ToString::to_string);
            visible(&said.chars().take(REASON_CHARS_MAX).collect::<String>()).into_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use object_store::memory::InMemory;

    use super::*;

    fn objects() -> Objects {
        Objects {
            store: Arc::new(InMemory::new()),
            place: "s3://codes".into(),
            is_remote: true,
            patience: Patience::default(),
            counts: Arc::default(),
        }
    }

    fn said(status: u16, code: &str) -> Box<dyn std::error::Error + Send + Sync> {
        let body = format!("<Error><Code>{code}</Code><StringToSign>hush</StringToSign></Error>");
        format!("Error performing PUT http://h/b - Server returned non-2xx status code: {status}: {body}").into()
    }

    #[test]
    fn answers_are_sorted_and_their_bodies_are_not_repeated() {
        let objects = objects();
        let path = String::new;
        for (error, lasts, part) in [
            (Error::NotFound { path: path(), source: said(404, "NoSuchBucket") }, true, "no such bucket"),
            (Error::PermissionDenied { path: path(), source: said(403, "AccessDenied") }, true, "do not allow it"),
            (Error::PermissionDenied { path: path(), source: said(403, "SignatureDoesNotMatch") }, true, "AWS_SECRET"),
            (Error::PermissionDenied { path: path(), source: said(403, "RequestTimeTooSkewed") }, true, "the clock"),
            (Error::Generic { store: "S3", source: said(503, "SlowDown") }, false, "HTTP status 503, SlowDown"),
            (Error::Generic { store: "S3", source: "connection refused".into() }, false, "connection refused"),
        ] {
            let failed = objects.failed(&error, "storing a code");
            let (Failed::Lasting(told) | Failed::Passing(told)) = &failed else { panic!("{failed:?}") };
            assert_eq!(matches!(failed, Failed::Lasting(_)), lasts, "{told}");
            let told = told.to_string();
            assert!(told.contains(part) && !told.contains("hush"), "{told}");
        }
        let missing = Error::NotFound { path: path(), source: said(404, "NoSuchKey") };
        assert_eq!(objects.failed(&missing, "reading"), Failed::Missing);
    }
}
