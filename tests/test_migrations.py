"""Migrations on a site of millions of papers: none may hold a big table for long."""

import io
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db]

SQUAWK = Path(sys.executable).with_name("squawk")
# What may stand in a migration: matters of taste, of a first installation, and what Django always writes. That a
# lock is waited for with patience is up to whoever runs `migrate` (see docs/operations.md).
ALLOWED = (
    "ban-char-field",
    "prefer-bigint-over-int",
    "prefer-bigint-over-smallint",
    "prefer-identity",
    "prefer-robust-stmts",
    "prefer-text-field",
    "prefer-timestamp-tz",
    "require-lock-timeout",
    "require-statement-timeout",
    "require-timeout-settings",
)


def verdict(sql: str) -> str:
    """What squawk has against a migration, a line for each rule broken; empty where it has nothing."""
    command = [str(SQUAWK), "--pg-version", "15", "--reporter", "gcc", "--exclude", ",".join(ALLOWED)]
    done = subprocess.run(command, input=sql, capture_output=True, text=True, check=False)
    assert not done.stderr.strip(), done.stderr
    return done.stdout if done.returncode else ""


def migrations() -> Iterator[tuple[str, str]]:
    """Our migrations after the first of each app, which finds no table."""
    for app, name in sorted(MigrationLoader(connection).disk_migrations):
        if app in {"papers", "search", "workers"} and not name.startswith("0001"):
            yield app, name


def test_no_migration_locks_a_big_table() -> None:
    seen = 0
    for app, name in migrations():
        out = io.StringIO()
        call_command("sqlmigrate", app, name, stdout=out)
        assert verdict(out.getvalue()) == "", f"{app} {name}"
        seen += 1
    assert seen


@pytest.mark.parametrize(
    ("sql", "rule"),
    [
        ("CREATE INDEX papers_doi ON papers_paper (doi);", "require-concurrent-index-creation"),
        ("ALTER TABLE papers_paper ADD COLUMN size integer NOT NULL;", "adding-required-field"),
        (
            "ALTER TABLE papers_paper ADD COLUMN seen timestamptz DEFAULT clock_timestamp();",
            "adding-field-with-default",
        ),
        ("ALTER TABLE papers_paper ALTER COLUMN version TYPE bigint;", "changing-column-type"),
        ("ALTER TABLE papers_paper ALTER COLUMN doi SET NOT NULL;", "adding-not-nullable-field"),
        ("ALTER TABLE papers_paper ADD CONSTRAINT one_doi UNIQUE (doi);", "disallowed-unique-constraint"),
        ("ALTER TABLE papers_paper ADD CONSTRAINT size CHECK (version > 0);", "constraint-missing-not-valid"),
        (
            "ALTER TABLE papers_paper ADD CONSTRAINT of FOREIGN KEY (id) REFERENCES papers_other (id);",
            "adding-foreign-key-constraint",
        ),
        ("ALTER TABLE papers_paper RENAME COLUMN doi TO handle;", "renaming-column"),
    ],
)
def test_what_would_lock_a_big_table_is_found(sql: str, rule: str) -> None:
    assert rule in verdict(f"BEGIN;\n{sql}\nCOMMIT;")


@pytest.mark.parametrize(
    "sql",
    [
        "BEGIN;\nALTER TABLE papers_paper ADD COLUMN note text NULL;\nCOMMIT;",
        "BEGIN;\nALTER TABLE papers_paper ADD COLUMN kept boolean DEFAULT false NOT NULL;\nCOMMIT;",
        "BEGIN;\nCREATE TABLE papers_new (id bigint PRIMARY KEY);\nCREATE INDEX new ON papers_new (id);\nCOMMIT;",
    ],
)
def test_what_takes_a_moment_is_allowed(sql: str) -> None:
    assert verdict(sql) == ""


def test_an_index_made_beside_the_writers_is_allowed() -> None:
    assert verdict("CREATE INDEX CONCURRENTLY papers_doi ON papers_paper (doi);") == ""
