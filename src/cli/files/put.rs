//! `edgewise files put SRC DEST`.

use clap::Args;

use super::hosts::on_all;
use super::{Where, judged};
use crate::app::ports::{StepKey, Upload};
use crate::app::uploads::{self, Place};
use crate::boot;
use crate::cli::exit::{Exit, Failure};
use crate::cli::local_store;
use crate::cli::output::Output;
use crate::domain::action::ActionId;
use crate::domain::lease::Lease;
use crate::domain::plan::{UploadSource, written};
use crate::domain::rollout::Way;
use crate::domain::sanitize::{Input, Surroundings};

/// `edgewise files put`.
#[derive(Debug, Clone, Args)]
pub struct PutArgs {
    /// A file or a folder here, or a URL that is downloaded once for all hosts
    #[arg(value_name = "SRC")]
    source: String,
    /// The path on the hosts: absolute, or below the login's home
    #[arg(value_name = "DEST", value_parser = path)]
    dest: String,
    /// Permission bits of a file, in octal; what is in a folder keeps its own
    #[arg(long, value_name = "OCTAL", default_value = "0644", value_parser = mode)]
    mode: String,
    /// `user` or `user:group`; where that is not the login, all of it is done as root, by `sudo -n`
    #[arg(long, value_name = "USER[:GROUP]", value_parser = owner)]
    owner: Option<String>,
    /// Of a folder: remove what is there and not in SRC
    #[arg(long)]
    delete: bool,
    #[command(flatten)]
    place: Where,
}

/// Puts it on all of them.
pub async fn run(args: &PutArgs, output: Output) -> Result<Exit, Failure> {
    let hosts = args.place.collect()?;
    let sanitizer = args.place.policies.sanitizer()?;
    let source = if args.source.starts_with("https://") || args.source.starts_with("http://") {
        UploadSource::Url(args.source.clone())
    } else {
        UploadSource::Path(args.source.clone())
    };
    let artifacts = boot::artifacts().map_err(|error| Failure::failed(error.to_string()))?;
    let payload = artifacts.read(&source).await.map_err(Failure::usage)?;
    let place = Place {
        dest: &args.dest,
        mode: &args.mode,
        owner: args.owner.as_deref(),
        delete: args.delete,
    };
    let text = uploads::text(&payload, place, &sanitizer)
        .await
        .map_err(Failure::usage)?;
    let carried = uploads::carried(&payload).await.map_err(Failure::usage)?;
    let writing = Surroundings {
        input: written(&carried).map_or(Input::Inherited, Input::Text),
        ..Surroundings::default()
    };
    let Some(command) = judged(&sanitizer, &text, &writing, &hosts, output)? else {
        return Ok(Exit::Refused);
    };
    // A script is judged as if it were run from its place: whoever runs it there need not come by here again.
    let done = uploads::done(&carried, &args.dest);
    let running = Surroundings {
        before: &done,
        ..Surroundings::default()
    };
    for run in uploads::runs(&carried, &args.dest) {
        if judged(&sanitizer, &run, &running, &hosts, output)?.is_none() {
            return Ok(Exit::Refused);
        }
    }
    // Names what is on its way, so that two of these to the same place do not meet.
    let action = ActionId::from_parts(local_store::now(), rand::random());
    on_all(&args.place, &hosts, output, async |host, session, cancel| {
        let lease = Lease::of_process(std::process::id(), host.host.clone());
        let upload = Upload {
            key: StepKey {
                action,
                target: host.host.clone(),
                way: Way::Forth,
                step: 0,
                attempt: 1,
            },
            payload: payload.clone(),
            dest: args.dest.clone(),
            mode: args.mode.clone(),
            owner: args.owner.clone(),
            delete: args.delete,
            timeout_seconds: args.place.timeout,
        };
        session.put(&lease, &command, &upload, cancel).await
    })
    .await
}

pub(super) fn path(text: &str) -> Result<String, String> {
    if text.is_empty() || text.contains('\0') {
        Err("wants a path".to_owned())
    } else {
        Ok(text.to_owned())
    }
}

fn mode(text: &str) -> Result<String, String> {
    if (3..=4).contains(&text.len()) && text.bytes().all(|b| (b'0'..=b'7').contains(&b)) {
        Ok(text.to_owned())
    } else {
        Err("wants octal permission bits such as 0644".to_owned())
    }
}

fn owner(text: &str) -> Result<String, String> {
    let fit = |name: &str| {
        !name.is_empty()
            && !name.starts_with('-')
            && name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"._-$".contains(&b))
    };
    let (user, group) = text.split_once(':').unwrap_or((text, text));
    if fit(user) && fit(group) {
        Ok(text.to_owned())
    } else {
        Err("wants `user` or `user:group`".to_owned())
    }
}
