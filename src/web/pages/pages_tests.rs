use std::fs;

use askama::Template;

use super::action::ActionPage;
use super::actions::{ActionsPage, Filters};
use super::frame::Frame;
use super::login::LoginPage;
use super::once::OncePage;
use super::project::ProjectPage;
use super::samples::{self, EVIL, EVIL_SHOWN};
use super::space::SpacePage;
use super::start::StartPage;
use super::{problem, steering};
use crate::app::error::AppError;
use crate::app::view::{ActionView, LogStateView, Page, SetAsideView, SinkView};
use crate::domain::action::{ActionId, ActionStatus};
use crate::domain::actor::{Actor, Caller, Role};
use crate::domain::name::Name;
use crate::domain::outcome::Outcome;
use crate::domain::timestamp::Timestamp;
use crate::web::error::Failure;

fn frame() -> Frame {
    Frame::of(&samples::visitor(), &samples::trail())
}

fn action_page(view: ActionView) -> String {
    ActionPage::new(
        &samples::visitor(),
        &samples::trail(),
        &samples::space_head(),
        view,
        samples::story(),
        samples::notices(),
    )
    .render()
    .unwrap()
}

fn project_page() -> String {
    ProjectPage::new(frame(), samples::project(), Some("restart"))
        .render()
        .unwrap()
}

fn space_page() -> String {
    let space = samples::space();
    let frame = frame().in_color(space.color.as_deref());
    SpacePage { frame, space }.render().unwrap()
}

fn actions_page(next: Option<&str>) -> String {
    ActionsPage {
        frame: frame(),
        space: samples::space_head(),
        filters: Filters {
            status: Some("FAILED".into()),
            user: Some("a&b".into()),
            ..Filters::default()
        },
        page: Page {
            items: samples::space().recent,
            next: next.map(Into::into),
        },
    }
    .render()
    .unwrap()
}

fn start_page() -> String {
    let spaces = samples::spaces();
    StartPage {
        frame: frame(),
        spaces,
        log: None,
    }
    .render()
    .unwrap()
}

#[test]
fn the_grid_has_a_cell_for_each_step_of_each_host() {
    let view = samples::action(ActionStatus::InProgress, 8, 3);
    let html = action_page(view);
    assert_eq!(html.matches("<tr data-target=").count(), 8);
    assert_eq!(html.matches("class=\"cell ").count(), 8 * 9);
    assert_eq!(html.matches("class=\"cell run\"").count(), 2);
    assert!(html.contains("data-seq=\"42\""));
    assert!(
        html.contains("<b id=\"steps-done\">36</b> of <span id=\"steps-all\">72</span>"),
        "3 * 9 + 6 + 3 of 8 * 9"
    );
    assert!(!html.contains("Way back"));
}

#[test]
fn the_way_back_has_columns_of_its_own_and_no_part_in_the_progress() {
    let html = action_page(samples::rolled_back());
    assert!(html.contains("Way back"));
    assert_eq!(
        html.matches("data-step=\"back: start\"").count(),
        3,
        "a column and two cells"
    );
    assert!(html.contains("<span id=\"steps-all\">72</span>"));
    assert!(html.contains("exit 1"));
    assert!(html.contains("title=\"start: exited with 1: address already in use\""));
}

#[test]
fn a_step_that_runs_on_one_host_alone_is_marked() {
    let mut action = samples::action(ActionStatus::InProgress, 8, 3);
    let mark = "<span class=\"once\"";
    assert!(!action_page(action.clone()).contains(mark));
    for target in &mut action.targets {
        target.steps[1].once = true;
    }
    let html = action_page(action);
    assert_eq!(html.matches(mark).count(), 1, "in the head of its column");
    let head = html.split("data-step=\"unpack\"").nth(1).unwrap();
    assert!(head.split("</th>").next().unwrap().contains(mark));
}

#[test]
fn what_it_waits_for_is_said_with_what_helps() {
    let html = action_page(samples::action(ActionStatus::Waiting, 8, 3));
    assert!(html.contains("Pool web-east has 3 of 4 members in service and must keep 3."));
    assert!(html.contains("It goes on when web-2 is back in service."));
    assert!(html.contains("data-waits=\"capacity\""));
    let html = action_page(samples::action(ActionStatus::InProgress, 8, 3));
    assert!(html.contains("id=\"wait\" hidden"));
}

#[test]
fn only_buttons_that_fit_are_shown_and_only_those_the_caller_may_press_exist() {
    let shown = |html: &str, word: &str| {
        let button = html
            .split("<button")
            .find(|b| b.contains(&format!("data-word=\"{word}\"")));
        button.map(|b| !b.split('>').next().unwrap().contains(" hidden"))
    };
    let html = action_page(samples::action(ActionStatus::InProgress, 8, 3));
    assert_eq!(shown(&html, "pause"), Some(true));
    assert_eq!(shown(&html, "retry"), Some(false));
    let html = action_page(samples::rolled_back());
    assert_eq!(shown(&html, "retry"), Some(true));
    assert_eq!(shown(&html, "abort"), Some(false));

    let mut viewer = samples::visitor();
    viewer.caller = Caller {
        actor: Actor::User { name: "v".into() },
        server_admin: false,
        roles: vec![(Name::parse("payments").unwrap(), Role::Viewer)],
    };
    let page = ActionPage::new(
        &viewer,
        &samples::trail(),
        &samples::space_head(),
        samples::action(ActionStatus::InProgress, 8, 3),
        samples::story(),
        Vec::new(),
    );
    let html = page.render().unwrap();
    assert!(!html.contains("id=\"told\"") && !html.contains("data-word=\"pause\""));
    assert_eq!(steering::offered(&viewer.caller, "payments", "deploy").len(), 0);
}

#[test]
fn what_became_of_each_notice_is_said_without_its_address() {
    let html = action_page(samples::rolled_back());
    for state in ["delivered", "retrying", "failed"] {
        assert_eq!(
            html.matches(&format!("data-state=\"{state}\"><span class=\"pill"))
                .count(),
            1,
            "{state}"
        );
    }
    assert!(html.contains("hooks.example") && html.contains("a secret address"));
    assert!(html.contains("it answered 503") && html.contains("4 attempts"));
}

#[test]
fn what_went_well_is_not_shown_as_a_failure() {
    let mut story = samples::story();
    story.items.truncate(1);
    for (outcome, tone) in [
        (Outcome::Ok, "good"),
        (Outcome::Unknown, "warn"),
        (Outcome::Timeout, "bad"),
    ] {
        story.items[0].outcome = Some(outcome);
        let page = ActionPage::new(
            &samples::visitor(),
            &samples::trail(),
            &samples::space_head(),
            samples::action(ActionStatus::InProgress, 1, 0),
            story.clone(),
            Vec::new(),
        );
        let html = page.render().unwrap();
        let seq = story.items[0].seq;
        assert!(
            html.contains(&format!("<li data-seq=\"{seq}\" class=\"{tone}\">")),
            "{outcome:?}"
        );
    }
}

#[test]
fn a_large_fleet_fits_a_page() {
    let html = action_page(samples::action(ActionStatus::InProgress, 200, 90));
    assert_eq!(html.matches("<tr data-target=").count(), 200);
    assert!(html.len() < 800_000, "{} bytes", html.len());
}

#[test]
fn servers_stand_in_their_zone_and_pool_and_say_where_they_differ() {
    let html = project_page();
    assert_eq!(html.matches("<section class=\"zone\"").count(), 2);
    assert_eq!(html.matches("name=\"server\"").count(), 8);
    assert_eq!(
        html.matches(" data-differs").count(),
        6,
        "5 on another version, 1 not known"
    );
    assert!(html.contains("value=\"restart\" checked"));
    assert_eq!(
        html.matches(" checked").count(),
        1,
        "no server is chosen beforehand"
    );
}

#[test]
fn a_viewer_sees_servers_but_no_way_to_act() {
    let mut project = samples::project();
    project.actions.clear();
    let html = ProjectPage::new(frame(), project, None).render().unwrap();
    assert!(html.contains("web-1"));
    assert!(!html.contains("type=\"submit\" id=\"ask\"") && !html.contains("name=\"server\""));
}

#[test]
fn bad_versions_say_why_and_only_those_who_may_can_lift_them() {
    let html = project_page();
    for wanted in ["2.5.0", "1 failed, 0 may fail", "lead", "the disk was full"] {
        assert!(html.contains(wanted), "{wanted} in {html}");
    }
    assert_eq!(
        html.matches("<form class=\"lift\"").count(),
        1,
        "the other is lifted"
    );
    let mut project = samples::project();
    project.may_lift = false;
    let html = ProjectPage::new(frame(), project, None).render().unwrap();
    assert!(html.contains("2.5.0") && !html.contains("class=\"lift\""));
    let mut project = samples::project();
    project.quarantine.clear();
    let html = ProjectPage::new(frame(), project, None).render().unwrap();
    assert!(!html.contains("id=\"quarantine\""));
}

#[test]
fn a_list_keeps_its_filters_from_page_to_page() {
    let html = actions_page(Some("c/1"));
    assert!(
        html.contains("href=\"?status=FAILED&#38;user=a%26b&#38;cursor=c%2F1\""),
        "{html}"
    );
    assert!(html.contains("<option selected>FAILED</option>"));
    assert!(!actions_page(None).contains("Older"));
}

#[test]
fn nothing_from_outside_becomes_markup() {
    let mut view = samples::action(ActionStatus::Waiting, 4, 1);
    view.summary.reason = EVIL.into();
    view.summary.actor = EVIL.into();
    view.summary.user = Some(EVIL.into());
    view.summary.version = Some(EVIL.into());
    view.summary.project = EVIL.into();
    view.config = serde_json::json!({ EVIL: EVIL });
    let wait = view.summary.waiting_for.as_mut().unwrap();
    wait.detail = EVIL.into();
    wait.unblock = EVIL.into();
    for stage in &mut view.stages {
        stage.label = EVIL.into();
        stage.status = EVIL.into();
    }
    for target in &mut view.targets {
        target.name = EVIL.into();
        target.stage = EVIL.into();
        target.error = Some(EVIL.into());
        target.version_before = Some(EVIL.into());
        for step in &mut target.steps {
            step.name = EVIL.into();
            step.state = EVIL.into();
            step.error = Some(EVIL.into());
        }
    }
    let mut story = samples::story();
    for entry in &mut story.items {
        entry.text = EVIL.into();
        entry.step = Some(EVIL.into());
    }
    let mut notices = samples::notices();
    for notice in &mut notices {
        (notice.event, notice.kind) = (EVIL.into(), EVIL.into());
        (notice.to, notice.error) = (Some(EVIL.into()), Some(EVIL.into()));
    }
    let mut head = samples::space_head();
    head.title = EVIL.into();
    let mut space = samples::space();
    space.title = EVIL.into();
    space.color = Some("</style><script>alert(1)</script>".into());
    space
        .recent
        .iter_mut()
        .for_each(|action| action.reason = EVIL.into());
    space.projects[0].problem = Some(EVIL.into());
    space.projects[0].versions = vec![(EVIL.into(), 1)];
    let mut project = samples::project();
    project.servers[0].name = EVIL.into();
    project.servers[0].version = Some(EVIL.into());
    for bad in &mut project.quarantine {
        (bad.version, bad.by, bad.why) = (EVIL.into(), EVIL.into(), EVIL.into());
        if let Some(lifted) = &mut bad.lifted {
            (lifted.by, lifted.reason) = (EVIL.into(), EVIL.into());
        }
    }
    project.config = serde_json::json!({ EVIL: {"value": EVIL, "origin": EVIL} });
    let mut spaces = samples::spaces();
    spaces[0].title = EVIL.into();
    spaces[0].color = Some(EVIL.into());

    let pages = [
        ActionPage::new(
            &samples::visitor(),
            &samples::trail(),
            &head,
            view,
            story,
            notices,
        )
        .render()
        .unwrap(),
        ProjectPage::new(frame(), project, Some(EVIL)).render().unwrap(),
        SpacePage {
            frame: frame().in_color(space.color.as_deref()),
            space,
        }
        .render()
        .unwrap(),
        StartPage {
            frame: frame(),
            spaces,
            log: Some(LogStateView {
                full: Some(EVIL.into()),
                unread: Some(EVIL.into()),
                dropped: 1,
                sinks: vec![SinkView {
                    name: EVIL.into(),
                    waiting: 2,
                    trouble: Some(EVIL.into()),
                    refused: 1,
                    set_aside: vec![SetAsideView {
                        action: ActionId::from_parts(Timestamp::from_millis(0), [0; 10]),
                        seq: 7,
                        time: Timestamp::from_millis(0),
                        text: EVIL.into(),
                        why: EVIL.into(),
                    }],
                }],
            }),
        }
        .render()
        .unwrap(),
        LoginPage {
            frame: frame(),
            name: EVIL.into(),
            next: EVIL.into(),
            fault: Some(EVIL.into()),
        }
        .render()
        .unwrap(),
        OncePage {
            frame: frame(),
            code: EVIL.into(),
            fault: None,
        }
        .render()
        .unwrap(),
    ];
    for html in pages {
        assert!(!html.contains("<script>"), "{html}");
        assert!(!html.contains("alert(\"1\")"), "{html}");
        assert!(html.contains("&#60;script&#62;"));
    }
}

#[test]
fn a_problem_is_a_page_with_its_request_id() {
    let problem =
        crate::web::error::problem(&Failure::App(AppError::field("servers", EVIL)), &samples::trail());
    let answer = problem::page(&problem, &samples::trail());
    assert_eq!(answer.status(), 422);
    let page = actix_web::body::MessageBody::try_into_bytes(answer.into_body()).unwrap();
    let html = std::str::from_utf8(&page).unwrap();
    assert!(html.contains("req-1") && html.contains("servers") && !html.contains("<script>"));
}

#[test]
fn the_page_of_a_problem_says_what_was_denied_and_who_holds_what() {
    let html = |error: AppError| {
        let problem = crate::web::error::problem(&Failure::App(error), &samples::trail());
        let answer = problem::page(&problem, &samples::trail());
        let page = actix_web::body::MessageBody::try_into_bytes(answer.into_body()).unwrap();
        String::from_utf8(page.to_vec()).unwrap()
    };
    let denied = html(AppError::Denied(vec![samples::denied()]));
    for wanted in [
        "clean on web-1 and 2 more",
        "rm -rf /",
        "fs.wipe",
        EVIL_SHOWN,
        "rm -rf ./build",
        "not applied, <code>power.off</code>: its exception has ended",
    ] {
        assert!(denied.contains(wanted), "{wanted} in {denied}");
    }
    let held = html(AppError::Held(Box::new(samples::held())));
    for wanted in [&samples::id(1).to_string(), "jdoe", "web-1, web-2"] {
        assert!(held.contains(wanted), "{wanted} in {held}");
    }
}

/// The content security policy has no room for them, so a page that had some would be broken.
#[test]
fn no_template_has_inline_scripts_styles_or_handlers() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/templates");
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        for (number, line) in text.lines().enumerate() {
            let place = format!("{}:{}", path.display(), number + 1);
            assert!(
                !line.contains(" style=") && !line.contains("javascript:"),
                "{place}"
            );
            assert!(!line.contains("<script") || line.contains(" src="), "{place}");
            assert!(!line.contains("<style") || line.contains("nonce="), "{place}");
            assert!(!line.contains("|safe"), "{place}");
            let handler = line.split(" on").skip(1).any(|rest| {
                rest.split_once('=').is_some_and(|(name, value)| {
                    !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase()) && value.starts_with('"')
                })
            });
            assert!(!handler, "{place}");
        }
    }
}

#[test]
fn each_page_says_what_it_is_and_can_be_reached_by_keyboard() {
    for html in [start_page(), space_page(), project_page(), actions_page(None)] {
        assert_eq!(html.matches("<h1").count(), 1, "{html}");
        assert!(html.contains("class=\"skip-link\"") && html.contains("lang=\"en\""));
        assert!(
            html.contains("name=\"csrf\" value=\"the-csrf\""),
            "the way out needs it"
        );
    }
}
