# SPDX-License-Identifier: MIT
# The lab leaves nothing behind: no process, no namespace, no image; after down, a failed and an interrupted up.
# one processor
# limit: 120
set -u
fail() { echo "expected: $*"; exit 1; }
mine() { pgrep -f "file=$TERN_LAB_DIR/" >/dev/null; }
gone() {	# gone WHEN
	local i; for i in $(seq 50); do mine || break; sleep 0.1; done
	! mine || fail "no emulator $1"
	[ ! -e "$TERN_LAB_DIR/lab.json" ] || fail "no record $1"
	[ ! -e "/run/netns/$netns" ] || fail "no namespace $1"
	[ -z "$(find "$TERN_LAB_DIR" -name '*.img*')" ] || fail "no image and no lock file $1"
}
up() { "$LAB" up --hosts 2 --emulator qemu "$@"; }

up --no-wait || fail "up --no-wait to succeed"
netns=$(sed -n 's/.*"netns": "\(.*\)".*/\1/p' "$TERN_LAB_DIR/lab.json")
mine || fail "two emulators to run"
up --no-wait 2>&1 | grep -q 'tools/lab down' || fail "a second up to say that a lab is up"
[ "$("$LAB" exec ip -4 -br addr show br0 | awk '{print $3}')" = 10.77.0.1/24 ] || fail "exec to run on the management station"
"$LAB" cut lab-b && "$LAB" status | grep -q '^lab-b.* cut ' || fail "a cut link in the status"
"$LAB" heal lab-b && "$LAB" status | grep -q '^lab-b.* up ' || fail "a healed link in the status"
"$LAB" kill lab-b && "$LAB" status | grep -q '^lab-b.* ended ' || fail "a killed host in the status"
"$LAB" kill lab-z 2>&1 | grep -q 'lab-a, lab-b' || fail "an unknown host to be refused with the names there are"
"$LAB" down || fail "down to succeed"
gone "after down"
"$LAB" down || fail "a second down to succeed"

up --timeout 0 && fail "up to fail when the hosts are not ready in time"
gone "after a failed up"
up --file lab-a=/nonexistent && fail "up to fail for a missing file"
gone "after an up without its file"

"$LAB" up --hosts 2 --emulator qemu & pid=$!
for i in $(seq 100); do mine && break; sleep 0.1; done
mine || fail "emulators to start"
kill -INT $pid 2>/dev/null; kill -TERM $pid
wait $pid && fail "an interrupted up to fail"
gone "after an interrupted up"

"$LAB" up --hosts 2 --emulator qemu --emulator lab-b=bochs --memory lab-b=300 --cpu lab-a=qemu64 --no-wait >"$TERN_LAB_DIR/mixed.txt" ||
	fail "a mixed lab to start"
grep -q '^lab-a: .*, qemu process .*, qemu64, 384 MiB' "$TERN_LAB_DIR/mixed.txt" || fail "lab-a in QEMU with its own CPU"
grep -q '^lab-b: .*, bochs process .*, corei7_skylake_x, 300 MiB' "$TERN_LAB_DIR/mixed.txt" || fail "lab-b in Bochs with its own memory"
"$LAB" down || fail "down of a mixed lab to succeed"
for wrong in --emulator=lab-c=qemu --emulator=xen --memory=lab-a=16 --memory=many; do
	"$LAB" up --hosts 2 --no-wait "$wrong" 2>&1 | grep -q expected || fail "$wrong to be refused"
done
gone "after a mixed lab"
