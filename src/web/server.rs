//! Puts the routes behind a socket.

use std::io;
use std::net::TcpListener;

use actix_web::dev::Server;
use actix_web::middleware::{Compress, from_fn};
use actix_web::{App as ActixApp, HttpServer, web};

use super::options::Options;
use super::timings::Timings;
use super::{body, routes, trail};
use crate::app::App;

/// The web server on a socket that is bound already. It runs once it is awaited, and stops by its
/// [`handle`](Server::handle): `stop(true)` lets requests under way finish first. It listens to no signals.
///
/// # Errors
/// What the operating system says where the socket cannot be used.
pub fn server(app: App, listen: TcpListener, options: Options) -> io::Result<Server> {
    let app = web::Data::new(app);
    let timings = web::Data::new(Timings::default());
    let shutdown_seconds = options.shutdown_seconds;
    let workers = options.workers;
    let options = web::Data::new(options);
    let server = HttpServer::new(move || {
        ActixApp::new()
            .app_data(app.clone())
            .app_data(timings.clone())
            .app_data(options.clone())
            .app_data(web::PayloadConfig::new(body::LIMIT))
            .configure(routes::configure)
            .wrap(Compress::default())
            .wrap(from_fn(trail::keep))
    })
    .disable_signals()
    .shutdown_timeout(shutdown_seconds);
    let server = match workers {
        Some(count) => server.workers(count),
        None => server,
    };
    Ok(server.listen(listen)?.run())
}
