//! A real Prometheus that scrapes one number of the test's own.

use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::port::Port;
use super::server::PATIENCE;

/// One that runs until it is dropped. The number is called `shop_errors`.
pub struct Prometheus {
    _folder: TempDir,
    process: Child,
    /// Where it is asked.
    pub url: String,
    _port: Port,
    errors: Arc<AtomicU64>,
}

impl Prometheus {
    /// Starts it, and waits until it knows that there are no errors.
    pub async fn start() -> Self {
        let errors = Arc::new(AtomicU64::new(0));
        let exporter = export(Arc::clone(&errors)).await;
        let folder = tempfile::tempdir().expect("a temporary folder");
        let config = folder.path().join("prometheus.yml");
        let text = format!(
            "global:\n  scrape_interval: 100ms\n  scrape_timeout: 100ms\n\
             scrape_configs:\n- job_name: shop\n  static_configs:\n  - targets: ['127.0.0.1:{exporter}']\n"
        );
        std::fs::write(&config, text).expect("a file");
        let port = Port::hold();
        let process = Command::new("prometheus")
            .arg(format!("--config.file={}", config.display()))
            .arg(format!(
                "--storage.tsdb.path={}",
                folder.path().join("data").display()
            ))
            .arg(format!("--web.listen-address={}", port.address()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("Prometheus is installed");
        let prometheus = Self {
            _folder: folder,
            process,
            url: port.url(),
            _port: port,
            errors,
        };
        prometheus.knows("0").await;
        prometheus
    }

    /// Lets the number be this, and waits until Prometheus has seen it.
    pub async fn set_errors(&self, errors: u64) {
        self.errors.store(errors, Ordering::SeqCst);
        self.knows(&errors.to_string()).await;
    }

    async fn knows(&self, wanted: &str) {
        let http = reqwest::Client::new();
        let url = format!("{}/api/v1/query?query=shop_errors", self.url);
        let waiting = async {
            loop {
                if let Ok(answer) = http.get(&url).send().await
                    && let Ok(answer) = answer.json::<Value>().await
                    && answer["data"]["result"][0]["value"][1] == wanted
                {
                    return;
                }
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        };
        assert!(
            tokio::time::timeout(PATIENCE, waiting).await.is_ok(),
            "Prometheus never knew of {wanted} errors"
        );
    }

    /// Ends it, as if its machine had gone.
    pub fn kill(&mut self) {
        self.process.kill().expect("it runs");
        self.process.wait().expect("it was started");
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Answers every request with the number, as an exporter does: its port.
async fn export(errors: Arc<AtomicU64>) -> u16 {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let port = listener.local_addr().expect("a port").port();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let body = format!(
                "# TYPE shop_errors gauge\nshop_errors {}\n",
                errors.load(Ordering::SeqCst)
            );
            tokio::spawn(async move {
                let mut head = vec![0; 4096];
                // Whoever asked may have gone.
                let _ = client.read(&mut head).await;
                let answer = format!(
                    "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                    body.len()
                );
                let _ = client.write_all(answer.as_bytes()).await;
            });
        }
    });
    port
}
