#!/bin/sh
# Installs what lies beside it, or brings an installation up to date: after a backup of its data.
# Run it again with a newer archive to upgrade. Nothing of yours is overwritten.
#
#   sudo ./install.sh               install or upgrade, and start
#   sudo ./install.sh --no-start    the same, and start nothing
#   sudo ./install.sh --uninstall   take the program and the service away; data and settings stay
#
# With DESTDIR=… (for packages) everything goes below that folder, and no user is made and nothing
# started.
set -eu
# What is installed is to be read by the service; data and backups get modes of their own.
umask 022

here=$(cd "$(dirname "$0")" && pwd)
root=${DESTDIR:-}
binary=$root/usr/local/bin/hongbao
unit=$root/etc/systemd/system/hongbao.service
settings=$root/etc/hongbao/hongbao.toml
data=$root/var/lib/hongbao
backups=$root/var/backups/hongbao
start=yes

say() { printf '%s\n' "$*"; }
fail() { printf 'install.sh: %s\n' "$*" >&2; exit 1; }
has_systemd() { [ -z "$root" ] && [ -d /run/systemd/system ]; }

# As the service's own user: what others write there it could not read.
as_hongbao() {
    if [ -n "$root" ]; then "$@"; else setpriv --reuid=hongbao --regid=hongbao --clear-groups "$@"; fi
}

uninstall() {
    if has_systemd; then
        systemctl disable --now hongbao.service 2>/dev/null || true
    fi
    rm -f "$binary" "$unit"
    has_systemd && systemctl daemon-reload
    say "Hongbao is gone. What it knew stays in $data, its settings in $settings, backups in $backups."
    exit 0
}

case ${1:-} in
    '') ;;
    --no-start) start=no ;;
    --uninstall) action=uninstall ;;
    *) fail "it takes --no-start or --uninstall, not $1" ;;
esac
[ -n "$root" ] || [ "$(id -u)" = 0 ] || fail "it has to be run as root (sudo)"
[ "${action:-}" != uninstall ] || uninstall
"$here/hongbao" --version >/dev/null || fail "$here/hongbao does not run on this machine"

if [ -z "$root" ] && ! id hongbao >/dev/null 2>&1; then
    useradd --system --user-group --home-dir "$data" --no-create-home --shell /usr/sbin/nologin hongbao
fi

# The old program copies its own data, as they are at one moment, also beside a running server.
if [ -x "$binary" ] && [ -d "$data/db" ]; then
    backup=$backups/$(date -u +%Y-%m-%dT%H%M%SZ)
    mkdir -p "$backups"
    chmod 700 "$backups"
    [ -n "$root" ] || chown hongbao:hongbao "$backups"
    # By the settings of this installation: they say how many databases there are, and where keys lie.
    set -- --data "$data"
    [ ! -e "$settings" ] || set -- --config "$settings" "$@"
    if grep -q '^[[:space:]]*master_key' "$settings" 2>/dev/null; then
        say "The key is in $settings (storage.master_key), and is not copied."
    else
        set -- --with-keys "$@"
    fi
    as_hongbao "$binary" backup "$@" "$backup" ||
        fail "the data could not be copied, so nothing is changed"
    say "Before anything is changed: a backup in $backup"
fi

mkdir -p "$(dirname "$binary")" "$(dirname "$settings")" "$(dirname "$unit")"
# A name of its own first: a running program cannot be written to, but its name can be given away.
cp "$here/hongbao" "$binary.new"
chmod 755 "$binary.new"
mv "$binary.new" "$binary"
cp "$here/hongbao.service" "$unit"
if [ ! -e "$settings" ]; then
    cat > "$settings" <<'SETTINGS'
# Every setting has a default; docs/SETTINGS.md has all of them. `hongbao doctor` says what is wrong.
[server]
# Behind a proxy with https on this machine (docs/INSTALL.md has one):
# https = true
# trusted_proxies = ["127.0.0.1"]
listen = "127.0.0.1:8080"
SETTINGS
fi
mkdir -p "$data"
chmod 700 "$data"
[ -n "$root" ] || chown hongbao:hongbao "$data"
say "Installed: $("$binary" --version)"

if ! has_systemd; then
    [ -n "$root" ] || say "There is no systemd here. Start it with:
    setpriv --reuid=hongbao --regid=hongbao --clear-groups $binary server --config $settings --data $data"
    exit 0
fi
systemctl daemon-reload
[ "$start" = yes ] || exit 0
systemctl enable --quiet hongbao.service
systemctl restart hongbao.service
as_hongbao "$binary" doctor --config "$settings" --data "$data" || true
# What it cannot start with it says within a moment.
sleep 2
systemctl is-active --quiet hongbao.service || fail "it does not serve; journalctl -u hongbao says why"
say "Hongbao serves. Its log: journalctl -u hongbao"
