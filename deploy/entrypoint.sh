#!/bin/sh
# The scheduler as a container's command: what a run changed is undone before it begins and after it ends.
set -u

midnight undo || exit
midnight schedule run "$@" &
scheduler=$!
trap 'kill -TERM "$scheduler"' TERM INT
trap 'kill -HUP "$scheduler"' HUP

# A signal ends `wait` before the scheduler has ended.
while :; do
    wait "$scheduler"
    code=$?
    kill -0 "$scheduler" 2>/dev/null || break
done

midnight undo || code=$?
exit "$code"
