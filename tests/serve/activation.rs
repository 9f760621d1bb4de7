//! Sockets that systemd's own program opens for the server.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read, Write},
    net::TcpStream,
    os::unix::{fs::PermissionsExt as _, net::UnixStream},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use super::Answer;
use crate::{local::Local, support::free_port};

/// `systemd-socket-activate`, which starts the server at the first request; it is killed on drop.
struct Activated(Child);

impl Activated {
    fn listening(local: &Local, sockets: &[&str], arguments: &[&str]) -> Self {
        let mut command = Command::new("systemd-socket-activate");
        command.args(sockets.iter().map(|socket| format!("--listen={socket}")));
        command.args(["-E", "XDG_DATA_HOME", env!("CARGO_BIN_EXE_maskinporten"), "serve", "--env", "local"]);
        command.args(arguments).env("XDG_DATA_HOME", local.home()).env("HOME", local.home());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        Self(command.spawn().unwrap())
    }

    /// Waits for its end, after a signal if wanted, and returns the exit code and the log.
    fn end(mut self, signal: bool) -> (Option<i32>, String) {
        let started = Instant::now();
        if signal {
            crate::support::send_signal(self.0.id(), rustix::process::Signal::TERM);
        }
        while self.0.try_wait().unwrap().is_none() {
            assert!(started.elapsed() < Duration::from_secs(20), "it does not end");
            std::thread::sleep(Duration::from_millis(5));
        }
        let mut output = String::new();
        self.0.stderr.take().unwrap().read_to_string(&mut output).unwrap();
        let own =
            output.lines().filter(|line| !line.starts_with("Listening on ") && !line.starts_with("Communication "));
        let own: Vec<_> = own.filter(|line| !line.starts_with("Execing ")).collect();
        (self.0.wait().unwrap().code(), own.join("\n") + "\n")
    }
}

impl Drop for Activated {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Tries until it succeeds, for example to connect to a server that is starting.
fn retry<T>(attempt: impl Fn() -> std::io::Result<T>) -> T {
    let started = Instant::now();
    loop {
        match attempt() {
            Ok(done) => return done,
            Err(error) => assert!(started.elapsed() < Duration::from_secs(10), "{error}"),
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn ask<T: Read + Write>(connect: impl Fn() -> std::io::Result<T>, request: &str) -> Answer {
    let mut stream = retry(connect);
    let _ = stream.write_all(request.as_bytes());
    let mut text = Vec::new();
    let _ = stream.read_to_end(&mut text);
    Answer::parse(&String::from_utf8(text).unwrap())
}

fn request(host: &str) -> String {
    format!("GET /?cache=true HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs systemd")]
#[test]
fn sockets_that_systemd_opened_are_served_and_the_first_request_waits_for_the_server() {
    let local = Local::start(&[]);
    let (port, socket) = (free_port(), local.home().join("passed.socket"));
    let tcp = format!("127.0.0.1:{port}");
    let activated = Activated::listening(&local, &[&tcp, socket.to_str().unwrap()], &[]);

    let first = ask(|| TcpStream::connect(&tcp), &request(&tcp));
    let second = ask(|| UnixStream::connect(&socket), &request("localhost"));
    let elsewhere = ask(|| TcpStream::connect(&tcp), &request("rebound.example"));

    assert_eq!((first.status, second.status, elsewhere.status), (200, 200, 403), "{first:?}");
    assert_eq!(first.body, second.body);
    let (code, output) = activated.end(true);
    assert_eq!(code, Some(0));
    let listening = format!("listening on http://{tcp}/ and {} (serving default)\n", socket.display());
    assert!(output.starts_with(&listening), "{output}");
    assert!(socket.exists(), "removing it is systemd's task");
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs systemd")]
#[test]
fn inherited_sockets_need_the_same_protection_as_the_servers_own() {
    let local = Local::start(&[]);
    let (port, socket) = (free_port(), local.home().join("open.socket"));
    let everywhere = format!("0.0.0.0:{port}");
    let tcp = Activated::listening(&local, &[&everywhere], &[]);
    ask(|| TcpStream::connect(("127.0.0.1", port)), &request("localhost"));
    let expected = format!(
        "error: {everywhere} can be reached from other machines, and no secret is set\n\
         hint: pass --secret-file FILE; callers then send it as `Authorization: Bearer`\n"
    );
    assert_eq!(tcp.end(false), (Some(2), expected));

    let unix = Activated::listening(&local, &[socket.to_str().unwrap()], &[]);
    retry(|| fs::set_permissions(&socket, fs::Permissions::from_mode(0o666)));
    ask(|| UnixStream::connect(&socket), &request("localhost"));
    let expected = format!(
        "error: every user of this machine may write to `{}`, and no secret is set\n\
         hint: set SocketMode=0600 and SocketUser= in systemd's .socket unit, or pass --secret-file FILE\n",
        socket.display()
    );
    assert_eq!(unix.end(false), (Some(2), expected));
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs systemd")]
#[test]
fn sockets_of_systemd_and_sockets_of_the_command_line_exclude_each_other() {
    let local = Local::start(&[]);
    let port = free_port();
    let tcp = format!("127.0.0.1:{port}");
    let activated = Activated::listening(&local, &[&tcp], &["--port", "0"]);

    ask(|| TcpStream::connect(&tcp), &request(&tcp));

    let expected = "error: systemd has opened the sockets, but the command line names others\n\
                    hint: remove --port, --listen and --unix-socket, and configure the sockets in the .socket unit\n";
    assert_eq!(activated.end(false), (Some(2), expected.to_owned()));
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs systemd")]
#[test]
fn an_inherited_connection_is_rejected_and_variables_for_another_process_are_ignored() {
    let local = Local::start(&[]);
    let port = free_port();
    let tcp = format!("127.0.0.1:{port}");
    let mut accepting = Command::new("systemd-socket-activate");
    accepting.args(["--accept", "--listen", &tcp, "-E", "XDG_DATA_HOME", env!("CARGO_BIN_EXE_maskinporten"), "serve"]);
    accepting.args(["--env", "local"]).env("XDG_DATA_HOME", local.home()).env("HOME", local.home());
    accepting.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut accepting = Activated(accepting.spawn().unwrap());
    ask(|| TcpStream::connect(&tcp), &request(&tcp));
    let stderr = BufReader::new(accepting.0.stderr.as_mut().unwrap());
    let errors = stderr.lines().map(Result::unwrap).skip_while(|line| !line.starts_with("error: ")).take(3);
    let expected = [
        "error: could not use the inherited socket",
        "caused by: it is not listening",
        "hint: it must be a listening TCP or Unix socket; with systemd, `Accept=no`",
    ];
    assert_eq!(errors.collect::<Vec<_>>(), expected);

    let foreign = local.maskinporten(&["serve", "--env", "local", "--port", "0"]);
    let serve = super::Serve::start(foreign.env("LISTEN_FDS", "1").env("LISTEN_PID", "1"));
    assert_eq!(serve.get("/healthz").status, 200);
}
