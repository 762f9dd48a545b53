//! Versions of an extension: the draft, the life of a version, its code and its checks.

use std::time::Duration;

use super::{Client, ClientError, Fetched, PageQuery, Seen};
use crate::api::extensions::Reason;
use crate::api::page::Page;
use crate::api::reviews::Checks;
use crate::api::versions::{Revise, Submitted, Version};
use crate::domain::limits::{CODE_BYTES_MAX, PACKAGE_BYTES_MAX};

/// A rehearsed submit runs every check before it answers.
const CHECKS_TIMEOUT: Duration = Duration::from_mins(2);

impl Client {
    /// The versions that the caller may see, newest first.
    pub async fn versions(&self, extension: &str, page: &PageQuery) -> Result<Page<Version>, ClientError> {
        self.get("/extensions/{extid}/versions", &[extension]).page(page).value().await
    }

    /// One version.
    pub async fn version(&self, extension: &str, number: &str) -> Result<Fetched<Version>, ClientError> {
        self.get("/extensions/{extid}/versions/{number}", &[extension, number]).fetch().await
    }

    /// A version's code: the module's bytes, or the text of a JavaScript extension in UTF-8.
    pub async fn code(&self, extension: &str, number: &str) -> Result<Vec<u8>, ClientError> {
        let call = self.get("/extensions/{extid}/versions/{number}/code", &[extension, number]);
        Ok(call.at_most(CODE_BYTES_MAX).bytes().await?.value)
    }

    /// Code by its SHA-256.
    pub async fn blob(&self, sha256: &str) -> Result<Vec<u8>, ClientError> {
        Ok(self.get("/blobs/{sha256}", &[sha256]).at_most(CODE_BYTES_MAX).bytes().await?.value)
    }

    /// What the checks of a version did and found.
    pub async fn checks(&self, extension: &str, number: &str) -> Result<Checks, ClientError> {
        self.get("/extensions/{extid}/versions/{number}/checks", &[extension, number]).value().await
    }

    /// The draft as a package (`.skypkg`), with its `ETag`.
    pub async fn draft(&self, extension: &str) -> Result<Fetched<Vec<u8>>, ClientError> {
        self.get("/extensions/{extid}/draft", &[extension]).at_most(2 * PACKAGE_BYTES_MAX).bytes().await
    }

    /// Writes the draft; [`Seen::Nothing`] where there is none yet.
    pub async fn put_draft(
        &self,
        extension: &str,
        seen: Seen,
        package: Vec<u8>,
    ) -> Result<Fetched<Version>, ClientError> {
        self.put("/extensions/{extid}/draft", &[extension]).if_match(seen).document(package).fetch().await
    }

    /// Completes the draft: every fault is listed at once, or the version is saved.
    pub async fn save_draft(&self, extension: &str, seen: Seen) -> Result<Fetched<Version>, ClientError> {
        self.post("/extensions/{extid}/draft/save", &[extension]).if_match(seen).fetch().await
    }

    /// Asks for review. A rehearsal runs the checks too and gives what they find.
    pub async fn submit(&self, extension: &str, number: &str, seen: Seen) -> Result<Submitted, ClientError> {
        let call = self.post("/extensions/{extid}/versions/{number}/submit", &[extension, number]);
        call.if_match(seen).patient(CHECKS_TIMEOUT).value().await
    }

    /// Takes a submission back.
    pub async fn withdraw(&self, extension: &str, number: &str, seen: Seen) -> Result<Fetched<Version>, ClientError> {
        self.post("/extensions/{extid}/versions/{number}/withdraw", &[extension, number]).if_match(seen).fetch().await
    }

    /// Starts a new version from a rejected or withdrawn one.
    pub async fn revise(
        &self,
        extension: &str,
        number: &str,
        seen: Seen,
        revise: &Revise,
    ) -> Result<Fetched<Version>, ClientError> {
        let call = self.post("/extensions/{extid}/versions/{number}/revise", &[extension, number]);
        call.if_match(seen).json(revise).fetch().await
    }

    /// Lets nobody new have a published version.
    pub async fn yank(
        &self,
        extension: &str,
        number: &str,
        seen: Seen,
        reason: &Reason,
    ) -> Result<Fetched<Version>, ClientError> {
        let call = self.post("/extensions/{extid}/versions/{number}/yank", &[extension, number]);
        call.if_match(seen).json(reason).fetch().await
    }

    /// Takes a yank back.
    pub async fn unyank(&self, extension: &str, number: &str, seen: Seen) -> Result<Fetched<Version>, ClientError> {
        self.post("/extensions/{extid}/versions/{number}/unyank", &[extension, number]).if_match(seen).fetch().await
    }
}
