//! Every URL of the server, in one table.
//!
//! The table is read top down, and the first pattern that fits a path takes it: `/space/{space}/actions`
//! stands above `/space/{space}/{project}`. Each pattern also answers with a slash at its end. What a
//! signed-in actor may see and do in a space is decided by the use cases.

use actix_web::http::Method;
use actix_web::middleware::from_fn;
use actix_web::{Route, guard, web};

use super::error::Failure;
use super::gate::{Door, admit};
use super::{api, assets, openapi, pages};

/// Who may come to a handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Anybody, also without a login.
    Bare,
    /// Signed in; others are sent to the login.
    Page,
    /// A session or a token; others get 401.
    Api,
}

/// One line of the table.
pub struct Entry {
    /// The method.
    pub method: Method,
    /// The path's pattern.
    pub path: &'static str,
    /// Who may.
    pub who: Who,
    /// What answers.
    pub to: fn() -> Route,
}

const GET: Method = Method::GET;
const POST: Method = Method::POST;

const fn entry(method: Method, path: &'static str, who: Who, to: fn() -> Route) -> Entry {
    Entry {
        method,
        path,
        who,
        to,
    }
}

/// All of them.
#[rustfmt::skip]
pub const TABLE: &[Entry] = &[
    entry(GET,  "/healthz",                                 Who::Bare, || web::to(api::health::alive)),
    entry(GET,  "/readyz",                                  Who::Bare, || web::to(api::health::ready)),
    entry(GET,  "/metrics",                                 Who::Bare, || web::to(api::health::metrics)),
    entry(GET,  "/api/openapi.json",                        Who::Bare, || web::to(openapi::document)),
    entry(GET,  "/static/{build}/{file}",                   Who::Bare, || web::to(assets::serve)),
    entry(GET,  "/favicon.ico",                             Who::Bare, || web::to(assets::icon)),

    entry(GET,  "/login",                                   Who::Bare, || web::to(pages::login::form)),
    entry(POST, "/login",                                   Who::Bare, || web::to(pages::login::sign_in)),
    entry(GET,  "/login/once",                              Who::Bare, || web::to(pages::once::form)),
    entry(POST, "/login/once",                              Who::Bare, || web::to(pages::once::sign_in)),
    entry(POST, "/logout",                                  Who::Page, || web::to(pages::login::sign_out)),

    entry(GET,  "/api/v1/actions",                          Who::Api,  || web::to(api::actions::list)),
    entry(GET,  "/api/v1/actions/{id}",                     Who::Api,  || web::to(api::actions::show)),
    entry(GET,  "/api/v1/actions/{id}/logs",                Who::Api,  || web::to(api::logs::page)),
    entry(GET,  "/api/v1/actions/{id}/logs/folded",         Who::Api,  || web::to(api::logs::folded)),
    entry(GET,  "/api/v1/actions/{id}/logs/raw",            Who::Api,  || web::to(api::logs::raw)),
    entry(GET,  "/api/v1/actions/{id}/events",              Who::Api,  || web::to(api::events::stream)),
    entry(POST, "/api/v1/actions/{id}/{word}",              Who::Api,  || web::to(api::steer::steer)),
    entry(GET,  "/api/v1/log",                              Who::Api,  || web::to(api::log_state::show)),
    entry(GET,  "/api/v1/quarantine/{space}/{project}",     Who::Api,  || web::to(api::quarantine::list)),
    entry(POST, "/api/v1/quarantine/{space}/{project}/lift", Who::Api, || web::to(api::quarantine::lift)),

    entry(GET,  "/",                                        Who::Page, || web::to(pages::start::show)),
    entry(GET,  "/space/{space}",                           Who::Page, || web::to(pages::space::show)),
    entry(GET,  "/space/{space}/actions",                   Who::Page, || web::to(pages::actions::show)),
    entry(GET,  "/space/{space}/actions/{id}",              Who::Page, || web::to(pages::action::show)),
    entry(GET,  "/space/{space}/{project}",                 Who::Page, || web::to(pages::project::show)),
    entry(POST, "/space/{space}/{project}/{action}",        Who::Api,  || web::to(api::act::act)),
    entry(POST, "/space/{space}/{project}/{action}/plan",   Who::Api,  || web::to(api::act::plan)),
];

/// Registers the table.
pub fn configure(config: &mut web::ServiceConfig) {
    let mut seen: Vec<&str> = Vec::new();
    for Entry { path, .. } in TABLE {
        if seen.contains(path) {
            continue;
        }
        seen.push(path);
        let of_path: Vec<&Entry> = TABLE.iter().filter(|entry| entry.path == *path).collect();
        let mut resource = web::resource([(*path).to_owned(), format!("{}/", path.trim_end_matches('/'))]);
        for entry in &of_path {
            resource = resource.route(guarded(entry));
        }
        let allow = allow(&of_path);
        config.service(resource.default_service(web::to(move || {
            let allow = allow.clone();
            async move { Err::<String, _>(Failure::Method(allow)) }
        })));
    }
    config.default_service(web::to(|| async { Err::<String, _>(Failure::NoSuchPath) }));
}

fn guarded(entry: &Entry) -> Route {
    let route = (entry.to)();
    let route = match entry.who {
        Who::Bare => route,
        Who::Page => route.wrap(from_fn(|request, next| admit(Door::Page, request, next))),
        Who::Api => route.wrap(from_fn(|request, next| admit(Door::Api, request, next))),
    };
    if entry.method == GET {
        route.guard(guard::Any(guard::Get()).or(guard::Head()))
    } else {
        route.method(entry.method.clone())
    }
}

/// The `Allow` header of a path.
fn allow(entries: &[&Entry]) -> String {
    let mut methods: Vec<&str> = Vec::new();
    for entry in entries {
        methods.push(entry.method.as_str());
        if entry.method == GET {
            methods.push("HEAD");
        }
    }
    methods.join(", ")
}

#[cfg(test)]
#[path = "routes_tests.rs"]
mod tests;
