//! The schemas of STAC extensions that are built in. What each version allows is written from the
//! extension's text (`contracts/schemas/vendor/README.md`).

macro_rules! extensions {
    ($($uri:literal => $file:literal),* $(,)?) => {
        /// URI and text, by extension and version.
        pub(super) const EXTENSIONS: &[(&str, &str)] = &[$((
            $uri,
            include_str!(concat!("../../contracts/schemas/vendor/stac/", $file)),
        )),*];
    };
}
extensions! {
    "https://stac-extensions.github.io/classification/v1.0.0/schema.json" => "extensions/classification/v1.0.0.json",
    "https://stac-extensions.github.io/classification/v1.1.0/schema.json" => "extensions/classification/v1.1.0.json",
    "https://stac-extensions.github.io/classification/v2.0.0/schema.json" => "extensions/classification/v2.0.0.json",
    "https://stac-extensions.github.io/datacube/v1.0.0/schema.json" => "extensions/datacube/v1.0.0.json",
    "https://stac-extensions.github.io/datacube/v2.0.0/schema.json" => "extensions/datacube/v2.0.0.json",
    "https://stac-extensions.github.io/datacube/v2.1.0/schema.json" => "extensions/datacube/v2.1.0.json",
    "https://stac-extensions.github.io/datacube/v2.2.0/schema.json" => "extensions/datacube/v2.2.0.json",
    "https://stac-extensions.github.io/datacube/v2.3.0/schema.json" => "extensions/datacube/v2.3.0.json",
    "https://stac-extensions.github.io/eo/v1.0.0/schema.json" => "extensions/eo/v1.0.0.json",
    "https://stac-extensions.github.io/eo/v1.1.0/schema.json" => "extensions/eo/v1.1.0.json",
    "https://stac-extensions.github.io/eo/v2.0.0/schema.json" => "extensions/eo/v2.0.0.json",
    "https://stac-extensions.github.io/file/v1.0.0/schema.json" => "extensions/file/v1.0.0.json",
    "https://stac-extensions.github.io/file/v2.0.0/schema.json" => "extensions/file/v2.0.0.json",
    "https://stac-extensions.github.io/file/v2.1.0/schema.json" => "extensions/file/v2.1.0.json",
    "https://stac-extensions.github.io/grid/v1.0.0/schema.json" => "extensions/grid/v1.0.0.json",
    "https://stac-extensions.github.io/grid/v1.1.0/schema.json" => "extensions/grid/v1.1.0.json",
    "https://stac-extensions.github.io/item-assets/v1.0.0/schema.json" => "extensions/item-assets/v1.0.0.json",
    "https://stac-extensions.github.io/mgrs/v1.0.0/schema.json" => "extensions/mgrs/v1.0.0.json",
    "https://stac-extensions.github.io/processing/v1.0.0/schema.json" => "extensions/processing/v1.0.0.json",
    "https://stac-extensions.github.io/processing/v1.1.0/schema.json" => "extensions/processing/v1.1.0.json",
    "https://stac-extensions.github.io/processing/v1.2.0/schema.json" => "extensions/processing/v1.2.0.json",
    "https://stac-extensions.github.io/projection/v1.0.0/schema.json" => "extensions/projection/v1.0.0.json",
    "https://stac-extensions.github.io/projection/v1.1.0/schema.json" => "extensions/projection/v1.1.0.json",
    "https://stac-extensions.github.io/projection/v1.2.0/schema.json" => "extensions/projection/v1.2.0.json",
    "https://stac-extensions.github.io/projection/v2.0.0/schema.json" => "extensions/projection/v2.0.0.json",
    "https://stac-extensions.github.io/raster/v1.0.0/schema.json" => "extensions/raster/v1.0.0.json",
    "https://stac-extensions.github.io/raster/v1.1.0/schema.json" => "extensions/raster/v1.1.0.json",
    "https://stac-extensions.github.io/raster/v2.0.0/schema.json" => "extensions/raster/v2.0.0.json",
    "https://stac-extensions.github.io/sar/v1.0.0/schema.json" => "extensions/sar/v1.0.0.json",
    "https://stac-extensions.github.io/sar/v1.1.0/schema.json" => "extensions/sar/v1.1.0.json",
    "https://stac-extensions.github.io/sar/v1.2.0/schema.json" => "extensions/sar/v1.2.0.json",
    "https://stac-extensions.github.io/sat/v1.0.0/schema.json" => "extensions/sat/v1.0.0.json",
    "https://stac-extensions.github.io/sat/v1.1.0/schema.json" => "extensions/sat/v1.1.0.json",
    "https://stac-extensions.github.io/scientific/v1.0.0/schema.json" => "extensions/scientific/v1.0.0.json",
    "https://stac-extensions.github.io/table/v1.0.0/schema.json" => "extensions/table/v1.0.0.json",
    "https://stac-extensions.github.io/table/v1.0.1/schema.json" => "extensions/table/v1.0.1.json",
    "https://stac-extensions.github.io/table/v1.1.0/schema.json" => "extensions/table/v1.1.0.json",
    "https://stac-extensions.github.io/table/v1.2.0/schema.json" => "extensions/table/v1.2.0.json",
    "https://stac-extensions.github.io/timestamps/v1.0.0/schema.json" => "extensions/timestamps/v1.0.0.json",
    "https://stac-extensions.github.io/timestamps/v1.1.0/schema.json" => "extensions/timestamps/v1.1.0.json",
    "https://stac-extensions.github.io/version/v1.0.0/schema.json" => "extensions/version/v1.0.0.json",
    "https://stac-extensions.github.io/version/v1.1.0/schema.json" => "extensions/version/v1.1.0.json",
    "https://stac-extensions.github.io/version/v1.2.0/schema.json" => "extensions/version/v1.2.0.json",
    "https://stac-extensions.github.io/view/v1.0.0/schema.json" => "extensions/view/v1.0.0.json",
    "https://stac-extensions.github.io/view/v1.1.0/schema.json" => "extensions/view/v1.1.0.json",
}
