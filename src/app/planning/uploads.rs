//! What a plan's uploads carry.

use std::collections::BTreeMap;

use crate::app::App;
use crate::app::error::AppError;
use crate::app::ports::Payload;
use crate::app::uploads::{self, Place};
use crate::domain::plan::{Draft, Plan, Texts, UploadSource, Work};
use crate::domain::sanitize::Sanitizer;

impl App {
    /// Fixes what every upload from a file or a folder at the server carries: the plan's hash covers it. Of a folder it is
    /// known only now what is written where, so the text that is judged is made here, for every upload. The answer are the texts among it that
    /// later steps may run.
    pub(super) async fn digest_uploads(
        &self,
        draft: &mut Draft,
        sanitizer: &Sanitizer,
    ) -> Result<Texts, AppError> {
        let mut texts = Texts::default();
        let mut known: BTreeMap<String, Payload> = BTreeMap::new();
        let steps = draft.targets.iter_mut().flat_map(|target| {
            target
                .steps
                .iter_mut()
                .chain(target.rollback.iter_mut().flatten())
        });
        for step in steps {
            let Work::Upload {
                source,
                sha256,
                dest,
                mode,
                owner,
                delete,
            } = &mut step.work
            else {
                continue;
            };
            let place = Place {
                dest,
                mode,
                owner: owner.as_deref(),
                delete: *delete,
            };
            let UploadSource::Path(path) = &*source else {
                step.command = Some(uploads::text_of_file(place, sanitizer));
                continue;
            };
            if !known.contains_key(path) {
                let read = self.outside.artifacts.read(source).await;
                let payload = read.map_err(|reason| {
                    AppError::field("artifact", format!("step `{}`: {reason}", step.name))
                })?;
                let carried = uploads::carried(&payload).await.map_err(|reason| {
                    AppError::field("artifact", format!("step `{}`: {reason}", step.name))
                })?;
                texts.insert(path, carried);
                known.insert(path.clone(), payload);
            }
            let payload = &known[path];
            let digest = payload.sha256();
            if let Some(wanted) = sha256
                && !wanted.eq_ignore_ascii_case(digest)
            {
                return Err(AppError::field(
                    "artifact_sha256",
                    format!("{path} has the SHA-256 {digest}, configured is {wanted}"),
                ));
            }
            *sha256 = Some(digest.to_owned());
            let text = uploads::text(payload, place, sanitizer).await;
            step.command =
                Some(text.map_err(|reason| {
                    AppError::field("artifact", format!("step `{}`: {reason}", step.name))
                })?);
        }
        Ok(texts)
    }

    /// The texts that a plan of before uploads from the server, as they are now. What is gone is said by the upload itself.
    pub(crate) async fn texts_of(&self, plan: &Plan) -> Texts {
        let mut texts = Texts::default();
        for path in plan.uploaded_paths() {
            let source = UploadSource::Path(path.to_owned());
            if let Ok(payload) = self.outside.artifacts.read(&source).await
                && let Ok(carried) = uploads::carried(&payload).await
            {
                texts.insert(path, carried);
            }
        }
        texts
    }
}
