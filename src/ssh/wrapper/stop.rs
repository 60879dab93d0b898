//! The program that stops a step: TERM to everything that belongs to it, a while to end, KILL, and a look whether it is
//! gone.

use std::fmt::Write as _;

use crate::app::ports::StepRun;

use super::program::{SHARED, folder, run_as};
use super::quote::quote;
use super::record::Record;

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ssh) enum Stopped {
    /// It had ended by itself before.
    Over,
    /// Nothing of it is left.
    Gone,
    /// So many of its processes are still there.
    Left(u64),
    /// It cannot be told.
    Unclear,
}

impl Stopped {
    /// What the program's records say.
    pub(in crate::ssh) fn of(records: &[Record]) -> Self {
        let word = records.iter().find_map(|record| match record {
            Record::Other(text) => Some(text.as_str()),
            _ => None,
        });
        match word {
            Some("over") => Self::Over,
            Some("stopped 0") => Self::Gone,
            Some(text) => match text.strip_prefix("stopped ").map(str::parse) {
                Some(Ok(left)) => Self::Left(left),
                _ => Self::Unclear,
            },
            None => Self::Unclear,
        }
    }
}

/// What belongs to a step: its session, its process group, whoever descends from its leader, and their groups (sudo may
/// give its command a session of its own).
const STOP: &str = r#"
dir=$HOME/.edgewise/$folder
if [ -s "$dir/exit" ]; then say over; exit 0; fi
naps=0
until { read -r b sup sups pid pids <"$dir/pid"; } 2>/dev/null; do
  naps=$((naps + 1))
  if [ $naps -gt 20 ]; then say unclear; exit 0; fi
  sleep 0.1 2>/dev/null || sleep 1
done
if ! alive "$sup" "$sups" "$b"; then
  if [ -s "$dir/exit" ]; then say over; else say unclear; fi
  exit 0
fi
members=" $pid "
groups=" $pid "
each() {
  for stat in /proc/[0-9]*/stat; do
    { read -r st <"$stat"; } 2>/dev/null || continue
    p=${st%% *}
    st=${st##*) }
    "$1" $p $st
  done
}
family() {
  case $members in *" $1 "*) return ;; esac
  [ "$5" = "$pid" ] || case $members in *" $3 "*) ;; *) case $groups in *" $4 "*) ;; *) return ;; esac ;; esac
  members="$members$1 "
  more=1
  case $groups in *" $4 "*) ;; *) groups="$groups$4 " ;; esac
}
count() {
  [ "$2" != Z ] || return
  case $groups in *" $4 "*) left=$((left + 1)) ;; esac
}
gather() {
  more=1
  while [ $more = 1 ]; do more=0; each family; done
}
send() {
  for group in $groups; do
    kill -s "$1" -- "-$group" 2>/dev/null
    [ -z "$as" ] || eval "$as kill -s $1 -- -$group" >/dev/null 2>&1
  done
}
await() {
  naps=$1
  while :; do
    left=0
    each count
    [ $left -gt 0 ] && [ $naps -gt 0 ] || return
    naps=$((naps - 1))
    sleep 0.1 2>/dev/null || { sleep 1; naps=$((naps - 9)); }
  done
}
gather
send TERM
await "$grace"
if [ $left -gt 0 ]; then
  gather
  send KILL
  await 50
fi
say stopped $left
"#;

/// The program that stops `run`, with so many tenths of a second to end in peace.
pub(in crate::ssh) fn stop_program(run: &StepRun, nonce: &str, grace_tenths: u64) -> String {
    let mut text = String::from("{\n");
    for (name, value) in [
        ("rs", "\x1e"),
        ("nonce", nonce),
        ("folder", &folder(&run.key)),
        ("as", &run_as(run)),
    ] {
        // Writing to a text cannot fail.
        let _ = writeln!(text, "{name}={}", quote(value));
    }
    let _ = writeln!(text, "grace={grace_tenths}");
    text.push_str(SHARED);
    text.push_str(STOP);
    text.push_str("exit 0\n}\n");
    text
}
