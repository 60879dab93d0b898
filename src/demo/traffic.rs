//! A steady trickle of requests, so that a deploy has something to disturb.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// From one request to the next.
const EVERY: Duration = Duration::from_millis(20);

/// Sends requests to the balancer until it is told to stop, and waits for the last answer. Whether they
/// were served is for the balancer to count.
pub(super) async fn trickle(balancer: SocketAddr, stop: CancellationToken) {
    let requests = TaskTracker::new();
    let mut ticks = tokio::time::interval(EVERY);
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            _ = ticks.tick() => {
                requests.spawn(async move {
                    if let Err(error) = request(balancer).await {
                        tracing::debug!(%error, "a request of the demo's traffic broke off");
                    }
                });
            }
        }
    }
    requests.close();
    requests.wait().await;
}

async fn request(balancer: SocketAddr) -> std::io::Result<()> {
    let mut connection = TcpStream::connect(balancer).await?;
    connection
        .write_all(b"GET / HTTP/1.1\r\nHost: shop.demo\r\nConnection: close\r\n\r\n")
        .await?;
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer).await?;
    Ok(())
}
