//! The `.skypkg` package: read and judged whole, kept with everything it does not know, and written again.

mod code;
mod export;
mod read;
#[cfg(test)]
mod tests;

use super::digest::CodeDigests;
use super::extension::{Description, ExtensionName, Tag, Tier};
use super::fault::Fault;
use super::json::Json;
use super::manifest::{Manifest, PackageVersion, Runtime};

pub use code::Code;
pub use export::Exported;

/// A package that was judged whole and found good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// The version of the format it was written in.
    pub package_version: PackageVersion,
    /// The extension's name.
    pub name: ExtensionName,
    /// What the extension does; may be empty.
    pub description: Description,
    /// The extension's tags.
    pub tags: Vec<Tag>,
    /// What it costs, where the package says so.
    pub tier: Option<Tier>,
    /// What the version says about itself.
    pub manifest: Manifest,
    /// The version's code.
    pub code: Code,
    /// The digests of the code; those the package claims are the same.
    pub digests: CodeDigests,
    /// Sentences for the importer, such as that a number was assigned.
    pub notes: Vec<String>,
    /// Where it was exported, where it says so.
    pub source: Source,
    /// The document with the code left out; see [`Package::document_text`].
    document: Json,
}

/// Where a package says that it comes from. Nothing is decided by it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// The id of the extension there.
    pub original_id: Option<String>,
    /// The owner there.
    pub original_owner: Option<String>,
}

impl Package {
    /// Reads a `.skypkg` document and judges all of it. Never panics, whatever the bytes.
    ///
    /// # Errors
    /// Every fault at once, at least one; beyond [`FAULTS_MAX`](super::limits::FAULTS_MAX) the last says how many more.
    pub fn parse(bytes: &[u8]) -> Result<Package, Vec<Fault>> {
        read::parse(bytes)
    }

    /// Puts together what was stored apart: the text of [`Package::document_text`] and the bytes of the code.
    ///
    /// # Errors
    /// As [`Package::parse`].
    pub fn assemble(document_text: &str, code: Vec<u8>) -> Result<Package, Vec<Fault>> {
        read::assemble(document_text, code)
    }

    /// Reads the manifest alone out of the text of [`Package::document_text`], for decisions that need no code.
    ///
    /// # Errors
    /// As [`Package::parse`]; a text that was stored has none.
    pub fn manifest_of(document_text: &str, runtime: Runtime) -> Result<Manifest, Vec<Fault>> {
        read::manifest_of(document_text, runtime)
    }

    /// The document with an empty text in the place of the code, on one line: what is stored of a version, beside its
    /// code.
    pub fn document_text(&self) -> String {
        self.document.to_compact()
    }

    /// The document with unknown fields in order and text; the code is left out.
    pub const fn document(&self) -> &Json {
        &self.document
    }
}
