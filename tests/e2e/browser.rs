//! Chromium without a window, spoken to over its debugging pipe.
//!
//! Invariant: every wait has a bound, and a browser never outlives its test.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_mins(1);

/// Notes in every page, before anything of it runs, what its policy refuses.
const WATCH: &str = "window.refused = []; \
                     document.addEventListener('securitypolicyviolation', e => refused.push(e.effectiveDirective));";

/// One browser with one page.
pub struct Browser {
    process: Child,
    input: ChildStdin,
    messages: Receiver<Value>,
    last_id: u64,
    session: Option<String>,
    /// Events that nobody waited for yet.
    events: Vec<Value>,
    _profile: TempDir,
}

impl Browser {
    /// Starts Debian's chromium with a profile of its own.
    pub fn start() -> Self {
        let profile = tempfile::tempdir().unwrap();
        // The pipe is the file descriptors 3 and 4.
        let script = "exec chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run \
                      --disable-background-networking --disable-component-update --user-data-dir=\"$0\" \
                      --remote-debugging-pipe about:blank 3<&0 4>&1 >/dev/null 2>&1";
        let mut process = Command::new("sh")
            .args(["-c", script])
            .arg(profile.path())
            .env("HOME", profile.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, messages) = channel();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        std::thread::spawn(move || {
            let mut message = Vec::new();
            while output.read_until(0, &mut message).is_ok_and(|bytes| bytes > 0) {
                let text = message.strip_suffix(&[0]).unwrap_or(&message);
                if let Ok(value) = serde_json::from_slice(text)
                    && sender.send(value).is_err()
                {
                    return;
                }
                message.clear();
            }
        });
        let input = process.stdin.take().unwrap();
        let mut browser =
            Self { process, input, messages, last_id: 0, session: None, events: Vec::new(), _profile: profile };
        let target = browser.call("Target.createTarget", &json!({"url": "about:blank"}));
        let attach = json!({"targetId": target["targetId"], "flatten": true});
        browser.session = browser.call("Target.attachToTarget", &attach)["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page.enable", "Runtime.enable"] {
            browser.call(domain, &json!({}));
        }
        browser.call("Page.addScriptToEvaluateOnNewDocument", &json!({"source": WATCH}));
        browser
    }

    /// Opens an address and waits until it is loaded; returns where that led.
    pub fn open(&mut self, url: &str) -> String {
        self.call("Page.navigate", &json!({"url": url}));
        self.loaded()
    }

    /// Clicks what a selector finds, and waits for the page that it leads to.
    pub fn click(&mut self, selector: &str) -> String {
        self.run(&format!("document.querySelector({}).click()", json!(selector)));
        self.loaded()
    }

    /// Types into what a selector finds, or chooses there.
    pub fn fill(&mut self, selector: &str, value: &str) {
        self.run(&format!("document.querySelector({}).value = {}", json!(selector), json!(value)));
    }

    /// What an expression, or the promise that it gives, comes to in the page.
    pub fn run(&mut self, expression: &str) -> Value {
        let answer = self
            .call("Runtime.evaluate", &json!({"expression": expression, "returnByValue": true, "awaitPromise": true}));
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {answer:#}");
        answer["result"]["value"].clone()
    }

    /// What a reader sees.
    pub fn text(&mut self) -> String {
        self.run("document.body.innerText").as_str().unwrap_or_default().to_owned()
    }

    /// Pretends that the reader prefers `light` or `dark`.
    pub fn prefer(&mut self, scheme: &str) {
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        self.call("Emulation.setEmulatedMedia", &json!({"features": features}));
    }

    fn loaded(&mut self) -> String {
        let started = Instant::now();
        loop {
            let waited = self.events.iter().position(|event| event["method"] == "Page.loadEventFired");
            if let Some(at) = waited {
                let earlier: Vec<Value> = self.events.drain(..=at).collect();
                let dialog = earlier.iter().find(|event| event["method"] == "Page.javascriptDialogOpening");
                assert!(dialog.is_none(), "{dialog:?}");
                return self.run("location.href").as_str().unwrap().to_owned();
            }
            assert!(started.elapsed() < PATIENCE, "the page did not load");
            self.receive();
        }
    }

    /// Sends a command, and returns its result.
    pub fn call(&mut self, method: &str, parameters: &Value) -> Value {
        self.last_id += 1;
        let mut message = json!({"id": self.last_id, "method": method, "params": parameters});
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        self.input.write_all(format!("{message}\0").as_bytes()).unwrap();
        self.input.flush().unwrap();
        let started = Instant::now();
        loop {
            assert!(started.elapsed() < PATIENCE, "{method} is not answered");
            if let Some(answer) = self.receive() {
                assert!(answer["error"].is_null(), "{method}: {answer}");
                return answer["result"].clone();
            }
        }
    }

    /// The answer to the last command, when it is what comes next.
    fn receive(&mut self) -> Option<Value> {
        let message = self.messages.recv_timeout(PATIENCE).expect("chromium ended, or is not installed");
        if message["id"] == self.last_id {
            return Some(message);
        }
        self.events.push(message);
        None
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
