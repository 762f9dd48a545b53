//! The embedded database on a disk that does not do what it should.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::geteuid;

use super::{Trial, filled, open, runtime};
use crate::node::NodeConfig;

/// The errors' numbers on Linux.
const EIO: u32 = 5;
const ENOSPC: u32 = 28;
const EROFS: u32 = 30;
/// What the private file system of a server holds.
const DISK_BYTES: &str = "24m";
/// Makes a file system that only this process sees, copies the folder into it and becomes the server.
const ON_OWN_DISK: &str = "mount -t tmpfs -o size=$DISK_BYTES,mode=700 none \"$SKYDECK_TEST_NODE_FOLDER\" \
     && cp -a \"$FILLED/.\" \"$SKYDECK_TEST_NODE_FOLDER/\" && exec \"$@\"";

/// A disk whose calls fail while a file is there.
struct FaultyDisk {
    folder: tempfile::TempDir,
}

impl FaultyDisk {
    fn make() -> FaultyDisk {
        let folder = tempfile::tempdir().expect("a folder");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/faults/faulty_disk.c");
        let built = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .arg(folder.path().join("faulty_disk.so"))
            .arg(source)
            .arg("-ldl")
            .output()
            .expect("a C compiler, which Rust needs as well");
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        FaultyDisk { folder }
    }

    fn environment(&self) -> Vec<(&'static str, OsString)> {
        vec![("LD_PRELOAD", self.folder.path().join("faulty_disk.so").into()), ("FAULTY_DISK", self.control().into())]
    }

    /// Lets calls fail from now on: `flush` or `write`, with an error, on files whose path has a part like this.
    fn fail(&self, calls: &str, error: u32, part: &str) {
        let unfinished = self.folder.path().join("unfinished");
        fs::write(&unfinished, format!("{calls} {error} {part}\n")).expect("the file is written");
        fs::rename(unfinished, self.control()).expect("the file gets its name");
    }

    fn mend(&self) {
        fs::remove_file(self.control()).expect("the file is there");
    }

    fn control(&self) -> PathBuf {
        self.folder.path().join("fault")
    }
}

#[test]
fn a_flush_that_fails_loses_nothing() {
    let (disk, runtime, folder) = (FaultyDisk::make(), runtime(), tempfile::tempdir().expect("a folder"));
    let ground = filled(&runtime, folder.path(), None);
    let config = NodeConfig { environment: disk.environment(), ..NodeConfig::in_folder(folder.path()) };
    let mut trial = Trial::begin(config, ground, runtime);

    // Commits go to the log; its flush is what an acknowledgement waits for.
    disk.fail("flush", EIO, "skydeck.db-wal$");
    let (status, code) = trial.probe().refused_write();
    assert_eq!((status, code.as_str()), (503, "outcome_unknown"));
    assert_eq!(trial.probe().unready().0, 503);
    assert_eq!(trial.probe().read(), 200);
    disk.mend();
    trial.probe().recovered();

    // The log is written back into the file now and then; while that fails, the file is opened anew.
    disk.fail("flush", EIO, "skydeck.db$");
    assert_eq!(trial.probe().refused_write().0, 503);
    assert_eq!(trial.probe().unready().0, 503);
    assert_eq!(trial.probe().read(), 200);
    disk.mend();
    trial.probe().recovered();

    // What a process left in the log whose flush failed comes back with the next process, whole or not at all.
    disk.fail("flush", EIO, "skydeck.db-wal$");
    assert_eq!(trial.probe().refused_write().0, 503);
    trial.replace_node(|| disk.mend());
    trial.probe().recovered();

    // Code is flushed before the transaction that names it.
    disk.fail("flush", EIO, "/blobs/");
    assert_eq!(trial.probe().refused_import().0, 503);
    assert_eq!(trial.probe().unready().0, 503);
    disk.mend();
    trial.probe().recovered();
    trial.end(|trial| {
        trial.node = None;
        open(folder.path(), None)
    });
}

#[test]
fn writes_that_fail_are_refused_and_nothing_is_half_written() {
    let (disk, runtime, folder) = (FaultyDisk::make(), runtime(), tempfile::tempdir().expect("a folder"));
    let ground = filled(&runtime, folder.path(), None);
    let config = NodeConfig { environment: disk.environment(), ..NodeConfig::in_folder(folder.path()) };
    let trial = Trial::begin(config, ground, runtime);
    for (error, part, status) in [
        (ENOSPC, "skydeck.db-wal$", 507),
        (EROFS, "skydeck.db-wal$", 503),
        (EIO, "skydeck.db-wal$", 503),
        // The log still takes what the file does not; a failure that may have left the file wrong is another matter.
        (EIO, "skydeck.db$", 503),
    ] {
        disk.fail("write", error, part);
        assert_eq!(trial.probe().refused_write().0, status, "error {error} on {part}");
        assert_eq!(trial.probe().unready().0, status, "error {error} on {part}");
        assert_eq!(trial.probe().read(), 200, "error {error} on {part}");
        disk.mend();
        trial.probe().recovered();
    }
    trial.end(|trial| {
        trial.node = None;
        open(folder.path(), None)
    });
}

#[test]
fn a_full_disk_is_said_and_nothing_acknowledged_is_lost() {
    let Some(own) = own_namespace() else { return };
    let (runtime, folder, filled_folder) =
        (runtime(), tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let ground = filled(&runtime, filled_folder.path(), None);
    let trial = Trial::begin(on_own_disk(&own, folder.path(), filled_folder.path()), ground, runtime);
    inside(&trial, "dd if=/dev/zero of=\"$FOLDER/ballast\" bs=64k 2>/dev/null; true");
    assert_eq!(trial.probe().refused_import(), (507, "storage_full".to_owned()));
    assert_eq!(trial.probe().refused_write(), (507, "storage_full".to_owned()));
    assert_eq!(trial.probe().unready().0, 507);
    assert_eq!(trial.probe().read(), 200);
    inside(&trial, "rm \"$FOLDER/ballast\"");
    trial.probe().recovered();
    end_on_own_disk(trial);
}

#[test]
fn a_folder_of_codes_that_takes_no_changes_is_said() {
    let Some(own) = own_namespace() else { return };
    let (runtime, folder, filled_folder) =
        (runtime(), tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let ground = filled(&runtime, filled_folder.path(), None);
    let trial = Trial::begin(on_own_disk(&own, folder.path(), filled_folder.path()), ground, runtime);
    let blobs = "\"$FOLDER/blobs\"";
    inside(&trial, &format!("mount --bind {blobs} {blobs} && mount -o remount,bind,ro {blobs}"));
    assert_eq!(trial.probe().refused_import().0, 503);
    assert_eq!(trial.probe().unready().0, 503);
    assert_eq!(trial.probe().read(), 200);
    inside(&trial, &format!("umount {blobs}"));
    trial.probe().recovered();
    end_on_own_disk(trial);
}

#[test]
fn a_folder_that_takes_no_changes_is_refused_at_the_start() {
    let Some(own) = own_namespace() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    open(folder.path(), None).close();
    let script = "mount --bind \"$1\" \"$1\" && mount -o remount,bind,ro \"$1\" \
                  && exec \"$2\" serve --listen 127.0.0.1:0 --data \"$1\"";
    let served = Command::new(&own[0])
        .args(&own[1..])
        .args(["sh", "-c", script, "sh"])
        .arg(folder.path())
        .arg(env!("CARGO_BIN_EXE_skydeck"))
        .output()
        .expect("the program runs");
    let said = String::from_utf8_lossy(&served.stderr);
    assert!(!served.status.success() && said.contains("ead-only"), "{}: {said}", served.status);
    open(folder.path(), None).close();
}

/// What gives a command mounts of its own; nothing, and a line that says what is left out, where that is not allowed.
fn own_namespace() -> Option<Vec<OsString>> {
    let mut words = vec![OsString::from("unshare"), OsString::from("--mount")];
    if !geteuid().is_root() {
        words.push(OsString::from("--map-root-user"));
    }
    let tried = Command::new(&words[0]).args(&words[1..]).args(["sh", "-c", "mount -t tmpfs none /mnt"]).output();
    if tried.is_ok_and(|tried| tried.status.success()) {
        return Some(words);
    }
    let test = std::thread::current().name().unwrap_or_default().to_owned();
    eprintln!("{test}: left out; this user may not mount a file system, not even one of its own");
    None
}

fn on_own_disk(own: &[OsString], folder: &Path, filled: &Path) -> NodeConfig {
    let shell = ["sh", "-c", ON_OWN_DISK, "sh"].map(OsString::from);
    NodeConfig {
        starter: own.iter().cloned().chain(shell).collect(),
        environment: vec![("FILLED", filled.into()), ("DISK_BYTES", DISK_BYTES.into())],
        ..NodeConfig::in_folder(folder)
    }
}

/// Runs a script among the server's own mounts, where `$FOLDER` is its folder.
fn inside(trial: &Trial, script: &str) {
    let mut command = Command::new("nsenter");
    command.args(["--target", &trial.node().process().to_string(), "--mount"]);
    if !geteuid().is_root() {
        command.args(["--user", "--preserve-credentials"]);
    }
    let done = command.args(["sh", "-c", script]).env("FOLDER", &trial.config.folder).output().expect("nsenter runs");
    assert!(done.status.success(), "{script}: {}", String::from_utf8_lossy(&done.stderr));
}

/// Copies the folder out of the server's own file system, since it goes with the server, and judges it.
fn end_on_own_disk(trial: Trial) {
    let copied = tempfile::tempdir().expect("a folder");
    trial.end(|trial| {
        inside(trial, &format!("cp -a \"$FOLDER/.\" {}/", copied.path().display()));
        trial.node = None;
        open(copied.path(), None)
    });
}
