//! The program that stops a step: TERM to everything that belongs to it, a while to end, KILL, and a look whether it is
//! gone.

use std::fmt::Write as _;

use crate::app::ports::StepRun;
use crate::ssh::sudo::Sudo;
use crate::ssh::terms::Terms;

use super::program::{SHARED, STEP, folder};
use super::quote::quote;
use super::record::Record;

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ssh) enum Stopped {
    /// It had ended by itself before.
    Over,
    /// It was never started there.
    Absent,
    /// Nothing of it is left, but so many processes that it put into sessions of their own.
    Gone {
        /// How many of these there are.
        away: u64,
    },
    /// Its process group is gone, and the host does not show whether anything else is left.
    Blind,
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
            Record::Absent => Some("absent"),
            _ => None,
        });
        let mut words = word.unwrap_or_default().split(' ');
        let first = words.next();
        let mut number = || words.next().and_then(|word| word.parse().ok());
        match first {
            Some("over") => Self::Over,
            Some("absent") => Self::Absent,
            Some("blind") => Self::Blind,
            Some("stopped") => match (number(), number()) {
                (Some(0), Some(away)) => Self::Gone { away },
                (Some(left), _) => Self::Left(left),
                (None, _) => Self::Unclear,
            },
            _ => Self::Unclear,
        }
    }
}

/// What belongs to a step: its session, its process group, whoever descends from its leader, and their groups (sudo may
/// give its command a session of its own). What left all of these is known by the step's variable in its environment; it is
/// counted and left alone.
///
/// A step goes on when what watched over it was killed. Where its leader has ended too, its pid may be somebody else's by
/// now; where nobody has it, the session of this number can only be the step's.
const STOP: &str = r#"
dir=$HOME/.edgewise/$folder
if [ ! -d "$dir" ]; then say absent; exit 0; fi
if is_over; then say over; exit 0; fi
naps=0
until { read -r b sup sups pid pids <"$dir/pid"; } 2>/dev/null; do
  naps=$((naps + 1))
  if [ $naps -gt 20 ]; then say unclear; exit 0; fi
  sleep 0.1 2>/dev/null || sleep 1
done
if [ "$b" != "$boot" ]; then say stopped 0 0; exit 0; fi
if ! alive "$sup" "$sups" "$b"; then
  if is_over; then say over; exit 0; fi
  if ! alive "$pid" "$pids" "$b" && started "$pid"; then say unclear; exit 0; fi
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
    [ -z "$as" ] || become kill -s "$1" -- "-$group" >/dev/null 2>&1
  done
}
look() {
  left=0
  if [ -r /proc/self/stat ]; then each count; else kill -0 -- "-$pid" 2>/dev/null && left=1; fi
}
await() {
  naps=$1
  while look; [ $left -gt 0 ] && [ $naps -gt 0 ]; do
    naps=$((naps - 1))
    sleep 0.1 2>/dev/null || { sleep 1; naps=$((naps - 9)); }
  done
}
gather
send TERM
send CONT
await "$grace"
if [ $left -gt 0 ]; then
  gather
  send KILL
  await 50
fi
if [ $left = 0 ] && [ ! -r /proc/self/stat ]; then say blind; exit 0; fi
away=0
apart() {
  case $groups in *" $4 "*) return ;; esac
  [ "$2" = Z ] || away=$((away + 1))
}
for stat in $(grep -lF "$step=$folder/" /proc/[0-9]*/environ 2>/dev/null); do
  { read -r st <"${stat%environ}stat"; } 2>/dev/null || continue
  p=${st%% *}
  st=${st##*) }
  apart $p $st
done
say stopped $left $away
"#;

/// The program that stops `run`, with so many tenths of a second to end in peace.
pub(in crate::ssh) fn stop_program(run: &StepRun, terms: &Terms, nonce: &str, grace_tenths: u64) -> String {
    let mut text = String::from("{\n");
    for (name, value) in [
        ("rs", "\x1e"),
        ("nonce", nonce),
        ("folder", &folder(&run.key)),
        ("step", STEP),
    ] {
        // Writing to a text cannot fail.
        let _ = writeln!(text, "{name}={}", quote(value));
    }
    let _ = writeln!(text, "grace={grace_tenths}");
    text.push_str(&Sudo::of(run, terms.sudo_password()).text());
    text.push_str(SHARED);
    text.push_str(STOP);
    text.push_str("exit 0\n}\n");
    text
}
