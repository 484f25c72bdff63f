//! A Prometheus instant query's answer, read. One number is one number; anything else is not.

use serde::Deserialize;

use super::facts::Measure;

#[derive(Deserialize)]
struct Answer {
    status: String,
    #[serde(default)]
    data: Option<Data>,
    #[serde(rename = "errorType", default)]
    error_type: Option<String>,
    #[serde(default)]
    error: Option<String>,
    #[serde(default)]
    warnings: Vec<String>,
    /// As a cluster of VictoriaMetrics says that some of its stores did not answer.
    #[serde(rename = "isPartial", default)]
    partial: bool,
}

#[derive(Deserialize)]
#[serde(tag = "resultType", content = "result", rename_all = "lowercase")]
enum Data {
    Scalar((f64, String)),
    Vector(Vec<Sample>),
    Matrix(serde::de::IgnoredAny),
    String(serde::de::IgnoredAny),
}

#[derive(Deserialize)]
struct Sample {
    #[serde(default)]
    value: Option<(f64, String)>,
}

/// Reads an answer.
pub(super) fn read(bytes: &[u8]) -> Measure {
    let failed = |text: &str| Measure::Failed(bounded(text));
    let answer: Answer = match serde_json::from_slice(bytes) {
        Ok(answer) => answer,
        Err(error) => return failed(&format!("no answer of Prometheus: {error}")),
    };
    let error = answer.error.unwrap_or_default();
    let error_type = answer.error_type.unwrap_or_default();
    if answer.status != "success" || !error.is_empty() || !error_type.is_empty() {
        let kind = if error_type.is_empty() { "error" } else { &error_type };
        return failed(&format!("{kind}: {error}"));
    }
    if answer.partial {
        return failed("the answer is partial");
    }
    // Who warns may have left out what would have been the bad part.
    if let Some(warning) = answer.warnings.first() {
        return failed(&format!("the answer comes with a warning: {warning}"));
    }
    let text = match answer.data {
        Some(Data::Scalar((_, text))) => text,
        Some(Data::Vector(samples)) => match <[Sample; 1]>::try_from(samples) {
            Ok([Sample { value: Some((_, text)) }]) => text,
            Ok(_) => return failed("it is a histogram, not a number"),
            Err(samples) if samples.is_empty() => return Measure::Nothing,
            Err(samples) => return Measure::Several(samples.len() as u64),
        },
        Some(Data::Matrix(_) | Data::String(_)) => {
            return failed("it is a range or a text, not a number");
        }
        None => return failed("success without data"),
    };
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Measure::Number(number),
        Ok(_) => Measure::NotFinite(bounded(&text)),
        Err(_) => failed(&format!("{text:?} is no number")),
    }
}

/// What a stranger wrote, for a message.
pub(super) fn bounded(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_number_is_one_number() {
        let vector = |result: &str| {
            format!(r#"{{"status":"success","data":{{"resultType":"vector","result":{result}}}}}"#)
        };
        let one = r#"{"metric":{},"value":[1.5,"0.25"]}"#;
        let number = Measure::Number(0.25);
        assert_eq!(read(vector(&format!("[{one}]")).as_bytes()), number);
        assert_eq!(read(vector("[]").as_bytes()), Measure::Nothing);
        assert_eq!(read(vector(&format!("[{one},{one}]")).as_bytes()), Measure::Several(2));
        for text in ["NaN", "+Inf", "-Inf", "1e999"] {
            let sample = format!(r#"[{{"value":[1,"{text}"]}}]"#);
            assert_eq!(read(vector(&sample).as_bytes()), Measure::NotFinite(text.into()));
        }
        let scalar = r#"{"status":"success","data":{"resultType":"scalar","result":[1,"0.25"]}}"#;
        assert_eq!(read(scalar.as_bytes()), number);
        let infos = scalar.replace("\"data\"", "\"infos\":[\"x\"],\"data\"");
        assert_eq!(read(infos.as_bytes()), number, "an info leaves nothing out");
        let whole = scalar.replace("\"data\"", "\"isPartial\":false,\"data\"");
        assert_eq!(read(whole.as_bytes()), number);
        for bad in [
            "",
            "{}",
            "[]",
            "<html>",
            r#"{"status":"success"}"#,
            r#"{"status":"error","errorType":"bad_data","error":"parse error"}"#,
            r#"{"status":"success","data":{"resultType":"matrix","result":[]}}"#,
            r#"{"status":"success","data":{"resultType":"scalar","result":[1,"0.25"]},"warnings":["partial"]}"#,
            r#"{"status":"success","isPartial":true,"data":{"resultType":"scalar","result":[1,"0.25"]}}"#,
            r#"{"status":"success","error":"boom","data":{"resultType":"scalar","result":[1,"0.25"]}}"#,
            r#"{"status":"success","errorType":"internal","data":{"resultType":"scalar","result":[1,"0.25"]}}"#,
            &vector(r#"[{"value":[1,"x"]}]"#),
            &vector(r#"[{"histogram":[1,{}]}]"#),
        ] {
            assert!(matches!(read(bad.as_bytes()), Measure::Failed(_)), "{bad}");
        }
    }
}
