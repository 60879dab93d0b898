//! The application that the demo deploys: a small HTTP server, this very program under a hidden subcommand, told
//! by the release's folder which version it is and whether it is well.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What a release of the demo's application says of itself, in `release.json` in its folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// The version.
    pub version: String,
    /// Whether `/health` says so.
    pub healthy: bool,
}

/// How the application is started.
#[derive(Debug, Clone)]
pub struct Options {
    /// The folder of the release.
    pub release: PathBuf,
    /// Where it listens, on 127.0.0.1.
    pub port: u16,
    /// A file that the demo keeps locked while it lives: when the lock is free the application ends, and
    /// takes the demo's folder with it if the demo could not.
    pub lifeline: PathBuf,
}

/// Serves until it is killed or the demo is gone.
///
/// # Errors
/// Where the release cannot be read or the port is taken.
pub fn serve(options: &Options) -> std::io::Result<()> {
    let release: Release = serde_json::from_slice(&std::fs::read(options.release.join("release.json"))?)?;
    let listener = TcpListener::bind(("127.0.0.1", options.port))?;
    let lifeline = File::open(&options.lifeline)?;
    let root = options.lifeline.parent().map(Path::to_path_buf);
    std::thread::spawn(move || {
        // Blocks until the demo's process has ended, however it ended.
        if lifeline.lock().is_ok()
            && let Some(root) = root
        {
            // The first application to get here clears up; the others find nothing left.
            let _ = std::fs::remove_dir_all(root);
        }
        std::process::exit(0);
    });
    for client in listener.incoming().flatten() {
        let release = release.clone();
        std::thread::spawn(move || {
            // A client that goes away is its own affair.
            let _ = answer(client, &release);
        });
    }
    Ok(())
}

fn answer(mut client: TcpStream, release: &Release) -> std::io::Result<()> {
    client.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut reader = BufReader::new(client.try_clone()?);
    let mut request = String::new();
    reader.read_line(&mut request)?;
    loop {
        let mut header = String::new();
        if reader.read_line(&mut header)? <= 2 {
            break;
        }
    }
    let status = if release.healthy {
        "200 OK"
    } else {
        "500 Internal Server Error"
    };
    let body = serde_json::to_string(release)?;
    write!(
        client,
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}
