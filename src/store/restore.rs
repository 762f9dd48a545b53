//! A backup becomes a data folder: copied beside it, looked at from end to end, and put in its place in one step.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::blobs::BlobPlace;
use super::doctor::{self, Examination, Finding, Grade};
use super::error::OpenError;
use super::open::StoreConfig;
use super::{clock, files, lock};
use crate::domain::digest::Sha256Digest;

/// What a backup's folder holds of the database: beside the file itself, what SQLite leaves where a folder was copied
/// without stopping its server first.
const DATABASE_FILES: [&str; 2] = ["skydeck.db", "skydeck.db-wal"];
/// Findings that an error tells in words.
const TOLD_MAX: usize = 5;
/// The look that says that there is no key.
const KEY_CHECK: &str = "audit.key";

/// A backup that became a data folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// The data folder.
    pub folder: PathBuf,
    /// Bytes of the database.
    pub database_bytes: u64,
    /// How many codes.
    pub codes: u64,
    /// Their bytes.
    pub code_bytes: u64,
    /// What was found on looking; nothing of it is damage.
    pub examination: Examination,
}

/// Why a backup was not restored; the data folder is as it was.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// A file cannot be used, or the backup is of a newer skydeck.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The backup has no database.
    #[error("{0} is no backup: there is no skydeck.db in it; name the folder that `skydeck admin backup` wrote")]
    NotABackup(PathBuf),
    /// There is something in the data folder already.
    #[error("{0} is not empty; name a new folder, and move this one away first where it is the one to replace")]
    NotEmpty(PathBuf),
    /// The data folder is a mount, which nothing can be put in the place of.
    #[error("{folder} cannot be replaced ({source}); name a folder inside it")]
    NotReplaceable {
        /// The data folder.
        folder: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The folder beside the data folder belongs to something else.
    #[error("{0} is in the way and is not of an interrupted restore; move it away")]
    InTheWay(PathBuf),
    /// The backup is damaged, or its key is another one.
    #[error("the backup is not sound, and nothing was restored: {}", told(.0))]
    Unsound(Vec<Finding>),
}

/// Restores a backup into a folder that is empty or not there.
///
/// With the audit key's file the audit log is verified; without, the report says that it was not. Interrupted at any
/// moment this leaves the data folder as it was, and a folder beside it that the next attempt removes. Code that is in a
/// place of its own stays there: it is not looked for in the backup.
///
/// # Errors
/// [`RestoreError`].
pub fn restore(
    from: &Path,
    to: &Path,
    key: Option<&Path>,
    place: Option<&BlobPlace>,
) -> Result<Restored, RestoreError> {
    if !from.join(DATABASE_FILES[0]).is_file() {
        return Err(RestoreError::NotABackup(from.to_owned()));
    }
    if from.join("lock").exists() {
        // A data folder copied as it was; one that a server works on would be copied half old and half new.
        drop(lock::take(from)?);
    }
    check_vacant(to)?;
    let stage = stage_of(to);
    let parent = stage.parent().unwrap_or(Path::new(".")).to_owned();
    files::make_private_folder(&parent).map_err(OpenError::files("create", &parent))?;
    clear(&stage)?;
    files::make_private_folder(&stage).map_err(OpenError::files("create", &stage))?;
    // The lock goes with the folder: no server starts on it before this process has ended.
    let _lock = lock::take(&stage)?;
    let filled = fill(from, &stage, key, place).and_then(|restored| {
        files::sync_folder(&stage).map_err(OpenError::files("write", &stage))?;
        put_in_place(&stage, to)?;
        Ok(restored)
    });
    match filled {
        Ok(restored) => {
            files::sync_folder(&parent).map_err(OpenError::files("write", &parent))?;
            Ok(Restored { folder: to.to_owned(), ..restored })
        }
        Err(error) => {
            // Whatever is left of it, the next attempt removes.
            let _ = fs::remove_dir_all(&stage);
            Err(error)
        }
    }
}

fn fill(from: &Path, stage: &Path, key: Option<&Path>, place: Option<&BlobPlace>) -> Result<Restored, RestoreError> {
    let mut database_bytes = 0;
    for name in DATABASE_FILES {
        let (source, copy) = (from.join(name), stage.join(name));
        if source.is_file() {
            database_bytes += files::copy_private(&source, &copy).map_err(OpenError::files("copy", &source))?;
        }
    }
    let copied = if place.is_none() { copy_codes(from, stage)? } else { Copied::default() };
    let none = stage.join("audit.key");
    let audit_key_file = Some(key.map_or(none, Path::to_owned));
    let config = StoreConfig { audit_key_file, ..StoreConfig::in_folder(stage) };
    let mut examination = doctor::examine(&config, clock())?;
    if key.is_none() {
        examination.findings.retain(|finding| finding.check != KEY_CHECK);
    }
    let in_backup = place.is_none();
    let missing = examination.codes.iter().filter(|code| in_backup && !copied.digests.contains(&code.sha256));
    let missing = missing.map(|code| Finding {
        check: "codes",
        grade: Grade::Damage,
        place: format!("code {} of {}", code.sha256, code.version),
        what: copied.fault_of(&code.sha256),
        cure: "restore an older backup that has it whole".to_owned(),
    });
    let missing: Vec<Finding> = missing.collect();
    examination.add(missing);
    let is_bad = |finding: &Finding| finding.grade == Grade::Damage || finding.check == KEY_CHECK;
    if examination.findings.iter().any(is_bad) {
        return Err(RestoreError::Unsound(examination.findings.into_iter().filter(is_bad).collect()));
    }
    let (codes, code_bytes) = (copied.digests.len() as u64, copied.bytes);
    Ok(Restored { folder: stage.to_owned(), database_bytes, codes, code_bytes, examination })
}

/// Codes that were copied and are what their names say, and those that are not.
#[derive(Default)]
struct Copied {
    digests: HashSet<Sha256Digest>,
    damaged: HashSet<Sha256Digest>,
    bytes: u64,
}

impl Copied {
    fn fault_of(&self, code: &Sha256Digest) -> String {
        let damaged = self.damaged.contains(code);
        (if damaged { "its bytes are not those of its digest" } else { "it is not in the backup" }).to_owned()
    }
}

fn copy_codes(from: &Path, stage: &Path) -> Result<Copied, OpenError> {
    let mut copied = Copied::default();
    let (from, to) = (from.join("blobs").join("sha256"), stage.join("blobs").join("sha256"));
    files::make_private_folder(&to).map_err(OpenError::files("create", &to))?;
    let entries = |folder: &Path| -> Result<Vec<PathBuf>, OpenError> {
        let read = fs::read_dir(folder).and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect());
        read.map_err(OpenError::files("read", folder))
    };
    let shelves = if from.is_dir() { entries(&from)? } else { Vec::new() };
    for shelf in shelves.iter().filter(|shelf| shelf.is_dir()) {
        let place = to.join(shelf.file_name().unwrap_or_default());
        files::make_private_folder(&place).map_err(OpenError::files("create", &place))?;
        for file in entries(shelf)? {
            let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let Ok(digest) = name.parse::<Sha256Digest>() else { continue };
            let code = fs::read(&file).map_err(OpenError::files("read", &file))?;
            if Sha256Digest::of(&code) != digest {
                copied.damaged.insert(digest);
                continue;
            }
            let copy = place.join(name);
            files::write_durably(&copy, &code).map_err(OpenError::files("write", &copy))?;
            copied.digests.insert(digest);
            copied.bytes += code.len() as u64;
        }
    }
    files::sync_folder(&to).map_err(OpenError::files("write", &to))?;
    Ok(copied)
}

fn check_vacant(to: &Path) -> Result<(), RestoreError> {
    match fs::read_dir(to) {
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => Err(RestoreError::NotEmpty(to.to_owned())),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(OpenError::files("read", to)(error).into()),
    }
}

/// The folder beside the data folder that is filled first: on the same disk, so that it can be renamed.
fn stage_of(to: &Path) -> PathBuf {
    let name = to.file_name().map_or_else(|| "skydeck".into(), |name| name.to_string_lossy().into_owned());
    to.with_file_name(format!(".{name}.restoring"))
}

/// Removes what an interrupted restore left.
fn clear(stage: &Path) -> Result<(), RestoreError> {
    let entries = match fs::read_dir(stage) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(OpenError::files("read", stage)(error).into()),
    };
    for entry in entries {
        let entry = entry.map_err(OpenError::files("read", stage))?;
        let name = entry.file_name();
        let ours = name.to_str().is_some_and(|name| {
            name == "lock" || name == "blobs" || name == "moved.txt" || name.starts_with(DATABASE_FILES[0])
        });
        if !ours {
            return Err(RestoreError::InTheWay(stage.to_owned()));
        }
    }
    let _lock = lock::take(stage)?;
    Ok(fs::remove_dir_all(stage).map_err(OpenError::files("remove", stage))?)
}

/// Renaming a folder onto an empty one takes its place in one step, and fails where it is not empty any more.
fn put_in_place(stage: &Path, to: &Path) -> Result<(), RestoreError> {
    fs::rename(stage, to).map_err(|source| match source.kind() {
        io::ErrorKind::DirectoryNotEmpty => RestoreError::NotEmpty(to.to_owned()),
        io::ErrorKind::ResourceBusy | io::ErrorKind::CrossesDevices => {
            RestoreError::NotReplaceable { folder: to.to_owned(), source }
        }
        _ => OpenError::files("rename a folder to", to)(source).into(),
    })
}

/// The first findings as text.
fn told(findings: &[Finding]) -> String {
    let shown =
        findings.iter().take(TOLD_MAX).map(|finding| format!("{}: {}; {}", finding.place, finding.what, finding.cure));
    let more = findings.len().checked_sub(TOLD_MAX + 1).map(|more| format!("and {} more", more + 1));
    shown.chain(more).fold(String::new(), |text, line| text + "\n- " + &line)
}
