//! Debian's Chromium without a screen, driven by its chromedriver over `WebDriver` (W3C, level 2).

use crate::{PATIENCE, printer::runtime, until};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use http_body_util::{BodyExt as _, Full};
use hyper::{Request, body::Bytes, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Value, json};
use std::{
    io::{BufRead as _, BufReader},
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
};
use tempfile::TempDir;
use tokio::{net::TcpStream, time::timeout};

/// The member of an object that refers to an element (`WebDriver`, 12.2).
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";
/// The tabulator key (`WebDriver`, 17.4.2).
pub const TAB: &str = "\u{e004}";
/// The enter key.
pub const ENTER: &str = "\u{e007}";

/// How often to try to start its driver, which now and then finds the port taken that it has just picked.
const ATTEMPTS: u32 = 5;

/// A chromedriver, and the port on which it answers.
fn driver(home: &Path) -> Option<(Child, u16)> {
    // A process group of its own, so that no part of it outlives the test.
    let mut driver = Command::new("chromedriver")
        .arg("--port=0")
        .env("HOME", home)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .unwrap();
    let mut said = BufReader::new(driver.stdout.take().unwrap()).lines().map_while(Result::ok);
    let port = said.by_ref().find_map(|line| {
        let (_, port) = line.split_once("started successfully on port ")?;
        port.trim_end_matches('.').parse().ok()
    });
    let Some(port) = port else {
        driver.wait().unwrap();
        return None;
    };
    // What it says later is read, so that it does not wait for that.
    thread::spawn(move || said.for_each(drop));
    Some((driver, port))
}

/// How a browser is to be.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// The width of its window in CSS pixels.
    pub width: u32,
    /// Whether it runs scripts.
    pub scripts: bool,
    /// Whether it prefers dark pages.
    pub dark: bool,
}

impl Default for Look {
    fn default() -> Self {
        Self { width: 1280, scripts: true, dark: false }
    }
}

/// A running browser with one page. Ends when it is dropped.
#[derive(Debug)]
pub struct Browser {
    driver: Child,
    port: u16,
    session: String,
    /// Its folder, which goes with it.
    profile: TempDir,
}

impl Browser {
    /// One that runs scripts, in a wide window.
    pub fn start() -> Self {
        Self::like(Look::default())
    }

    /// One that is like this.
    pub fn like(look: Look) -> Self {
        let profile = tempfile::Builder::new().prefix("ostler-browser-").tempdir().unwrap();
        let (driver, port) = (0..ATTEMPTS).find_map(|_| driver(profile.path())).expect("chromedriver starts");
        let mut browser = Self { driver, port, session: String::new(), profile };
        let folder = browser.profile.path().join("profile");
        let arguments = [
            "--headless".to_owned(),
            "--no-sandbox".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-quic".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            "--no-first-run".to_owned(),
            "--disable-background-networking".to_owned(),
            "--disable-component-update".to_owned(),
            "--disable-sync".to_owned(),
            format!("--user-data-dir={}", folder.display()),
        ];
        let mut options = json!({ "args": arguments });
        if !look.scripts {
            options["prefs"] = json!({ "profile.managed_default_content_settings.javascript": 2 });
        }
        let capabilities = json!({ "alwaysMatch": { "goog:chromeOptions": options } });
        let session = browser.call("POST", "/session", &json!({ "capabilities": capabilities }));
        session["sessionId"].as_str().unwrap().clone_into(&mut browser.session);
        let size = json!({ "width": look.width, "height": 900, "deviceScaleFactor": 1, "mobile": look.width < 600 });
        browser.devtools("Emulation.setDeviceMetricsOverride", &size);
        let scheme = if look.dark { "dark" } else { "light" };
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        browser.devtools("Emulation.setEmulatedMedia", &media);
        browser
    }

    /// Goes to a URL and waits until its page is loaded.
    #[track_caller]
    pub fn open(&self, url: &str) {
        self.ask("POST", "/url", &json!({ "url": url }));
    }

    /// Loads the page again.
    #[track_caller]
    pub fn reload(&self) {
        self.ask("POST", "/refresh", &json!({}));
    }

    /// Where it is.
    #[track_caller]
    pub fn url(&self) -> String {
        self.ask("GET", "/url", &Value::Null).as_str().unwrap().to_owned()
    }

    /// The path of where it is.
    #[track_caller]
    pub fn path(&self) -> String {
        let url = self.url();
        let path = url.split_once("://").and_then(|(_, rest)| rest.split_once('/'));
        format!("/{}", path.map(|(_, path)| path).unwrap_or_default())
    }

    /// The text that is seen of the first element of a selector; empty when there is none.
    #[track_caller]
    pub fn text(&self, selector: &str) -> String {
        // In one step: a page may be loaded again between finding an element and reading it.
        let script = "return document.querySelector(arguments[0])?.innerText ?? ''";
        self.execute(script, &[json!(selector)]).as_str().unwrap_or_default().to_owned()
    }

    /// Waits until the text of an element has these words, and returns it; fails with what it has instead.
    #[track_caller]
    pub fn until_text(&self, selector: &str, words: &str) -> String {
        let mut text = String::new();
        until(&format!("'{words}' in {selector}"), || {
            text = self.text(selector);
            text.contains(words)
        });
        text
    }

    /// Presses the mouse on an element.
    #[track_caller]
    pub fn click(&self, selector: &str) {
        self.ask("POST", &format!("/element/{}/click", self.find(selector)), &json!({}));
    }

    /// Types into an element behind what is there; into an input for files, chooses one.
    #[track_caller]
    pub fn write(&self, selector: &str, text: &str) {
        self.ask("POST", &format!("/element/{}/value", self.find(selector)), &json!({ "text": text }));
    }

    /// Empties an input and types into it.
    #[track_caller]
    pub fn fill(&self, selector: &str, text: &str) {
        self.ask("POST", &format!("/element/{}/clear", self.find(selector)), &json!({}));
        self.write(selector, text);
    }

    /// Chooses a file.
    #[track_caller]
    pub fn choose_file(&self, selector: &str, file: &Path) {
        self.write(selector, &file.to_string_lossy());
    }

    /// Chooses an option by its text.
    #[track_caller]
    pub fn choose(&self, selector: &str, text: &str) {
        let path = json!({ "using": "xpath", "value": format!(".//option[normalize-space()='{text}']") });
        let option = self.ask("POST", &format!("/element/{}/element", self.find(selector)), &path);
        self.ask("POST", &format!("/element/{}/click", option[ELEMENT].as_str().unwrap()), &json!({}));
    }

    /// Presses a key, wherever the focus is.
    #[track_caller]
    pub fn press(&self, key: &str) {
        let presses = json!([{ "type": "keyDown", "value": key }, { "type": "keyUp", "value": key }]);
        self.ask("POST", "/actions", &json!({ "actions": [{ "type": "key", "id": "keys", "actions": presses }] }));
    }

    /// Runs a script in the page, and returns what it returns.
    #[track_caller]
    pub fn execute(&self, script: &str, arguments: &[Value]) -> Value {
        self.ask("POST", "/execute/sync", &json!({ "script": script, "args": arguments }))
    }

    /// Runs a script that calls its last argument with what it finds.
    #[track_caller]
    pub fn execute_async(&self, script: &str, arguments: &[Value]) -> Value {
        self.ask("POST", "/execute/async", &json!({ "script": script, "args": arguments }))
    }

    /// A picture of all of the page, as PNG.
    pub fn picture(&self) -> Vec<u8> {
        let size = &self.devtools("Page.getLayoutMetrics", &json!({}))["cssContentSize"];
        let clip = json!({ "x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1 });
        let shot = self.devtools("Page.captureScreenshot", &json!({ "captureBeyondViewport": true, "clip": clip }));
        BASE64.decode(shot["data"].as_str().unwrap()).unwrap()
    }

    #[track_caller]
    fn find(&self, selector: &str) -> String {
        let found = self.ask("POST", "/element", &json!({ "using": "css selector", "value": selector }));
        found[ELEMENT].as_str().unwrap().to_owned()
    }

    #[track_caller]
    fn devtools(&self, command: &str, parameters: &Value) -> Value {
        self.ask("POST", "/goog/cdp/execute", &json!({ "cmd": command, "params": parameters }))
    }

    #[track_caller]
    fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        self.call(method, &format!("/session/{}{path}", self.session), body)
    }

    #[track_caller]
    fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        let (status, mut answer) = self.send(method, path, body).expect("chromedriver answers");
        assert_eq!(status, 200, "{method} {path} {body}: {answer}");
        answer["value"].take()
    }

    fn send(&self, method: &str, path: &str, body: &Value) -> anyhow::Result<(u16, Value)> {
        let bytes = if body.is_null() { Bytes::new() } else { body.to_string().into() };
        let request =
            Request::builder().method(method).uri(path).header(header::HOST, format!("127.0.0.1:{}", self.port));
        let request = request.header(header::CONTENT_TYPE, "application/json").body(Full::new(bytes))?;
        let exchange = async {
            let stream = TcpStream::connect(("127.0.0.1", self.port)).await?;
            let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
            tokio::spawn(connection);
            let response = sender.send_request(request).await?;
            let status = response.status().as_u16();
            anyhow::Ok((status, serde_json::from_slice(&response.into_body().collect().await?.to_bytes())?))
        };
        runtime().block_on(async { timeout(PATIENCE, exchange).await })?
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !self.session.is_empty() {
            let _ = self.send("DELETE", &format!("/session/{}", self.session), &Value::Null);
        }
        let _ = kill_process_group(Pid::from_child(&self.driver), Signal::KILL);
        let _ = self.driver.wait();
    }
}
