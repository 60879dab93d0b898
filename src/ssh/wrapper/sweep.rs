//! Cleaning up on a host: the folders of actions that ended long ago.

use std::fmt::Write as _;

use super::program::SHARED;
use super::quote::quote;

/// What nothing was written in for so long and has nothing under way any more goes. The age of the action's own folder
/// alone would not do: a step that ran for weeks may have ended a minute ago, and nobody has read it yet.
const SWEEP: &str = r#"
[ -n "$HOME" ] || exit 0
base=$HOME/.edgewise
[ -d "$base" ] || exit 0
find "$base" -mindepth 1 -maxdepth 1 -type d -mtime "+$days" | while IFS= read -r action; do
  [ -z "$(find "$action" ! -mtime "+$days" | head -n 1)" ] || continue
  for dir in "$action"/*/; do
    [ -e "${dir}pid" ] && ! is_over || continue
    { read -r b sup sups pid pids <"${dir}pid"; } 2>/dev/null || continue
    ! alive "$sup" "$sups" "$b" || continue 2
    ! alive "$pid" "$pids" "$b" || continue 2
  done
  rm -rf "$action"
done
"#;

/// The program that removes the folders of actions that nothing was added to for more than `days` days. Steps that still
/// run keep theirs.
pub(in crate::ssh) fn sweep_program(days: u32) -> String {
    let mut text = String::from("{\n");
    // Writing to a text cannot fail.
    let _ = writeln!(text, "rs={} nonce=0 days={days}", quote("\x1e"));
    text.push_str(SHARED);
    text.push_str(SWEEP);
    text.push_str("exit 0\n}\n");
    text
}
