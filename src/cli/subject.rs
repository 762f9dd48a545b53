//! A file given on the command line: a package, or code alone (`.skyext`, `.wasm`, or WebAssembly text).

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::{Exit, Failure};
use crate::domain::fault::Fault;
use crate::domain::kind::Kind;
use crate::domain::limits::PACKAGE_BYTES_MAX;
use crate::domain::manifest::Runtime;
use crate::domain::package::{Code, Package};

/// What a file turned out to be.
pub struct Subject {
    /// The file.
    pub path: PathBuf,
    /// The package, where it is one.
    pub package: Option<Package>,
    /// The code.
    pub code: Code,
}

impl Subject {
    /// The kinds its manifest names; for code alone, the handlers it exports.
    pub fn kinds(&self) -> Vec<Kind> {
        if let Some(package) = &self.package {
            return package.manifest.kinds.clone();
        }
        let inspection = crate::sandbox::inspect(&self.code.bytes, &crate::domain::limits::ModuleLimits::ceiling());
        Kind::ALL.iter().copied().filter(|kind| inspection.export(kind.handler()).is_some()).collect()
    }

    /// The bytes of the file as they would be sent: the package. Code alone cannot be.
    ///
    /// # Errors
    /// [`Exit::Invalid`] for code alone, saying what a package needs.
    pub fn package(&self) -> Result<&Package, Failure> {
        self.package.as_ref().ok_or_else(|| {
            let text = format!(
                "{} is code alone; a package (.skypkg) with name, description and version around it is needed here",
                self.path.display()
            );
            Failure::new(Exit::Invalid, text)
        })
    }
}

/// Reads a file of at most [`PACKAGE_BYTES_MAX`] bytes.
///
/// # Errors
/// [`Exit::Environment`] with the path; [`Exit::Invalid`] where it is too large.
pub fn read_bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    let failed = |error: std::io::Error| Failure::new(Exit::Environment, format!("{}: {error}", path.display()));
    let length = std::fs::metadata(path).map_err(failed)?.len();
    if length > PACKAGE_BYTES_MAX as u64 {
        let text = format!("{}: {length} bytes; a package has at most {PACKAGE_BYTES_MAX}", path.display());
        return Err(Failure::new(Exit::Invalid, text));
    }
    std::fs::read(path).map_err(failed)
}

/// Reads a file and tells what it is.
///
/// # Errors
/// As [`read_bytes`]; [`Exit::Invalid`] with every fault of a bad package.
pub fn read(path: &Path) -> Result<Subject, Failure> {
    let bytes = read_bytes(path)?;
    let is = |extension: &str| path.extension().is_some_and(|found| found.eq_ignore_ascii_case(extension));
    if is("wat") || bytes.trim_ascii_start().starts_with(b"(module") {
        let wasm = wat::parse_bytes(&bytes)
            .map_err(|error| Failure::new(Exit::Invalid, format!("{}: {error}", path.display())))?;
        let code = Code { runtime: Runtime::Wasm, bytes: wasm.into_owned() };
        return Ok(Subject { path: path.to_owned(), package: None, code });
    }
    if is("skypkg") || is("json") || bytes.trim_ascii_start().starts_with(b"{") {
        let package = Package::parse(&bytes).map_err(|faults| bad_package(path, &faults))?;
        let code = package.code.clone();
        return Ok(Subject { path: path.to_owned(), package: Some(package), code });
    }
    let code = Code::sniff(bytes).map_err(|fault| bad_package(path, &[fault]))?;
    Ok(Subject { path: path.to_owned(), package: None, code })
}

fn bad_package(path: &Path, faults: &[Fault]) -> Failure {
    let count = if faults.len() == 1 { "1 fault".to_owned() } else { format!("{} faults", faults.len()) };
    let mut text = format!("{}: not a good package, {count}:", path.display());
    for fault in faults {
        let place = if fault.pointer.is_empty() { "the document" } else { fault.pointer.as_str() };
        let _ = write!(text, "\n  {place}: {} [{}]", fault.message, fault.code);
    }
    Failure::new(Exit::Invalid, text)
}
