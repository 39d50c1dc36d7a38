//! A real browser without a window, driven over its protocol for developers' tools: for pages as people see them.
//!
//! The protocol goes over a pipe, so no port is taken and nothing else can listen in.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use base64::Engine as _;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::skipped::skipped;

/// Chromium reads commands from file 3 and answers on file 4; Rust hands over the first three only.
const WITH_PIPES: &str = "exec \"$0\" \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1";

/// How long one answer may take; a machine may have much else to do.
const PATIENCE: Duration = Duration::from_mins(2);

/// A browser with one page. It is ended when this is dropped.
pub struct Browser {
    process: Child,
    answers: Receiver<Value>,
    events: VecDeque<Value>,
    session: String,
    calls: u64,
    _profile: TempDir,
}

impl Browser {
    /// Starts the browser that `make setup` installs, or one on PATH; none where there is neither.
    pub fn start(width: u32, height: u32) -> Option<Self> {
        let Some(program) = program() else {
            skipped("there is no browser; run `make setup`");
            return None;
        };
        let profile = tempfile::Builder::new().prefix("slipway-browser-").tempdir().unwrap();
        let mut process = Command::new("sh")
            .args(["-c", WITH_PIPES])
            .arg(program)
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg(format!("--window-size={width},{height}"))
            // Chromium's own sandbox needs rights that containers do not give; the page is ours.
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-software-rasterizer"])
            .args(["--disable-dev-shm-usage", "--disable-background-networking", "--no-first-run"])
            .args(["--hide-scrollbars", "--remote-debugging-pipe", "about:blank"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        let (send, answers) = channel();
        std::thread::spawn(move || {
            for message in output.split(0) {
                let Ok(message) = message else { break };
                if send.send(serde_json::from_slice(&message).unwrap()).is_err() {
                    break;
                }
            }
        });
        let mut browser = Self {
            process,
            answers,
            events: VecDeque::new(),
            session: String::new(),
            calls: 0,
            _profile: profile,
        };
        let target = browser.call("Target.createTarget", &json!({ "url": "about:blank" }));
        let attached = browser
            .call("Target.attachToTarget", &json!({ "targetId": target["targetId"], "flatten": true }));
        browser.session = attached["sessionId"].as_str().unwrap().to_owned();
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.call(&format!("{domain}.enable"), &json!({}));
        }
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        browser.call("Emulation.setDeviceMetricsOverride", &size);
        Some(browser)
    }

    /// A light or dark system.
    pub fn prefer(&mut self, scheme: &str) {
        let features = json!([
            { "name": "prefers-color-scheme", "value": scheme },
            // Nothing moves, so that nobody has to wait for where it stops.
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ]);
        self.call("Emulation.setEmulatedMedia", &json!({ "features": features }));
    }

    /// Opens a file, with what follows it in an address, such as `#unit=a`, and waits until it is loaded.
    pub fn open(&mut self, file: &Path, rest: &str) {
        self.events.clear();
        let url = format!("file://{}{rest}", file.display());
        self.call("Page.navigate", &json!({ "url": url }));
        self.wait_for("Page.loadEventFired");
        self.settle();
    }

    /// Does what leads to another page, and waits until that is loaded: what is asked on the way there is answered by nobody.
    pub fn leave(&mut self, expression: &str) {
        self.events.clear();
        self.evaluate(expression);
        self.wait_for("Page.loadEventFired");
        self.settle();
    }

    /// The value of an expression of JavaScript; promises are waited for.
    pub fn evaluate(&mut self, expression: &str) -> Value {
        let asked = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let answer = self.call("Runtime.evaluate", &asked);
        assert!(answer.get("exceptionDetails").is_none(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    /// Waits until whatever was asked for has been painted.
    pub fn settle(&mut self) {
        self.evaluate(
            "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(0))))",
        );
    }

    /// Moves the pointer.
    pub fn point(&mut self, x: f64, y: f64) {
        self.mouse("mouseMoved", x, y, &json!({}));
        self.settle();
    }

    /// Presses and lets go.
    pub fn click(&mut self, x: f64, y: f64) {
        self.mouse("mouseMoved", x, y, &json!({}));
        for kind in ["mousePressed", "mouseReleased"] {
            self.mouse(kind, x, y, &json!({ "button": "left", "clickCount": 1 }));
        }
        self.settle();
    }

    /// Turns the wheel, down where `by` is more than nothing.
    pub fn wheel(&mut self, x: f64, y: f64, by: f64) {
        self.mouse("mouseWheel", x, y, &json!({ "deltaX": 0, "deltaY": by }));
        self.settle();
    }

    fn mouse(&mut self, kind: &str, x: f64, y: f64, more: &Value) {
        let mut event = json!({ "type": kind, "x": x, "y": y });
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.call("Input.dispatchMouseEvent", &event);
    }

    /// Presses a key that writes nothing, such as `ArrowLeft`, `Enter` or `Escape`.
    pub fn key(&mut self, key: &str) {
        for kind in ["rawKeyDown", "keyUp"] {
            self.call("Input.dispatchKeyEvent", &json!({ "type": kind, "key": key, "code": key }));
        }
        self.settle();
    }

    /// Types a text where the focus is.
    pub fn write(&mut self, text: &str) {
        self.call("Input.insertText", &json!({ "text": text }));
        self.settle();
    }

    /// What the window shows, as PNG.
    pub fn screenshot(&mut self) -> Vec<u8> {
        let shot = self.call("Page.captureScreenshot", &json!({ "format": "png" }));
        base64::engine::general_purpose::STANDARD.decode(shot["data"].as_str().unwrap()).unwrap()
    }

    /// What went wrong since the page was opened: messages on the console and exceptions.
    pub fn complaints(&mut self) -> Vec<String> {
        self.evaluate("0");
        let loud = ["Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded"];
        self.seen(&loud).map(|event| event["params"].to_string()).collect()
    }

    /// What the page asked others for since it was opened, beyond itself.
    pub fn requests(&mut self) -> Vec<String> {
        self.evaluate("0");
        self.seen(&["Network.requestWillBeSent"])
            .filter_map(|event| event["params"]["request"]["url"].as_str().map(str::to_owned))
            .filter(|url| !url.starts_with("data:") && !url.starts_with("file:"))
            .collect()
    }

    fn seen<'a>(&'a self, methods: &'a [&str]) -> impl Iterator<Item = &'a Value> {
        self.events.iter().filter(|event| methods.iter().any(|method| event["method"] == *method))
    }

    fn call(&mut self, method: &str, params: &Value) -> Value {
        self.calls += 1;
        let id = self.calls;
        let mut call = json!({ "id": id, "method": method, "params": params });
        if !self.session.is_empty() {
            call["sessionId"] = json!(self.session);
        }
        let mut message = call.to_string().into_bytes();
        message.push(0);
        self.process.stdin.as_mut().unwrap().write_all(&message).unwrap();
        let start = Instant::now();
        loop {
            let answer = self.receive(method, start);
            if answer["id"] == id {
                assert!(answer.get("error").is_none(), "{method}: {answer}");
                return answer["result"].clone();
            }
            self.events.push_back(answer);
        }
    }

    fn wait_for(&mut self, method: &str) {
        let start = Instant::now();
        while self.seen(&[method]).next().is_none() {
            let event = self.receive(method, start);
            self.events.push_back(event);
        }
    }

    fn receive(&mut self, what: &str, start: Instant) -> Value {
        match self.answers.recv_timeout(PATIENCE.saturating_sub(start.elapsed())) {
            Ok(message) => message,
            Err(RecvTimeoutError::Timeout) => panic!("the browser did not answer {what} within {PATIENCE:?}"),
            Err(RecvTimeoutError::Disconnected) => panic!("the browser ended before it answered {what}"),
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _gone = self.process.kill();
        let _status = self.process.wait();
    }
}

fn program() -> Option<PathBuf> {
    let installed = super::root().join(".tools/bin/chromium");
    let names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
    installed.exists().then_some(installed).or_else(|| names.iter().find_map(|name| super::on_path(name)))
}
