//! Variables that get a value.

use super::super::rules::exhaust;
use super::super::syntax::{Assign, Assigned, Part};
use super::super::words::text::{self, UNKNOWN};
use super::Walker;

impl Walker<'_> {
    /// Sets a variable; before a command it is part of that command's environment too.
    pub(super) fn assign(&mut self, assign: &Assign) {
        self.origin = None;
        if self.place.busy_loop && grows(assign) {
            self.find(
                &exhaust::MEMORY,
                assign.span,
                format!("{} grows in a loop without end", assign.name),
            );
        }
        match &assign.value {
            Assigned::Word(word) => {
                let mut value = self.single(word);
                if let Some(index) = &assign.index {
                    let key = self.key(index);
                    let mut elements = match self.state.get(&assign.name) {
                        Some(super::state::Variable::Array(elements)) => elements.clone(),
                        _ => Vec::new(),
                    };
                    elements.retain(|(k, _)| *k != key);
                    elements.push((key, value));
                    self.state.set_array(&assign.name, elements);
                    return;
                }
                if assign.append
                    && let Some(super::state::Variable::Scalar(old)) = self.state.get(&assign.name)
                    && let Some(old) = old.last()
                {
                    value = text::bounded(format!("{old}{value}"));
                }
                self.environment(&assign.name, &value, assign.span);
                if let Some(left) = self.values.checked_sub(value.len()) {
                    self.values = left;
                } else {
                    self.overspent = true;
                    value = UNKNOWN.to_string();
                }
                self.state.set(&assign.name, value);
                match self.origin.take() {
                    Some(origin) => {
                        self.origins.insert(assign.name.clone(), origin);
                    }
                    None => {
                        self.origins.remove(&assign.name);
                    }
                }
            }
            Assigned::Array(elements) => {
                let mut values = match self.state.get(&assign.name) {
                    Some(super::state::Variable::Array(old)) if assign.append => old.clone(),
                    _ => Vec::new(),
                };
                for (index, word) in elements {
                    match index {
                        Some(index) => {
                            let key = self.key(index);
                            let value = self.single(word);
                            values.push((key, value));
                        }
                        None => {
                            for value in self.fields(word) {
                                values.push((values.len().to_string(), value));
                            }
                        }
                    }
                }
                self.state.set_array(&assign.name, values);
            }
        }
    }
}

/// Whether an assignment makes its variable longer each time.
fn grows(assign: &Assign) -> bool {
    fn mentions(parts: &[Part], name: &str) -> usize {
        parts
            .iter()
            .map(|part| match part {
                Part::Double(inner) => mentions(inner, name),
                Part::Parameter(parameter) => {
                    usize::from(parameter.name == name && parameter.op.is_none() && !parameter.length)
                }
                _ => 0,
            })
            .sum()
    }
    fn pieces(parts: &[Part]) -> usize {
        parts
            .iter()
            .map(|part| match part {
                Part::Double(inner) => pieces(inner),
                _ => 1,
            })
            .sum()
    }
    match &assign.value {
        Assigned::Word(word) => {
            let number = word.literal().is_some_and(|text| text.parse::<i64>().is_ok());
            assign.append && !number && !word.parts.is_empty()
                || mentions(&word.parts, &assign.name) > 0 && pieces(&word.parts) > 1
        }
        Assigned::Array(_) => assign.append,
    }
}
