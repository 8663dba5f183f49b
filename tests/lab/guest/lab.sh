# What runs in the guest. The host sends a line per command (number, script in base64); each runs by
# itself, so that several go on at once, and answers with a line (number, status, output in base64).

agent() {
  local port number script
  until port=$(ls /dev/vport*p1 2>/dev/null) && [ -n "$port" ]; do sleep 0.1; done
  exec 3<>"$port"
  echo "ready $(uname -r)" >&3
  while read -r number script <&3; do
    one_command "$number" "$script" &
  done
  poweroff -f
}

one_command() {
  local number=$1 status=0 at=/tmp/command.$1
  mkdir "$at"
  echo "$2" | base64 -d > "$at/script"
  sh -c '. /lib/lab.sh; . "$1"' sh "$at/script" < /dev/null > "$at/output" 2>&1 3>&- || status=$?
  { printf '%s %s ' "$number" "$status"; base64 -w 0 "$at/output"; echo; } > "$at/answer"
  until mkdir /tmp/answering 2>/dev/null; do sleep 0.05; done # one answer at a time
  cat "$at/answer" >&3
  rmdir /tmp/answering
  rm -rf "$at"
}

fail() {
  echo "guest: $*"
  exit 1
}

# session PORT [INTERFACE]: the number of the session that was made to this port.
session() {
  local connection number
  for connection in /sys/class/iscsi_connection/connection*; do
    [ "$(cat "$connection/persistent_port" 2>/dev/null)" = "$1" ] || continue
    number=${connection##*connection}
    number=${number%%:*}
    if [ -n "$2" ]; then
      [ "$(cat "/sys/class/iscsi_session/session$number/ifacename")" = "$2" ] || continue
    fi
    echo "$number"
    return 0
  done
  return 1
}

# disk PORT LUN [INTERFACE]: waits for the block device of a logical unit and prints its name.
disk() {
  local number found session tries=0
  while [ $tries -lt 150 ]; do
    if number=$(session "$1" "$3"); then
      session=/sys/class/iscsi_session/session$number
      found=$(ls -d "$session"/device/target*/*:"$2"/block/* 2>/dev/null)
      [ -z "$found" ] || [ ! -b "/dev/${found##*/}" ] || { echo "/dev/${found##*/}"; return 0; }
    fi
    tries=$((tries + 1))
    sleep 0.2
  done
  fail "no disk for LUN $2 on port $1"
}

# tree FOLDER: copies the tree of /tree there (the host made it), and a file that no other tree has.
# Prints the checksums of what was to be written, not of what the file system gives back.
tree() {
  local unique=/tmp/unique.$$
  head -c 700001 /dev/urandom > "$unique"
  cp -r /tree/. "$1" && cat "$unique" > "$1/unique" || fail "writing to $1"
  cat /tree.sums
  echo "$(sha256sum < "$unique" | cut -d' ' -f1)  unique"
  rm -f "$unique"
}

# leave: ends whatever a scenario has left mounted and logged in, and forgets its nodes.
leave() {
  local at
  for at in $(grep ' /mnt' /proc/mounts | cut -d' ' -f2); do umount "$at"; done
  [ -z "$(ls /sys/class/iscsi_session)" ] || iscsiadm -m node --logout
  rm -rf /etc/iscsi/nodes/* /etc/iscsi/send_targets/*
}
