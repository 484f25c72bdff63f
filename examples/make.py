#!/usr/bin/env python3
"""Makes the example workspaces, the variants that break them, and the tables that list them.

    python3 examples/make.py           writes
    python3 examples/make.py --check   writes nothing; exits 1 if anything differs from what it would write

Needs Python 3.10 or later and nothing else. Same bytes each time: no clock, no chance, no network.
"""

import pathlib
import shutil
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from making import recipes  # noqa: E402
from making.variants import variants  # noqa: E402
from making.workspace import join, pretty  # noqa: E402

GIVEN = {"seattle-weather/raw/seattle-weather.csv", "seattle-weather/SOURCE.md", "restricted-sightings/SOURCE.md"}
BEGIN, END = "<!-- made by make.py -->\n", "<!-- end -->\n"


def main() -> int:
    wanted = tree()
    if sys.argv[1:] == ["--check"]:
        return check(wanted)
    shutil.rmtree(HERE / "variants", ignore_errors=True)
    for path in set(made()) - set(wanted):
        (HERE / path).unlink()
    for path, data in wanted.items():
        (HERE / path).parent.mkdir(parents=True, exist_ok=True)
        (HERE / path).write_bytes(data)
    return 0


def tree() -> dict:
    """Every file that is made, by its path below examples/."""
    made_from = {recipe.slug: recipe for recipe in (recipes.weather(), recipes.sightings())}
    whole = {slug: join(recipe) for slug, recipe in made_from.items()}
    files = {f"{slug}/{path}": data for slug, workspace in whole.items() for path, data in workspace.items()}
    requests = {
        slug: {"dataset_slug": slug, "dataset_version_id": recipe.version, "intended_use": "publication"}
        for slug, recipe in made_from.items()
    }
    files["requests.json"] = pretty(requests)
    rows = []
    for variant in variants(made_from["seattle-weather"]):
        base = whole[variant.base]
        broken, request = variant.build(made_from[variant.base])
        overlay = {path: data for path, data in broken.items() if base.get(path) != data}
        removed = sorted(set(base) - set(broken))
        assert overlay or removed or request, f"{variant.name} breaks nothing"
        about = {
            "name": variant.name,
            "base": variant.base,
            "gate": variant.gate,
            "code": variant.code,
            "what": variant.what,
            "remove": removed,
            "request": request,
        }
        files[f"variants/{variant.name}/variant.json"] = pretty(about)
        files |= {f"variants/{variant.name}/files/{path}": data for path, data in overlay.items()}
        rows.append(f"| `{variant.name}` | `{variant.code}` | {variant.what} |\n")
    readme = (HERE / "README.md").read_text(encoding="utf-8")
    head, rest = readme.split(BEGIN)
    table = "| variant | code | what is wrong |\n|---|---|---|\n" + "".join(rows)
    files["README.md"] = (head + BEGIN + table + END + rest.split(END)[1]).encode()
    return {path: data for path, data in files.items() if path not in GIVEN}


def made():
    """Every file there is that make.py is answerable for."""
    for top in ("seattle-weather", "restricted-sightings", "variants"):
        for path in sorted((HERE / top).rglob("*")):
            name = path.relative_to(HERE).as_posix()
            if path.is_file() and name not in GIVEN:
                yield name


def check(wanted: dict) -> int:
    there = {path for path in {*made(), *wanted} if (HERE / path).is_file()}
    differing = [path for path in sorted(there | set(wanted))
                 if path not in there or path not in wanted or (HERE / path).read_bytes() != wanted[path]]
    for path in differing:
        print(f"differs: examples/{path}")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
