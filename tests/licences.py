"""Every package that the product is shipped with has a licence that we may ship it under: python -m tests.licences

Exit 1 with the packages whose licence is not among ALLOWED. What the suite alone needs is not looked at.
"""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

REQUIREMENTS: Final = Path("requirements/production.txt")
# Lesser GPL is fine as long as the package is used as it is, from its own files, which a requirement does.
ALLOWED: Final = re.compile(
    r"0BSD|MIT|BSD|Apache|ISC|PSF|Python Software Foundation|Mozilla Public License 2\.0|MPL-2\.0|Lesser General Public|LGPL"
    r"|CNRI-Python|Unlicense|Zope",
    re.IGNORECASE,
)
# Packages whose metadata says something else than their own licence file, which was read.
READ: Final = {"qrcode": "BSD-3-Clause AND MIT"}


def main() -> int:
    names = re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==", REQUIREMENTS.read_text(), re.MULTILINE)
    command = ["pip-licenses", "--from=mixed", "--format=json", "--packages", *names]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    unknown = {row["Name"]: row["License"] for row in json.loads(said) if not is_allowed(row["Name"], row["License"])}
    for name, licence in sorted(unknown.items()):
        print(f"{name}: {licence}")
    return 1 if unknown else 0


def is_allowed(name: str, licence: str) -> bool:
    """All of the licences that are joined by AND (or ;), one of those joined by OR."""
    licence = READ.get(name, licence)
    return all(
        any(ALLOWED.search(choice) for choice in re.split(r" OR ", part)) for part in re.split(r" AND |; ?", licence)
    )


if __name__ == "__main__":
    sys.exit(main())
