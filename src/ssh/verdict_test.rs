//! Every way in which something on a host can end, with its word and its sentence.

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::domain::outcome::Outcome;
use crate::domain::rollout::StepResult;
use crate::ssh::config::{ConfigError, Origin};
use crate::ssh::error::SshError;
use crate::ssh::exec::ExecEnd;
use crate::ssh::known_hosts::TrustError;
use crate::ssh::testing::step;
use crate::ssh::wrapper::{Ended, Follow, Heed, Stopped};

use super::{ad_hoc, away, ended, exited, not_started, put_to_an_end, unreadable, unswept};

/// A sentence that a person can act on: it says something, on one line, and no more than fits.
fn assert_sentence(text: &str) {
    assert!(text.len() > 10 && text.len() < 500, "{text}");
    assert!(
        !text.contains('\n') && !text.contains("Err(") && !text.contains("Some("),
        "{text}"
    );
}

fn assert_means(result: &StepResult, outcome: Outcome, code: Option<i32>, words: &str) {
    assert_eq!((result.outcome, result.exit_code), (outcome, code), "{result:?}");
    match &result.error {
        Some(error) => {
            assert!(
                !words.is_empty() && error.contains(words),
                "{error:?} does not say {words:?}"
            );
            assert_sentence(error);
        }
        None => assert_eq!(words, "", "{result:?}"),
    }
}

#[test]
fn what_stands_between_here_and_a_host() {
    let host = || "me@web-1:22".to_owned();
    let reason = || "the reason for it".to_owned();
    let (name, asked, kind, fingerprint) = (
        || "web-1".to_owned(),
        || "web-1".to_owned(),
        || "ssh-ed25519".to_owned(),
        || "SHA256:abc".to_owned(),
    );
    let table = [
        (
            SshError::Config(ConfigError::Read {
                path: "/c".into(),
                reason: reason(),
            }),
            Outcome::Unreachable,
            false,
            "/c",
        ),
        (
            SshError::Config(ConfigError::Line {
                origin: Origin::Default,
                reason: reason(),
            }),
            Outcome::Unreachable,
            false,
            "the reason",
        ),
        (
            SshError::TooManyJumps {
                host: host(),
                limit: 8,
            },
            Outcome::Unreachable,
            false,
            "ProxyJump",
        ),
        (
            SshError::NoAddress {
                host: host(),
                reason: reason(),
            },
            Outcome::Unreachable,
            false,
            "cannot be resolved",
        ),
        (
            SshError::Unreachable {
                host: host(),
                reason: reason(),
            },
            Outcome::Unreachable,
            true,
            "cannot be reached",
        ),
        (
            SshError::Slow {
                host: host(),
                seconds: 20,
                at: "the login",
            },
            Outcome::Unreachable,
            true,
            "20 s",
        ),
        (
            SshError::HostKeyUnknown {
                name: name(),
                asked: asked(),
                kind: kind(),
                fingerprint: fingerprint(),
            },
            Outcome::HostKeyUnknown,
            false,
            "edgewise hosts trust web-1",
        ),
        (
            SshError::HostKeyChanged {
                name: name(),
                asked: asked(),
                kind: kind(),
                fingerprint: fingerprint(),
                places: vec!["known_hosts:3".to_owned()],
            },
            Outcome::HostKeyChanged,
            false,
            "known_hosts:3",
        ),
        (
            SshError::HostKeyRefused {
                name: name(),
                reason: reason(),
            },
            Outcome::HostKeyChanged,
            false,
            "is refused",
        ),
        (
            SshError::AuthFailed {
                host: host(),
                offered: vec!["a key: refused".to_owned()],
                methods: vec!["publickey".to_owned()],
            },
            Outcome::AuthFailed,
            false,
            "publickey",
        ),
        (
            SshError::Lost {
                host: host(),
                reason: None,
            },
            Outcome::Unreachable,
            true,
            "was lost",
        ),
        (
            SshError::NoCommands {
                host: host(),
                reason: reason(),
            },
            Outcome::Unreachable,
            false,
            "does not run commands",
        ),
        (
            SshError::Trust(TrustError {
                path: "/k".into(),
                reason: reason(),
            }),
            Outcome::Unreachable,
            false,
            "/k",
        ),
    ];
    for (error, outcome, passing, words) in table {
        assert_eq!(
            (error.outcome(), error.is_passing()),
            (outcome, passing),
            "{error}"
        );
        assert!(error.to_string().contains(words), "{error}");
        assert_sentence(&error.to_string());
    }
}

#[test]
fn how_a_command_without_the_wrapper_ends() {
    use Outcome::{Failed, Ok, Timeout, Unknown};
    let table = [
        (ExecEnd::Exit(0), Ok, Some(0), ""),
        // An exit code speaks for itself.
        (ExecEnd::Exit(3), Failed, Some(3), ""),
        (ExecEnd::Signal("KILL".to_owned()), Failed, None, "signal KILL"),
        (
            ExecEnd::TimedOut { gone: true },
            Timeout,
            None,
            "not done in time, and ended",
        ),
        (ExecEnd::TimedOut { gone: false }, Timeout, None, "may still run"),
        (
            ExecEnd::Cancelled { gone: true },
            Failed,
            None,
            "interrupted, and ended",
        ),
        (ExecEnd::Cancelled { gone: false }, Unknown, None, "may still run"),
        (
            ExecEnd::Refused("sudo: no".to_owned()),
            Failed,
            None,
            "was not started: sudo: no",
        ),
        (
            ExecEnd::Lost("the connection was lost".to_owned()),
            Unknown,
            None,
            "whether it still runs is not known",
        ),
    ];
    for (end, outcome, code, words) in table {
        assert_means(&end.result(), outcome, code, words);
        assert_means(&ad_hoc(&end), outcome, code, words);
        if outcome != Ok {
            assert_sentence(&unswept(&end).message);
        }
    }
}

#[test]
fn how_a_step_ends() {
    use Outcome::{Failed, Ok, Timeout, Unknown};
    let mut run = step("web-1", 0);
    run.ok_codes = vec![0, 9];
    let follow = |heed: Option<Heed>, stopped: Option<Stopped>, began: bool| {
        let mut follow = Follow::new(&run, None, mpsc::channel(1).0, CancellationToken::new());
        (follow.heed, follow.stopped, follow.began) = (heed, stopped, began);
        follow
    };
    let plain = || follow(None, None, true);
    let gone = Some(Stopped::Gone { away: 0 });
    for (code, outcome, words) in [
        (0, Ok, ""),
        (9, Ok, ""),
        (3, Failed, "exit code 3"),
        (126, Failed, "could not be run"),
        (127, Failed, "not found"),
        (137, Failed, "as after signal 9"),
    ] {
        assert_means(&exited(&plain(), &run, code), outcome, Some(code), words);
    }
    let stops = [
        (Heed::Cancelled, Failed, "stopped on request"),
        (Heed::TimedOut, Timeout, "stopped after 60 s"),
        (Heed::TooMuch, Failed, "ssh.max_output_mib"),
    ];
    let lefts = [
        (gone, "nothing of it is left"),
        (Some(Stopped::Gone { away: 1 }), "one process that left it"),
        (Some(Stopped::Gone { away: 4 }), "4 processes that left it"),
        (Some(Stopped::Blind), "no /proc"),
        (Some(Stopped::Left(1)), "one of its processes could not be killed"),
        (Some(Stopped::Left(3)), "3 of its processes"),
        (Some(Stopped::Absent), "never started"),
        (Some(Stopped::Unclear), "is not known"),
        (None, "is not known"),
    ];
    for (heed, outcome, why) in stops {
        for (stopped, left) in lefts {
            let result = ended(&follow(Some(heed), stopped, true), &run, Ended::Stopped);
            assert_means(&result, outcome, None, why);
            assert_means(&result, outcome, None, left);
        }
        // What had ended by itself before it could be stopped was not stopped.
        assert_means(
            &exited(&follow(Some(heed), Some(Stopped::Over), true), &run, 0),
            Ok,
            Some(0),
            "",
        );
        assert_means(
            &exited(&follow(Some(heed), None, true), &run, 143),
            outcome,
            Some(143),
            "it has ended",
        );
    }
    for (end, outcome, words) in [
        (
            Ended::Refused("no room".to_owned()),
            Failed,
            "was not started: no room",
        ),
        (Ended::Absent, Unknown, "never started"),
        (
            Ended::Lost("it is gone".to_owned()),
            Unknown,
            "how it ended is not known: it is gone",
        ),
        (Ended::NoCommands, Failed, "runs no commands"),
        (Ended::Stopped, Unknown, "how it ended is not known"),
        (Ended::Later, Unknown, "how it ended is not known"),
        (Ended::Cut("?".to_owned()), Unknown, "how it ended is not known"),
    ] {
        assert_means(&ended(&plain(), &run, end), outcome, None, words);
    }
    assert_means(&ended(&plain(), &run, Ended::Exit(0)), Ok, Some(0), "");

    let error = SshError::Unreachable {
        host: "web-1".to_owned(),
        reason: "nobody there".to_owned(),
    };
    for (heed, outcome, words) in [
        (None, Outcome::Unreachable, "cannot be reached"),
        (Some(Heed::Cancelled), Failed, "before it was started"),
        (Some(Heed::TimedOut), Timeout, "could not be started within 60 s"),
    ] {
        assert_means(
            &not_started(&follow(heed, None, false), &run, &error),
            outcome,
            None,
            words,
        );
        assert_means(
            &away(&follow(heed, None, false), &run, false, &error),
            outcome,
            None,
            words,
        );
    }
    assert_means(
        &away(&plain(), &run, true, &error),
        Unknown,
        None,
        "went away while it ran",
    );
    assert_means(&unreadable(&plain(), ""), Unknown, None, "said: nothing");
    assert_means(
        &unreadable(&follow(None, None, false), "hm"),
        Unknown,
        None,
        "whether it was started is not known",
    );

    for (stopped, outcome, words) in [
        (Stopped::Over, Ok, ""),
        (Stopped::Gone { away: 0 }, Ok, ""),
        (Stopped::Gone { away: 2 }, Failed, "still run"),
        (Stopped::Left(2), Failed, "could not be killed"),
        (Stopped::Blind, Unknown, "no /proc"),
        (Stopped::Absent, Unknown, "never started"),
        (Stopped::Unclear, Unknown, "not known"),
    ] {
        assert_means(&put_to_an_end(stopped), outcome, None, words);
    }
}
