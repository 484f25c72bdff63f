//! Media types against the bytes themselves.

use crate::dataset::{Form, ObjectFact};
use crate::domain::Reason;

use super::codes;
use super::d_dcat::plain_media_type;
use super::known::Known;

const NO_EXTENSION: &str = "application/octet-stream";

/// What a path's extension promises. Documents are parsed, which says more.
pub(super) fn check(known: &Known<'_>, reasons: &mut Vec<Reason>) {
    for (path, object) in &known.facts.objects {
        if let Some(form) = object.form.filter(|form| contradicts(&object.media_type, *form)) {
            let message = format!(
                "{path} is {} by its extension, but {}.",
                object.media_type,
                in_words(form)
            );
            reasons.push(codes::MEDIA_TYPE_CONTRADICTED.because(message).in_file(path));
        }
    }
}

/// What a catalog promises of an object whose extension promises nothing: of any other the catalog
/// must say the same as the extension.
pub(super) fn declared(what: &str, media: &str, path: &str, object: &ObjectFact) -> Option<String> {
    let form = object.form.filter(|_| object.media_type == NO_EXTENSION)?;
    contradicts(media, form)
        .then(|| format!("{what} of {path} is {media}, but {}.", in_words(form)))
}

/// Whether bytes of this form surely are not what the media type says. Of types that are not named
/// here nothing is known: much is a ZIP or a TIFF by another name.
fn contradicts(media: &str, form: Form) -> bool {
    let media = plain_media_type(media);
    // Where a block of something else may come first, no NUL proves anything.
    let fits: &[Form] = match media.as_str() {
        _ if form == Form::Unknown => return false,
        "application/json" => return form != Form::Json,
        other if other.ends_with("+json") => return form != Form::Json,
        other if is_text(other) => return form.is_binary(),
        "application/vnd.apache.parquet" => &[Form::Parquet],
        "image/tiff" => &[Form::Tiff],
        "image/png" => &[Form::Png],
        "image/jpeg" => &[Form::Jpeg],
        "application/gzip" => &[Form::Gzip],
        "application/zstd" => &[Form::Zstd],
        "application/geopackage+sqlite3" | "application/vnd.sqlite3" => &[Form::Sqlite],
        "application/pdf" => &[Form::Pdf, Form::Binary],
        "application/zip" => &[Form::Zip, Form::Binary],
        "application/x-hdf5" => &[Form::Hdf5, Form::Binary],
        "application/x-netcdf" => &[Form::Netcdf, Form::Hdf5, Form::Binary],
        _ => return false,
    };
    !fits.contains(&form)
}

fn is_text(media: &str) -> bool {
    media.starts_with("text/")
        || media.ends_with("+xml")
        || media.ends_with("+yaml")
        || ["application/xml", "application/yaml", "application/x-ndjson", "application/n-triples"]
            .contains(&media)
}

fn in_words(form: Form) -> &'static str {
    match form {
        Form::Parquet => "its bytes are Parquet",
        Form::Tiff => "its bytes are a TIFF",
        Form::Png => "its bytes are a PNG",
        Form::Jpeg => "its bytes are a JPEG",
        Form::Pdf => "its bytes are a PDF",
        Form::Gzip => "its bytes are compressed by gzip",
        Form::Zip => "its bytes are a ZIP archive",
        Form::Zstd => "its bytes are compressed by zstd",
        Form::Netcdf => "its bytes are NetCDF",
        Form::Hdf5 => "its bytes are HDF5",
        Form::Sqlite => "its bytes are an SQLite database",
        Form::Binary => "its bytes are something else that is no text",
        Form::Json => "its bytes begin as JSON",
        Form::Text => "its bytes are text of another kind",
        Form::Empty => "it is empty",
        Form::Unknown => "nobody knows what its bytes are",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Form; 16] = [
        Form::Parquet,
        Form::Tiff,
        Form::Png,
        Form::Jpeg,
        Form::Pdf,
        Form::Gzip,
        Form::Zip,
        Form::Zstd,
        Form::Netcdf,
        Form::Hdf5,
        Form::Sqlite,
        Form::Binary,
        Form::Json,
        Form::Text,
        Form::Empty,
        Form::Unknown,
    ];

    #[test]
    fn only_what_is_sure_contradicts() {
        use Form::*;
        let words = &[Json, Text, Empty, Unknown][..];
        for (media, fits) in [
            ("application/octet-stream", &ALL[..]),
            ("application/vnd.pmtiles", &ALL),
            ("application/vnd.google-earth.kmz", &ALL),
            ("image/webp", &ALL),
            ("nonsense", &ALL),
            ("text/csv", words),
            ("text/csv; charset=latin1", words),
            ("https://www.iana.org/assignments/media-types/text/csv", words),
            ("text/html", words),
            ("application/x-ndjson", words),
            ("application/yaml", words),
            ("image/svg+xml", words),
            ("application/json", &[Json, Unknown]),
            ("application/geo+json", &[Json, Unknown]),
            ("application/vnd.geo+json", &[Json, Unknown]),
            ("application/ld+json", &[Json, Unknown]),
            ("application/x-parquet", &[Parquet, Unknown]),
            ("image/tiff; application=geotiff; profile=cloud-optimized", &[Tiff, Unknown]),
            ("image/vnd.stac.geotiff", &[Tiff, Unknown]),
            ("IMAGE/PNG", &[Png, Unknown]),
            ("image/jpeg", &[Jpeg, Unknown]),
            ("application/pdf", &[Pdf, Binary, Unknown]),
            ("application/x-gzip", &[Gzip, Unknown]),
            ("application/zip", &[Zip, Binary, Unknown]),
            ("application/zstd", &[Zstd, Unknown]),
            ("application/netcdf", &[Netcdf, Hdf5, Binary, Unknown]),
            ("application/x-hdf", &[Hdf5, Binary, Unknown]),
            ("application/geopackage+sqlite3", &[Sqlite, Unknown]),
        ] {
            let found: Vec<Form> =
                ALL.into_iter().filter(|form| !contradicts(media, *form)).collect();
            assert_eq!(found, fits, "{media}");
        }
    }
}
