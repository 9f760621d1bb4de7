//! Who else can read or change a file, and folders that only their user can access.

use std::{
    fs::{self, Metadata},
    io,
    path::Path,
};

use crate::text::shown_path;

/// What is wrong with the owner, the mode or the kind of a file or folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnsafePermissions {
    /// The owner of a link decides what is read and written.
    #[error("it is a symbolic link")]
    Link,
    /// It should be a folder.
    #[error("it is not a folder")]
    NotAFolder,
    /// It should be a file.
    #[error("it is not a regular file")]
    NotAFile,
    /// It belongs to another user.
    #[error("it belongs to another user (uid {0})")]
    Owner(u32),
    /// Its mode gives others access.
    #[error("its mode is {0:04o}, which gives others access")]
    Mode(u32),
    /// It belongs to another user, on Windows.
    #[error("it belongs to another user")]
    OtherOwner,
    /// Its access control list gives others access, on Windows.
    #[error("its access control list gives others access")]
    AccessList,
}

impl UnsafePermissions {
    /// Whether the owner is the problem.
    #[must_use]
    pub fn is_of_owner(self) -> bool {
        matches!(self, Self::Owner(_) | Self::OtherOwner)
    }

    /// Returns how to keep others from changing the file; `None` if its owner decides that.
    #[must_use]
    pub fn remedy(self, path: &Path) -> Option<String> {
        let path = shown_path(path);
        match self {
            Self::Mode(_) => Some(format!("take the access from others with: chmod go-w '{path}'")),
            Self::AccessList => Some(format!(
                "take the access from others with: icacls \"{path}\" /inheritance:r /grant:r \"%USERNAME%:F\""
            )),
            Self::Link | Self::NotAFolder | Self::NotAFile | Self::Owner(_) | Self::OtherOwner => None,
        }
    }
}

/// Checks that a file or folder belongs to this user, and that others have no access to it.
///
/// # Errors
/// [`UnsafePermissions`].
pub fn check_private(path: &Path, metadata: &Metadata) -> Result<(), UnsafePermissions> {
    check(path, metadata, Others::MayNotUse)
}

/// Checks that only this user and root can change a file. What is not a regular file, such as a pipe, passes. So does a file
/// that the user's own group can write: where each user has one, the usual umask of 002 gives it that access.
///
/// # Errors
/// [`UnsafePermissions`].
pub fn check_unchangeable_by_others(path: &Path, metadata: &Metadata) -> Result<(), UnsafePermissions> {
    if metadata.is_file() { check(path, metadata, Others::MayNotChange) } else { Ok(()) }
}

/// What others may not do.
#[derive(Clone, Copy)]
enum Others {
    MayNotUse,
    MayNotChange,
}

#[cfg(unix)]
fn check(_: &Path, metadata: &Metadata, others: Others) -> Result<(), UnsafePermissions> {
    use std::os::unix::fs::MetadataExt as _;

    let (may_be_root, forbidden) = match others {
        Others::MayNotUse => (false, 0o077),
        Others::MayNotChange => (true, 0o022),
    };
    let owner = metadata.uid();
    if owner != rustix::process::geteuid().as_raw() && !(may_be_root && owner == 0) {
        return Err(UnsafePermissions::Owner(owner));
    }
    let own_group = if may_be_root && metadata.gid() == owner { 0o020 } else { 0 };
    if metadata.mode() & forbidden & !own_group != 0 {
        return Err(UnsafePermissions::Mode(metadata.mode() & 0o7777));
    }
    Ok(())
}

/// What has no access list, such as a file on a drive without them, passes.
#[cfg(windows)]
fn check(path: &Path, _: &Metadata, others: Others) -> Result<(), UnsafePermissions> {
    use super::access_list::{self, CHANGE, Problem, USE};

    let forbidden = match others {
        Others::MayNotUse => USE,
        Others::MayNotChange => CHANGE,
    };
    let Ok((descriptor, user)) = descriptor_and_user(path) else { return Ok(()) };
    access_list::check(&descriptor, &user, forbidden).map_err(|problem| match problem {
        Problem::Owner => UnsafePermissions::OtherOwner,
        Problem::List => UnsafePermissions::AccessList,
    })
}

/// Returns the owner and the access list of a file, and this user, as Windows writes them.
#[cfg(windows)]
fn descriptor_and_user(path: &Path) -> io::Result<(String, String)> {
    use windows_permissions::{
        constants::{SeObjectType, SecurityInformation},
        utilities::current_process_sid,
        wrappers::{ConvertSecurityDescriptorToStringSecurityDescriptor, GetNamedSecurityInfo},
    };

    let wanted = SecurityInformation::Owner | SecurityInformation::Dacl;
    let descriptor = GetNamedSecurityInfo(path, SeObjectType::SE_FILE_OBJECT, wanted)?;
    let descriptor = ConvertSecurityDescriptorToStringSecurityDescriptor(&descriptor, wanted)?;
    Ok((descriptor.to_string_lossy().into_owned(), current_process_sid()?.to_string()))
}

/// Creates a folder and missing parents with access for this user only, whatever the umask.
///
/// # Errors
/// The system's, if a folder cannot be created. A folder that exists is left as it is.
pub fn create_private_folder(folder: &Path) -> io::Result<()> {
    if folder.as_os_str().is_empty() || folder.is_dir() {
        return Ok(());
    }
    if let Some(parent) = folder.parent() {
        create_private_folder(parent)?;
    }
    #[cfg_attr(not(unix), expect(unused_mut, reason = "there are no modes to set"))]
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(folder) {
        // Another process may have been faster.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        Err(error) => Err(error),
        Ok(()) => make_accessible(folder),
    }
}

/// A umask such as 0277 takes access from the user too.
#[cfg(unix)]
fn make_accessible(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;

    if fs::symlink_metadata(folder)?.permissions().mode() & 0o777 == 0o700 {
        return Ok(());
    }
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
}

#[cfg(not(unix))]
fn make_accessible(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_file_that_others_can_change_is_unsafe_and_one_that_they_can_read_only_if_it_should_be_private() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for (mode, is_private, is_unchangeable) in [
            (0o600, true, true),
            (0o400, true, true),
            (0o644, false, true),
            (0o640, false, true),
            (0o602, false, false),
            (0o622, false, false),
        ] {
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
            let metadata = file.as_file().metadata().unwrap();

            assert_eq!(check_private(file.path(), &metadata).is_ok(), is_private, "{mode:o}");
            assert_eq!(check_unchangeable_by_others(file.path(), &metadata).is_ok(), is_unchangeable, "{mode:o}");
        }
    }

    #[test]
    fn the_group_of_the_user_alone_may_change_a_file_and_any_other_group_may_not() {
        use std::os::unix::fs::{MetadataExt as _, chown};

        let file = tempfile::NamedTempFile::new().unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o660)).unwrap();
        let metadata = || file.as_file().metadata().unwrap();
        let is_own_group = metadata().gid() == metadata().uid();
        assert_eq!(check_unchangeable_by_others(file.path(), &metadata()).is_ok(), is_own_group);
        assert!(check_private(file.path(), &metadata()).is_err());
        // Only root can give it to a group that it is not in.
        if chown(&file, None, Some(metadata().uid() + 12_345)).is_ok() {
            assert_eq!(check_unchangeable_by_others(file.path(), &metadata()), Err(UnsafePermissions::Mode(0o660)));
        }
    }

    #[test]
    fn folders_are_created_for_this_user_only_and_existing_ones_are_left_as_they_are() {
        let root = tempfile::tempdir().unwrap();
        fs::set_permissions(&root, fs::Permissions::from_mode(0o755)).unwrap();
        let folder = root.path().join("a/b");

        create_private_folder(&folder).unwrap();
        create_private_folder(&folder).unwrap();

        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!([mode(root.path()), mode(&root.path().join("a")), mode(&folder)], [0o755, 0o700, 0o700]);
        fs::write(folder.join("file"), "").unwrap();
        assert!(create_private_folder(&folder.join("file")).is_err());
    }
}
