//! The operating system's store of secrets: the Secret Service of GNOME and KDE, the keychain of macOS, the credential
//! manager of Windows.
//!
//! An entry has the names `service` and `username`, as other programs name theirs (Python's `keyring`, `secret-tool`). The
//! functions must run within a tokio runtime.

#[cfg(any(target_os = "macos", windows))]
#[path = "native.rs"]
mod system;
#[cfg(not(any(target_os = "macos", windows)))]
#[path = "secret_service.rs"]
mod system;

use std::time::Duration;

use zeroize::Zeroizing;

use crate::explain::Explain;

/// The time limit of each function; the person may have to unlock the store meanwhile.
const TIME_LIMIT: Duration = Duration::from_mins(1);

/// An error of the crate through which the store is used.
type SystemError = Box<dyn std::error::Error + Send + Sync>;

/// The names of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SecretEntry<'name> {
    /// The program or service that the secret is for.
    pub service: &'name str,
    /// The user, or what else distinguishes the secrets of a service.
    pub username: &'name str,
}

/// Why an entry could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum SecretStoreError {
    /// There is no store, or it cannot be reached from this session.
    #[error("the operating system's store of secrets is not available")]
    Unavailable(#[source] SystemError),
    /// The store is locked, and the person did not unlock it.
    #[error("the operating system's store of secrets stayed locked")]
    Locked,
    /// The store has not answered.
    #[error("the operating system's store of secrets has not answered in {} s", TIME_LIMIT.as_secs())]
    TimedOut,
    /// The store reported another error.
    #[error("the operating system's store of secrets failed")]
    Failed(#[source] SystemError),
}

impl Explain for SecretStoreError {
    fn code(&self) -> &'static str {
        "secret_store"
    }

    fn hint(&self) -> Option<String> {
        Some(
            match self {
                Self::Unavailable(_) => "start it, or run the command in a session of the desktop",
                Self::Locked | Self::TimedOut => "unlock it, and try again",
                Self::Failed(_) => "see what the store reports in its own log",
            }
            .to_owned(),
        )
    }
}

impl SecretEntry<'_> {
    /// Returns the secret; `None` if there is no such entry.
    ///
    /// # Errors
    /// [`SecretStoreError`].
    pub async fn read(self) -> Result<Option<Zeroizing<Vec<u8>>>, SecretStoreError> {
        limited(system::read(self)).await
    }

    /// Writes the secret in place of an earlier one; the label is what the store shows to its user.
    ///
    /// # Errors
    /// [`SecretStoreError`].
    pub async fn write(self, label: &str, secret: &[u8]) -> Result<(), SecretStoreError> {
        limited(system::write(self, label, secret)).await
    }

    /// Removes the entry; returns whether there was one.
    ///
    /// # Errors
    /// [`SecretStoreError`].
    pub async fn remove(self) -> Result<bool, SecretStoreError> {
        limited(system::remove(self)).await
    }
}

async fn limited<T>(action: impl Future<Output = Result<T, SecretStoreError>>) -> Result<T, SecretStoreError> {
    tokio::time::timeout(TIME_LIMIT, action).await.unwrap_or(Err(SecretStoreError::TimedOut))
}

#[cfg(test)]
#[cfg(all(feature = "system-tests", target_os = "linux"))]
mod tests {
    use std::process::Command;

    use super::*;

    /// Set for the copy of this program that runs in a session with a store.
    const INSIDE: &str = "SECRET_STORE_TEST_IS_INSIDE";

    /// Runs a test of this module again in a D-Bus session of its own, with what `sh` starts before it.
    fn run_in_session(before: &str, test: &str) {
        let home = tempfile::tempdir().unwrap();
        let script = format!("{before}\nexec \"$0\" --exact secret_store::tests::{test} --nocapture");
        let ran = Command::new("dbus-run-session")
            .args(["--", "sh", "-c", &script])
            .arg(std::env::current_exe().unwrap())
            .env(INSIDE, "1")
            .env("HOME", home.path())
            .env_remove("XDG_DATA_HOME")
            .env("XDG_RUNTIME_DIR", home.path())
            .output()
            .expect("dbus-run-session could not be run: scripts/setup installs it");
        let output = format!("{}{}", String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
        assert!(ran.status.success() && output.contains("1 passed"), "{output}");
    }

    fn is_inside() -> bool {
        std::env::var_os(INSIDE).is_some()
    }

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
    }

    #[test]
    fn gnome_keyring_keeps_a_secret_that_secret_tool_can_read_too() {
        if !is_inside() {
            let keyring = "printf password | gnome-keyring-daemon --unlock --components=secrets >/dev/null || exit 9";
            return run_in_session(keyring, "gnome_keyring_keeps_a_secret_that_secret_tool_can_read_too");
        }
        let entry = SecretEntry { service: "maskinporten test", username: "a b" };
        block_on(async {
            assert_eq!(entry.read().await.unwrap(), None);
            entry.write("label", b"first").await.unwrap();
            entry.write("label", b"second\0\xff").await.unwrap();
            assert_eq!(entry.read().await.unwrap().unwrap().as_slice(), b"second\0\xff");
            entry.write("label", b"third").await.unwrap();
            assert_eq!(SecretEntry { username: "other", ..entry }.read().await.unwrap(), None);
        });
        let looked_up = ["lookup", "service", entry.service, "username", entry.username];
        assert_eq!(Command::new("secret-tool").args(looked_up).output().unwrap().stdout, b"third");
        block_on(async {
            assert!(entry.remove().await.unwrap());
            assert!(!entry.remove().await.unwrap());
        });
    }

    #[test]
    fn without_a_store_it_is_reported_as_not_available() {
        if !is_inside() {
            return run_in_session("unset DBUS_SESSION_BUS_ADDRESS", "without_a_store_it_is_reported_as_not_available");
        }
        let entry = SecretEntry { service: "maskinporten test", username: "" };
        let error = block_on(entry.read()).unwrap_err();
        assert!(matches!(error, SecretStoreError::Unavailable(_)), "{error:?}");
    }
}
