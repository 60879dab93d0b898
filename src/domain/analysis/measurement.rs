//! What one question to a monitor gave, and how an answer is read.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What one question gave.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "measured", rename_all = "snake_case")]
pub enum Measurement {
    /// A number, also an infinite one; never NaN.
    Value {
        /// The number.
        #[serde(with = "number")]
        value: f64,
    },
    /// The monitor answered, and has no number.
    NoData {
        /// What it has instead, in words.
        detail: String,
    },
    /// The monitor could not be asked.
    Unreachable {
        /// Why, in words.
        detail: String,
    },
}

impl Measurement {
    /// The measurement of this number. NaN, which is what a division of nothing by nothing gives, is no data.
    #[must_use]
    pub fn of(value: f64) -> Self {
        if value.is_nan() {
            Self::no_data("the number is NaN")
        } else {
            Self::Value { value }
        }
    }

    fn no_data(detail: impl Into<String>) -> Self {
        Self::NoData {
            detail: detail.into(),
        }
    }

    /// The number at a JSON pointer of a document: a number, or a text that is one; `true` is 1.
    #[must_use]
    pub fn at(document: &Value, pointer: &str) -> Self {
        match document.pointer(pointer) {
            None => Self::no_data(format!("the document has nothing at `{pointer}`")),
            Some(Value::Number(number)) => number.as_f64().map_or_else(
                || Self::no_data(format!("{number} is no number that can be compared")),
                Self::of,
            ),
            Some(Value::Bool(yes)) => Self::of(f64::from(u8::from(*yes))),
            Some(Value::String(text)) => Self::of_text(text),
            Some(Value::Null) => Self::no_data(format!("at `{pointer}` is null")),
            Some(Value::Array(_)) => Self::no_data(format!("at `{pointer}` is a list, not a number")),
            Some(Value::Object(_)) => Self::no_data(format!("at `{pointer}` is an object, not a number")),
        }
    }

    /// The number in the answer of Prometheus' HTTP API to an instant query: a scalar, or a vector of one.
    #[must_use]
    pub fn of_prometheus(answer: &Value) -> Self {
        let data = &answer["data"];
        match (answer["status"].as_str(), data["resultType"].as_str()) {
            (Some("error"), _) => {
                let why = answer["error"].as_str().unwrap_or("it does not say why");
                Self::no_data(format!("Prometheus refused the query: {why}"))
            }
            (Some("success"), Some("scalar")) => Self::of_sample(&data["result"]),
            (Some("success"), Some("vector")) => {
                match data["result"].as_array().map_or(&[][..], Vec::as_slice) {
                    [] => Self::no_data("the query found no series"),
                    [one] => Self::of_sample(&one["value"]),
                    many => Self::no_data(format!(
                        "the query found {} series, and one is wanted: aggregate them, for example with sum()",
                        many.len()
                    )),
                }
            }
            (Some("success"), Some(other)) => Self::no_data(format!(
                "the query gives a {other}, and a single number is wanted"
            )),
            _ => Self::no_data("the answer is not one of Prometheus"),
        }
    }

    /// A sample is a pair of its time and its number as a text.
    fn of_sample(sample: &Value) -> Self {
        match sample[1].as_str() {
            Some(text) => Self::of_text(text),
            None => Self::no_data("the answer is not one of Prometheus"),
        }
    }

    /// The number that a text is, such as the output of a command.
    #[must_use]
    pub fn of_text(text: &str) -> Self {
        let text = text.trim();
        text.parse().map_or_else(
            |_| {
                let shown: String = text.chars().take(60).collect();
                Self::no_data(format!("`{shown}` is no number"))
            },
            Self::of,
        )
    }
}

/// JSON has no infinite numbers: they are texts there.
mod number {
    use serde::{Deserialize, Deserializer, Serializer};

    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Number(f64),
        Text(String),
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
    pub(super) fn serialize<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        if value.is_finite() {
            serializer.serialize_f64(*value)
        } else {
            serializer.collect_str(value)
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        match Written::deserialize(deserializer)? {
            Written::Number(value) => Ok(value),
            Written::Text(text) => text.parse().map_err(serde::de::Error::custom),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Measurement;
    use serde_json::json;

    fn value(measured: &Measurement) -> Option<f64> {
        match measured {
            Measurement::Value { value } => Some(*value),
            Measurement::NoData { .. } | Measurement::Unreachable { .. } => None,
        }
    }

    #[test]
    fn a_number_is_found_where_there_is_one() {
        let document = json!({"a": {"b": [1, "2.5", true, null, {}, "x"]}, "": 7});
        for (pointer, wanted) in [
            ("/a/b/0", Some(1.0)),
            ("/a/b/1", Some(2.5)),
            ("/a/b/2", Some(1.0)),
            ("/", Some(7.0)),
            ("/a/b/3", None),
            ("/a/b/4", None),
            ("/a/b/5", None),
            ("/a/b", None),
            ("/a/c", None),
            ("", None),
        ] {
            assert_eq!(value(&Measurement::at(&document, pointer)), wanted, "{pointer}");
        }
        assert_eq!(value(&Measurement::at(&json!(3), "")), Some(3.0));
        assert_eq!(value(&Measurement::of_text(" 0.25\n")), Some(0.25));
        assert_eq!(value(&Measurement::of_text("0.25\n0.3\n")), None);
    }

    #[test]
    fn the_answer_of_prometheus_must_be_one_number() {
        let vector =
            |result| json!({"status": "success", "data": {"resultType": "vector", "result": result}});
        let one = json!({"metric": {}, "value": [1_700_000_000.1, "0.02"]});
        for (answer, wanted) in [
            (vector(json!([one])), Some(0.02)),
            (vector(json!([])), None),
            (vector(json!([one, one])), None),
            (
                vector(json!([{"metric": {}, "value": [1, "+Inf"]}])),
                Some(f64::INFINITY),
            ),
            (vector(json!([{"metric": {}, "value": [1, "NaN"]}])), None),
            (
                json!({"status": "success", "data": {"resultType": "scalar", "result": [1, "3"]}}),
                Some(3.0),
            ),
            (
                json!({"status": "success", "data": {"resultType": "matrix", "result": []}}),
                None,
            ),
            (json!({"status": "error", "error": "parse error"}), None),
            (json!("hello"), None),
            (json!({}), None),
        ] {
            assert_eq!(value(&Measurement::of_prometheus(&answer)), wanted, "{answer}");
        }
    }

    #[test]
    fn every_measurement_survives_its_json() {
        for measured in [
            Measurement::of(0.1),
            Measurement::of(f64::INFINITY),
            Measurement::of(f64::NEG_INFINITY),
            Measurement::of(f64::NAN),
            Measurement::Unreachable {
                detail: "refused".to_owned(),
            },
        ] {
            let json = serde_json::to_string(&measured).unwrap();
            assert_eq!(
                serde_json::from_str::<Measurement>(&json).unwrap(),
                measured,
                "{json}"
            );
        }
    }
}
