//! What all pages have around them.

use crate::web::assets;
use crate::web::trail::Trail;
use crate::web::visitor::Visitor;

/// What all pages have around them.
#[derive(Clone)]
pub struct Frame {
    /// Who is signed in.
    pub user: Option<String>,
    /// The session's CSRF token, for the page's forms and scripts.
    pub csrf: String,
    /// Lets the page's one `<style>` pass.
    pub nonce: String,
    /// Where the assets are.
    pub build: &'static str,
    /// The space's colour.
    pub accent: Option<Accent>,
}

impl Frame {
    /// For somebody who is signed in.
    pub fn of(visitor: &Visitor, trail: &Trail) -> Self {
        Self {
            user: Some(visitor.user.clone()),
            csrf: visitor.csrf().to_owned(),
            ..Self::bare(trail)
        }
    }

    /// For anybody.
    pub fn bare(trail: &Trail) -> Self {
        Self {
            user: None,
            csrf: String::new(),
            nonce: trail.nonce.clone(),
            build: assets::BUILD.as_str(),
            accent: None,
        }
    }

    /// In a space's colour, where it has a valid one.
    pub fn in_color(mut self, color: Option<&str>) -> Self {
        self.accent = color.and_then(Accent::parse);
        self
    }
}

/// A colour that may go into a style sheet as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accent {
    /// `#rrggbb`.
    pub hex: String,
    /// The colour of text upon it: white or black, whichever is easier to read.
    pub ink: &'static str,
}

impl Accent {
    /// Reads `#rgb` or `#rrggbb`; anything else is no colour.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#')?;
        if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        let digits = match digits.len() {
            3 => digits.chars().flat_map(|digit| [digit, digit]).collect(),
            6 => digits.to_ascii_lowercase(),
            _ => return None,
        };
        let part = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).ok();
        let light = luminance([part(0)?, part(2)?, part(4)?]);
        // The contrast ratios of WCAG 2, section 1.4.3: the better of the two wins.
        let with_white = 1.05 / (light + 0.05);
        let with_black = (light + 0.05) / 0.05;
        Some(Self {
            hex: format!("#{digits}"),
            ink: if with_white >= with_black {
                "#ffffff"
            } else {
                "#000000"
            },
        })
    }
}

/// Relative luminance, 0 to 1, as WCAG 2 defines it.
fn luminance(rgb: [u8; 3]) -> f64 {
    let linear = rgb.map(|channel| {
        let share = f64::from(channel) / 255.0;
        if share <= 0.04045 {
            share / 12.92
        } else {
            ((share + 0.055) / 1.055).powf(2.4)
        }
    });
    0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
}

#[cfg(test)]
mod tests {
    use super::Accent;

    #[test]
    fn only_hex_colours_get_into_a_style_sheet() {
        let accent = Accent::parse("#0a7").unwrap();
        assert_eq!(accent.hex, "#00aa77");
        assert_eq!(Accent::parse("#FFEE00").unwrap().ink, "#000000");
        assert_eq!(Accent::parse("#123").unwrap().ink, "#ffffff");
        for bad in [
            "", "red", "#12", "#12345", "#0a7;}", "#ggg", "url(#a)", "#äöü", "0a7",
        ] {
            assert_eq!(Accent::parse(bad), None, "{bad}");
        }
    }
}
