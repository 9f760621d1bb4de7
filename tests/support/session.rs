//! A D-Bus session of a test's own, in which a store of secrets can be unlocked.

use std::{
    fs,
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use tempfile::TempDir;

use super::{Maskinporten, Running, program, wait_until};

/// That of a session, but the bus starts no services: it could be faster than the test with a store, which would be locked.
const CONFIG: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
  "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path=SOCKET</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#;

/// A D-Bus session with a home; it ends when it is dropped.
pub struct Session {
    _bus: Running,
    home: TempDir,
}

impl Session {
    /// Starts a session without services.
    pub fn start() -> Self {
        let home = tempfile::tempdir().unwrap();
        let (socket, config) = (home.path().join("bus"), home.path().join("bus.conf"));
        fs::write(&config, CONFIG.replace("SOCKET", socket.to_str().unwrap())).unwrap();
        let mut bus = Command::new("dbus-daemon");
        bus.args(["--nofork", "--nopidfile"]).arg(format!("--config-file={}", config.display()));
        bus.env("HOME", home.path()).env("XDG_RUNTIME_DIR", home.path());
        let bus = bus.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let session =
            Self { _bus: Running(bus.expect("dbus-daemon could not be run: scripts/setup installs it")), home };
        wait_until("the bus listens", || socket.exists().then_some(()));
        session
    }

    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Returns the value of `DBUS_SESSION_BUS_ADDRESS`.
    pub fn address(&self) -> String {
        format!("unix:path={}", self.home.path().join("bus").display())
    }

    /// Makes a command of another program in this session.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("DBUS_SESSION_BUS_ADDRESS", self.address()).env_remove("XDG_DATA_HOME");
        command.env("HOME", self.home()).env("XDG_RUNTIME_DIR", self.home());
        command
    }

    /// Lets a run of the binary reach the session.
    pub fn joined_by(&self, run: Maskinporten) -> Maskinporten {
        run.env("DBUS_SESSION_BUS_ADDRESS", self.address())
    }

    /// Starts GNOME's store of secrets, and unlocks it.
    pub fn keyring(&self) -> Running {
        let mut daemon = self.command("gnome-keyring-daemon");
        let daemon = service(daemon.args(["--foreground", "--unlock", "--components=secrets"]), b"password");
        wait_until("the store is unlocked", || {
            let mut store = self.command("secret-tool");
            store.args(["store", "--label=ready", "ready", "yes"]).stdin(Stdio::null());
            store.output().unwrap().status.success().then_some(())
        });
        daemon
    }

    /// Writes a secret with another program than the one under test.
    pub fn store(&self, service: &str, username: &str, secret: &[u8]) {
        let names = ["store", "--label=key", "service", service, "username", username];
        program(self.command("secret-tool").args(names), secret);
    }
}

/// Starts a service, which runs until it is dropped.
pub fn service(command: &mut Command, stdin: &[u8]) -> Running {
    let started = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let mut service = started.unwrap_or_else(|error| panic!("{command:?}: {error}: scripts/setup installs it"));
    service.stdin.take().unwrap().write_all(stdin).unwrap();
    Running(service)
}
