//! Where code is kept: a folder or a bucket, read from a URL and the usual variables, and shown without secrets.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::path::Path as Key;
use reqwest::Url;

use super::super::error::OpenError;
use super::attempts::Patience;

/// The variable without which nothing travels unencrypted to another machine.
const ALLOW_HTTP: &str = "AWS_ALLOW_HTTP";
/// Letters of a bucket's name.
const BUCKET_CHARS: std::ops::RangeInclusive<usize> = 3..=63;

/// A place for code: a folder that every node sees, or a bucket of an S3-compatible store.
#[derive(Clone)]
pub struct BlobPlace {
    pub(super) kind: Kind,
    pub(super) patience: Patience,
}

#[derive(Clone)]
pub(super) enum Kind {
    Folder(PathBuf),
    Bucket(Box<Bucket>),
}

/// A part of a bucket, and how it is reached.
#[derive(Clone)]
pub(super) struct Bucket {
    pub name: String,
    /// What the names of all objects begin with; may be empty.
    pub prefix: Key,
    /// Endpoint, region and credentials, as the variables have them.
    pub settings: AmazonS3Builder,
    /// Whether it is on this machine and spoken to without TLS.
    pub is_near: bool,
}

impl BlobPlace {
    /// Reads `file:///FOLDER` or `s3://BUCKET/PREFIX`; endpoint, region and credentials of a bucket come from the
    /// variables that begin with `AWS_`.
    ///
    /// # Errors
    /// [`OpenError::BlobPlace`], without any secret.
    pub fn parse(text: &str, variables: impl IntoIterator<Item = (String, String)>) -> Result<BlobPlace, OpenError> {
        let text = text.trim();
        let Some((scheme, rest)) = text.split_once("://") else {
            return Err(refused("it has no scheme"));
        };
        if rest.split('/').next().is_some_and(|authority| authority.contains('@')) {
            let what = "it carries credentials, and everyone who sees the URL would have them: set AWS_ACCESS_KEY_ID and \
                        AWS_SECRET_ACCESS_KEY instead";
            return Err(refused(what));
        }
        if rest.contains(['?', '#']) {
            return Err(refused("it has a ? or a #, which mean nothing here"));
        }
        let url = Url::parse(text).map_err(|error| refused(&error.to_string()))?;
        match scheme {
            "file" => folder(&url),
            "s3" => bucket(&url, variables),
            other => Err(refused(&format!("{:?} is neither file nor s3", other.chars().take(20).collect::<String>()))),
        }
    }

    /// A folder of this machine.
    pub fn folder(path: impl Into<PathBuf>) -> BlobPlace {
        BlobPlace { kind: Kind::Folder(path.into()), patience: Patience::default() }
    }

    /// The folder, where it is one.
    pub fn as_folder(&self) -> Option<&Path> {
        match &self.kind {
            Kind::Folder(path) => Some(path),
            Kind::Bucket(_) => None,
        }
    }

    /// The same place, waited for by other bounds; for tests of places that never answer.
    #[doc(hidden)]
    #[must_use]
    pub fn with_patience(self, patience: Patience) -> BlobPlace {
        BlobPlace { patience, ..self }
    }
}

/// The place as it was named; no secret is in it.
impl fmt::Display for BlobPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Folder(path) => write!(f, "file://{}", path.display()),
            Kind::Bucket(bucket) if bucket.prefix.as_ref().is_empty() => write!(f, "s3://{}", bucket.name),
            Kind::Bucket(bucket) => write!(f, "s3://{}/{}", bucket.name, bucket.prefix),
        }
    }
}

impl fmt::Debug for BlobPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BlobPlace({self})")
    }
}

fn refused(what: &str) -> OpenError {
    OpenError::BlobPlace { what: what.to_owned() }
}

fn folder(url: &Url) -> Result<BlobPlace, OpenError> {
    if url.host_str().is_some_and(|host| !host.is_empty()) {
        return Err(refused("after file:// it names another machine; a folder begins with a third slash"));
    }
    let path = url.to_file_path().map_err(|()| refused("its path is no folder"))?;
    Ok(BlobPlace::folder(path))
}

fn bucket(url: &Url, variables: impl IntoIterator<Item = (String, String)>) -> Result<BlobPlace, OpenError> {
    let name = url.host_str().unwrap_or_default().to_owned();
    let fits = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || matches!(letter, '.' | '-');
    if !BUCKET_CHARS.contains(&name.len()) || !name.chars().all(fits) || url.port().is_some() {
        let what = "after s3:// comes the name of a bucket: 3 to 63 of a-z, 0-9, - and . (an endpoint is named with \
                    AWS_ENDPOINT_URL)";
        return Err(refused(what));
    }
    let prefix = Key::from_url_path(url.path()).map_err(|error| refused(&error.to_string()))?;
    let mut settings = AmazonS3Builder::new();
    let mut may_be_plain = false;
    for (variable, value) in variables {
        if !variable.starts_with("AWS_") || value.trim().is_empty() {
            continue;
        }
        if variable == ALLOW_HTTP {
            may_be_plain = matches!(value.trim().to_ascii_lowercase().as_str(), "true" | "1" | "yes" | "on");
        }
        match variable.to_ascii_lowercase().parse::<AmazonS3ConfigKey>() {
            Ok(AmazonS3ConfigKey::Bucket) | Err(_) => {}
            Ok(key) => settings = settings.with_config(key, value),
        }
    }
    let named = |key| settings.get_config_value(&key);
    let endpoint = named(AmazonS3ConfigKey::S3Endpoint).or_else(|| named(AmazonS3ConfigKey::Endpoint));
    let is_near = endpoint.as_deref().map(|endpoint| is_near(endpoint, may_be_plain)).transpose()?.unwrap_or(false);
    let settings = settings.with_bucket_name(&name);
    let bucket = Bucket { name, prefix, settings, is_near };
    Ok(BlobPlace { kind: Kind::Bucket(Box::new(bucket)), patience: Patience::default() })
}

/// Whether an endpoint is on this machine; one elsewhere has to be encrypted unless told otherwise.
fn is_near(endpoint: &str, may_be_plain: bool) -> Result<bool, OpenError> {
    let url = Url::parse(endpoint.trim()).map_err(|error| refused(&format!("AWS_ENDPOINT_URL: {error}")))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refused("AWS_ENDPOINT_URL carries credentials; they belong into AWS_ACCESS_KEY_ID and the like"));
    }
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    let is_loopback = host == "localhost" || address.is_ok_and(|address| address.is_loopback());
    match url.scheme() {
        "https" => Ok(false),
        "http" if is_loopback || may_be_plain => Ok(is_loopback),
        "http" => Err(refused(&format!(
            "AWS_ENDPOINT_URL begins with http://, so code would travel to {host} in the open; use https://, or set \
             {ALLOW_HTTP}=true where the network itself is safe"
        ))),
        _ => Err(refused("AWS_ENDPOINT_URL begins with neither https:// nor http://")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str, variables: &[(&str, &str)]) -> Result<BlobPlace, OpenError> {
        BlobPlace::parse(text, variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    #[test]
    fn places_are_folders_and_buckets_and_never_show_a_secret() {
        for (text, shown) in [
            ("file:///srv/codes", "file:///srv/codes"),
            ("file:///srv/my%20codes/", "file:///srv/my codes/"),
            ("s3://codes", "s3://codes"),
            (" s3://codes/a/b/ ", "s3://codes/a/b"),
        ] {
            let secrets = [("AWS_ACCESS_KEY_ID", "AKIA7"), ("AWS_SECRET_ACCESS_KEY", "hush"), ("AWS_BUCKET", "other")];
            let place = parse(text, &secrets).unwrap();
            assert_eq!(place.to_string(), shown);
            let debugged = format!("{place:?}");
            assert!(!debugged.contains("hush") && !debugged.contains("AKIA7"), "{debugged}");
        }
    }

    #[test]
    fn what_is_no_place_is_refused_with_the_reason() {
        for (text, part) in [
            ("/srv/codes", "no scheme"),
            ("gs://codes", "neither file nor s3"),
            ("file://srv/codes", "third slash"),
            ("s3://me:hush@codes/x", "AWS_SECRET_ACCESS_KEY"),
            ("file://me:hush@/x", "AWS_SECRET_ACCESS_KEY"),
            ("s3://codes?region=hush", "?"),
            ("s3://codes:9000/x", "AWS_ENDPOINT_URL"),
            ("s3://ab", "3 to 63"),
            ("s3://Codes", "3 to 63"),
            ("s3:///x", "3 to 63"),
        ] {
            let error = parse(text, &[]).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.contains(part) && !error.contains("hush"), "{text}: {error}");
            assert!(error.contains("write it as file:///FOLDER or s3://BUCKET/PREFIX"), "{error}");
        }
        let longest = format!("s3://{}", "b".repeat(63));
        assert!(parse(&longest, &[]).is_ok() && parse(&format!("{longest}b"), &[]).is_err());
        assert!(parse("s3://abc", &[]).is_ok());
    }

    #[test]
    fn plain_http_leaves_the_machine_only_where_asked() {
        let bucket = |endpoint: &str, allowed: &str| {
            let place = parse("s3://codes", &[("AWS_ENDPOINT_URL", endpoint), ("AWS_ALLOW_HTTP", allowed)])?;
            Ok::<_, OpenError>(matches!(place.kind, Kind::Bucket(bucket) if bucket.is_near))
        };
        for near in ["http://127.0.0.1:9000", "http://localhost:9000", "http://[::1]:9000"] {
            assert!(bucket(near, "").unwrap(), "{near}");
        }
        assert!(!bucket("https://s3.example.org", "").unwrap());
        assert!(!bucket("http://s3.example.org", "true").unwrap());
        for (endpoint, allowed) in [
            ("http://s3.example.org", ""),
            ("http://s3.example.org", "false"),
            ("ftp://127.0.0.1", "true"),
            ("http://me:hush@127.0.0.1", "true"),
            ("nonsense", "true"),
        ] {
            let error = bucket(endpoint, allowed).unwrap_err().to_string();
            assert!(error.contains("AWS_ENDPOINT_URL") && !error.contains("hush"), "{endpoint}: {error}");
        }
    }
}
