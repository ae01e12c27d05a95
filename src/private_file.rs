//! Files for secrets: readable by their owner alone, and not reached through other people's links.
//!
//! A symbolic link in a folder that others may write can lead anywhere, so it is refused; one in a
//! folder of the user's own or of root is followed. Devices and pipes are opened as they are.

use std::fs::File;
use std::io;
use std::path::Path;
#[cfg(any(unix, feature = "cli"))]
use std::path::PathBuf;

/// Opens a file for writing, and creates or empties it. A regular file has mode 0600 afterwards.
///
/// # Errors
/// What the system said; [`io::ErrorKind::PermissionDenied`] where a link leads there from a folder
/// that others may write, and where the file belongs to somebody else who could read it.
pub(crate) fn create(path: &Path) -> io::Result<File> {
    system::create(path)
}

/// The path without symbolic links, of something that is there or that could be created.
///
/// # Errors
/// As [`create`].
#[cfg(feature = "cli")]
pub(crate) fn resolve(path: &Path) -> io::Result<PathBuf> {
    system::resolve(path)
}

#[cfg(not(unix))]
mod system {
    use super::{File, Path, io};

    pub(super) fn create(path: &Path) -> io::Result<File> {
        File::options().write(true).create(true).truncate(true).open(path)
    }

    #[allow(clippy::unnecessary_wraps)] // the same shape as where it can fail
    #[cfg(feature = "cli")]
    pub(super) fn resolve(path: &Path) -> io::Result<super::PathBuf> {
        Ok(path.to_owned())
    }
}

#[cfg(unix)]
mod system {
    use super::{File, Path, PathBuf, io};
    use nix::errno::Errno;
    use nix::fcntl::{AT_FDCWD, AtFlags, OFlag, openat, readlinkat};
    use nix::sys::stat::{FileStat, Mode, SFlag, fchmod, fstat, fstatat};
    use nix::unistd::geteuid;
    use std::collections::VecDeque;
    use std::ffi::{OsStr, OsString};
    use std::os::fd::{AsFd, OwnedFd};
    use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};

    /// As many links as Linux follows, `path_resolution(7)`.
    const MAX_LINKS: usize = 40;
    /// The mode of a private file.
    const PRIVATE: Mode = Mode::S_IRUSR.union(Mode::S_IWUSR);
    /// How users are shown that a user namespace does not map; root is one of them.
    const OVERFLOW_USER: u32 = 65_534;

    /// A name in an open folder.
    struct Place {
        folder: OwnedFd,
        name: OsString,
        #[cfg_attr(not(feature = "cli"), allow(dead_code))]
        /// The name's path, without links.
        path: PathBuf,
        /// Whether the kernel follows the link itself: `/proc/self/fd/1` can lead to a pipe.
        is_magic: bool,
    }

    pub(super) fn create(path: &Path) -> io::Result<File> {
        let place = walk(path)?;
        let mut flags = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_CLOEXEC | OFlag::O_NOCTTY;
        if !place.is_magic {
            flags |= OFlag::O_NOFOLLOW;
        }
        // It is emptied once it is known to be ours.
        let file = File::from(openat(&place.folder, place.name.as_os_str(), flags, PRIVATE)?);
        let stat = fstat(&file)?;
        let is_own = stat.st_uid == geteuid().as_raw();
        if !is_own && stat.st_uid != 0 && !place.is_magic && others_may_write(&place.folder)? {
            return Err(refused("it belongs to another user, in a folder that others may write"));
        }
        if is(&stat, SFlag::S_IFREG) {
            if permissions(&stat) != PRIVATE {
                match fchmod(&file, PRIVATE) {
                    // Some file systems, such as FAT, have no modes.
                    Err(Errno::EPERM | Errno::ENOTSUP) if is_own => {}
                    Err(Errno::EPERM) => return Err(refused("it belongs to another user, who could read it")),
                    changed => changed?,
                }
            }
            file.set_len(0)?;
        }
        Ok(file)
    }

    #[cfg(feature = "cli")]
    pub(super) fn resolve(path: &Path) -> io::Result<PathBuf> {
        Ok(walk(path)?.path)
    }

    /// Goes from folder to folder by descriptors, so that no folder can be exchanged on the way.
    fn walk(path: &Path) -> io::Result<Place> {
        let mut rest: VecDeque<OsString> = VecDeque::new();
        let (mut folder, mut walked) = begin(path)?;
        push(&mut rest, path);
        let mut links = 0;
        while let Some(name) = rest.pop_front() {
            let is_last = rest.is_empty();
            let here = |folder, walked: PathBuf, is_magic| {
                let path = walked.join(&name);
                Place { folder, name: name.clone(), path, is_magic }
            };
            let stat = match fstatat(&folder, name.as_os_str(), AtFlags::AT_SYMLINK_NOFOLLOW) {
                Err(Errno::ENOENT) if is_last => return Ok(here(folder, walked, false)),
                stat => stat?,
            };
            if is(&stat, SFlag::S_IFLNK) {
                if is_last && is_procfs(&folder) {
                    return Ok(here(folder, walked, true));
                }
                if others_may_write(&folder)? {
                    let link = walked.join(&name);
                    return Err(refused(&format!(
                        "{} is a symbolic link in a folder that others may write",
                        link.display()
                    )));
                }
                links += 1;
                if links > MAX_LINKS {
                    return Err(Errno::ELOOP.into());
                }
                let target = PathBuf::from(readlinkat(&folder, name.as_os_str())?);
                if target.is_absolute() {
                    (folder, walked) = begin(&target)?;
                }
                push(&mut rest, &target);
            } else if is_last && name != ".." {
                return Ok(here(folder, walked, false));
            } else {
                folder = open_folder(&folder, &name)?;
                walked.push(name);
            }
        }
        // A path that ends in a folder: `.`, `..` or `/`.
        Ok(Place { folder, name: ".".into(), path: walked, is_magic: false })
    }

    /// Where a path begins.
    fn begin(path: &Path) -> io::Result<(OwnedFd, PathBuf)> {
        let start = if path.is_absolute() { "/" } else { "." };
        Ok((open_folder(AT_FDCWD, OsStr::new(start))?, if path.is_absolute() { "/".into() } else { PathBuf::new() }))
    }

    /// Puts a path's parts in front of those that are to come.
    fn push(rest: &mut VecDeque<OsString>, path: &Path) {
        let parts = path.as_os_str().as_bytes().split(|byte| *byte == b'/');
        for part in parts.filter(|part| !part.is_empty() && *part != b".").rev() {
            rest.push_front(OsString::from_vec(part.to_vec()));
        }
    }

    fn open_folder(folder: impl AsFd, name: &OsStr) -> io::Result<OwnedFd> {
        // A folder that may be entered need not be readable.
        #[cfg(target_os = "linux")]
        let how = OFlag::O_PATH;
        #[cfg(not(target_os = "linux"))]
        let how = OFlag::O_RDONLY;
        let flags = how | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        Ok(openat(folder, name, flags, Mode::empty())?)
    }

    /// Whether anybody but the user and root can put something into the folder.
    fn others_may_write(folder: &OwnedFd) -> io::Result<bool> {
        let stat = fstat(folder)?;
        let is_trusted = [0, OVERFLOW_USER, geteuid().as_raw()].contains(&stat.st_uid);
        Ok(!is_trusted || permissions(&stat).intersects(Mode::S_IWGRP | Mode::S_IWOTH))
    }

    #[cfg(target_os = "linux")]
    fn is_procfs(folder: &OwnedFd) -> bool {
        use nix::sys::statfs::{PROC_SUPER_MAGIC, fstatfs};
        fstatfs(folder).is_ok_and(|system| system.filesystem_type() == PROC_SUPER_MAGIC)
    }

    #[cfg(not(target_os = "linux"))]
    fn is_procfs(_: &OwnedFd) -> bool {
        false
    }

    fn is(stat: &FileStat, kind: SFlag) -> bool {
        SFlag::from_bits_truncate(stat.st_mode) & SFlag::S_IFMT == kind
    }

    fn permissions(stat: &FileStat) -> Mode {
        Mode::from_bits_truncate(stat.st_mode)
    }

    fn refused(why: &str) -> io::Error {
        io::Error::new(io::ErrorKind::PermissionDenied, why)
    }
}

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::fs::{self, Permissions};
    use std::io::Write as _;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o7777
    }

    #[test]
    fn what_is_written_is_private_whether_it_was_there_or_not() {
        let folder = tempfile::tempdir().unwrap();
        for before in [None, Some(0o666), Some(0o644), Some(0o4755), Some(0o600)] {
            let path = folder.path().join("report");
            if let Some(before) = before {
                fs::write(&path, "an earlier report").unwrap();
                fs::set_permissions(&path, Permissions::from_mode(before)).unwrap();
            }
            create(&path).unwrap().write_all(b"new").unwrap();
            assert_eq!((mode(&path), fs::read(&path).unwrap()), (0o600, b"new".to_vec()), "{before:?}");
            fs::remove_file(&path).unwrap();
        }
    }

    #[test]
    fn links_are_followed_only_where_nobody_else_could_have_put_them() {
        let folder = tempfile::tempdir().unwrap();
        for (shared, is_followed) in
            [(0o700, true), (0o755, true), (0o775, false), (0o777, false), (0o1777, false), (0o1775, false)]
        {
            let place = folder.path().join("place");
            let (victim, victims) = (folder.path().join("victim"), folder.path().join("victims"));
            fs::create_dir(&place).unwrap();
            fs::create_dir(&victims).unwrap();
            fs::write(&victim, "victim").unwrap();
            symlink(&victim, place.join("to-file")).unwrap();
            symlink("../victim", place.join("relative")).unwrap();
            symlink("../nothing", place.join("to-nothing")).unwrap();
            symlink(&victims, place.join("to-folder")).unwrap();
            symlink(&place, folder.path().join("own")).unwrap();
            symlink("loop", place.join("loop")).unwrap();
            fs::set_permissions(&place, Permissions::from_mode(shared)).unwrap();
            // A link of one's own may lead to a link of others.
            for link in ["place/to-file", "place/relative", "place/to-folder/x", "own/to-nothing", "own/to-file"] {
                let result = create(&folder.path().join(link));
                assert_eq!(result.is_ok(), is_followed, "{link} in {shared:o}: {result:?}");
                assert_eq!(resolve(&folder.path().join(link)).is_ok(), is_followed, "{link} in {shared:o}");
            }
            assert_eq!(fs::read(&victim).unwrap().is_empty(), is_followed);
            assert_eq!(victims.join("x").exists(), is_followed);
            assert!(create(&place.join("loop")).is_err());
            create(&place.join("new")).unwrap();
            assert_eq!(mode(&place.join("new")), 0o600);
            for path in ["place", "victims"] {
                fs::remove_dir_all(folder.path().join(path)).unwrap();
            }
            for path in ["own", "victim", "nothing"] {
                let _ = fs::remove_file(folder.path().join(path));
            }
        }
    }

    #[test]
    fn devices_pipes_and_folders() {
        create(Path::new("/dev/null")).unwrap().write_all(b"x").unwrap();
        let folder = tempfile::tempdir().unwrap();
        for path in [folder.path().to_owned(), folder.path().join(".."), folder.path().join("."), "/".into()] {
            assert!(create(&path).is_err(), "{}", path.display());
        }
        assert!(create(&folder.path().join("missing/file")).is_err());
        assert!(create(Path::new("")).is_err());
        let pipe = folder.path().join("pipe");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::from_bits_truncate(0o644)).unwrap();
        let _reader = File::options().read(true).write(true).open(&pipe).unwrap();
        create(&pipe).unwrap().write_all(b"x").unwrap();
        assert_eq!(mode(&pipe), 0o644);
        #[cfg(target_os = "linux")]
        {
            use std::os::fd::AsRawFd as _;
            let (_, end) = io::pipe().unwrap();
            create(Path::new(&format!("/proc/self/fd/{}", end.as_raw_fd()))).unwrap();
        }
        assert!(resolve(&folder.path().join("a/../b")).is_err(), "there is no `a`");
    }
}
