"""Sightings of a rare bird, made up, generalized so that no nest can be found from what is published.

Pure functions from bytes to bytes, so that a replay gives the same bytes on every machine.
"""

import csv
import io
import json

COLUMNS = ["cell_south_west", "year", "sightings"]


def invent(count: int) -> bytes:
    """The made-up source: exact places, days and observers. The places lie in the open Pacific."""
    state = 20261120
    rows = []
    for number in range(1, count + 1):
        draws = []
        for _ in range(5):
            state = (state * 1103515245 + 12345) % 2**31
            draws.append(state >> 8)
        latitude = 100000 + draws[0] % 6 * 1000 + draws[1] % 900
        longitude = 1400000 + draws[1] % 4 * 1000 + draws[2] % 900
        day = f"{2024 + draws[3] % 2}-{draws[3] % 12 + 1:02d}-{draws[4] % 28 + 1:02d}"
        rows.append([f"S{number:03d}", day, f"{latitude / 10000:.4f}", f"-{longitude / 10000:.4f}",
                     draws[4] % 4 + 1, f"observer-{draws[2] % 7 + 1}"])
    return table([["id", "date", "latitude", "longitude", "birds", "observer"], *rows])


def generalize(raw: bytes, params: dict) -> tuple:
    """Counts by grid cell and year; rare combinations dropped; as a table and as GeoJSON."""
    cells = {}
    for row in csv.DictReader(io.StringIO(raw.decode("utf-8"), newline="")):
        key = (floor_cell(row["latitude"], params), floor_cell(row["longitude"], params), row["date"][:4])
        cells[key] = cells.get(key, 0) + 1
    kept = {key: count for key, count in sorted(cells.items()) if count >= params["min_count"]}
    rows = [[f"{degrees(south)} {degrees(west)}", year, count] for (south, west, year), count in kept.items()]
    size = params["cell_centidegrees"]
    features = [{
        "type": "Feature",
        "geometry": {"type": "Polygon", "coordinates": [ring(south, west, size)]},
        "properties": {"year": int(year), "sightings": count},
    } for (south, west, year), count in kept.items()]
    document = {"type": "FeatureCollection", "features": features}
    return table([COLUMNS, *rows]), (json.dumps(document, indent=1, sort_keys=True) + "\n").encode()


def check(raw: bytes, cells: bytes, params: dict) -> list:
    """What was checked of the published table, as (name, holds, detail)."""
    before = list(csv.DictReader(io.StringIO(raw.decode("utf-8"), newline="")))
    after = list(csv.DictReader(io.StringIO(cells.decode("utf-8"), newline="")))
    shown = sum(int(row["sightings"]) for row in after)
    small = [row for row in after if int(row["sightings"]) < params["min_count"]]
    exact = {row["latitude"] for row in before} | {row["longitude"] for row in before}
    leaked = [place for place in sorted(exact) if place.encode() in cells]
    return [
        ("no-small-cells", not small, f"{len(small)} cells with fewer than {params['min_count']} sightings"),
        ("no-exact-place", not leaked, f"{len(leaked)} exact coordinates in the published table"),
        ("counts-add-up", shown <= len(before), f"{shown} of {len(before)} sightings shown, the rest dropped"),
    ]


def floor_cell(text: str, params: dict) -> int:
    """The cell's southern or western edge in hundredths of a degree; whole numbers only."""
    whole, _, fraction = text.lstrip("-").partition(".")
    value = int(whole) * 10000 + int(fraction)
    value = -value if text.startswith("-") else value
    step = params["cell_centidegrees"] * 100
    return value // step * step // 100


def ring(south: int, west: int, size: int) -> list:
    corners = [(west, south), (west + size, south), (west + size, south + size), (west, south + size)]
    return [[x / 100, y / 100] for x, y in [*corners, corners[0]]]


def degrees(hundredths: int) -> str:
    return f"{hundredths / 100:.2f}"


def table(rows) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().encode()
