//! A container's process, as far as that is possible without a container: in its own root filesystem, as its
//! own user, with its own environment.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::Path;
use std::process::Command;

/// Who runs in the container, and owns its data.
pub const NOBODY: u32 = 65532;

/// `attache-host serve` in `root`, on a free port of the loopback address: in the root filesystem where this
/// user may change the root, else beside it, and in both cases with nothing but the container's environment.
///
/// # Errors
/// When the root filesystem cannot be made ready.
pub fn serve(root: &Path, environment: &[(String, String)]) -> io::Result<Command> {
    let is_root = root.metadata()?.uid() == 0;
    let devices = is_root && make_devices(root)?;
    let chroot = ["/usr/sbin/chroot", "/usr/bin/chroot"]
        .into_iter()
        .find(|path| devices && Path::new(path).exists());
    let mut command;
    if let Some(chroot) = chroot {
        chown(root.join("data"), Some(NOBODY), Some(NOBODY))?;
        command = Command::new(chroot);
        command
            .arg(format!("--userspec={NOBODY}:{NOBODY}"))
            .arg(root)
            .arg("/attache-host")
            .env_clear()
            .envs(environment.iter().cloned());
    } else {
        command = Command::new(root.join("attache-host"));
        command.env_clear();
        for (name, value) in environment {
            match value.strip_prefix('/') {
                Some(path) => command.env(name, root.join(path)),
                None => command.env(name, value),
            };
        }
    }
    command
        .arg("serve")
        .env("ATTACHE_HOST", "127.0.0.1")
        .env("PORT", "0");
    Ok(command)
}

/// Every container has these two, says the OCI's runtime specification, and no image brings them. The
/// answer is whether this user may make them.
fn make_devices(root: &Path) -> io::Result<bool> {
    fs::create_dir_all(root.join("dev"))?;
    Ok([("random", "8"), ("urandom", "9")]
        .into_iter()
        .all(|(name, minor)| {
            Command::new("mknod")
                .arg("--mode=666")
                .arg(root.join("dev").join(name))
                .args(["c", "1", minor])
                .status()
                .is_ok_and(|status| status.success())
        }))
}
