//! Keeps a data folder to one process.

use std::fs::{File, TryLockError};
use std::io::{Read, Write};
use std::path::Path;

use super::error::OpenError;
use super::files;

/// The lock; it ends with this value, or with the process however that ends.
#[derive(Debug)]
pub(super) struct FolderLock(#[expect(dead_code, reason = "the lock is held by the open file")] File);

/// Takes the lock of a data folder and leaves this process's number in its file.
///
/// # Errors
/// [`OpenError::Locked`] naming the process that has it.
pub(super) fn take(data_dir: &Path) -> Result<FolderLock, OpenError> {
    let path = data_dir.join("lock");
    let mut file = files::open_private_file(&path).map_err(OpenError::files("open", &path))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(OpenError::Locked { path: data_dir.to_owned(), holder: holder(&mut file) });
        }
        Err(TryLockError::Error(error)) => return Err(OpenError::files("lock", &path)(error)),
    }
    let number = format!("{}\n", std::process::id());
    let written = file.set_len(0).and_then(|()| file.write_all(number.as_bytes()));
    written.map_err(OpenError::files("write", &path))?;
    Ok(FolderLock(file))
}

/// Takes the lock together with other nodes on one PostgreSQL database, who share the folder of codes.
///
/// # Errors
/// [`OpenError::Locked`] where a process has the embedded database in it.
pub(super) fn share(data_dir: &Path) -> Result<FolderLock, OpenError> {
    let path = data_dir.join("lock");
    let mut file = files::open_private_file(&path).map_err(OpenError::files("open", &path))?;
    match file.try_lock_shared() {
        Ok(()) => Ok(FolderLock(file)),
        Err(TryLockError::WouldBlock) => {
            Err(OpenError::Locked { path: data_dir.to_owned(), holder: holder(&mut file) })
        }
        Err(TryLockError::Error(error)) => Err(OpenError::files("lock", &path)(error)),
    }
}

fn holder(file: &mut File) -> String {
    let mut text = String::new();
    match file.read_to_string(&mut text) {
        Ok(_) if text.trim().parse::<u32>().is_ok() => format!("process {}", text.trim()),
        _ => "another process".to_owned(),
    }
}
