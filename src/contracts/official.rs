//! Official schemas of formats that Lazaret checks and did not make: SBOMs and API descriptions.

use std::error::Error;
use std::sync::LazyLock;

use jsonschema::{Retrieve, Uri, Validator};
use serde_json::Value;

use super::schemas::options;
use super::violation::{Violation, collect};

/// A format whose official schema is built in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// SPDX 2.3 in JSON.
    Spdx2,
    /// SPDX 3.0.1 in JSON-LD.
    Spdx3,
    /// CycloneDX 1.5 in JSON.
    CycloneDx15,
    /// CycloneDX 1.6 in JSON.
    CycloneDx16,
    /// CycloneDX 1.7 in JSON.
    CycloneDx17,
    /// OpenAPI 3.0.
    OpenApi30,
    /// OpenAPI 3.1, without its Schema Objects, whose dialect a document may choose.
    OpenApi31,
}

macro_rules! vendored {
    ($file:literal) => {
        include_str!(concat!("../../contracts/schemas/vendor/", $file))
    };
}

impl Format {
    /// What the format is called.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Spdx2 => "SPDX 2.3",
            Self::Spdx3 => "SPDX 3.0.1",
            Self::CycloneDx15 => "CycloneDX 1.5",
            Self::CycloneDx16 => "CycloneDX 1.6",
            Self::CycloneDx17 => "CycloneDX 1.7",
            Self::OpenApi30 => "OpenAPI 3.0",
            Self::OpenApi31 => "OpenAPI 3.1",
        }
    }

    const fn text(self) -> &'static str {
        match self {
            Self::Spdx2 => vendored!("spdx/spdx-2.3.schema.json"),
            Self::Spdx3 => vendored!("spdx/spdx-3.0.1.schema.json"),
            Self::CycloneDx15 => vendored!("cyclonedx/bom-1.5.schema.json"),
            Self::CycloneDx16 => vendored!("cyclonedx/bom-1.6.schema.json"),
            Self::CycloneDx17 => vendored!("cyclonedx/bom-1.7.schema.json"),
            Self::OpenApi30 => vendored!("openapi/3.0.schema.json"),
            Self::OpenApi31 => vendored!("openapi/3.1.schema.json"),
        }
    }

    /// Each is compiled when it is first asked for: most runs need none.
    fn compiled(self) -> &'static Result<Validator, String> {
        type Slot = LazyLock<Result<Validator, String>>;
        static SPDX_2: Slot = LazyLock::new(|| compile(Format::Spdx2));
        static SPDX_3: Slot = LazyLock::new(|| compile(Format::Spdx3));
        static CYCLONE_DX_15: Slot = LazyLock::new(|| compile(Format::CycloneDx15));
        static CYCLONE_DX_16: Slot = LazyLock::new(|| compile(Format::CycloneDx16));
        static CYCLONE_DX_17: Slot = LazyLock::new(|| compile(Format::CycloneDx17));
        static OPEN_API_30: Slot = LazyLock::new(|| compile(Format::OpenApi30));
        static OPEN_API_31: Slot = LazyLock::new(|| compile(Format::OpenApi31));
        match self {
            Self::Spdx2 => &SPDX_2,
            Self::Spdx3 => &SPDX_3,
            Self::CycloneDx15 => &CYCLONE_DX_15,
            Self::CycloneDx16 => &CYCLONE_DX_16,
            Self::CycloneDx17 => &CYCLONE_DX_17,
            Self::OpenApi30 => &OPEN_API_30,
            Self::OpenApi31 => &OPEN_API_31,
        }
    }
}

/// What CycloneDX's schemas refer to.
struct Beside;

impl Retrieve for Beside {
    fn retrieve(&self, uri: &Uri<String>) -> Result<Value, Box<dyn Error + Send + Sync>> {
        let text = match uri.as_str().trim_end_matches('#') {
            "http://cyclonedx.org/schema/spdx.SNAPSHOT.schema.json" => {
                vendored!("cyclonedx/spdx.schema.json")
            }
            "http://cyclonedx.org/schema/jsf-0.82.SNAPSHOT.schema.json" => {
                vendored!("cyclonedx/jsf-0.82.schema.json")
            }
            "http://cyclonedx.org/schema/cryptography-defs.SNAPSHOT.schema.json" => {
                vendored!("cyclonedx/cryptography-defs.schema.json")
            }
            other => return Err(format!("{other} is not built in, and nothing is fetched").into()),
        };
        Ok(serde_json::from_str(text)?)
    }
}

fn compile(format: Format) -> Result<Validator, String> {
    let schema: Value = serde_json::from_str(format.text()).map_err(|e| e.to_string())?;
    options().with_retriever(Beside).build(&schema).map_err(|e| e.to_string())
}

/// What `value` violates of a format's official schema: sorted, at most [`Violation::MAX`]; empty
/// means valid.
pub fn official_violations(format: Format, value: &Value) -> Vec<Violation> {
    match format.compiled() {
        Ok(validator) => collect(validator, value),
        Err(error) => vec![Violation::of_schema(format.name(), error)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_official_schema_compiles_without_the_network() {
        for format in [
            Format::Spdx2,
            Format::Spdx3,
            Format::CycloneDx15,
            Format::CycloneDx16,
            Format::CycloneDx17,
            Format::OpenApi30,
            Format::OpenApi31,
        ] {
            assert!(
                format.compiled().is_ok(),
                "{format:?}: {:?}",
                format.compiled().as_ref().err()
            );
            assert!(!official_violations(format, &Value::Null).is_empty(), "{format:?}");
        }
    }
}
