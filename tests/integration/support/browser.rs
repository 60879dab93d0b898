//! A real Chromium, driven by its own driver, in a folder of its own.

use std::process::Stdio;
use std::time::Duration;

use fantoccini::elements::Element;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use super::server::PATIENCE;

/// One browser with one window. Its driver, and so the browser, ends with it.
pub struct Browser {
    page: Client,
    _driver: Child,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// Starts one with a window of this size.
    pub async fn start(width: u32, height: u32) -> Self {
        let profile = tempfile::tempdir().expect("a folder");
        let mut driver = Command::new("chromedriver")
            .args(["--port=0", "--log-level=WARNING"])
            .env("TMPDIR", profile.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("chromedriver (Debian's package chromium-driver)");
        let mut said = BufReader::new(driver.stdout.take().expect("piped")).lines();
        let port = loop {
            let line = said
                .next_line()
                .await
                .expect("text")
                .expect("chromedriver says its port");
            if let Some((_, port)) = line.rsplit_once("successfully on port ") {
                break port.trim_end_matches('.').to_owned();
            }
        };
        // What it says later must not fill the pipe.
        tokio::spawn(async move { while let Ok(Some(_)) = said.next_line().await {} });
        let wanted = json!({"goog:chromeOptions": {"args": [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--disable-dev-shm-usage",
            format!("--window-size={width},{height}"),
            format!("--user-data-dir={}", profile.path().join("profile").display()),
        ]}});
        let Value::Object(wanted) = wanted else {
            unreachable!("an object was written")
        };
        let page = ClientBuilder::new(HttpConnector::new())
            .capabilities(wanted)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .expect("a browser");
        Self {
            page,
            _driver: driver,
            _profile: profile,
        }
    }

    /// Opens an address.
    pub async fn open(&self, url: &str) {
        self.page.goto(url).await.expect("a page");
    }

    /// The element of this CSS selector, once it is there.
    pub async fn find(&self, selector: &str) -> Element {
        self.page
            .wait()
            .at_most(PATIENCE)
            .every(Duration::from_millis(50))
            .for_element(Locator::Css(selector))
            .await
            .unwrap_or_else(|error| panic!("{selector}: {error}"))
    }

    /// Types into a field.
    pub async fn fill(&self, selector: &str, text: &str) {
        self.find(selector).await.send_keys(text).await.expect("a field");
    }

    /// Presses something.
    pub async fn press(&self, selector: &str) {
        self.find(selector)
            .await
            .click()
            .await
            .expect("something to press");
    }

    /// What a piece of JavaScript returns.
    pub async fn ask(&self, script: &str) -> Value {
        self.page
            .execute(script, Vec::new())
            .await
            .expect("a script that runs")
    }

    /// Gives the window another size.
    pub async fn resize(&self, width: u32, height: u32) {
        self.page.set_window_size(width, height).await.expect("a size");
    }

    /// The path of the page.
    pub async fn path(&self) -> String {
        self.page
            .current_url()
            .await
            .expect("an address")
            .path()
            .to_owned()
    }

    /// Ends the session properly.
    pub async fn close(self) {
        self.page.clone().close().await.expect("an end");
    }
}
