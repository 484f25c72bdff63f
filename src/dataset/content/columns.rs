//! What a column's name says of what is in it.

/// What is in a column, by its name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Column {
    /// Anything; only text that looks like a place counts.
    Other,
    /// One number.
    Single,
    /// Numbers, in text or nested.
    Whole,
    /// A code.
    Encoded,
}

/// Whole names of columns with one coordinate.
const SINGLE: &[&str] = &[
    "long", "x", "y", "xmin", "xmax", "ymin", "ymax", "minx", "maxx", "miny", "maxy", "north",
    "south", "east", "west",
];

/// Words that stand for one coordinate wherever they stand in a name.
const SINGLE_WORDS: &[&str] = &["lat", "lon", "lng"];

/// The same, at either end of a word.
const SINGLE_PARTS: &[&str] = &["latitude", "longitude", "easting", "northing"];

/// Beside these, `x` and `y` are axes of the map.
const BESIDE_AXES: &[&str] = &[
    "point",
    "coord",
    "coords",
    "coordinate",
    "gps",
    "utm",
    "map",
    "geo",
    "center",
    "centre",
    "centroid",
    "loc",
    "location",
    "pos",
    "position",
    "start",
    "end",
    "origin",
    "wgs",
    "cd",
];

/// Whole names of columns with geometries or places.
const WHOLE: &[&str] = &["thegeom", "location", "position", "point", "latlon", "latlng", "lonlat"];

/// Words that stand for a geometry wherever they stand, unless another says that it is about one.
const WHOLE_WORDS: &[&str] = &[
    "geometry",
    "geom",
    "geography",
    "geog",
    "wkt",
    "wkb",
    "coord",
    "coords",
    "coordinate",
    "coordinates",
    "bbox",
    "geopoint",
    "geoshape",
    "geolocation",
    "geojson",
    "latlong",
];

/// What is said about a geometry and is none.
const ABOUT: &[&str] = &[
    "uncertainty",
    "precision",
    "accuracy",
    "quality",
    "source",
    "method",
    "system",
    "datum",
    "srid",
    "crs",
    "epsg",
    "status",
    "type",
    "types",
    "name",
    "id",
    "count",
    "area",
    "length",
];

/// Whole names of columns with a place in a code of its own, which no precision can be read from.
const ENCODED: &[&str] = &[
    "s2",
    "s2cell",
    "s2cellid",
    "olc",
    "utm",
    "gridref",
    "gridreference",
    "osgrid",
    "osgridref",
    "osgridreference",
];

/// Words that stand for such a code.
const ENCODED_WORDS: &[&str] = &[
    "geohash",
    "h3",
    "h3index",
    "quadkey",
    "pluscode",
    "mgrs",
    "what3words",
    "w3w",
    "ewkb",
    "maidenhead",
    "gridref",
];

impl Column {
    /// What a column of this name has.
    pub(super) fn called(name: &str) -> Self {
        let words = words(name);
        let name = words.concat();
        let is = |list: &[&str]| has(list, &name);
        let any = |list: &[&str]| words.iter().any(|word| has(list, word));
        let two = words.windows(2).any(|pair| has(WHOLE_WORDS, &pair.concat()));
        let both = any(&["lat", "latitude"]) && any(&["lon", "long", "lng", "longitude"]);
        let one = is(SINGLE)
            || any(SINGLE_WORDS)
            || words.iter().any(|word| {
                SINGLE_PARTS.iter().any(|part| word.starts_with(part) || word.ends_with(part))
            })
            || words.len() > 1 && words.last().is_some_and(|word| word == "long")
            || is_axis(&words);
        if is(ENCODED) || is(ENCODED_WORDS) || any(ENCODED_WORDS) {
            Self::Encoded
        } else if one && !both {
            Self::Single
        } else if both || is(WHOLE) || (any(WHOLE_WORDS) || two) && !any(ABOUT) {
            Self::Whole
        } else {
            Self::Other
        }
    }
}

/// Whether a list has the word, with or without a number at its end.
fn has(list: &[&str], word: &str) -> bool {
    list.contains(&word) || list.contains(&word.trim_end_matches(|c: char| c.is_ascii_digit()))
}

fn is_axis(words: &[String]) -> bool {
    let (axes, others): (Vec<&String>, Vec<&String>) =
        words.iter().partition(|word| matches!(word.as_str(), "x" | "y"));
    !axes.is_empty() && others.iter().any(|word| has(BESIDE_AXES, word))
}

/// In lower case: between signs, and where a small letter is followed by a capital.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut small = false;
    for c in name.chars() {
        if !c.is_alphanumeric() || small && c.is_uppercase() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| c.is_alphanumeric()) {
            word.extend(c.to_lowercase());
        }
        small = c.is_lowercase();
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (column, names) in [
            (
                Column::Single,
                &[
                    "Latitude",
                    "lat",
                    "LON",
                    "Lng",
                    "long",
                    "site_lat",
                    "stop_lon",
                    "from_long",
                    "decimal_longitude",
                    "decimalLatitude",
                    "verbatimLatitude",
                    "startLongitude",
                    "latitude_dd",
                    "lat_dd",
                    "lat1",
                    "Lat (WGS84)",
                    "Longitude [deg]",
                    "X",
                    "POINT_X",
                    "X Coordinate",
                    "Y_COORD_CD",
                    "coord.y",
                    "utm_easting",
                    "X Coordinate (State Plane)",
                    "Northing",
                    "minx",
                    "pickup longitude",
                ][..],
            ),
            (
                Column::Whole,
                &[
                    "geometry",
                    "geom_4326",
                    "the_geom",
                    "wkb_geometry",
                    "footprintWKT",
                    "verbatimCoordinates",
                    "Coordinates (lat/long)",
                    "geo_point_2d",
                    "Geo Shape",
                    "Location",
                    "Location 1",
                    "latlng",
                    "lat_long",
                    "proj:bbox",
                    "id lat lon",
                    "GeoLocation",
                ],
            ),
            (
                Column::Encoded,
                &["H3_index", "h3_8", "geohash6", "mgrs", "gridref", "OS Grid Reference", "s2"],
            ),
            (
                Column::Other,
                &[
                    "flat",
                    "belong",
                    "year",
                    "plate",
                    "coordinateUncertaintyInMeters",
                    "geometry_type",
                    "locality",
                    "x_total",
                    "shape",
                    "position_title",
                    "",
                    "coordinatePrecision",
                    "geom_srid",
                    "latest",
                ],
            ),
        ] {
            for name in names {
                assert_eq!(Column::called(name), column, "{name}");
            }
        }
    }
}
