//! A small file system, for a disk that is full.

use super::cluster::{as_server, fresh, run};
use super::{Outcome, words};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A mounted one. Unmounted when dropped; should that fail, by scripts/with-postgres.
pub struct Tmpfs(PathBuf);

impl Tmpfs {
    /// Mounts one that belongs to the servers' user; `None` where that is not permitted.
    pub fn mount(size: &str) -> Result<Option<Self>, String> {
        let path = fresh("disk")?;
        run(as_server(Path::new("/usr/bin/mkdir"))?.arg(&path))?;
        let options = format!("size={size},mode=0777");
        let mounted: Outcome =
            run(Command::new("mount").args(["-t", "tmpfs", "-o", &options, "repackd"]).arg(&path));
        if let Err(why) = mounted {
            eprintln!("SKIPPED: a file system cannot be mounted here: {why}");
            return Ok(None);
        }
        let disk = Self(path);
        // A tablespace must be in a directory of the server's own.
        run(as_server(Path::new("/usr/bin/mkdir"))?.arg(disk.path())).map_err(words)?;
        Ok(Some(disk))
    }

    /// Gives it another size.
    pub fn resize(&self, size: &str) -> Outcome {
        run(Command::new("mount").args(["-o", &format!("remount,size={size}")]).arg(&self.0))
    }

    /// A directory in it.
    pub fn path(&self) -> String {
        self.0.join("space").display().to_string()
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        let _ = run(Command::new("umount").arg(&self.0));
        let _ = std::fs::remove_dir(&self.0);
    }
}
