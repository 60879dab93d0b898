//! Integer arithmetic of the shell, as far as a value needs it.

/// The value of an expression, where all of it is known. `variable` gives the text of a name.
pub fn value(text: &str, variable: &dyn Fn(&str) -> Option<String>) -> Option<i64> {
    let mut reader = Reader {
        rest: text,
        variable,
        depth: 0,
    };
    let value = reader.binary(0)?;
    reader.blank();
    reader.rest.is_empty().then_some(value)
}

struct Reader<'t> {
    rest: &'t str,
    variable: &'t dyn Fn(&str) -> Option<String>,
    depth: usize,
}

const LEVELS: &[&[&str]] = &[
    &["||"],
    &["&&"],
    &["|"],
    &["^"],
    &["&"],
    &["==", "!="],
    &["<=", ">=", "<", ">"],
    &["<<", ">>"],
    &["+", "-"],
    &["*", "/", "%"],
];

impl Reader<'_> {
    fn blank(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn binary(&mut self, level: usize) -> Option<i64> {
        let Some(operators) = LEVELS.get(level) else {
            return self.unary();
        };
        let mut left = self.binary(level + 1)?;
        loop {
            self.blank();
            let Some(operator) = operators.iter().find(|o| {
                self.rest.starts_with(**o)
                    && !(o.len() == 1 && self.rest.len() > 1 && self.rest[1..].starts_with(**o))
                    && !(matches!(**o, "<" | ">") && self.rest.get(1..2) == Some("="))
            }) else {
                return Some(left);
            };
            self.rest = &self.rest[operator.len()..];
            let right = self.binary(level + 1)?;
            left = match *operator {
                "||" => i64::from(left != 0 || right != 0),
                "&&" => i64::from(left != 0 && right != 0),
                "|" => left | right,
                "^" => left ^ right,
                "&" => left & right,
                "==" => i64::from(left == right),
                "!=" => i64::from(left != right),
                "<=" => i64::from(left <= right),
                ">=" => i64::from(left >= right),
                "<" => i64::from(left < right),
                ">" => i64::from(left > right),
                "<<" => left.checked_shl(u32::try_from(right).ok()?)?,
                ">>" => left.checked_shr(u32::try_from(right).ok()?)?,
                "+" => left.checked_add(right)?,
                "-" => left.checked_sub(right)?,
                "*" => left.checked_mul(right)?,
                "/" => left.checked_div(right)?,
                _ => left.checked_rem(right)?,
            };
        }
    }

    fn unary(&mut self) -> Option<i64> {
        self.depth += 1;
        if self.depth > 64 {
            return None;
        }
        let value = self.operand();
        self.depth -= 1;
        value
    }

    fn operand(&mut self) -> Option<i64> {
        self.blank();
        if let Some(rest) = self.rest.strip_prefix('(') {
            self.rest = rest;
            let value = self.binary(0)?;
            self.blank();
            self.rest = self.rest.strip_prefix(')')?;
            return Some(value);
        }
        for (sign, apply) in [
            ("-", i64::checked_neg as fn(i64) -> Option<i64>),
            ("+", Some),
            ("~", |v| Some(!v)),
            ("!", |v| Some(i64::from(v == 0))),
        ] {
            if let Some(rest) = self.rest.strip_prefix(sign) {
                self.rest = rest;
                return apply(self.unary()?);
            }
        }
        let length = self
            .rest
            .bytes()
            .take_while(|b| b.is_ascii_alphanumeric() || *b == b'_' || *b == b'#')
            .count();
        let (token, rest) = self.rest.split_at(length);
        self.rest = rest;
        if token.starts_with(|c: char| c.is_ascii_digit()) {
            return literal(token);
        }
        if token.is_empty() {
            return None;
        }
        let text = (self.variable)(token)?;
        if text.is_empty() {
            Some(0)
        } else {
            literal(text.trim())
        }
    }
}

/// A number as the shell writes it: `12`, `0x1f`, `017`, `2#101`.
fn literal(token: &str) -> Option<i64> {
    if let Some(hex) = token.strip_prefix("0x").or_else(|| token.strip_prefix("0X")) {
        return i64::from_str_radix(hex, 16).ok();
    }
    if let Some((base, digits)) = token.split_once('#') {
        let base = base.parse::<u32>().ok().filter(|b| (2..=36).contains(b))?;
        return i64::from_str_radix(digits, base).ok();
    }
    if token.len() > 1 && token.starts_with('0') {
        return i64::from_str_radix(token, 8).ok();
    }
    token.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions() {
        let variable = |name: &str| (name == "x").then(|| "5".to_owned());
        for (text, expected) in [
            ("1 + 2 * 3", Some(7)),
            ("(1+2)*3", Some(9)),
            ("0x2f", Some(47)),
            ("8#57", Some(47)),
            ("057", Some(47)),
            ("x - 1", Some(4)),
            ("y", None),
            ("1/0", None),
            ("1 << 4", Some(16)),
            ("-3 + 4 == 1", Some(1)),
            ("", None),
            ("9223372036854775807 + 1", None),
        ] {
            assert_eq!(value(text, &variable), expected, "{text}");
        }
        assert_eq!(value(&"(".repeat(10_000), &variable), None);
        assert_eq!(value(&"-".repeat(10_000), &variable), None);
    }
}
