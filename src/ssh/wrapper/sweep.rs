//! Cleaning up on a host: the folders of actions that ended long ago.

use std::fmt::Write as _;

use super::program::SHARED;
use super::quote::quote;

/// What is older and has nothing under way any more goes.
const SWEEP: &str = r#"
base=$HOME/.edgewise
[ -d "$base" ] || exit 0
find "$base" -mindepth 1 -maxdepth 1 -type d -mtime "+$days" | while read -r action; do
  for dir in "$action"/*/; do
    [ -e "${dir}pid" ] && [ ! -s "${dir}exit" ] || continue
    { read -r b sup sups pid pids <"${dir}pid"; } 2>/dev/null || continue
    ! alive "$sup" "$sups" "$b" || continue 2
  done
  rm -rf "$action"
done
"#;

/// The program that removes the folders of actions that nothing was added to for more than `days` days. Steps that still
/// run keep theirs.
#[must_use]
pub fn sweep_program(days: u32) -> String {
    let mut text = String::from("{\n");
    // Writing to a text cannot fail.
    let _ = writeln!(text, "rs={} nonce=0 days={days}", quote("\x1e"));
    text.push_str(SHARED);
    text.push_str(SWEEP);
    text.push_str("exit 0\n}\n");
    text
}
