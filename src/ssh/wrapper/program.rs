//! The program that starts a step, or finds it started, and follows it.

use std::fmt::Write as _;

use crate::app::ports::{StepKey, StepRun, StreamOffsets};
use crate::domain::rollout::Way;

use super::quote::quote;

/// The shell functions that all programs of the wrapper share. `rs` is the byte that records begin with.
///
/// A process is known by its pid, its start time and the boot it was started in: a pid is soon used again.
pub(super) const SHARED: &str = r#"
say() { echo "${rs}edgewise-$nonce $*" >&2; }
started() {
  st=
  { read -r st <"/proc/$1/stat"; } 2>/dev/null || return 1
  st=${st##*) }
  set -- $st
  [ "$1" != Z ] || return 1
  shift 19
  st=$1
}
boot=
{ read -r boot </proc/sys/kernel/random/boot_id; } 2>/dev/null || boot=none
alive() { [ "$boot" = "$3" ] && started "$1" && [ "$st" = "$2" ]; }
"#;

/// Starts the step (unless `start` is 0), else finds it, and follows it to its end.
///
/// The supervisor records the exit code in one write, so that the file is empty or whole. The follower naps between two
/// looks; the end of a step that it started itself wakes it at once.
///
/// A process costs the host about a millisecond, and many hosts may be one machine: what the shell can do itself it does
/// (`printf`, where it is built in, since its arguments are secret), and the naps soon grow.
const FOLLOW: &str = r#"
base=$HOME/.edgewise
dir=$base/$folder
mine=
if [ "$start" = 1 ] && [ ! -d "$dir" ]; then
  if [ ! -d "${dir%/*}" ]; then
    if ! why=$(umask 077; mkdir -p "${dir%/*}" 2>&1); then say refused "$why"; exit 0; fi
  fi
  for leader in setsid 'busybox setsid' \
    "perl -e 'use POSIX; POSIX::setsid(); exec @ARGV or exit 127'" \
    "python3 -c 'import os,sys; os.setsid(); os.execvp(sys.argv[1], sys.argv[1:])'"; do
    command -v "${leader%% *}" >/dev/null 2>&1 && break
    leader=
  done
  if [ -z "$leader" ]; then say refused 'the host has none of setsid, busybox, perl, python3'; exit 0; fi
  if mkdir -m 700 "$dir" 2>/dev/null; then
    if ! { command -v printf >"$dir/run" && read -r how <"$dir/run" && write_run && : >"$dir/stdout" && : >"$dir/stderr"; } 2>/dev/null; then
      rm -rf "$dir"
      say refused "cannot write in $dir (is the disk full?)"
      exit 0
    fi
    eval "$leader sh -c \"\$supervisor\" edgewise \"\$dir\" \"\$boot\" \"\$leader\" \"\$as\" </dev/null >/dev/null 2>&1 &"
    mine=$!
  elif [ ! -d "$dir" ]; then
    say refused "cannot make $dir (is the disk full?)"
    exit 0
  fi
fi
if [ ! -d "$dir" ]; then say absent; exit 0; fi
naps=0
while [ ! -e "$dir/stderr" ]; do
  naps=$((naps + 1))
  if [ $naps -gt 50 ]; then say lost 'its folder is there, but it was never started'; exit 0; fi
  sleep 0.1 2>/dev/null || sleep 1
done
exec 3<"$dir/stdout" 4<"$dir/stderr"
skip() {
  [ "$2" -eq 0 ] && return
  [ "$2" -lt 65536 ] || dd bs=65536 count=$(($2 / 65536)) <&"$1" >/dev/null 2>&1
  [ $(($2 % 65536)) -eq 0 ] || dd bs=$(($2 % 65536)) count=1 <&"$1" >/dev/null 2>&1
}
skip 3 "$out"
skip 4 "$err"
drain() {
  [ ! -s "$dir/stdout" ] || cat <&3
  [ ! -s "$dir/stderr" ] || cat <&4 >&2
}
age=0
if [ -z "$mine" ]; then
  { read -r b sup sups pid pids <"$dir/pid"; } 2>/dev/null || pids=
  up=
  { read -r up rest </proc/uptime; } 2>/dev/null
  [ -z "$pids" ] || [ -z "$up" ] || age=$((${up%.*} - pids / 100))
fi
echo "${rs}edgewise-$nonce out"
say began "$age"
nap=0.1
rest() {
  naps=$((naps + 1))
  [ $((naps % 20)) -ne 0 ] || say tick
  sleep "$nap" </dev/null >/dev/null 2>&1 3<&- 4<&- &
  wait $!
  slept=$?
  if [ $slept -ne 0 ] && [ $slept -le 128 ]; then nap=1; fi
  [ "$nap" = 1 ] || nap=0.5
}
naps=0
if [ -n "$mine" ]; then
  # Ignored until it is heeded: a step that ends at once must not end its reader with a word from the shell.
  trap '' USR1
  ( trap : USR1; while [ ! -s "$dir/exit" ]; do rest; [ -s "$dir/exit" ] || drain; done ) &
  stream=$!
  wait "$mine"
  [ -s "$dir/exit" ] || kill "$stream" 2>/dev/null
  kill -USR1 "$stream" 2>/dev/null
  wait "$stream"
else
  blind=0
  while [ ! -s "$dir/exit" ]; do
    rest
    drain
    if { read -r b sup sups pid pids <"$dir/pid"; } 2>/dev/null; then
      alive "$sup" "$sups" "$b" || { [ -s "$dir/exit" ] || break; }
    else
      blind=$((blind + 1))
      [ $blind -lt 30 ] || break
    fi
  done
fi
if { read -r code outs errs <"$dir/exit"; } 2>/dev/null; then
  say end "$code" "$outs" "$errs"
  drain
else
  drain
  say lost 'what watched over it on the host is gone'
fi
"#;

/// Runs the step and keeps its exit code. It is no secret and stands in argv; what it runs comes from a file.
const SUPERVISOR: &str = r#"cd "$1" || exit 1
start_of() { read -r s <"/proc/$1/stat" || s=; s=${s##*) }; set -- $s; [ $# -lt 20 ] || shift 19; s=$1; }
start_of $$ 2>/dev/null
mine=$s
eval "$3 $4 sh -s <run >>stdout 2>>stderr &"
p=$!
start_of $p 2>/dev/null
echo "$2 $$ ${mine:-0} $p ${s:-0}" >pid
wait $p
code=$?
set -- 0 stdout 0
if [ -s stdout ] || [ -s stderr ]; then set -- $(wc -c stdout stderr); fi
echo "$code ${1:-0} ${3:-0}" >exit"#;

/// Writes `$step`. `how` is what `command -v` says of `printf`: its name alone where it is part of the shell.
const WRITE_RUN: &str = r#"
write_run() {
  case $how in
    printf) printf '%s' "$step" ;;
    *) cat <<EDGEWISE
$step
EDGEWISE
    ;;
  esac >"$dir/run"
}
"#;

/// A step as the wrapper needs it.
pub(in crate::ssh) struct StepProgram<'a> {
    /// Which, and how.
    pub(in crate::ssh) run: &'a StepRun,
    /// The command; none where the step is only looked up.
    pub(in crate::ssh) command: Option<&'a str>,
    /// The number that marks records of this reading.
    pub(in crate::ssh) nonce: &'a str,
    /// From where to read.
    pub(in crate::ssh) from: StreamOffsets,
}

impl StepProgram<'_> {
    /// The whole text for `sh -s`. It is one subshell, so a shell that gets half of it runs nothing, and one that has run
    /// it says that it is idle and is as it was: it can take the next one.
    pub(in crate::ssh) fn text(&self) -> String {
        let mut text = String::with_capacity(8 * 1024);
        let StreamOffsets { stdout, stderr } = self.from;
        text.push_str("(\n");
        assign(&mut text, "rs", "\x1e");
        assign(&mut text, "nonce", self.nonce);
        assign(&mut text, "folder", &folder(&self.run.key));
        assign(&mut text, "as", &run_as(self.run));
        assign(&mut text, "supervisor", SUPERVISOR);
        let start = u8::from(self.command.is_some());
        // Writing to a text cannot fail.
        let _ = writeln!(text, "start={start} out={stdout} err={stderr}");
        if let Some(command) = self.command {
            // Not a here-document of the text itself: some dash loses a byte where a line of one begins like its end
            // and goes on with a byte above 127.
            assign(&mut text, "step", &self.step(command));
            text.push_str(WRITE_RUN);
        }
        text.push_str(SHARED);
        text.push_str(FOLLOW);
        let _ = writeln!(text, "exit 0\n)\necho '\x1eedgewise-{} idle' >&2", self.nonce);
        text
    }

    /// The program that becomes the step: one group again, since its own text is on its stdin and has to make room.
    fn step(&self, command: &str) -> String {
        let mut text = String::from("{ exec </dev/null\n");
        let _ = writeln!(
            text,
            "export EDGEWISE_ACTION_ID={}",
            quote(&self.run.key.action.to_string())
        );
        for (name, value) in &self.run.env {
            let _ = writeln!(text, "export {name}={}", quote(value));
        }
        if let Some(cwd) = &self.run.cwd {
            let _ = writeln!(text, "cd {} || exit 125", quote(&absolute_or_below(cwd)));
        } else {
            text.push_str("cd || exit 125\n");
        }
        // The line break keeps a command that begins with `-` from being taken for an option.
        let _ = writeln!(text, "eval {}\nexit $?\n}}", quote(&format!("\n{command}")));
        text
    }
}

/// A folder that begins with `-` would be taken for an option.
fn absolute_or_below(cwd: &str) -> String {
    if cwd.starts_with('-') {
        format!("./{cwd}")
    } else {
        cwd.to_owned()
    }
}

/// `sudo -n -u user --`, quoted for `eval`, or nothing.
pub(super) fn run_as(run: &StepRun) -> String {
    match (&run.user, run.sudo) {
        (Some(user), _) => format!("sudo -n -u {} --", quote(user)),
        (None, true) => "sudo -n --".to_owned(),
        (None, false) => String::new(),
    }
}

fn assign(text: &mut String, name: &str, value: &str) {
    let _ = writeln!(text, "{name}={}", quote(value));
}

/// The folder of an attempt, below `$HOME/.edgewise`.
pub(in crate::ssh) fn folder(key: &StepKey) -> String {
    let way = match key.way {
        Way::Forth => "forth",
        Way::Back => "back",
    };
    format!("{}/{}-{way}-{}-{}", key.action, key.target, key.step, key.attempt)
}

#[cfg(test)]
#[path = "program_test.rs"]
mod tests;
