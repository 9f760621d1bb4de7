//! A real Chromium without a window, driven through its own driver (Debian's `chromium-driver`).

mod wire;

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use tempfile::TempDir;

/// How long a page may take to come to what is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// What tells one browser from the next.
#[derive(Default)]
pub struct Setup<'setup> {
    /// Its user's languages, as in `Accept-Language`; English when empty.
    pub languages: &'setup str,
    /// Further arguments of Chromium's.
    pub arguments: &'setup [&'setup str],
}

/// A browser with one window, ended when it is dropped.
pub struct Browser {
    session: String,
    driver: Driver,
}

/// The driver's process and where it listens, with a home of its own.
struct Driver {
    child: Child,
    port: u16,
    _home: TempDir,
}

impl Browser {
    /// Starts a browser.
    pub fn start(setup: &Setup) -> Self {
        let driver = Driver::start();
        let languages = if setup.languages.is_empty() { "en-GB,en" } else { setup.languages };
        // Containers have neither the name spaces that the sandbox wants nor a /dev/shm of any size.
        let mut arguments = vec!["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"];
        arguments.extend(setup.arguments);
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "goog:chromeOptions": { "args": arguments, "prefs": { "intl.accept_languages": languages } },
            "goog:loggingPrefs": { "browser": "ALL" },
        } } });
        let made = wire::command(driver.port, "POST", "/session", Some(&wanted));
        let session = made["sessionId"].as_str().unwrap().to_owned();
        Self { session, driver }
    }

    #[track_caller]
    fn post(&self, path: &str, body: &Value) -> Value {
        wire::command(self.driver.port, "POST", &format!("/session/{}/{path}", self.session), Some(body))
    }

    /// Goes to an address and waits until it is loaded.
    #[track_caller]
    pub fn open(&self, url: &str) {
        self.post("url", &json!({ "url": url }));
    }

    /// Runs a function's body in the page; what it returns, or what its promise comes to.
    #[track_caller]
    pub fn run(&self, script: &str) -> Value {
        self.post("execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// Waits until an expression is true in the page.
    #[track_caller]
    pub fn wait_for(&self, expression: &str) {
        let started = Instant::now();
        while self.run(&format!("return Boolean({expression})")) != true {
            let page = || self.run("return document.body.innerText");
            assert!(started.elapsed() < PATIENCE, "waited for {expression}: {}", page());
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// The text that a reader sees of an element.
    #[track_caller]
    pub fn text(&self, selector: &str) -> String {
        let text = self.run(&format!("return document.querySelector({}).innerText", json!(selector)));
        text.as_str().unwrap().to_owned()
    }

    /// Clicks on an element with the mouse: one that is hidden or covered cannot be.
    #[track_caller]
    pub fn click(&self, selector: &str) {
        let element = self.post("element", &json!({ "using": "css selector", "value": selector }));
        let id = element.as_object().unwrap().values().next().unwrap().as_str().unwrap();
        self.post(&format!("element/{id}/click"), &json!({}));
    }

    /// Presses keys one after the other, whatever has the focus.
    #[track_caller]
    pub fn press(&self, keys: &str) {
        let keys = keys.chars().flat_map(|key| {
            [
                json!({ "type": "keyDown", "value": key.to_string() }),
                json!({ "type": "keyUp", "value": key.to_string() }),
            ]
        });
        let actions: Vec<_> = keys.collect();
        self.post("actions", &json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": actions }] }));
    }

    /// Sends a command of the `DevTools` protocol.
    #[track_caller]
    pub fn devtools(&self, command: &str, parameters: &Value) -> Value {
        self.post("goog/cdp/execute", &json!({ "cmd": command, "params": parameters }))
    }

    /// What the console has said since it was last asked: errors, refusals by the page's policy, failed requests.
    #[track_caller]
    pub fn console(&self) -> Vec<String> {
        let entries = self.post("se/log", &json!({ "type": "browser" }));
        entries.as_array().unwrap().iter().map(|entry| entry["message"].as_str().unwrap().to_owned()).collect()
    }

    /// Makes the page as wide and high as a screen.
    #[track_caller]
    pub fn resize(&self, width: u32, height: u32) {
        let screen = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", &screen);
    }

    /// Keeps a picture of the whole page in `target/screenshots`.
    #[track_caller]
    pub fn picture(&self, name: &str) {
        let shot = self.devtools("Page.captureScreenshot", &json!({ "captureBeyondViewport": true }));
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("screenshots");
        fs::create_dir_all(&folder).unwrap();
        let bytes = STANDARD.decode(shot["data"].as_str().unwrap()).unwrap();
        fs::write(folder.join(format!("{name}.png")), bytes).unwrap();
    }
}

impl Driver {
    /// It picks a port that is free on one family and ends when the other's is taken by then.
    fn start() -> Self {
        (0..5).find_map(|_| Self::attempt()).expect("chromedriver has ended")
    }

    fn attempt() -> Option<Self> {
        let home = tempfile::tempdir().unwrap();
        let mut child = Command::new("chromedriver")
            .arg("--port=0")
            .env("HOME", home.path())
            .env("TMPDIR", home.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver does not start: run scripts/setup test");
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let Some(line) = lines.find(|line| line.contains("started successfully on port")) else {
            child.wait().unwrap();
            return None;
        };
        thread::spawn(move || lines.for_each(drop));
        let port = line.trim_end_matches('.').rsplit(' ').next().unwrap().parse().unwrap();
        Some(Self { child, port, _home: home })
    }
}

impl Drop for Browser {
    /// Chromium goes first: it outlives a driver that is killed.
    fn drop(&mut self) {
        let _ = wire::send(self.driver.port, "DELETE", &format!("/session/{}", self.session), None);
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
