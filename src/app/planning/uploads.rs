//! The bytes of a plan's uploads.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use crate::app::App;
use crate::app::error::AppError;
use crate::domain::plan::{Draft, UploadSource, Work};

impl App {
    /// Fixes the bytes of every upload from a file at the server: the plan's hash covers them.
    pub(super) async fn digest_uploads(&self, draft: &mut Draft) -> Result<(), AppError> {
        let mut known: BTreeMap<String, String> = BTreeMap::new();
        let steps = draft.targets.iter_mut().flat_map(|target| {
            target
                .steps
                .iter_mut()
                .chain(target.rollback.iter_mut().flatten())
        });
        for step in steps {
            let Work::Upload {
                source: source @ UploadSource::Path(_),
                sha256,
                ..
            } = &mut step.work
            else {
                continue;
            };
            let UploadSource::Path(path) = source else {
                continue;
            };
            let digest = if let Some(digest) = known.get(path.as_str()) {
                digest.clone()
            } else {
                let bytes = self
                    .outside
                    .artifacts
                    .read(&UploadSource::Path(path.clone()))
                    .await
                    .map_err(|reason| {
                        AppError::field("artifact", format!("step `{}`: {reason}", step.name))
                    })?;
                let digest = data_encoding::HEXLOWER.encode(&Sha256::digest(&bytes));
                known.insert(path.clone(), digest.clone());
                digest
            };
            match sha256 {
                Some(wanted) if !wanted.eq_ignore_ascii_case(&digest) => {
                    return Err(AppError::field(
                        "artifact_sha256",
                        format!("{path} has the SHA-256 {digest}, configured is {wanted}"),
                    ));
                }
                _ => *sha256 = Some(digest),
            }
        }
        Ok(())
    }
}
