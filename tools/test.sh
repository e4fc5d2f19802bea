#!/usr/bin/env bash
# Everything that `make test` runs. The checks and the PostgreSQL part go on beside the tests, which
# wait for processes and pages a third of their time; what each has said is shown when it ends.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=.venv/bin
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}

room=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait; rm -rf "$room"' EXIT

step() { printf '\n\033[1m== %s\033[0m\n' "$*"; }

checks() (
    set -e
    $bin/ruff check .
    $bin/ruff format --check .
    $bin/lint-imports
    SECRET_KEY=$($bin/python -c 'import secrets; print(secrets.token_urlsafe(50))') \
    ALLOWED_HOSTS=shoes.example DJANGO_SETTINGS_MODULE=shoefinder.settings.prod \
        $bin/python manage.py check --deploy --fail-level WARNING
    $bin/python manage.py makemigrations --check --dry-run
    $bin/mypy
)

measured_tests() {
    mkdir "$room/measured"
    SHOEFINDER_MEASURED=$room/measured PYTHONPATH=$PWD/tests/measuring${PYTHONPATH:+:$PYTHONPATH} \
        $bin/python -m pytest -n "${TEST_PROCESSES:-3}" --dist loadgroup -m "not chaos" -q "$@"
}

checks >"$room/checks" 2>&1 &
checks=$!
TEST_PROCESSES=1 $bin/python -m tests.on_postgres >"$room/postgres" 2>&1 &
postgres=$!
failed=()

step "tests"
measured_tests "$@" || failed+=("tests")

step "ruff, import rules, settings for production, migrations, mypy --strict"
wait $checks || failed+=("checks")
cat "$room/checks"

step "tests of database behaviour on PostgreSQL"
wait $postgres || failed+=("PostgreSQL")
cat "$room/postgres"

step "coverage of the four packages"
$bin/python -m tests.measuring "$room/measured"
$bin/coverage report --fail-under=90 | tail -40 || failed+=("coverage")

[ ${#failed[@]} = 0 ] || { step "failed: ${failed[*]}"; exit 1; }
