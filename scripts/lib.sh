# shellcheck shell=bash disable=SC2034
# What scripts/provision and scripts/with-postgres both need to know: where
# things are kept, and which server programs to use for which major version.

# The majors that repackd supports and the exact packages they are tested with.
ALL_VERSIONS="14 15 16 17 18"
declare -A SERVER_PACKAGE=(
    [14]=14.23.0-beta.17
    [15]=15.18.0-beta.17
    [16]=16.14.0-beta.17
    [17]=17.10.0-beta.17
    [18]=18.4.0-beta.17
)
CLIENT_PACKAGE=18.6.3
# What the manifests and the compose file in docker/ are checked with.
VALIDATOR_PACKAGES="check-jsonschema==0.39.0 kubernetes-validate==1.37.0"
# What the daemon's page and its API are checked with.
AXE_PACKAGE=4.14.1
OPENAPI_PACKAGES="openapi-spec-validator==0.9.0"
# The mail server that reports are sent to.
MAIL_PACKAGES="aiosmtpd==1.4.6"
# What the dashboards are checked with: the types of their model and the grammars
# of their queries.
DASHBOARD_PACKAGES="@grafana/schema@13.2.3 typescript@5.9.3 @grafana/lezer-traceql@1.0.0
    @prometheus-io/lezer-promql@0.315.0 @lezer/common@1.5.5 @lezer/highlight@1.2.5 @lezer/lr@1.4.12"

# Messages go to standard error, so that the output of a command run under
# with-postgres can be used by a script.
say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() {
    say "$*"
    exit 1
}

# Outside the build tree, so that `make clean` and a fresh checkout keep the
# downloads. Not below root's home: the servers run as another user, who could
# not read it there.
cache_dir() {
    if [ -n "${REPACKD_TEST_CACHE:-}" ]; then
        echo "$REPACKD_TEST_CACHE"
    elif [ "$(id -u)" -eq 0 ]; then
        echo /var/cache/repackd-test
    else
        echo "${XDG_CACHE_HOME:-$HOME/.cache}/repackd-test"
    fi
}

# server_bin VERSION: the directory with initdb, postgres and pg_ctl for a
# major version: the provisioned package, else what the system has installed,
# else (18 only) the server that comes with the client programs.
server_bin() {
    local cache dir
    cache=$(cache_dir)
    for dir in "$cache/server-$1/bin" "/usr/lib/postgresql/$1/bin" "$cache/client/bin"; do
        if "$dir/postgres" -V 2>/dev/null | grep -q "PostgreSQL) $1\." &&
            [ -x "$dir/initdb" ] && [ -x "$dir/pg_ctl" ]; then
            echo "$dir"
            return 0
        fi
    done
    return 1
}

# client_bin: the directory with psql, pg_dump, pg_restore and pgbench.
client_bin() {
    local cache dir
    cache=$(cache_dir)
    for dir in "$cache/client/bin" /usr/lib/postgresql/{18,17,16,15,14}/bin /usr/bin; do
        if [ -x "$dir/psql" ] && [ -x "$dir/pg_dump" ]; then
            echo "$dir"
            return 0
        fi
    done
    return 1
}
