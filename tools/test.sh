#!/usr/bin/env bash
# Everything that `make test` runs, in the order in which a failure is cheapest to read.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=.venv/bin
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}

step() { printf '\n\033[1m== %s\033[0m\n' "$*"; }

step "ruff, mypy --strict, import rules"
$bin/ruff check .
$bin/ruff format --check .
$bin/mypy
$bin/lint-imports

step "settings for production, migrations"
SECRET_KEY=$($bin/python -c 'import secrets; print(secrets.token_urlsafe(50))') \
ALLOWED_HOSTS=shoes.example DJANGO_SETTINGS_MODULE=shoefinder.settings.prod \
    $bin/python manage.py check --deploy --fail-level WARNING
$bin/python manage.py makemigrations --check --dry-run

step "tests"
rm -f .coverage .coverage.*
$bin/python -m pytest -n "${TEST_PROCESSES:-2}" --dist loadgroup -m "not chaos" --cov --cov-report= -q "$@"

step "tests of database behaviour on PostgreSQL"
$bin/python -m tests.on_postgres

step "coverage of the four packages"
$bin/coverage combine --quiet --keep 2>/dev/null || true
$bin/coverage report --fail-under=90 | tail -40
