//! What callers are shown: the shapes of the contract, for the API, the pages and the command line alike.

mod action;
mod feed;
mod log;
mod log_state;
mod notice;
mod page;
mod plan;
mod quarantine;
mod space;

pub use action::{Accepted, ActionSummary, ActionView, StageView, StepView, TargetView};
pub use feed::FeedItem;
pub use log::{FoldedView, LogMore, LogView};
pub use log_state::{LogStateView, SetAsideView, SinkView};
pub use notice::{NoticeState, NoticeView};
pub use page::Page;
pub use plan::{PlanStageView, PlanStepView, PlanTargetView, PlanView, RollbackTargetView, RollbackView};
pub use quarantine::{BadVersionView, LiftedView, QuarantineView};
pub use space::{ProjectRow, ProjectView, ServerRow, SpaceCard, SpaceHead, SpaceView};
