//! Times as `sshd_config(5)` writes them: `30`, `90s`, `1m30s`, `2h`.

/// The seconds; none where it is no time.
pub(super) fn seconds(text: &str) -> Option<u64> {
    let mut total: u64 = 0;
    let mut number: Option<u64> = None;
    for byte in text.bytes() {
        if byte.is_ascii_digit() {
            let digit = u64::from(byte - b'0');
            number = Some(number.unwrap_or(0).checked_mul(10)?.checked_add(digit)?);
            continue;
        }
        let unit = match byte.to_ascii_lowercase() {
            b's' => 1,
            b'm' => 60,
            b'h' => 60 * 60,
            b'd' => 24 * 60 * 60,
            b'w' => 7 * 24 * 60 * 60,
            _ => return None,
        };
        total = total.checked_add(number.take()?.checked_mul(unit)?)?;
    }
    match number {
        Some(rest) => total.checked_add(rest),
        None => (!text.is_empty()).then_some(total),
    }
    // What OpenSSH keeps a time in.
    .filter(|seconds| i32::try_from(*seconds).is_ok())
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn times() {
        for (text, wanted) in [
            ("30", Some(30)),
            ("90s", Some(90)),
            ("1m30s", Some(90)),
            ("1m30", Some(90)),
            ("2H", Some(7200)),
            ("1w", Some(604_800)),
            ("0", Some(0)),
            ("", None),
            ("m", None),
            ("1x", None),
            ("-1", None),
            ("99999999999", None),
            ("999999999999999999999s", None),
        ] {
            assert_eq!(seconds(text), wanted, "{text}");
        }
    }
}
