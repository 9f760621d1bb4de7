//! A headless Chromium, controlled through its driver (Debian's `chromium-driver`).

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

/// How long a page may take to reach an expected state.
const PATIENCE: Duration = Duration::from_secs(20);

/// The settings of a browser.
#[derive(Default)]
pub struct Setup<'setup> {
    /// The user's languages, as in `Accept-Language`; English when empty.
    pub languages: &'setup str,
    /// Additional arguments for Chromium.
    pub arguments: &'setup [&'setup str],
}

/// A browser with one window, which is closed on drop.
pub struct Browser {
    session: String,
    driver: Driver,
}

/// The driver's process, its port, and a separate home folder.
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
        // In containers, the namespaces for the sandbox are missing and /dev/shm is small.
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

    /// Opens an address and waits until it is loaded.
    #[track_caller]
    pub fn open(&self, url: &str) {
        self.post("url", &json!({ "url": url }));
    }

    /// Runs a function body in the page and returns its result, or that of its promise.
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

    /// Returns the visible text of an element.
    #[track_caller]
    pub fn text(&self, selector: &str) -> String {
        let text = self.run(&format!("return document.querySelector({}).innerText", json!(selector)));
        text.as_str().unwrap().to_owned()
    }

    /// Clicks on an element with the mouse, which fails if it is hidden or covered.
    #[track_caller]
    pub fn click(&self, selector: &str) {
        let element = self.post("element", &json!({ "using": "css selector", "value": selector }));
        let id = element.as_object().unwrap().values().next().unwrap().as_str().unwrap();
        self.post(&format!("element/{id}/click"), &json!({}));
    }

    /// Presses keys one after the other, on the element with the focus.
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

    /// Returns new messages of the console: errors, violations of the page's policy, failed requests.
    #[track_caller]
    pub fn console(&self) -> Vec<String> {
        let entries = self.post("se/log", &json!({ "type": "browser" }));
        entries.as_array().unwrap().iter().map(|entry| entry["message"].as_str().unwrap().to_owned()).collect()
    }

    /// Sets the size of the screen.
    #[track_caller]
    pub fn resize(&self, width: u32, height: u32) {
        let screen = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", &screen);
    }

    /// Saves a picture of the whole page in `target/screenshots`.
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
    /// The driver picks a port that is free for one address family and ends if the other's is taken, so this retries.
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
    /// Closes Chromium first, because it survives a killed driver.
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
