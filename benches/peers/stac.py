"""Times pystac on the 10,000 items of `cargo bench --bench gates -- stac`, core schemas only, as it carries them.

e2e/heavy/run makes the environment: ~/.cache/lazaret/reference-2/bin/python benches/peers/stac.py
"""

import copy
import json
import pathlib
import time

import pystac
import pystac.validation

root = pathlib.Path(__file__).resolve().parents[2]
item = json.loads((root / "examples/seattle-weather/catalog/stac/items/seattle-2012-2015.json").read_text())
item["stac_extensions"] = []
items = []
for number in range(10_000):
    items.append(copy.deepcopy(item) | {"id": f"item-{number}"})

wall, cpu = time.perf_counter(), time.process_time()
for one in items:
    pystac.validation.validate_dict(one, pystac.STACObjectType.ITEM, "1.1.0", [])
wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
print(f"{len(items)} items: {wall:.1f} s, {cpu:.1f} s of CPU, {len(items) / cpu:.0f} a second of CPU")
