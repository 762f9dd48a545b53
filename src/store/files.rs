//! Folders and files that are on the disk, with their names, when the call returns.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use crate::domain::time::Timestamp;

/// Makes a folder that only its owner can enter, and those above it that are missing.
pub(super) fn make_private_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Opens a file, and makes it where there is none, so that only its owner can read it. SQLite gives the files beside a
/// database the database's own rights.
pub(super) fn open_private_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).truncate(false).read(true).write(true).mode(0o600).open(path)
}

/// Has the names in a folder written to the disk.
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    File::open(path)?.sync_all()
}

/// Copies a file and has its bytes written to the disk; gives their count.
pub(super) fn copy_durably(from: &Path, to: &Path) -> io::Result<u64> {
    let bytes = fs::copy(from, to)?;
    File::open(to)?.sync_all()?;
    Ok(bytes)
}

/// Copies into a file that only its owner can read, whoever could read the first, and has it written to the disk.
pub(super) fn copy_private(from: &Path, to: &Path) -> io::Result<u64> {
    let mut copy = open_private_file(to)?;
    copy.set_len(0)?;
    let bytes = io::copy(&mut File::open(from)?, &mut copy)?;
    copy.sync_all()?;
    Ok(bytes)
}

/// Writes a file that only its owner can read, whole or not at all.
pub(super) fn write_durably(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = path.with_extension("new");
    let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&beside)?;
    file.write_all(bytes).and_then(|()| file.sync_all())?;
    fs::rename(&beside, path)?;
    path.parent().map_or(Ok(()), sync_folder)
}

/// Removes what the object store leaves behind in `folder/*/` when a process ends in the middle of a put: files named
/// `…#number` that were last written before `cutoff`.
pub(super) fn remove_unfinished(folder: &Path, cutoff: Timestamp) -> io::Result<()> {
    if !folder.exists() {
        return Ok(());
    }
    let cutoff = UNIX_EPOCH + Duration::from_millis(u64::try_from(cutoff.as_ms()).unwrap_or(0));
    for shelf in fs::read_dir(folder)? {
        for file in fs::read_dir(shelf?.path())? {
            let file = file?;
            let staged = file.file_name().to_str().is_some_and(|name| name.contains('#'));
            if staged && file.metadata()?.modified()? < cutoff {
                fs::remove_file(file.path())?;
            }
        }
    }
    Ok(())
}
