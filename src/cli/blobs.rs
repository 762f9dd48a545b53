//! Where code is kept: the data folder, or the place that a flag, the environment or the settings name.

use clap::Args;

use super::{Exit, Failure, Global, context};
use crate::config::Settings;
use crate::store::BlobPlace;

/// The variable that names the place.
const VARIABLE: &str = "SKYDECK_BLOBS";

/// How the place for code is named.
#[derive(Clone, Debug, Args)]
pub struct CodePlace {
    /// Keep code here, not in the data folder (file:///FOLDER or s3://BUCKET/PREFIX) [env: SKYDECK_BLOBS]
    ///
    /// Several nodes share one place: a folder that all of them mount, or a bucket of an S3-compatible store. The bucket's
    /// endpoint, region and credentials come from AWS_ENDPOINT_URL, AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY
    /// and the like, never from the URL. It may stand in config.toml too, as blobs = "URL".
    #[arg(long = "blobs", value_name = "URL")]
    url: Option<String>,
}

impl CodePlace {
    /// The place that is named; nothing for the data folder.
    ///
    /// # Errors
    /// [`Exit::Config`] for a URL that makes no sense or carries credentials.
    pub fn chosen(&self, global: &Global) -> Result<Option<BlobPlace>, Failure> {
        match &self.url {
            Some(url) => parsed(url, "--blobs").map(Some),
            None => named(global),
        }
    }
}

/// The place that the environment or the settings name; nothing for the data folder.
///
/// # Errors
/// [`Exit::Config`] for a URL that makes no sense or carries credentials.
pub fn named(global: &Global) -> Result<Option<BlobPlace>, Failure> {
    match std::env::var(VARIABLE) {
        Ok(url) if !url.trim().is_empty() => return parsed(&url, VARIABLE).map(Some),
        Err(std::env::VarError::NotUnicode(_)) => {
            return Err(Failure::new(Exit::Config, format!("{VARIABLE} is not text; write it as a URL")));
        }
        _ => {}
    }
    let folder = context::folders(global)?.config;
    let kept = Settings::load(&folder)?.blobs.filter(|url| !url.trim().is_empty());
    kept.map(|url| parsed(&url, &format!("blobs in {}", folder.join("config.toml").display()))).transpose()
}

/// Reads a URL; `place` is where it was written.
///
/// # Errors
/// [`Exit::Config`] for a URL that makes no sense or carries credentials.
pub fn parsed(url: &str, place: &str) -> Result<BlobPlace, Failure> {
    let variables =
        std::env::vars_os().filter_map(|(name, value)| name.into_string().ok().zip(value.into_string().ok()));
    BlobPlace::parse(url, variables).map_err(|error| Failure::new(Exit::Config, format!("{place}: {error}")))
}
