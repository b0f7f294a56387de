"""Writes every file that is generated from the code; tests compare them: `make generate`."""

from __future__ import annotations

import shutil
from pathlib import Path

from archiver.capture import reasons
from archiver.custody import schema_sql

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    """Write the schemas, the tables of reasons and faults, and the sessions of the README."""
    import faultspage
    import readme

    for schema in sorted((ROOT / "archiver" / "schemas").glob("*.json")):
        shutil.copyfile(schema, ROOT / "schemas" / schema.name)
    (ROOT / "schemas" / "database.sql").write_text(schema_sql.text(), "utf-8")
    (ROOT / "docs" / "reasons.md").write_text(reasons.markdown(), "utf-8")
    (ROOT / "docs" / "faults.md").write_text(faultspage.markdown(), "utf-8")
    readme.main()


if __name__ == "__main__":
    main()
