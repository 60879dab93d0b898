//! What became of the notices of an action.

use serde_json::Value;

use crate::app::App;
use crate::app::error::AppError;
use crate::app::view::{NoticeState, NoticeView};
use crate::domain::action::ActionId;
use crate::domain::actor::Caller;
use crate::store::{Fate, ToldNotice};

impl App {
    /// The notices of an action, in the order in which they were made, with what became of each.
    pub async fn notices(&self, caller: &Caller, id: ActionId) -> Result<Vec<NoticeView>, AppError> {
        self.visible_action(caller, id).await?;
        Ok(self.store.told(id).await?.into_iter().map(view).collect())
    }
}

fn view(told: ToldNotice) -> NoticeView {
    let (state, at) = match told.fate {
        Fate::Taken { at } => (NoticeState::Delivered, at),
        Fate::GivenUp { at } => (NoticeState::Failed, at),
        Fate::Waits { next } if told.last_error.is_some() => (NoticeState::Retrying, next),
        Fate::Waits { next } => (NoticeState::Waiting, next),
    };
    NoticeView {
        event: told.addressed.notice.event.as_str().to_owned(),
        kind: told.addressed.receiver.kind.as_str().to_owned(),
        to: host(&told.addressed.receiver.url),
        state,
        at,
        attempts: told.attempts,
        error: told.last_error.filter(|_| state != NoticeState::Delivered),
    }
}

/// The machine of an address. The rest of it, and all of one that is given by reference, may be a secret.
fn host(url: &Value) -> Option<String> {
    let (_, rest) = url.as_str()?.split_once("://")?;
    let authority = rest.split(['/', '?', '#', '\\']).next()?;
    let machine = authority.rsplit('@').next()?;
    (!machine.is_empty()).then(|| machine.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::host;

    #[test]
    fn of_an_address_only_the_machine_is_shown() {
        let table = [
            (
                json!("https://ci:pass@hooks.example/services/T0/secret?k=v"),
                Some("hooks.example"),
            ),
            (json!("http://127.0.0.1:8080/hook"), Some("127.0.0.1:8080")),
            (json!({"env": "CI_HOOK"}), None),
            (json!("not an address"), None),
        ];
        for (url, wanted) in table {
            assert_eq!(host(&url).as_deref(), wanted, "{url}");
        }
    }
}
