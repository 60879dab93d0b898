//! The program that starts a step, or finds it started, and follows it.

use std::fmt::Write as _;

use crate::app::ports::{StepKey, StepRun, StreamOffsets};
use crate::domain::rollout::Way;

use super::body::Body;
use super::quote::quote;
use crate::ssh::sudo::{INTO, PUT, Sudo};
use crate::ssh::terms::Terms;

/// The shell functions that all programs of the wrapper share. `rs` is the byte that records begin with.
///
/// A process is known by its pid, its start time and the boot it was started in: a pid is soon used again. A host without
/// `/proc` knows it by its pid alone.
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
is_over() {
  code=
  { read -r code rest <"$dir/exit"; } 2>/dev/null
  [ -n "$code" ]
}
alive() {
  [ "$boot" = "$3" ] || return 1
  if [ -r /proc/self/stat ]; then started "$1" && [ "$st" = "$2" ]; else kill -0 "$1" 2>/dev/null; fi
}
"#;

/// Starts the step (unless `start` is 0), else finds it, and follows it to its end.
///
/// The supervisor records the exit code in one write, into room that was taken before: a first line of blanks says that it
/// runs. The follower naps between two looks; the end of a step that it started itself wakes it at once.
///
/// A process costs the host about a millisecond, and many hosts may be one machine: what the shell can do itself it does
/// (`printf`, where it is built in, since its arguments are secret), and the naps soon grow.
///
/// What watches the step it started goes on when the connection is gone and nobody hears it any more, so that a step that
/// runs away cannot fill the disk behind everybody's back.
const FOLLOW: &str = r#"
base=$HOME/.edgewise
dir=$base/$folder
mine=
if [ "$start" = 1 ] && [ ! -d "$dir" ]; then
  if [ -z "$HOME" ]; then say refused 'the login has no home folder (HOME is not set)'; exit 0; fi
  if ! let_in; then say refused "$why"; exit 0; fi
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
    arguments='"$supervisor" edgewise "$dir" "$boot" "$leader" "$as"'
    if [ -n "$secret" ]; then
      eval "put \"\$secret\" | $leader sh -c $arguments \"\$mark\" >/dev/null 2>&1 &"
    else
      eval "$leader sh -c $arguments '' </dev/null >/dev/null 2>&1 &"
    fi
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
written() {
  set -- $(wc -c <"$dir/stdout") $(wc -c <"$dir/stderr") 0 0
  written=$(($1 + $2))
}
nap=0.1
rest() {
  naps=$((naps + 1))
  [ $((naps % 20)) -ne 0 ] || { written; say tick "$written" || deaf=1; }
  sleep "$nap" </dev/null >/dev/null 2>&1 3<&- 4<&- &
  wait $!
  slept=$?
  if [ $slept -ne 0 ] && [ $slept -le 128 ]; then nap=1; fi
  [ "$nap" = 1 ] || nap=0.5
}
watch() {
  until is_over; do
    written
    if [ "$written" -gt "$most" ]; then
      : >"$dir/bound"
      read -r b sup sups pid pids <"$dir/pid" || return
      for signal in TERM CONT KILL; do
        kill -s $signal -- "-$pid"
        [ -z "$as" ] || become kill -s $signal -- "-$pid"
        [ $signal = TERM ] || sleep 5
      done
    fi
    sleep 5
  done
}
naps=0
deaf=
if [ -n "$mine" ]; then
  # Ignored until it is heeded: a step that ends at once must not end its reader with a word from the shell.
  trap '' USR1
  (
    trap : USR1
    trap '' PIPE
    until is_over; do
      rest
      if [ -n "$deaf" ]; then
        watch <&- >/dev/null 2>&1 3<&- 4<&-
      else
        is_over || drain
      fi
    done
  ) &
  stream=$!
  wait "$mine"
  is_over || kill "$stream" 2>/dev/null
  kill -USR1 "$stream" 2>/dev/null
  wait "$stream"
else
  blind=0
  until is_over; do
    rest
    drain
    if { read -r b sup sups pid pids <"$dir/pid"; } 2>/dev/null; then
      alive "$sup" "$sups" "$b" || { is_over || break; }
    else
      blind=$((blind + 1))
      [ $blind -lt 30 ] || break
    fi
  done
fi
if is_over && read -r code outs errs rest <"$dir/exit"; then
  [ ! -e "$dir/bound" ] || say bound
  say end "$code" "$outs" "$errs"
  drain
else
  drain
  b=
  { read -r b sup sups pid pids <"$dir/pid"; } 2>/dev/null
  if [ -z "$b" ]; then
    say lost 'its folder is there, and what watches over it never said that it began'
  elif [ "$b" != "$boot" ]; then
    say lost 'the host was started anew in between'
  elif alive "$pid" "$pids" "$b"; then
    say lost "what watched over it on the host is gone, and it still runs there as process $pid"
  else
    say lost 'what watched over it on the host is gone, and so is it'
  fi
fi
"#;

/// Runs the step and keeps its exit code. It is no secret and stands in argv; what it runs comes from a file, which is gone
/// once it is open, since the step's variables stand in it. The room for the exit code is taken before the step can fill
/// the disk. Arguments: the folder, the boot, what begins a session, what becomes somebody else, and a mark where a password comes on
/// standard input.
const SUPERVISOR: &str = r#"cd "$1" || exit 1
secret=
[ -z "$5" ] || IFS= read -r secret
exec </dev/null 3<run
rm -f run
echo '                                                                ' >exit
start_of() { read -r s <"/proc/$1/stat" || s=; s=${s##*) }; set -- $s; [ $# -lt 20 ] || shift 19; s=$1; }
start_of $$ 2>/dev/null
mine=$s
if [ -n "$secret" ]; then
  eval "{ put \"\$secret\" \"\$5\"; cat <&3; } | $3 $4 sh -c \"\$into\" edgewise \"\$5\" '' >>stdout 2>>stderr 3<&- &"
else
  eval "$3 $4 sh -s <&3 >>stdout 2>>stderr 3<&- &"
fi
p=$!
exec 3<&-
secret=
start_of $p 2>/dev/null
echo "$2 $$ ${mine:-0} $p ${s:-0}" >pid
wait $p
code=$?
set -- 0 stdout 0
if [ -s stdout ] || [ -s stderr ]; then set -- $(wc -c stdout stderr); fi
echo "$code ${1:-0} ${3:-0}" 1<>exit"#;

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
    /// What holds on every host.
    pub(in crate::ssh) terms: &'a Terms,
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
        let start = u8::from(self.command.is_some());
        // Writing to a text cannot fail.
        let _ = writeln!(
            text,
            "start={start} out={stdout} err={stderr} most={}",
            self.terms.max_output
        );
        text.push_str(&Sudo::of(self.run, self.terms.sudo_password()).text());
        let supervisor = format!("into={}\n{PUT}\n{SUPERVISOR}", quote(INTO));
        assign(&mut text, "supervisor", &supervisor);
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
        let run = self.run;
        let (action, folder) = (run.key.action.to_string(), folder(&run.key));
        let body = Body {
            marks: &[("EDGEWISE_ACTION_ID", &action), (STEP, &format!("{folder}/"))],
            env: Some(&run.env),
            cwd: run.cwd.as_deref(),
            home: true,
            umask: run.umask.as_deref(),
        };
        format!("{{ exec </dev/null\n{}}}\n", body.text(command))
    }
}

/// The variable by which processes of a step are known that left its session: its folder, with a slash at the end.
pub(super) const STEP: &str = "EDGEWISE_STEP";

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
