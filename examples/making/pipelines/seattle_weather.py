"""Daily weather of Seattle: cleaned, checked, and summed up by month.

Pure functions from bytes to bytes, so that a replay gives the same bytes on every machine.
"""

import csv
import io
import json
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

COLUMNS = ["date", "precipitation_mm", "temp_max_c", "temp_min_c", "wind_m_s", "weather"]


def ingest(raw: bytes, params: dict) -> bytes:
    """The source's table with units in its column names, ordered by date, one decimal each."""
    rows = []
    for row in csv.DictReader(io.StringIO(raw.decode("utf-8"), newline="")):
        numbers = [tenths(row[name]) for name in ("precipitation", "temp_max", "temp_min", "wind")]
        rows.append([date.fromisoformat(row["date"]).isoformat(), *map(str, numbers), row["weather"]])
    rows.sort()
    return table([COLUMNS, *rows])


def summarize(daily: bytes, params: dict) -> bytes:
    """One GeoJSON feature a month, all at the city's reference point."""
    months = {}
    for row in records(daily):
        months.setdefault(row["date"][:7], []).append(row)
    point = [float(params["longitude"]), float(params["latitude"])]
    features = []
    for month, days in sorted(months.items()):
        rain = [Decimal(day["precipitation_mm"]) for day in days]
        wind = [Decimal(day["wind_m_s"]) for day in days]
        wet = sum(1 for value in rain if value >= Decimal(params["wet_day_mm"]))
        features.append({
            "type": "Feature",
            "id": month,
            "geometry": {"type": "Point", "coordinates": point},
            "properties": {
                "month": month,
                "days": len(days),
                "wet_days": wet,
                "precipitation_mm": float(sum(rain)),
                "temp_max_c": float(max(Decimal(day["temp_max_c"]) for day in days)),
                "temp_min_c": float(min(Decimal(day["temp_min_c"]) for day in days)),
                "wind_mean_m_s": float(tenths(sum(wind) / len(wind))),
            },
        })
    document = {"type": "FeatureCollection", "features": features}
    return (json.dumps(document, indent=1, sort_keys=True) + "\n").encode()


def check(daily: bytes, params: dict) -> list:
    """What was checked of the cleaned table, as (name, holds, detail)."""
    rows = list(records(daily))
    days = [date.fromisoformat(row["date"]) for row in rows]
    gaps = [b for a, b in zip(days, days[1:]) if b - a != timedelta(days=1)]
    crossed = [row["date"] for row in rows if Decimal(row["temp_min_c"]) > Decimal(row["temp_max_c"])]
    negative = [row["date"] for row in rows
                if Decimal(row["precipitation_mm"]) < 0 or Decimal(row["wind_m_s"]) < 0]
    kinds = sorted({row["weather"] for row in rows})
    unknown = sorted(set(kinds) - set(params["weather_kinds"]))
    return [
        ("days-without-gap", not gaps, f"{len(rows)} days from {days[0]} to {days[-1]}, {len(gaps)} gaps"),
        ("minimum-below-maximum", not crossed, f"{len(crossed)} days with temp_min_c above temp_max_c"),
        ("nothing-negative", not negative, f"{len(negative)} days with negative rain or wind"),
        ("known-weather", not unknown, f"kinds: {', '.join(kinds)}"),
    ]


def tenths(value) -> Decimal:
    return Decimal(value).quantize(Decimal("0.1"), ROUND_HALF_EVEN)


def records(text: bytes):
    return csv.DictReader(io.StringIO(text.decode("utf-8"), newline=""))


def table(rows) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().encode()
