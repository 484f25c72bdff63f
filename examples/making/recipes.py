"""The two workspaces: real weather for everyone, made-up sightings whose places must stay hidden."""

import pathlib
from dataclasses import replace

from making.pipelines import restricted_sightings, seattle_weather
from making.workspace import Recipe, version_of

HERE = pathlib.Path(__file__).resolve().parent
STEWARD = {"role": "steward", "principal": "principal:jane", "email": "jane@example.org"}
OWNER = {"role": "owner", "principal": "principal:omar", "email": "omar@example.org"}


def identified(recipe: Recipe) -> Recipe:
    """Slug and version id as the spec has them, where the recipe does not say otherwise."""
    return replace(
        recipe,
        slug=recipe.slug or recipe.spec["dataset_slug"],
        version=recipe.version or version_of(recipe.spec),
    )


def fixtures(name: str, schema: dict, valid: dict, invalid: list) -> dict:
    documents = {f"schemas/{name}.schema.json": schema, f"fixtures/{name}.valid.json": valid}
    documents |= {f"fixtures/{name}.invalid-{what}.json": document for what, document in invalid}
    return documents


def closed(title: str, properties: dict) -> dict:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "type": "object",
        "additionalProperties": False,
        "required": sorted(properties),
        "properties": properties,
    }


def weather() -> Recipe:
    source, daily, monthly = "raw/seattle-weather.csv", "processed/daily.csv", "processed/monthly.geojson"
    params = {
        "latitude": "47.6062",
        "longitude": "-122.3321",
        "weather_kinds": ["drizzle", "rain", "snow", "sun", "fog"],
        "wet_day_mm": "1.0",
    }
    spec = {
        "dataset_slug": "seattle-weather",
        "period": "2026-11",
        "title": "Daily weather of Seattle, cleaned and summed up by month",
        "params": params,
        "steps": [
            {"operation": "ingest", "inputs": [source], "outputs": [daily],
             "started_at": "2026-11-20T12:00:00Z", "ended_at": "2026-11-20T12:02:00Z"},
            {"operation": "summarize", "inputs": [daily], "outputs": [monthly],
             "started_at": "2026-11-20T12:03:00Z", "ended_at": "2026-11-20T12:05:00Z"},
        ],
    }
    raw = (HERE.parent / "seattle-weather" / source).read_bytes()
    table = seattle_weather.ingest(raw, params)
    month = {"month": "2012-01", "days": 31, "wet_days": 21, "precipitation_mm": 173.3,
             "temp_max_c": 12.8, "temp_min_c": -3.3, "wind_mean_m_s": 3.9}
    number = {"type": "number"}
    schema = closed("One month of weather", {
        "month": {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}$"},
        "days": {"type": "integer", "minimum": 28, "maximum": 31},
        "wet_days": {"type": "integer", "minimum": 0, "maximum": 31},
        "precipitation_mm": {"type": "number", "minimum": 0},
        "temp_max_c": number,
        "temp_min_c": number,
        "wind_mean_m_s": {"type": "number", "minimum": 0},
    })
    return identified(Recipe(
        spec=spec,
        raw={source: raw},
        outputs={daily: table, monthly: seattle_weather.summarize(table, params)},
        checks=seattle_weather.check(table, params),
        columns={daily: seattle_weather.COLUMNS, monthly: sorted(month)},
        title="Daily weather of Seattle, 2012 to 2015",
        description="Rain, temperature, wind and kind of weather for every day of four years in Seattle, "
                    "Washington, cleaned, and summed up by month. From the daily records of NOAA.",
        keywords=["weather", "Seattle", "NOAA"],
        rights={
            "license": "CC-PDM-1.0",
            "rights_holder": "National Oceanic and Atmospheric Administration (NOAA)",
            "attribution": "Daily weather records of the National Oceanic and Atmospheric Administration (NOAA), "
                           "National Climatic Data Center; a work of the United States government.",
        },
        label="public",
        publisher="Lazaret examples",
        source="NOAA National Climatic Data Center",
        geometry={"type": "Point", "coordinates": [-122.3321, 47.6062]},
        bbox=[-122.3321, 47.6062, -122.3321, 47.6062],
        interval=["2012-01-01T00:00:00Z", "2015-12-31T23:59:59Z"],
        script=(HERE / "pipelines/seattle_weather.py").read_bytes(),
        item="seattle-2012-2015",
        schemas=fixtures("month", schema, month, [
            ("negative-rain", {**month, "precipitation_mm": -1}),
            ("no-month", {key: value for key, value in month.items() if key != "month"}),
        ]),
        assets={
            daily: {"key": "daily", "title": "Weather by day", "roles": ["data"]},
            monthly: {"key": "monthly", "title": "Weather by month", "roles": ["data", "overview"]},
        },
        contacts=[STEWARD, OWNER],
    ))


def sightings() -> Recipe:
    source, table, shapes = "raw/sightings.csv", "processed/cells.csv", "processed/cells.geojson"
    params = {"cell_centidegrees": 10, "min_count": 3}
    spec = {
        "dataset_slug": "restricted-sightings",
        "period": "2026-11",
        "title": "Sightings of a rare bird by grid cell and year",
        "params": params,
        "steps": [{"operation": "generalize", "inputs": [source], "outputs": [table, shapes],
                   "started_at": "2026-11-20T13:00:00Z", "ended_at": "2026-11-20T13:01:00Z"}],
    }
    raw = restricted_sightings.invent(80)
    cells, features = restricted_sightings.generalize(raw, params)
    west, south, east, north = -140.4, 10.0, -140.0, 10.6
    corners = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    cell = {"cell_south_west": "10.00 -140.40", "year": 2024, "sightings": 3}
    schema = closed("Sightings in one cell and year", {
        "cell_south_west": {"type": "string", "pattern": "^-?[0-9]+\\.[0-9]0 -?[0-9]+\\.[0-9]0$"},
        "year": {"type": "integer", "minimum": 2000},
        "sightings": {"type": "integer", "minimum": 3},
    })
    return identified(Recipe(
        spec=spec,
        raw={source: raw},
        outputs={table: cells, shapes: features},
        checks=restricted_sightings.check(raw, cells, params),
        columns={table: restricted_sightings.COLUMNS, shapes: ["sightings", "year"]},
        title="Sightings of a rare bird by grid cell (made up)",
        description="Counts of sightings of a rare bird by cell of a tenth of a degree and year; cells with fewer "
                    "than three are left out. The data is made up, and its places lie in the open Pacific.",
        keywords=["birds", "synthetic", "generalized"],
        rights={
            "license": "CC0-1.0",
            "rights_holder": "The Lazaret authors",
            "attribution": "Made-up sightings by the Lazaret authors; no bird was disturbed.",
        },
        label="sensitive_location",
        publisher="Lazaret examples",
        source="A generator of made-up sightings",
        geometry={"type": "Polygon", "coordinates": [corners]},
        bbox=[west, south, east, north],
        interval=["2024-01-01T00:00:00Z", "2025-12-31T23:59:59Z"],
        script=(HERE / "pipelines/restricted_sightings.py").read_bytes(),
        item="cells-2024-2025",
        schemas=fixtures("cell", schema, cell, [
            ("too-few", {**cell, "sightings": 1}),
            ("exact-place", {**cell, "cell_south_west": "10.5347 -140.3804"}),
        ]),
        assets={
            table: {"key": "cells", "title": "Counts by cell and year", "roles": ["data"]},
            shapes: {"key": "shapes", "title": "Cells as polygons", "roles": ["data", "overview"]},
        },
        plan={
            "method": "generalization",
            "parameters": {
                "cell_size_m": 11000,
                "cell_degrees": "0.1",
                "min_count": 3,
                "dropped_columns": ["id", "date", "latitude", "longitude", "birds", "observer"],
            },
            "inputs": [source],
            "outputs": [table, shapes],
        },
        contacts=[STEWARD, OWNER],
    ))
