//! A monitor of the test's own: it answers every request with the same text, when it is let.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// One that answers until the test is over.
pub struct Monitor {
    /// Where it is asked.
    pub url: String,
    told: Arc<Told>,
}

struct Told {
    asked: AtomicUsize,
    answer: Mutex<String>,
    hold: watch::Sender<bool>,
}

impl Monitor {
    /// One that says this.
    pub async fn saying(answer: &str) -> Self {
        let told = Arc::new(Told {
            asked: AtomicUsize::new(0),
            answer: Mutex::new(answer.to_owned()),
            hold: watch::Sender::new(false),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("a port"));
        let telling = Arc::clone(&told);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                // Whoever asked may have gone.
                tokio::spawn(answer_one(client, Arc::clone(&telling)));
            }
        });
        Self { url, told }
    }

    /// Lets it say this from now on.
    pub fn says(&self, answer: &str) {
        answer.clone_into(&mut self.told.answer.lock().unwrap());
    }

    /// Lets everybody who asks wait, or no longer.
    pub fn hold(&self, hold: bool) {
        self.told.hold.send_replace(hold);
    }

    /// How often it was asked.
    pub fn asked(&self) -> usize {
        self.told.asked.load(Ordering::SeqCst)
    }
}

async fn answer_one(mut client: TcpStream, told: Arc<Told>) -> std::io::Result<()> {
    let mut head = vec![0; 4096];
    if client.read(&mut head).await? == 0 {
        return Ok(());
    }
    told.asked.fetch_add(1, Ordering::SeqCst);
    let mut hold = told.hold.subscribe();
    // The sender lives as long as `told`.
    let _ = hold.wait_for(|hold| !hold).await;
    let body = told.answer.lock().unwrap().clone();
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    client.write_all(answer.as_bytes()).await
}
